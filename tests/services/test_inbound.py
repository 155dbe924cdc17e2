"""Callbacks underneath: once each whatever the crowd, shown masked, asked again by a person."""

import hmac
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from core import clock
from core.database import Database, driver, fetch_all
from core.errors import Forbidden, NotFound
from core.permissions import Actor
from models.transfers import Transfer
from providers.answers import InboundCall
from services import inbound
from services.inbound import Arrival, EventSearch, NothingToAsk, ReplayEvent, keeping, receiving
from services.inbound.rate import MOST_ADDRESSES, Buckets
from services.transfers.rows import find
from tests.builders import payments
from tests.builders.payments import events, is_asked
from tests.builders.people import trail

SECRET = "webhook_secret-0123456789abcdef"


@pytest.fixture(autouse=True)
def _fresh_buckets() -> None:
    receiving.unsigned.forget()
    keeping.refused.forget()


def wave_event(transfer: Transfer, event_id: str) -> Arrival:
    data = {"id": "cos-1", "client_reference": str(transfer.external_id), "payment_status": "succeeded"}
    body = json.dumps({"id": event_id, "type": "checkout.session.completed", "data": data}).encode()
    now = clock.now().timestamp()
    digest = hmac.new(SECRET.encode(), f"{int(now)}".encode() + body, "sha256").hexdigest()
    headers = {"wave-signature": f"t={int(now)},v1={digest}", "content-type": "application/json"}
    return Arrival("wave", InboundCall("POST", "/api/v1/payments/callback/wave", headers, body, now), "198.51.100.7")


def mtn_call(database: Database, **body: Any) -> UUID:
    """Have MTN call, and return the event that is kept."""
    call = InboundCall("PUT", "/api/v1/payments/callback/mtn", {}, json.dumps(body).encode(), clock.now().timestamp())
    assert inbound.receive(database, Arrival("mtn", call, "198.51.100.7")).status == 200
    return UUID(str(events(database)[-1]["id"]))


def forget_read(database: Database) -> None:
    with database.transaction() as session:
        driver(session).execute("update transfer set next_read_at = null")


@pytest.mark.parametrize(
    ("copies", "connections"), [(120, 12), pytest.param(1_000, 50, marks=pytest.mark.slow)], ids=["120", "1000"]
)
def test_many_copies_at_once_are_one_event_and_one_read(database: Database, copies: int, connections: int) -> None:
    transfer = payments.transfer(database, payments.account(database, "wave", country="SN").id)
    arrival = wave_event(transfer, "AE_1")
    crowd = Database(database.url, pool_size=connections)
    started = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        replies = Counter(pool.map(lambda _: inbound.receive(crowd, arrival).status, range(copies)))
    took_s = time.perf_counter() - started
    crowd.dispose()
    assert replies == {200: copies}, f"after {took_s:.1f} s"
    (event,) = events(database)
    assert (event["repeats"], event["transfer_id"]) == (copies - 1, transfer.id)
    assert is_asked(database, transfer)
    with database.transaction() as session:
        assert fetch_all(session, "select hint_id from transfer") == [{"hint_id": event["id"]}]
        assert fetch_all(session, "select * from transfer_event") == []
        assert fetch_all(session, "select * from ledger_transaction") == []


def test_different_ones_at_once_are_all_kept(database: Database) -> None:
    transfer = payments.transfer(database, payments.account(database, "wave", country="SN").id)
    arrivals = [wave_event(transfer, f"AE_{number}") for number in range(60)]
    with ThreadPoolExecutor(12) as pool:
        replies = Counter(pool.map(lambda arrival: inbound.receive(database, arrival).status, arrivals))
    assert replies == {200: 60}
    assert len(events(database)) == 60


def test_a_callback_is_kept_while_its_transfer_is_being_changed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PLAN_LOCK_TIMEOUT", "20ms")
    transfer = payments.transfer(database, payments.account(database, "wave", country="SN").id)
    with database.transaction() as session:
        find(session, transfer.id, is_locked=True)
        assert inbound.receive(database, wave_event(transfer, "AE_1")).body == {"status": "ok"}
    assert [event["outcome"] for event in events(database)] == ["asked"]


# «Rejouer»


def replayed(database: Database, actor: Actor, event_id: UUID) -> bool:
    with database.transaction() as session:
        return inbound.replay(session, actor, ReplayEvent(event_id=event_id))


