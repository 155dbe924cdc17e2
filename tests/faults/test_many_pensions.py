"""Many payments through a switch that misbehaves by a seed: nothing paid twice, nothing lost, to the franc."""

from collections import Counter
from datetime import timedelta

import pytest

from providers.fakes.behaviour import Chooser
from tests.builders.pensions import crowd, queued
from tests.builders.switch import Switch
from tests.services.pensions.dispatch.conftest import _fake_server, fakes, switch

__all__ = ["_fake_server", "fakes", "switch"]

LONG = timedelta(hours=6)
STRIDE = timedelta(seconds=20)


def prove(switch: Switch, seed: str, count: int, cycle: str = "2025-12") -> Counter[tuple[str, str]]:
    """Send a batch whose tales chance gives, with two workers, to its end; return how its payments ended."""
    switch.kernel.chooser = Chooser(seed, {"mix": 1})
    _, before_minor = switch.balances()
    batch = queued(switch.database, switch.own, crowd(count), cycle=cycle)
    switch.pass_time(LONG, workers=2, stride=STRIDE)
    for _ in range(20):  # a person lets go on what only a person may
        if switch.batch(batch)["waiting_count"]:
            switch.look_at_contradictions()
            switch.resume(batch)
            switch.pass_time(LONG, workers=2, stride=STRIDE)
    row = switch.batch(batch)
    open_minor = row["unknown_minor"] + row["held_minor"]
    assert row["waiting_count"] + row["sending_count"] + row["sent_count"] == 0
    assert switch.balances()[1] - before_minor == open_minor
    switch.assert_agrees(batch)
    return Counter((one["stage"], one["code"] or one["reason"]) for one in switch.payments(batch))


def test_payments_agree_with_the_book_and_the_same_seed_ends_the_same(switch: Switch) -> None:
    first = prove(switch, "5", 300)
    assert first["COMPLETED", ""] > 270
    assert len(first) > 3
    assert prove(switch, "5", 300, "2026-01") == first


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_ten_thousand_payments_agree_with_the_book(switch: Switch, seed: str) -> None:
    ends = prove(switch, seed, 10_000)
    assert sum(ends.values()) == 10_000
    assert ends["COMPLETED", ""] > 9_500
