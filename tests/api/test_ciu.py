"""`/api/v1/ciu` as a programme's own systems use it: figures, codes, files; each role sees what is its."""

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import auth, ciu, errors
from core import clock
from core.database import Database
from core.permissions import Role, Scope
from jobs import ciu_exports as worker
from tests.builders import people
from tests.builders.health import Told, add_code, add_conversation, open_programme
from tests.builders.people import Phone

STATS = {
    *("as_of", "total", "per_day", "unique_users", "active_sessions", "started", "completed", "duplicates_avoided"),
    *("abandoned", "funnel", "by_language", "by_hour", "seconds_to_code"),
}
CODE = "985-KINS-15-JEA-KABI-DA6A7"


@pytest.fixture
def door(database: Database) -> Phone:
    """Give the door with a code issued this morning, nobody signed in."""
    with database.transaction() as session:
        programme_id = open_programme(session)
        for _ in range(6):
            add_conversation(session, programme_id, clock.now(), Told())
        add_conversation(session, programme_id, clock.now(), Told(end="expired", answered=1))
        add_code(session, programme_id, clock.now(), CODE, "+243810000999")
    app = FastAPI(redirect_slashes=False)
    errors.install(app)
    app.include_router(auth.router)
    app.include_router(ciu.router)
    errors.refuse_unknown(app)
    return Phone(TestClient(app, client=("127.0.0.1", 50_000), raise_server_exceptions=False, follow_redirects=False))


def as_role(database: Database, door: Phone, role: Role | None) -> Phone:
    email = f"{role or 'personne'}@sante.cd"
    user_id = people.person(database, email)
    if role is not None:
        people.holds(database, user_id, Scope.CIU, role)
    return door.sign_in(email)


def test_the_figures_of_a_programme(database: Database, door: Phone) -> None:
    olga = as_role(database, door, Role.OPERATEUR)
    body = olga.get("/api/v1/ciu/stats").json()
    assert set(body) >= STATS
    assert (body["total"], body["started"], body["completed"]) == (1, 7, {"new": 6, "existing": 0})
    assert body["abandoned"] == {"count": 1, "rate": 0.1429}
    assert [step["step"] for step in body["funnel"]][:2] == ["birth_year", "mother_birthplace"]
    assert len(body["by_hour"]) == 24
    assert sum(body["by_hour"]) == 7
    assert body == olga.get("/api/v1/ciu/stats/?programme=ciu").json() | {"as_of": body["as_of"], "programme": None}
    long_ago = olga.get("/api/v1/ciu/stats?from=2020-01-01&to=2020-01-31").json()
    assert (long_ago["started"], long_ago["per_day"], long_ago["total"]) == (0, [], 1)
    for query, status in (("from=2026-02-01&to=2026-01-01", 422), ("from=hier", 422), ("programme=autre", 404)):
        assert olga.get(f"/api/v1/ciu/stats?{query}").status_code == status
    assert olga.get("/api/v1/ciu/stats?from=1900-01-01&to=2026-01-01").status_code == 422


def test_an_observer_reads_figures_without_small_counts_and_no_code(database: Database, door: Phone) -> None:
    luc = as_role(database, door, Role.LECTEUR)
    body = luc.get("/api/v1/ciu/stats").json()
    assert (body["total"], body["abandoned"]["count"], body["abandoned"]["rate"]) == ("<5", "n.d.", None)
    assert luc.post("/api/v1/ciu/codes/check", {"code": CODE}).json() == {"well_formed": True, "known": None}
    for path in ("/api/v1/ciu/records", "/api/v1/ciu/records/0/qr.png"):
        assert luc.get(path).status_code in {403, 404}
    assert (
        luc.post("/api/v1/ciu/exports", {"kind": "rows", "since": "2026-01-01", "until": "2026-12-31"}).status_code
        == 403
    )


