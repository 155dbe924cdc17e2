"""Once an hour: what the provider says our wallet holds, beside our float and what is in flight."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from core.database import Database, fetch_all
from core.money import Currency, Money
from core.permissions import SYSTEM
from models.ledger import AccountKind, Source
from providers import registry
from providers.answers import Account, Balance, Unknown
from providers.wire import Wire
from services import ledger, reconciliation
from services.ledger import Leg, Posting
from services.provider_accounts import AccountRow
from tests.builders import payments


@contextmanager
def saying(monkeypatch: pytest.MonkeyPatch, answer: Balance | Unknown) -> Iterator[None]:
    """Let Wave answer this about its balance."""

    class Wallet:
        offers = frozenset({"balance"})

        def balance(self, _account: Account, _wire: Wire) -> Balance | Unknown:
            return answer

    monkeypatch.setattr(registry, "ADAPTERS", {"wave": Wallet()})
    yield


def hold(database: Database, account: AccountRow, minor: int) -> None:
    """Put this much into our float at the provider."""
    money = Money(minor, Currency.XOF)
    with database.transaction() as session:
        place = (AccountKind.PROVIDER_FLOAT, Currency.XOF, "provider_account", account.id)
        legs = (
            Leg(ledger.house_account(session, *place), money),
            Leg(ledger.house_account(session, AccountKind.OPENING, Currency.XOF), -money),
        )
        ledger.post(session, Posting(Source.MANUAL, "float", "opening", legs, actor=SYSTEM.name))


def rows(database: Database, query: str) -> list[dict[str, Any]]:
    with database.transaction() as session:
        return fetch_all(session, query)


@pytest.mark.parametrize(
    ("theirs", "in_flight", "alerts"),
    [(10_000, 0, 0), (9_000, 1_000, 0), (11_000, 1_000, 0), (8_999, 1_000, 1), (10_001, 0, 1)],
)
def test_a_difference_beyond_what_is_in_flight_is_an_alert(
    database: Database, monkeypatch: pytest.MonkeyPatch, theirs: int, in_flight: int, alerts: int
) -> None:
    account = payments.account(database, "wave", country="SN")
    hold(database, account, 10_000)
    if in_flight:
        payments.transfer(database, account.id, amount_minor=in_flight, state="pending")
    payments.transfer(database, account.id, amount_minor=700, state="succeeded")  # it is in the float already

    with saying(monkeypatch, Balance(Money(theirs, Currency.XOF))):
        assert reconciliation.record_balances(database) == alerts

    assert rows(database, "select theirs_minor, ours_minor, in_flight_minor from provider_balance") == [
        {"theirs_minor": theirs, "ours_minor": 10_000, "in_flight_minor": in_flight}
    ]
    trail = rows(database, "select changes from audit_entry where action = 'provider.balance_differs'")
    assert [entry["changes"] for entry in trail] == [
        {"theirs": theirs, "ours": 10_000, "in_flight": in_flight} for _ in range(alerts)
    ]


def test_a_provider_that_says_nothing_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    payments.account(database, "wave", country="SN")

    with saying(monkeypatch, Unknown(is_sent=True)):
        assert reconciliation.record_balances(database) == 0

    assert rows(database, "select 1 from provider_balance") == []
