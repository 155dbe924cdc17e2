"""Random walks over both documented menus: nothing crashes, nothing is too long, no secret stays, nothing is random."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.dialogue import Dialogue
from core.gsm7 import Limits
from tests.channels.fakes import FLOWS, Phone, World

# No secret here is a piece of anything else that is typed or shown.
SECRETS = st.sampled_from(["48213", "48213", "48213", "90817", "39571", "39571", "11111", "12", "p!n ☃", ""])
KEYS = st.sampled_from([*"0123456789", "00", "98", "10"])
VALUES = st.sampled_from(
    [
        "677000002",
        "699000001",
        "699000007",
        "5000",
        "100",
        "9951",
        "0",
        "-5",
        "204518",
        "318806",
        "2001234567",
        "55501234",
        "30012345678",
        "Lea Tamo",
        "محمد",
        "CMD-1001",
        "cmd*1001",
        "{balance|money}",
        "«É»…" * 30,
        "\x00\ud800",
        "☃" * 70,
    ]
)
ANSWERS = st.lists(st.tuples(st.one_of(KEYS, KEYS, VALUES, st.text(max_size=20)), SECRETS), max_size=14)
CALLERS = st.sampled_from(["+237699000001", "+237699000003", "+237699000099", "+237699000006", None])
TYPED_SECRETS = ("48213", "90817", "39571", "p!n")
FIXED = UUID(int=7)
LIMITS = st.sampled_from([Limits(), Limits(gsm7=178, ucs2=76)])


def walk(key: str, number: str | None, dialled: list[str], answers: list[tuple[str, str]], limits: Limits) -> list[Any]:
    """Dial and answer until the end; where a secret is asked, answer with a secret. Return all that came out."""
    phone = Phone(FLOWS[key], World.fresh(), number, Dialogue(FIXED, FIXED), extra={"limits": limits})
    phone.dial(*dialled)
    seen: list[Any] = []
    for plain, secret in [("", ""), *answers]:
        if seen:
            phone.answer(secret if seen[-1].is_secret_next else plain)
        reply = phone.reply
        assert reply is not None
        assert reply.text
        assert reply.size <= (limits.gsm7 if reply.coding == "gsm7" else limits.ucs2)
        kept = json.dumps([phone.dialogue.data, phone.dialogue.scratch, reply.text, reply.redacted], ensure_ascii=False)
        assert not any(secret in kept for secret in TYPED_SECRETS)
        seen.append(reply)
        if not reply.has_more:
            break
    return seen


@pytest.mark.parametrize("key", FLOWS)
@given(number=CALLERS, dialled=st.lists(st.one_of(KEYS, VALUES), max_size=5), answers=ANSWERS, limits=LIMITS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_walk_never_crashes_never_overflows_and_leaks_nothing(
    key: str, number: str | None, dialled: list[str], answers: list[tuple[str, str]], limits: Limits
) -> None:
    walk(key, number, dialled, answers, limits)


@pytest.mark.parametrize("key", FLOWS)
@given(number=CALLERS, answers=ANSWERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_answers_give_the_same_screens(key: str, number: str | None, answers: list[tuple[str, str]]) -> None:
    first, second = ([reply.text for reply in walk(key, number, [], answers, Limits())] for _ in range(2))
    assert first == second
