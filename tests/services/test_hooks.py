"""Notes to content providers: signed, sent once taken, tried again, given up and sent again by hand."""

import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from core import clock
from core.database import Database, driver, fetch_all
from core.errors import Forbidden, InvalidInput
from core.money import Currency
from services import catalogue, hooks, hosts, subscriptions
from services.catalogue import AddService
from services.hosts import AllowHost
from services.subscriptions import Subscribe, Unsubscribe
from tests.builders import world
from tests.services.elsewhere import Elsewhere, served
from tests.services.wallet_world import ADMIN, AWA, OPERATOR, READER


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with served() as other:
        yield other


@pytest.fixture
def secret(database: Database, elsewhere: Elsewhere) -> str:
    """Awa subscribed to a service whose provider wants to know."""
    world.build(database)
    with database.transaction() as session:
        hosts.allow_host(session, ADMIN, AllowHost(host=f"127.0.0.1:{elsewhere.port}", is_private=True))
        order = AddService(
            code="FOOT", name="Foot", info={"fr": "Les buts."}, currency=Currency.XAF, webhook_url=f"{elsewhere.url}/in"
        )
        added = catalogue.add_service(session, OPERATOR, order)
        made = catalogue.make_webhook_secret(session, OPERATOR, added)
        subscriptions.subscribe(session, Subscribe(code="FOOT", phone=AWA))
    return made


def test_a_note_is_signed_and_sent_once(database: Database, elsewhere: Elsewhere, secret: str) -> None:
    assert hooks.send_due(database) == 1
    assert hooks.send_due(database) == 0
    method, path, headers, body = elsewhere.asked[0]
    told = json.loads(body)
    assert (method, path, told["event"], told["service"], told["phone"]) == (
        "POST", "/in", "subscription.activated", "FOOT", AWA,
    )  # fmt: skip
    second, _, mark = headers["X-Palabre-Signature"].partition(",v1=")
    expected = hmac.digest(secret.encode(), f"{second.removeprefix('t=')}.".encode() + body, "sha256").hex()
    assert mark == expected
    assert headers["X-Palabre-Event-Id"] == told["id"]
    assert secret not in world.everything(database)


def test_a_provider_that_fails_is_told_again_later_then_given_up(
    database: Database, elsewhere: Elsewhere, secret: str
) -> None:
    assert secret
    elsewhere.status = 503
    with clock.travel(clock.now()) as traveller:
        for pause in (timedelta(), *hooks.PAUSES):
            traveller.advance(pause.total_seconds())
            assert hooks.send_due(database) == 1
            assert hooks.send_due(database) == 0
    with database.transaction() as session:
        row = fetch_all(session, "select id, state, tries, answer, service_id from service_hook")[0]
        assert (row["state"], row["tries"], row["answer"]) == ("failed", 9, "HTTP 503")
        with pytest.raises(Forbidden):
            hooks.send_again(session, READER, row["id"])
        hooks.send_again(session, OPERATOR, row["id"])
    elsewhere.status = 204
    elsewhere.body = b""
    assert hooks.send_due(database) == 1
    assert len({headers["X-Palabre-Event-Id"] for _, _, headers, _ in elsewhere.asked}) == 1


def test_leaving_is_told_too_and_a_host_off_the_list_hears_nothing(
    database: Database, elsewhere: Elsewhere, secret: str
) -> None:
    assert secret
    with database.transaction() as session:
        subscriptions.unsubscribe(session, Unsubscribe(code="FOOT", phone=AWA))
        driver(session).execute("delete from connector_host")
    assert hooks.send_due(database) == 2
    assert elsewhere.asked == []
    with database.transaction() as session:
        rows = fetch_all(session, "select event, answer from service_hook order by created_at, id")
        assert [row["answer"] for row in rows] == ["host_not_allowed"] * 2
        assert {row["event"] for row in rows} == {"subscription.activated", "subscription.ended"}


def test_an_address_outside_the_list_is_refused_when_it_is_typed(database: Database) -> None:
    order = AddService(
        code="FOOT", name="Foot", info={"fr": "Les buts."}, currency=Currency.XAF, webhook_url="https://other.example"
    )
    with database.transaction() as session, pytest.raises(InvalidInput) as refused:
        catalogue.add_service(session, OPERATOR, order)
    assert refused.value.fields == {"webhook_url": "cet hôte n'est pas dans la liste permise"}