def test_codes_with_masked_numbers_and_their_picture(database: Database, door: Phone) -> None:
    olga = as_role(database, door, Role.OPERATEUR)
    body = olga.get("/api/v1/ciu/records/").json()
    (row,) = body["items"]
    assert (row["code"], row["phone"], body["next"]) == (CODE, "+243•••••999", None)
    assert olga.get(f"/api/v1/ciu/records?code={CODE.lower()}").json()["items"] == [row]
    assert olga.get("/api/v1/ciu/records?code=985").json()["items"] == []
    assert olga.get("/api/v1/ciu/records?from=2020-01-01&to=2020-12-31").json()["items"] == []
    assert olga.get("/api/v1/ciu/records?language=fr&limit=1").json()["next"] == row["id"]
    assert olga.get(f"/api/v1/ciu/records?after={row['id']}").json()["items"] == []
    picture = olga.get(f"/api/v1/ciu/records/{row['id']}/qr.png")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.headers["cache-control"] == "no-store"
    assert picture.content.startswith(b"\x89PNG")
    assert olga.get("/api/v1/ciu/records/rien/qr.png").status_code == 404


@pytest.mark.parametrize(
    ("code", "well_formed", "known"),
    [
        (CODE, True, True),
        (f" {CODE.lower()} ", True, True),
        ("985-KINS-15-JEA-KABI-DA6A8", True, False),
        ("K7QF-3M9T-2XD", True, False),
        ("K7QF-3M9T-2XE", False, False),
        ("bonjour", False, False),
        ("", False, False),
    ],
)
def test_a_typed_code_is_checked(
    database: Database,
    door: Phone,
    code: str,
    well_formed: bool,  # noqa: FBT001  # a row of a table
    known: bool,  # noqa: FBT001
) -> None:
    with database.transaction() as session:
        session.connection().exec_driver_sql("update ciu_recipe set state = 'retired' where state = 'draft'")
    olga = as_role(database, door, Role.OPERATEUR)
    answer = olga.post("/api/v1/ciu/codes/check/", {"code": code})
    assert answer.json() == {"well_formed": well_formed, "known": known}


def test_a_file_is_asked_for_made_and_fetched(database: Database, door: Phone) -> None:
    olga = as_role(database, door, Role.OPERATEUR)
    today = datetime.now(UTC).date().isoformat()
    order = {"kind": "rows", "format": "csv", "since": "2026-01-01", "until": today, "reason": "Audit"}
    asked = olga.post("/api/v1/ciu/exports", {**order, "until": "2099-01-01"})
    assert asked.status_code == 422
    asked = olga.post("/api/v1/ciu/exports/", {**order, "until": "2030-12-31"})
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    path = f"/api/v1/ciu/exports/{asked.json()['id']}"
    assert olga.get(f"{path}/file").status_code == 409
    assert worker.make_due(database) == 1
    assert olga.get(path).json()["state"] == "done"
    assert [one["id"] for one in olga.get("/api/v1/ciu/exports").json()["items"]] == [asked.json()["id"]]
    file = olga.get(f"{path}/file")
    assert CODE in file.content.decode("utf-8-sig")
    assert file.headers["content-type"].startswith("text/csv")
    assert "+243" not in file.text
    somebody = as_role(database, door, Role.LECTEUR)
    assert somebody.get(f"{path}/file").status_code == 404
    assert olga.post("/api/v1/ciu/exports", {**order, "until": "2030-12-31", "reason": ""}).status_code == 422


def test_nobody_else_is_told_anything(database: Database, door: Phone) -> None:
    nobody = as_role(database, door, None)
    for method, path in (
        ("GET", "stats"),
        ("GET", "records"),
        ("GET", "records/00000000-0000-0000-0000-000000000000/qr.png"),
        ("POST", "codes/check"),
        ("POST", "exports"),
        ("GET", "exports"),
    ):
        body = (
            {"code": "A", "kind": "aggregate", "since": "2026-01-01", "until": "2026-01-02"}
            if method == "POST"
            else None
        )
        assert nobody.call(method, f"/api/v1/ciu/{path}", body).status_code == 403, path
        assert door.call(method, f"/api/v1/ciu/{path}", body).status_code == 401, path
