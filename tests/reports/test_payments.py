"""The health of providers: every figure counted by hand on twenty-odd transfers."""

from datetime import timedelta

import pytest

from core import clock
from core.database import Database, Session
from core.errors import Forbidden
from core.permissions import Actor, Grant, Role, Scope
from core.rates import Rate
from models.transfers import ProviderAccount
from reports import payments
from tests.builders import transfer_rows as transfers

READER = Actor(None, "Awa Diop", (Grant(Scope.USSD, Role.LECTEUR),))
STRANGER = Actor(None, "Kossi Adjovi", (Grant(Scope.CIU, Role.OPERATEUR),))
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def health(session: Session, account: ProviderAccount) -> payments.ProviderHealth:
    return next(one for one in payments.list_health(session, READER) if one.account_id == account.id)


def test_rates_say_what_they_were_counted_from(rolled_back: Session) -> None:
    mtn = transfers.account(rolled_back)
    now = clock.now()
    for number, gap_s in enumerate((1, 2, 3, 4, 30)):
        row = transfers.transfer(rolled_back, mtn, at=now - (62 + number) * MINUTE, gap_s=gap_s)
        if number < 3:
            transfers.callback(rolled_back, mtn, row)
    transfers.callback(rolled_back, mtn, row, is_accepted=False)
    transfers.transfer(rolled_back, mtn, "reversed", at=now - 70 * MINUTE, gap_s=5)
    transfers.transfer(rolled_back, mtn, "failed", at=now - 71 * MINUTE, gap_s=6)
    transfers.transfer(rolled_back, mtn, "unknown", at=now - 72 * MINUTE)
    transfers.transfer(rolled_back, mtn, "pending", at=now - 2 * MINUTE)
    transfers.transfer(rolled_back, mtn, "cancelled", at=now - 73 * MINUTE)
    transfers.transfer(rolled_back, mtn, "failed", at=now - 25 * 60 * MINUTE)

    found = health(rolled_back, mtn)
    assert found.success == Rate(6, 7)
    assert found.unknown == Rate(1, 9)
    assert found.callbacks == Rate(3, 7)
    # From sending to the end: 2, 4, 6, 8, 60, 15 (three steps) and 12 seconds.
    assert found.median_s == pytest.approx(8)
    assert found.p95_s == pytest.approx(46.5)
    assert found.is_open == 2
    assert found.sent == 9
    assert (sum(found.sent_by_hour), sum(found.succeeded_by_hour)) == (9, 6)
    assert found.sent_by_hour[-1] == 1
    assert found.balance is None


def test_what_was_unknown_and_is_known_now_was_unknown_all_the_same(rolled_back: Session) -> None:
    mtn = transfers.account(rolled_back)
    row = transfers.transfer(rolled_back, mtn, at=clock.now() - 5 * MINUTE)
    transfers.event(rolled_back, row, "submitted", "unknown", clock.now() - 4 * MINUTE)
    found = health(rolled_back, mtn)
    assert (found.unknown, found.success) == (Rate(1, 1), Rate(1, 1))


def test_an_account_without_traffic_has_no_rate_and_no_delay(rolled_back: Session) -> None:
    quiet = transfers.account(rolled_back, "wave-sn", adapter="wave", label="Wave")
    found = health(rolled_back, quiet)
    assert found.success.value is found.unknown.value is found.callbacks.value is None
    assert found.median_s is found.p95_s is None
    assert found.succeeded_at is None
    assert found.sent_by_hour == (0,) * 24
    assert found.alerts == ()


def test_accounts_of_messages_and_retired_ones_are_not_shown(rolled_back: Session) -> None:
    transfers.account(rolled_back, "at-bj", adapter="africas_talking", offers=["send"])
    transfers.account(rolled_back, "old", state="retired")
    shown = transfers.account(rolled_back)
    assert [one.account_id for one in payments.list_health(rolled_back, READER)] == [shown.id]


def test_a_success_that_halves_against_the_same_hour_is_an_alert(rolled_back: Session) -> None:
    mtn = transfers.account(rolled_back)
    now = clock.now()
    for number in range(10):
        at = now - (3 + number) * MINUTE
        row = transfers.transfer(rolled_back, mtn, "succeeded" if number < 4 else "failed", at=at)
        transfers.callback(rolled_back, mtn, row)
        for days in (1, 2):
            transfers.transfer(rolled_back, mtn, "succeeded", at=at - days * DAY)
    assert health(rolled_back, mtn).alerts == ("success",)
    for number in range(4):
        transfers.transfer(rolled_back, mtn, "succeeded", at=now - (20 + number) * MINUTE)
    assert health(rolled_back, mtn).alerts == ()


def test_more_than_one_in_a_hundred_unknown_is_an_alert(rolled_back: Session) -> None:
    mtn = transfers.account(rolled_back)
    at = clock.now() - 120 * MINUTE
    for _ in range(9):
        transfers.transfer(rolled_back, mtn, at=at)
    transfers.transfer(rolled_back, mtn, "unknown", at=at)
    assert health(rolled_back, mtn).alerts == ("unknown",)


def test_half_an_hour_of_traffic_without_a_callback_is_an_alert(rolled_back: Session) -> None:
    mtn = transfers.account(rolled_back)
    now = clock.now()
    row = transfers.transfer(rolled_back, mtn, at=now - 40 * MINUTE)
    transfers.callback(rolled_back, mtn, row, received_at=now - 39 * MINUTE)
    assert health(rolled_back, mtn).alerts == ()  # nobody paid since: there is nothing to hear
    for number in range(3):
        row = transfers.transfer(rolled_back, mtn, at=now - (10 + number) * MINUTE)
    assert health(rolled_back, mtn).alerts == ("silence",)
    transfers.callback(rolled_back, mtn, row, received_at=now - 29 * MINUTE)
    assert health(rolled_back, mtn).alerts == ()


def test_health_is_for_who_may_read_payments(database: Database) -> None:
    with database.transaction() as session, pytest.raises(Forbidden):
        payments.list_health(session, STRANGER)
