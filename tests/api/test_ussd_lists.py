"""The operator's three lists beside the turns: what each says, and to whom."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from api import errors, ussd
from core import clock
from core.database import Database
from core.permissions import Role, Scope
from models.ussd import UssdGateway, UssdService
from tests.builders import people, traffic, world
from tests.builders.traffic import Line, Step

KEY = {"X-API-Key": world.API_KEY}
STATS = {
    "total_sessions",
    "active_sessions",
    "total_interactions",
    "error_count",
    "error_rate",
    "avg_response_time_ms",
    "as_of",
}


@pytest.fixture
def client(database: Database) -> TestClient:
    """Serve the lists over two dialogues: one open on the amount, one that ended with a defect."""
    world.build(database)
    now = clock.now()
    with database.transaction() as session:
        service = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
        gateway = session.exec(select(UssdGateway).where(UssdGateway.key == "doc-b")).one()
        assert service.live_version_id is not None
        line = Line(service.id, service.live_version_id, gateway.id)
        steps = [Step("home", 10_000), Step("t_to", 20_000)]
        begun = now - timedelta(seconds=20)
        traffic.add_session(session, line, begun, steps, state="open", phone="+237699000001")
        failed = [Step("home", 30_000), Step("home", 0, is_error=True)]
        traffic.add_session(session, line, now - timedelta(hours=3), failed, state="failed")
    app = FastAPI(redirect_slashes=False)
    errors.install(app)
    app.include_router(ussd.router)
    return TestClient(app, client=("127.0.0.1", 50_000))


def bearer(database: Database, role: Role, scope: Scope = Scope.USSD) -> dict[str, str]:
    email = f"{role.value}@palabre.example"
    holder = people.person(database, email)
    people.holds(database, holder, scope, role)
    return {"Authorization": f"Bearer {people.phone().sign_in(email).access}"}


def test_the_open_sessions_are_listed_with_a_masked_number(client: TestClient) -> None:
    for path in ("/ussd/sessions", "/ussd/sessions/"):
        answer = client.get(path, headers=KEY).json()
        (row,) = answer["sessions"]
        assert answer["total"] == 1
        assert (row["current_menu"], row["turns"], row["service"], row["gateway"]) == ("t_to", 2, "wallet", "doc-b")
        assert row["phone"] == "+23769****01"
        assert row["started_at"].endswith("Z")


def test_the_turns_are_listed_newest_first_and_filtered(client: TestClient) -> None:
    every = client.get("/ussd/logs", headers=KEY).json()
    assert every["total"] == 4
    assert [row["menu_level"] for row in every["logs"]] == ["t_to", "home", "home", "home"]
    (broken,) = client.get("/ussd/logs?is_error=true", headers=KEY).json()["logs"]
    assert broken["is_error"] is True
    assert client.get("/ussd/logs?limit=1001", headers=KEY).status_code == 422


def test_the_statistics_are_a_count_over_the_turns(client: TestClient) -> None:
    told = client.get("/ussd/stats", headers=KEY).json()
    assert set(told) == STATS
    assert (told["total_sessions"], told["active_sessions"], told["total_interactions"]) == (2, 1, 4)
    assert (told["error_count"], told["error_rate"], told["avg_response_time_ms"]) == (1, 0.25, 15.0)
    start = (clock.now() - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    recent = client.get(f"/ussd/stats/?from={start}&service=wallet", headers=KEY).json()
    assert (recent["total_sessions"], recent["total_interactions"], recent["error_rate"]) == (1, 2, 0)
    nothing = client.get("/ussd/stats?service=service", headers=KEY).json()
    assert (nothing["total_interactions"], nothing["error_rate"], nothing["avg_response_time_ms"]) == (0, 0, 0)


def test_an_operator_reads_texts_and_a_reader_does_not(client: TestClient, database: Database) -> None:
    operator, reader = bearer(database, Role.OPERATEUR), bearer(database, Role.LECTEUR)
    for headers in (operator, reader):
        for path in ("/ussd/sessions", "/ussd/stats"):
            assert client.get(path, headers=headers).status_code == 200
    assert client.get("/ussd/logs", headers=operator).json()["logs"][0]["response_text"] == "texte de t_to"
    hidden = client.get("/ussd/logs", headers=reader).json()["logs"][0]
    assert (hidden["input_text"], hidden["response_text"]) == (None, None)


@pytest.mark.parametrize("path", ["/ussd/sessions", "/ussd/logs", "/ussd/stats"])
def test_who_has_nothing_to_do_with_ussd_is_refused(client: TestClient, database: Database, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers=bearer(database, Role.LECTEUR, Scope.CIU)).status_code == 403
