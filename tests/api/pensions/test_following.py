"""A batch followed live: by a page that streams, by a program that waits; rights are looked at again."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.pensions import feeds, following
from core import live
from core.database import Database, driver
from core.permissions import Role, Scope
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from services import users
from services.pensions.counters import shift
from services.pensions.files.totals import Sum
from services.pensions.steps import end_if_over
from tests.api.pensions.conftest import FOREIGNER, MANAGER, ROOT, Client, Server, signed_in
from tests.builders import people
from tests.builders.pension_batches import paid, put, some
from tests.builders.pensions import PensionWorld

ONE = Sum(1, 50_000)


class Stream:
    """What a page hears, event by event."""

    def __init__(self, client: Client, bulk_id: str, **headers: str) -> None:
        self._asked = client.http.stream(
            "GET",
            f"{ROOT}/{bulk_id}/stream",
            headers={"Authorization": f"Bearer {client.access}", **headers},
            timeout=20,
        )
        self.answer = self._asked.__enter__()
        self._lines = self.answer.iter_lines()

    def __iter__(self) -> Iterator[dict[str, str]]:
        event: dict[str, str] = {}
        for line in self._lines:
            if not line:
                yield event
                event = {}
                continue
            name, _, value = line.partition(":")
            event[name] = value.strip()

    def next(self) -> dict[str, str]:
        return next(iter(self))

    def close(self) -> None:
        self._asked.__exit__(None, None, None)


@pytest.fixture
def manager(server: Server, world: PensionWorld) -> Iterator[Client]:
    """Give the manager on a real socket."""
    assert world.own
    with httpx.Client(base_url=server.url, limits=httpx.Limits(max_connections=None)) as http:
        yield signed_in(http, MANAGER)


@pytest.fixture
def batch(database: Database, world: PensionWorld) -> PensionBatch:
    """Write a batch at work: two paid, two out."""
    return put(database, world.own, [*paid(2), *some(PaymentStage.SENDING, 2)], BatchStage.PROCESSING)


def move(database: Database, batch_id: UUID, to: PaymentStage = PaymentStage.COMPLETED) -> None:
    """Let one payment reach its end, and with the last one its batch."""
    with database.transaction() as session:
        shift(session, batch_id, {(PaymentStage.SENDING, to): ONE})
        end_if_over(session, batch_id)


def test_a_page_hears_each_change_and_the_end(database: Database, manager: Client, batch: PensionBatch) -> None:
    stream = Stream(manager, batch.bulk_id)
    assert stream.answer.status_code == 200
    assert stream.answer.headers["content-type"].startswith("text/event-stream")
    assert stream.answer.headers["cache-control"] == "no-cache"
    assert stream.answer.headers["x-accel-buffering"] == "no"
    assert stream.next() == {"retry": "3000"}
    first = stream.next()
    assert json.loads(first["data"]) == {
        "bulkTransferId": batch.bulk_id,
        "state": "PROCESSING",
        "stage": "PROCESSING",
        "total": 4,
        "completed": 2,
        "failed": 0,
        "pending": 2,
        "unknown": 0,
        "progress_percent": 50.0,
    }
    move(database, batch.id)
    second = stream.next()
    assert (json.loads(second["data"])["completed"], int(second["id"]) > int(first["id"])) == (3, True)
    move(database, batch.id, PaymentStage.FAILED)
    rest = list(stream)
    last = json.loads(rest[-2]["data"])
    assert (last["completed"], last["failed"], last["progress_percent"]) == (3, 1, 100.0)
    assert rest[-1]["event"] == "done"
    assert json.loads(rest[-1]["data"]) == {
        "message": "Le lot est terminé.",
        "state": "COMPLETED",
        "stage": "PARTIALLY_COMPLETED",
    }
    stream.close()


def test_a_page_that_comes_back_is_told_nothing_twice(database: Database, manager: Client, batch: PensionBatch) -> None:
    stream = Stream(manager, batch.bulk_id)
    stream.next()
    version = stream.next()["id"]
    stream.close()
    again = Stream(manager, batch.bulk_id, **{"Last-Event-ID": version})
    assert again.next() == {"retry": "3000"}
    move(database, batch.id)
    assert int(again.next()["id"]) > int(version)
    again.close()
    move(database, batch.id)
    over = Stream(manager, batch.bulk_id, **{"Last-Event-ID": version})
    assert [event.get("event", "") for event in over] == ["", "", "done"]
    over.close()


def test_silence_is_filled_with_comments(manager: Client, batch: PensionBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "COMMENT_EVERY_S", 0.05)
    stream = Stream(manager, batch.bulk_id)
    heard = [stream.next() for _ in range(5)]
    assert heard[2:] == [{"": ""}] * 3
    stream.close()


def test_what_no_bell_announced_is_read_all_the_same(
    database: Database, manager: Client, batch: PensionBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "NET_S", 0.2)
    stream = Stream(manager, batch.bulk_id)
    stream.next()
    stream.next()
    live.stop()
    with database.transaction() as session:
        driver(session).execute(
            """update pension_batch set sending_count = 1, sending_minor = 50000, completed_count = 3,
            completed_minor = 150000, version = version + 1 where id = %s""",
            (batch.id,),
        )
    assert json.loads(stream.next()["data"])["completed"] == 3
    stream.close()


@pytest.mark.parametrize("loss", ["role", "account"])
def test_who_loses_his_rights_hears_no_more(
    database: Database,
    manager: Client,
    world: PensionWorld,
    batch: PensionBatch,
    monkeypatch: pytest.MonkeyPatch,
    loss: str,
) -> None:
    monkeypatch.setattr(following, "RIGHTS_EVERY_S", 0.1)
    stream = Stream(manager, batch.bulk_id)
    stream.next()
    stream.next()
    user_id = world.own.manager.user_id
    assert user_id
    with database.transaction() as session:
        if loss == "role":
            role = users.ChangeRole(
                user_id=user_id,
                scope=Scope.ORGANISATION,
                role=Role.GESTIONNAIRE,
                organisation_id=world.own.organisation_id,
            )
            users.revoke_role(session, world.administrator, role)
        else:
            users.close_user(session, world.administrator, user_id)
    last = [event for event in stream if event != {"": ""}][-1]
    assert last["event"] == "error"
    told = json.loads(last["data"])
    code = {"role": "not_found", "account": "token_not_valid"}[loss]
    assert (set(told), told["code"], told["bulkTransferId"]) == (
        {"error", "code", "bulkTransferId"},
        code,
        batch.bulk_id,
    )
    stream.close()


def test_ten_streams_a_person(manager: Client, batch: PensionBatch) -> None:
    streams = [Stream(manager, batch.bulk_id) for _ in range(10)]
    for stream in streams:
        stream.next()
    refused = manager.get(f"{ROOT}/{batch.bulk_id}/stream")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    assert int(refused.headers["retry-after"]) > 0
    streams[0].close()
    pause, statuses = threading.Event(), [429]
    while statuses[-1] == 429 and len(statuses) < 100:
        again = Stream(manager, batch.bulk_id)
        statuses.append(again.answer.status_code)
        again.close()
        pause.wait(0.05)  # the server learns of a closed socket when it looks
    assert statuses[-1] == 200
    for stream in streams[1:]:
        stream.close()


def test_a_browser_of_ours_follows_with_its_cookie_and_another_site_does_not(
    database: Database, manager: Client, server: Server, batch: PensionBatch
) -> None:
    with database.transaction() as session:
        order = users.SignIn(email=MANAGER, password=people.PASSWORD, address="127.0.0.1")
        token = users.sign_in_console(session, order).token
    cookie = {"Cookie": f"palabre_session={token}"}
    nobody = Client(manager.http)
    at = f"{ROOT}/{batch.bulk_id}/stream"
    for origin in ("https://ailleurs.example", "null", server.url.replace("127.0.0.1", "ailleurs.example")):
        refused = nobody.get(at, headers={**cookie, "Origin": origin})
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    for more in ({}, {"Origin": server.url}):
        with manager.http.stream("GET", at, headers={**cookie, **more}) as answer:
            assert answer.status_code == 200


def test_streams_and_waits_are_refused_as_details_are(manager: Client, batch: PensionBatch) -> None:
    for path in ("stream", "wait"):
        nobody = Client(manager.http).get(f"{ROOT}/{batch.bulk_id}/{path}")
        assert (nobody.status_code, nobody.json()["code"]) == (401, "not_authenticated")
        unknown = manager.get(f"{ROOT}/bulk-000000000000/{path}")
        foreign = signed_in(manager.http, FOREIGNER).get(f"{ROOT}/{batch.bulk_id}/{path}")
        assert unknown.status_code == foreign.status_code == 404
        assert unknown.content == foreign.content == b'{"error":"Lot introuvable.","code":"not_found"}'


def test_a_program_waits_for_the_end(database: Database, manager: Client, batch: PensionBatch) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(manager.get, f"{ROOT}/{batch.bulk_id}/wait?timeout=20", timeout=30)
        move(database, batch.id)
        move(database, batch.id)
        ended = waiting.result()
    body: dict[str, Any] = ended.json()
    assert ended.status_code == 200
    assert set(body) == {
        *("bulkTransferId", "state", "stage", "total_amount", "currency", "payer_account", "total_transactions"),
        *("completed_count", "failed_count", "pending_count", "created_at", "completed_at", "individualTransfers"),
        *("individualTotal", "nextOffset"),
    }
    assert (body["completed_count"], body["failed_count"], body["pending_count"]) == (4, 0, 0)
    assert len(body["individualTransfers"]) == 4
    assert manager.get(f"{ROOT}/{batch.bulk_id}/wait").json() == body  # at once, when it is over


def test_a_program_that_waited_long_enough_is_told_how_far_it_is(manager: Client, batch: PensionBatch) -> None:
    late = manager.get(f"{ROOT}/{batch.bulk_id}/wait?timeout=1")
    body = late.json()
    assert (late.status_code, set(body), body["code"]) == (
        408,
        {"error", "code", "message", "bulkTransferId", "current_progress"},
        "timeout",
    )
    assert body["current_progress"] == {"completed": 2, "failed": 0, "pending": 2, "total": 4}


def test_a_process_keeps_so_many_waiters_and_no_more(
    manager: Client, batch: PensionBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_waiters", feeds.Places[None](2))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(manager.get, f"{ROOT}/{batch.bulk_id}/wait?timeout=2", timeout=30) for _ in range(4)]
        answers = [one.result() for one in asked]
    assert sorted(answer.status_code for answer in answers) == [408, 408, 503, 503]
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert (busy.json()["code"], int(busy.headers["retry-after"]) > 0) == ("busy", True)
