"""kill -9 of PostgreSQL while callbacks arrive: each one that was answered 200 is kept, and can be sent again."""

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor

import psycopg
from sqlalchemy.exc import DBAPIError

from core import clock
from core.database import Database, driver
from providers import signatures
from providers.answers import InboundCall
from providers.fakes.accounts import account_of
from services import inbound, provider_seeds
from services.inbound import Arrival
from tests.faults.test_kill_postgresql import PAYERS, Crash, Witness, crash

__all__ = ["crash"]

WAVE = account_of("wave")


def event(name: str) -> Arrival:
    """Return an event as Wave sends and signs it."""
    session = {"id": "cos-1", "client_reference": name, "payment_status": "succeeded"}
    body = json.dumps({"id": name, "type": "checkout.session.completed", "data": session}).encode()
    now = clock.now().timestamp()
    signed = signatures.sign_hmac(signatures.WAVE, [WAVE.secrets["webhook_secret"]], body, now)
    headers = {key.lower(): value for key, value in signed.items()}
    call = InboundCall("POST", "/api/v1/payments/callback/wave", headers, body, now)
    return Arrival("wave", call, "127.0.0.1")


def call_until_it_dies(database: Database, name: str, witness: Witness) -> int:
    """Send one event after the other; return how many were sent, answered or not."""
    sent = 0
    with contextlib.suppress(psycopg.Error, DBAPIError):
        while True:
            sent += 1
            if inbound.receive(database, event(f"{name}:{sent}")).status == 200:
                witness.hear(f"{name}:{sent}")
    return sent


def kept(database: Database) -> set[str]:
    with database.transaction() as session:
        rows = driver(session).execute("select convert_from(body, 'utf8')::jsonb ->> 'id' from inbound_event")
        found = [name for (name,) in rows.fetchall()]
    assert len(found) == len(set(found))
    return set(found)


def test_every_callback_that_was_answered_is_kept(crash: Crash) -> None:
    database = crash.bank.database
    with database.transaction() as session:
        provider_seeds.seed_fakes(session, {"wave": "http://127.0.0.1:9/wave"})
    witness = Witness()
    with ThreadPoolExecutor(PAYERS) as pool:
        callers = [pool.submit(call_until_it_dies, database, f"AE_{n}", witness) for n in range(PAYERS)]
        witness.wait()
        crash.kill()
        sent = {f"AE_{n}:{k + 1}" for n, caller in enumerate(callers) for k in range(caller.result())}
    crash.restart()
    found = kept(database)
    assert witness.acknowledged - found == set()
    assert found <= sent

    for name in sent:
        assert inbound.receive(database, event(name)).status == 200
    assert kept(database) == sent
