"""kill -9 of the whole application while callbacks arrive by HTTP: each one that was answered 200 is kept, once."""

import contextlib
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Condition, Event
from urllib.error import URLError
from urllib.request import Request, urlopen

import psycopg

from core.embedded_postgres import EmbeddedPostgres
from providers import signatures
from providers.fakes.accounts import account_of
from tests.commands.test_serve import data_dir, served

__all__ = ["data_dir"]

CALLERS = 4
ENOUGH = 60  # answered before the blow
PATH = "/api/v1/payments/callback/wave"


class Witness:
    """Keeps what was answered 200, outside the house."""

    def __init__(self) -> None:
        self.heard: set[str] = set()
        self._changed = Condition()

    def hear(self, name: str) -> None:
        with self._changed:
            self.heard.add(name)
            self._changed.notify_all()

    def wait(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.heard) >= ENOUGH, timeout=60)


def send(url: str, name: str) -> int:
    """Send one event as Wave signs it."""
    session = {"id": "cos-1", "client_reference": str(uuid.uuid5(uuid.NAMESPACE_OID, name)), "amount": "5000"}
    body = json.dumps({"id": name, "type": "checkout.session.completed", "data": session}).encode()
    signed = signatures.sign_hmac(signatures.WAVE, [account_of("wave").secrets["webhook_secret"]], body, time.time())
    request = Request(f"{url}{PATH}", body, {**signed, "Content-Type": "application/json"})  # noqa: S310  # loopback
    with urlopen(request, timeout=10) as answer:  # noqa: S310
        return int(answer.status)


def call_until_it_dies(url: str, name: str, witness: Witness, is_dead: Event) -> set[str]:
    """Send one event after the other; return every one that was begun."""
    sent: set[str] = set()
    with contextlib.suppress(URLError, OSError):
        while not is_dead.is_set():
            one = f"{name}:{len(sent)}"
            sent.add(one)
            if send(url, one) == 200:
                witness.hear(one)
    return sent


def kept(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select convert_from(body, 'utf8')::jsonb ->> 'id' from inbound_event where source = 'wave'"
        ).fetchall()
    return [name for (name,) in rows]


def test_what_was_answered_is_kept_when_the_application_is_killed(data_dir: Path) -> None:
    witness, is_dead = Witness(), Event()
    with served(data_dir) as (server, url), ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(call_until_it_dies, url, f"AE_{n}", witness, is_dead) for n in range(CALLERS)]
        witness.wait()
        server.kill()
        server.wait()
        is_dead.set()
        sent = set().union(*(caller.result() for caller in callers))

    with served(data_dir) as (_server, url):
        database_url = EmbeddedPostgres(data_dir).start()
        found = kept(database_url)
        assert len(found) == len(set(found))
        assert witness.heard <= set(found) <= sent

        assert [send(url, name) for name in sorted(sent)] == [200] * len(sent)  # who heard nothing says it again
        again = kept(database_url)
    assert sorted(again) == sorted(sent)
