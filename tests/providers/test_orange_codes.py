"""Every misbehaviour, at each Orange that can show it: money moves once or not at all, and no callback is money."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from providers.answers import Accepted, Hint, InboundCall, NotSeen, Reason, Refusal, Rejected, Seen, SeenState, Unknown
from providers.fakes.behaviour import CODES, STORIES
from providers.fakes.orange_cm import OrangeCameroonFake
from providers.fakes.orange_sonatel import OrangeSonatelFake
from providers.fakes.orange_webpay import OrangeWebPayFake
from tests.providers.conftest import Fakes
from tests.providers.orange_talk import Talk, assert_nothing_leaks, inbound

Heard = list[InboundCall]

WAYS = [
    ("orange_webpay", "collect", ""),
    ("orange_sonatel", "collect", ""),
    ("orange_sonatel", "payout", "+221771234567"),
    ("orange_cm", "collect", "+237690112233"),
    ("orange_cm", "payout", "+237690112233"),
]
LOST = {"001", "002", "003", "011", "021", "027"}
PAID = {"000", "004", "005", "006", "007", "017", "019", "020", "023", "024", "025"}
REFUSED = {"014", "015", "016", "018"}
CANNOT_SHOW = {fake.name: fake.cannot_show for fake in (OrangeWebPayFake, OrangeSonatelFake, OrangeCameroonFake)}
LIES = {"008": "amount", "009": "currency", "010": "party"}


@pytest.fixture
def heard(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Hear every callback that would have left."""
    kept: Heard = []

    def hear(url: str, method: str, headers: Mapping[str, str], body: bytes) -> int:
        assert (method, url.startswith("http://127.0.0.1:")) == ("POST", True)
        call = inbound(dict(headers), body)
        kept.append(replace(call, now=fakes.kernel.now().timestamp()))
        return 200

    monkeypatch.setattr(fakes.kernel, "callback", hear)
    fakes.kernel.callbacks["orange_sonatel"] = "http://127.0.0.1:9/orange"
    return kept


def final(talk: Talk) -> Seen | NotSeen | Unknown:
    """Read until somebody answers."""
    for _ in range(3):
        answer = talk.read()
        if not isinstance(answer, Unknown):
            break
    return answer


def play(fakes: Fakes, name: str, direction: str, party: str, code: str) -> tuple[Talk, Any]:
    fakes.kernel.chooser.queue(name, code)
    talk = Talk(fakes, name, direction, party=party)
    answer = talk.send()
    fakes.advance(2)
    return talk, answer


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("name", "direction", "party"), WAYS)
def test_money_moves_once_or_not_at_all(fakes: Fakes, name: str, direction: str, party: str, code: str) -> None:
    talk, answer = play(fakes, name, direction, party, code)
    seen, moved = final(talk), talk.moved()
    fakes.advance(7_200)
    assert_nothing_leaks(talk)
    assert len(talk.moved()) <= 1
    shown = "000" if code in CANNOT_SHOW[name] else code
    if shown in LOST:
        assert isinstance(answer, Unknown)
        assert answer.is_sent
        # A link whose answer is lost was given to nobody; what was executed is found; what never arrived is not.
        is_found = shown not in {"001", "011"} and not (direction == "collect" and party == "")
        assert (isinstance(seen, Seen) and seen.state is SeenState.SUCCEEDED) is is_found
        assert len(talk.moved()) == is_found
    elif shown in PAID or (shown == "013" and direction == "collect"):
        assert isinstance(answer, Accepted)
        assert isinstance(seen, Seen)
        assert (seen.state, seen.amount, len(moved)) == (SeenState.SUCCEEDED, talk.order.amount, 1)
    elif shown in REFUSED:
        assert isinstance(answer, Rejected) or (isinstance(seen, Seen) and seen.state is SeenState.FAILED)
        assert talk.moved() == []
    elif shown in LIES:
        assert isinstance(seen, Seen)
        assert seen.state is SeenState.SUCCEEDED
        assert seen.amount is not None
        assert (LIES[shown] == "party" and (seen.party is None or seen.party != talk.order.party)) or (
            seen.amount != talk.order.amount
        )
    elif shown == "022":
        assert isinstance(answer, Rejected) or (isinstance(seen, Seen) and seen.state is SeenState.FAILED)
        assert moved == []
        assert len(talk.moved()) == 1
    elif shown == "026":
        assert isinstance(answer, Rejected)
        assert (answer.reason, talk.moved()) == (Reason.CONFIGURATION, [])
    else:
        assert shown == "012"
        assert isinstance(seen, Seen)
        assert (seen.state, seen.is_word_known, talk.moved()) == (SeenState.PENDING, True, [])


@pytest.mark.parametrize("code", ["000", "004", "005", "006", "007", "017", "018", "022"])
@pytest.mark.parametrize(("name", "direction", "party"), WAYS)
def test_every_callback_is_a_hint_about_its_own_transfer_or_is_refused(
    fakes: Fakes, heard: Heard, name: str, direction: str, party: str, code: str
) -> None:
    talk, _ = play(fakes, name, direction, party, code)
    fakes.advance(700)
    answers = [talk.adapter.verify_callback(call, [talk.order.account]) for call in heard]
    told = STORIES[code].callbacks
    assert len(answers) == sum(one.times * one.at_once for one in told)
    hints = [answer for answer in answers if isinstance(answer, Hint)]
    is_signed = name == "orange_sonatel"
    assert [answer for answer in answers if isinstance(answer, Refusal)] == [Refusal(401)] * (
        sum(one.is_forged for one in told) if is_signed else 0
    )
    assert len({hint.dedupe_key for hint in hints}) <= 2
    if code == "004":
        assert len({hint.dedupe_key for hint in hints}) == 1
    for hint in hints:
        known = {talk.order.reference, *talk.order.handles.values()}
        is_forged_token = code == "018" and name == "orange_webpay" and hint is hints[0]
        assert bool(known & set(hint.references.values())) is not is_forged_token