def test_replaying_stores_nothing_and_asks(database: Database) -> None:
    transfer = payments.transfer(database, payments.account(database).id)
    event_id = mtn_call(database, externalId=transfer.reference, status="SUCCESSFUL")
    forget_read(database)
    assert replayed(database, payments.operator(database), event_id)
    assert is_asked(database, transfer)
    assert len(events(database)) == 1
    assert len(trail(database, "inbound_event.replay")) == 1


def test_an_orphan_is_looked_up_again_first(database: Database) -> None:
    account, operator = payments.account(database), payments.operator(database)
    event_id = mtn_call(database, externalId="LATER", status="SUCCESSFUL")
    with pytest.raises(NothingToAsk):
        replayed(database, operator, event_id)
    transfer = payments.transfer(database, account.id, reference="LATER", next_read_at=None)
    assert replayed(database, operator, event_id)
    assert is_asked(database, transfer)


def test_a_refused_one_leads_to_nothing(database: Database) -> None:
    transfer = payments.transfer(database, payments.account(database).id)
    call = InboundCall("POST", "/x", {}, b"{}", clock.now().timestamp(), token="A" * 22)
    assert inbound.receive(database, Arrival("mtn", call, "198.51.100.7")).status == 401
    with pytest.raises(NothingToAsk):
        replayed(database, payments.operator(database), events(database)[0]["id"])
    assert not is_asked(database, transfer)


def test_who_may_replay_and_read(database: Database) -> None:
    event_id = mtn_call_of(database)
    reader = payments.reader(database)
    with pytest.raises(Forbidden):
        replayed(database, reader, event_id)
    with database.transaction() as session:
        assert inbound.list_events(session, reader, EventSearch())[1] == 1
        with pytest.raises(Forbidden):
            inbound.get_event(session, reader, event_id)
        stranger = Actor(user_id=None, name="")
        with pytest.raises(Forbidden):
            inbound.list_events(session, stranger, EventSearch())
        with pytest.raises(NotFound):
            inbound.get_event(session, payments.operator(database), reader.user_id or event_id)


def mtn_call_of(database: Database) -> UUID:
    transfer = payments.transfer(database, payments.account(database).id)
    party = {"partyIdType": "MSISDN", "partyId": "2290197000001"}
    return mtn_call(database, externalId=transfer.reference, status="FAILED", payer=party, token="marked")


# What a person sees


def test_the_body_is_shown_masked_and_kept_raw(database: Database) -> None:
    event_id = mtn_call_of(database)
    with database.transaction() as session:
        detail = inbound.get_event(session, payments.operator(database), event_id)
    assert "2290197000001" not in detail.body
    assert "marked" not in detail.body
    assert '"status": "FAILED"' in detail.body
    assert b"2290197000001" in bytes(events(database)[0]["body"])
    assert (detail.row.claimed_state, detail.row.authenticity) == ("failed", "none")
    assert detail.row.delay_ms is not None
    assert detail.row.delay_ms >= 0


def test_callbacks_are_found_by_what_they_are(database: Database) -> None:
    operator = payments.operator(database)
    mtn_call_of(database)
    mtn_call(database, externalId="NOBODY", status="FAILED")
    wave = payments.transfer(database, payments.account(database, "wave", country="SN").id)
    inbound.receive(database, wave_event(wave, "AE_1"))

    def found(**search: Any) -> int:
        with database.transaction() as session:
            rows, total = inbound.list_events(session, operator, EventSearch.model_validate(search))
        assert len(rows) == total
        return total

    assert found() == 3
    assert (found(source="mtn"), found(source="wave")) == (2, 1)
    assert (found(outcome="orphan"), found(outcome="asked")) == (1, 2)
    assert (found(authenticity="signed"), found(authenticity="none")) == (1, 2)
    assert (found(is_accepted=True), found(is_accepted=False)) == (3, 0)
    assert (found(transfer_id=wave.id), found(account_id=wave.account_id)) == (1, 1)
    assert found(until=clock.now().replace(year=2020)) == 0


# Buckets


def test_a_bucket_empties_fills_and_is_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("services.inbound.rate.monotonic", lambda: now[0])
    buckets = Buckets(rate_per_s=60, burst=60)
    assert [buckets.take("a") for _ in range(61)] == [True] * 60 + [False]
    assert buckets.take("b")
    now[0] += 0.5
    assert [buckets.take("a") for _ in range(31)] == [True] * 30 + [False]
    for number in range(MOST_ADDRESSES + 10):
        buckets.take(str(number))
    assert len(buckets._levels) == MOST_ADDRESSES
