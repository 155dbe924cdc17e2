"""Wave's refunds: whole, once, and found in the lists of the days of either clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from core.money import Currency, Money
from providers.answers import Accepted, NotSeen, Reason, Rejected, SeenState
from providers.mobile_money.wave import ADAPTER
from providers.wire import Wire
from tests.providers.conftest import Fakes
from tests.providers.test_wave import collected, ordered, seen


def test_a_whole_refund_is_given_once_and_found_in_the_list(fakes: Fakes) -> None:
    paid = collected(fakes)
    fakes.advance(3)
    refund = ordered(fakes, "refund", original=paid)
    answer = ADAPTER.refund(refund, Wire())
    assert isinstance(answer, Accepted)
    assert isinstance(ADAPTER.refund(refund, Wire()), Accepted)
    with clock.travel(fakes.kernel.now()):
        asked = replace(refund, handles=answer.handles, submitted_at=clock.now())
        assert (seen(asked).state, seen(asked).amount) == (SeenState.SUCCEEDED, Money(5_000, Currency.XOF))
    assert [row.kind for row in fakes.kernel.book] == ["collect", "refund"]
    part = ADAPTER.refund(ordered(fakes, "refund", original=paid, amount_minor=4_999), Wire())
    assert part == Rejected(Reason.NOT_OFFERED, "partial", "Wave gives back the whole amount only")


@pytest.mark.parametrize("ahead_s", [20, -20])
def test_a_refund_is_found_where_two_clocks_disagree_about_the_day(fakes: Fakes, ahead_s: int) -> None:
    with clock.travel(datetime(2026, 11, 21, 23, 59, 50, tzinfo=UTC)) as ours:
        paid = collected(fakes)
        fakes.advance(3)
        fakes.advance(max(ahead_s, 0))  # the wallet's clock is ahead: it writes the refund on the 22nd
        refund = ordered(fakes, "refund", original=paid)
        submitted_at = clock.now() + timedelta(seconds=max(-ahead_s, 0))  # or behind: we asked on the 22nd
        answer = ADAPTER.refund(refund, Wire())
        assert isinstance(answer, Accepted)
        ours.advance((submitted_at - clock.now()).total_seconds())
        asked = replace(refund, handles=answer.handles, submitted_at=submitted_at)
        assert seen(asked).state is SeenState.SUCCEEDED


def test_a_refund_that_nobody_made_is_not_seen(fakes: Fakes) -> None:
    paid = collected(fakes)
    assert isinstance(ADAPTER.status(ordered(fakes, "refund", original=paid), Wire()), NotSeen)
