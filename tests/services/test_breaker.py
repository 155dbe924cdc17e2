"""The breaker: five silences or three refusals of the set-up in a row; a wrong PIN locks it for an administrator."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.database import Database, fetch_all
from core.errors import Forbidden
from models.transfers import BreakerState
from providers import registry
from providers.answers import Accepted, Account, NotSeen, Reason, Rejected, Seen, SeenState, Unknown
from providers.wire import Wire
from services import breaker, provider_accounts
from services.breaker import Answer, CloseBreaker, ProviderResting
from services.provider_accounts import AccountRow
from tests.builders import payments
from tests.builders.people import trail

LOST, UNSENT, SLOW = Unknown(is_sent=True), Unknown(is_sent=False), Unknown(is_sent=True, slows=True)
WRONG = Rejected(Reason.CONFIGURATION)
POOR = Rejected(Reason.INSUFFICIENT_FUNDS)
PIN = Rejected(Reason.CONFIGURATION, "2011", is_pin_wrong=True)
SEEN = Seen(SeenState.SUCCEEDED, "SUCCESSFUL")


@pytest.fixture
def account(database: Database) -> AccountRow:
    """Give an account that works."""
    return payments.account(database, "mtn")


def told(database: Database, account: AccountRow, *answers: Answer) -> BreakerState:
    state = BreakerState.CLOSED
    for answer in answers:
        with database.transaction() as session:
            state = breaker.note(session, account.id, answer)
    return state


def row(database: Database, account: AccountRow) -> dict[str, Any]:
    with database.transaction() as session:
        return fetch_all(session, "select * from provider_account where id = %s", (account.id,))[0]


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([LOST] * 4, "closed"),
        ([LOST] * 5, "open"),
        ([UNSENT, LOST, SLOW, UNSENT, LOST], "open"),
        ([*[LOST] * 4, Accepted(), *[LOST] * 4], "closed"),
        ([*[LOST] * 4, POOR, LOST], "closed"),
        ([*[LOST] * 4, SEEN, LOST], "closed"),
        ([*[LOST] * 4, NotSeen(), LOST], "closed"),
        ([*[LOST] * 4, WRONG, LOST], "closed"),
        ([WRONG] * 2, "closed"),
        ([WRONG] * 3, "open"),
        ([WRONG, WRONG, LOST, WRONG], "open"),
        ([WRONG, WRONG, POOR, WRONG], "closed"),
        ([WRONG, WRONG, Accepted(), WRONG], "closed"),
        ([POOR] * 50, "closed"),
        ([PIN], "locked"),
        ([*[LOST] * 5, PIN], "locked"),
        ([PIN, *[LOST] * 9], "locked"),
        ([*[LOST] * 5, Accepted(), SEEN], "open"),
    ],
)
def test_what_opens_it(database: Database, account: AccountRow, answers: list[Answer], state: str) -> None:
    assert told(database, account, *answers) == state
    assert row(database, account)["breaker"] == state
    with database.transaction() as session:
        assert breaker.is_open(session, account.id) == (state != "closed")


def test_opening_is_told_once(database: Database, account: AccountRow) -> None:
    told(database, account, *[LOST] * 12)
    (entry,) = trail(database, "provider_account.breaker_open")
    assert (entry["subject_id"], entry["actor_name"]) == (str(account.id), "Palabre")
    with database.transaction() as session, pytest.raises(ProviderResting) as refused:
        breaker.require_closed(session, account.id)
    assert str(refused.value) == (
        "MTN MoMo ne répond pas bien en ce moment. Rien n'a été envoyé : réessayez dans quelques minutes."
    )


def test_a_provider_that_asks_for_rest_is_slowed(database: Database, account: AccountRow) -> None:
    told(database, account, LOST)
    assert row(database, account)["slowed_until"] is None
    told(database, account, SLOW)
    assert row(database, account)["slowed_until"] > clock.now()


class Probed:
    """An adapter whose harmless call answers what the test wants."""

    is_right = False
    calls = 0

    def probe(self, account: Account, wire: Wire) -> bool:
        """Answer; the wire hides every secret by now."""
        type(self).calls += 1
        assert account.secrets["collection_key"] in wire.hidden
        return self.is_right


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Probed]]:
    """Put an adapter behind every account that answers as `is_right` says."""
    Probed.is_right, Probed.calls = False, 0
    monkeypatch.setattr(registry, "adapter", lambda _name: Probed())
    yield Probed
    Probed.is_right = False


def test_a_harmless_read_every_30_seconds_closes_it(
    database: Database, account: AccountRow, probed: type[Probed]
) -> None:
    with clock.travel(clock.now()) as traveller:
        told(database, account, *[LOST] * 5)
        assert provider_accounts.probe_due(database) == 0
        traveller.advance(29)
        assert provider_accounts.probe_due(database) == 0
        traveller.advance(1)
        assert provider_accounts.probe_due(database) == 1
        assert provider_accounts.probe_due(database) == 0
        assert row(database, account)["breaker"] == "open"
        probed.is_right = True
        traveller.advance(30)
        assert provider_accounts.probe_due(database) == 1
    closed = row(database, account)
    assert (closed["breaker"], closed["unknowns_in_row"]) == ("closed", 0)
    assert told(database, account, *[LOST] * 4) == "closed"


def test_a_locked_one_is_not_even_tried(database: Database, account: AccountRow, probed: type[Probed]) -> None:
    probed.is_right = True
    with clock.travel(clock.now()) as traveller:
        told(database, account, PIN)
        traveller.advance(timedelta(days=2).total_seconds())
        assert provider_accounts.probe_due(database) == 0
        with database.transaction() as session:
            assert breaker.note_probe(session, account.id, is_right=True) == BreakerState.LOCKED
    assert probed.calls == 0


def test_only_an_administrator_closes_a_locked_one(database: Database, account: AccountRow) -> None:
    told(database, account, PIN)
    order = CloseBreaker(account_id=account.id, reason="Code marchand corrigé")
    for person in (payments.operator(database), payments.reader(database)):
        with pytest.raises(Forbidden), database.transaction() as session:
            breaker.close(session, person, order)
    assert row(database, account)["breaker"] == "locked"
    with database.transaction() as session:
        breaker.close(session, payments.administrator(database), order)
    assert row(database, account)["breaker"] == "closed"
    (entry,) = trail(database, "provider_account.breaker_closed")
    assert entry["changes"] == {"reason": "Code marchand corrigé"}


def test_five_silences_at_once_open_it_once(database: Database, account: AccountRow) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: told(database, account, LOST), range(5)))
    assert row(database, account)["breaker"] == "open"
    assert len(trail(database, "provider_account.breaker_open")) == 1
