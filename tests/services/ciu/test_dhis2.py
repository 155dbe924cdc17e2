"""Codes on their way to DHIS2, over HTTP to a fake that speaks its paths: each once, whatever happens on the way."""

import re
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from commands import ciu_dhis2
from core import clock
from core.clock import Traveller
from core.database import Database, driver, fetch_all
from core.errors import Forbidden, WrongState
from core.settings import get_settings
from models.ciu_leaving import LinkState
from providers.dhis2 import Entity, Place, entity_of
from providers.fakes.dhis2 import Dhis2Fake
from providers.fakes.keys import secret_of
from providers.fakes.server import FakeServer
from services.ciu.dhis2 import links, places, reading, sending
from services.ciu.dhis2.links import SettleConflict
from services.ciu.store import forgetting, programmes
from tests.builders.health import ADMIN, LECTEUR, OPERATEUR, add_code, open_programme, write_actors
from tests.providers.conftest import Fakes, _fake_server, fakes

__all__ = ["_fake_server", "fakes"]

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLACE = {"entity_type": "nEenWmSyUEp", "attribute": "lZGmxYbs97q", "org_unit": "DiszpKrYNg8"}
OTHER = "OtherEntit1"


@pytest.fixture
def dhis2(fakes: Fakes, _fake_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Dhis2Fake:
    assert fakes.url
    settings = get_settings()
    monkeypatch.setattr(settings, "dhis2_base_url", f"{fakes.url}/dhis2")
    monkeypatch.setattr(settings, "dhis2_api_token", SecretStr(secret_of("dhis2", "api_token")))
    return next(fake for fake in _fake_server.fakes if isinstance(fake, Dhis2Fake))


@pytest.fixture
def traveller() -> Iterator[Traveller]:
    with clock.travel(NOW) as moved:
        yield moved


def issue(database: Database, count: int, **place: str) -> None:
    with database.transaction() as session:
        programme_id = open_programme(session)
        write_actors(session)
        driver(session).execute(
            "update ciu_programme set settings = %s where id = %s", (Jsonb({"dhis2": PLACE | place}), programme_id)
        )
        for number in range(count):
            add_code(session, programme_id, NOW, f"CODE-{number:04}", f"+2438100{number:05}")


def work(database: Database, traveller: Traveller, rounds: int, step_s: float = 5) -> None:
    sending.open_due(database)
    for _ in range(rounds):
        sending.send_due(database)
        traveller.advance(step_s)


def states(database: Database) -> Counter[str]:
    with database.transaction() as session:
        return Counter({state: n for state, n in links.count_states(session, LECTEUR).items() if n})


@pytest.mark.usefixtures("dhis2", "traveller")
def test_codes_are_counted_by_programme(database: Database) -> None:
    issue(database, 3)
    sending.open_due(database)
    with database.transaction() as session:
        code = programmes.get_default(session).code
        assert links.count_states(session, LECTEUR, code)[LinkState.WAITING] == 3
        assert links.count_states(session, LECTEUR)[LinkState.WAITING] == 3
        assert set(links.count_states(session, LECTEUR, "another").values()) == {0}


def play(dhis2: Dhis2Fake, *plays: tuple[str, str]) -> None:
    dhis2.books.plays.extend(plays)


def test_a_thousand_codes_once_and_once_only_whatever_happens(
    database: Database, dhis2: Dhis2Fake, traveller: Traveller
) -> None:
    issue(database, 1_000)
    for number in (7, 512, 999):
        dhis2.give(f"Somebody{number:03}", f"CODE-{number:04}", PLACE["attribute"], NOW)
    play(
        dhis2,
        ("validate", "lost"),
        ("commit", "silent"),  # done, and nobody answers
        ("commit", "401"),
        ("commit", "forgotten"),  # done, and its report never comes
        ("commit", "slow"),
        ("commit", "lost"),  # never received
    )
    work(database, traveller, rounds=12)
    work(database, traveller, rounds=30, step_s=60)
    assert states(database) == {LinkState.EXPORTED: 997, LinkState.CONFLICT: 3}
    assert not dhis2.books.plays
    assert len(dhis2.books.entities) == 1_000
    own = {uid: times for uid, times in dhis2.books.writes.items() if not uid.startswith("Somebody")}
    assert len(own) == 997
    assert {*own.values()} == {1}
    with database.transaction() as session:
        conflicts = links.list_links(session, OPERATEUR, LinkState.CONFLICT)
    assert {(one.code, one.other_uid, one.error_code) for one in conflicts} == {
        (f"CODE-{number:04}", f"Somebody{number:03}", "E1064") for number in (7, 512, 999)
    }


def test_only_the_code_its_unit_and_its_day_leave(database: Database, dhis2: Dhis2Fake, traveller: Traveller) -> None:
    issue(database, 1, program="IpHINAT79UW")
    work(database, traveller, rounds=3)
    ((uid, entity),) = dhis2.books.entities.items()
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{10}", uid)
    assert "+243" not in str(entity)
    assert entity["attributes"] == [{"attribute": PLACE["attribute"], "value": "CODE-0000"}]
    (enrollment,) = entity["enrollments"]
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{10}", enrollment.pop("enrollment"))
    assert enrollment == {
        "program": "IpHINAT79UW",
        "orgUnit": PLACE["org_unit"],
        "enrolledAt": "2026-11-21",
        "occurredAt": "2026-11-21",
        "status": "ACTIVE",
    }
    whole = Place("http://localhost", "t", **PLACE)
    assert entity_of(whole, Entity("A" * 11, "C", NOW.date()))["enrollments"] == []


def test_a_report_is_asked_for_at_growing_intervals(
    database: Database, dhis2: Dhis2Fake, fakes: Fakes, traveller: Traveller
) -> None:
    issue(database, 1)
    play(dhis2, ("commit", "slow"))
    work(database, traveller, rounds=60, step_s=1)
    asked = [call for call in fakes.kernel.calls if call.adapter == "dhis2" and call.path.endswith("/report")]
    moments = [round((call.at - NOW).total_seconds()) for call in asked]
    assert moments == [2, 4, 8, 16, 32]
    assert states(database) == {LinkState.SENT: 1}
    work(database, traveller, rounds=5, step_s=1)
    assert states(database) == {LinkState.EXPORTED: 1}


def test_what_dhis2_refuses_for_another_reason_waits_for_a_person(
    database: Database, dhis2: Dhis2Fake, traveller: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(database, 2)
    fault = {"message": "Could not find OrganisationUnit", "errorCode": "E1049", "trackerType": "TRACKED_ENTITY"}
    monkeypatch.setattr(dhis2, "_faults", lambda rows: [{**fault, "uid": rows[0]["trackedEntity"]}])
    work(database, traveller, rounds=1)
    monkeypatch.undo()
    with database.transaction() as session:
        (link,) = links.list_links(session, OPERATEUR, LinkState.REJECTED)
    assert (link.error_code, link.message) == ("E1049", "Could not find OrganisationUnit")


def test_a_code_that_is_taken_by_ourselves_is_there(
    database: Database, dhis2: Dhis2Fake, traveller: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(database, 1)
    sending.open_due(database)
    with database.transaction() as session:
        (link,) = links.list_links(session, OPERATEUR)
    dhis2.give(link.uid, link.code, PLACE["attribute"], NOW)
    fault = {"message": "Non-unique", "errorCode": "E1064", "trackerType": "TRACKED_ENTITY", "uid": link.uid}
    monkeypatch.setattr(dhis2, "_faults", lambda _: [fault])
    work(database, traveller, rounds=1)
    assert states(database) == {LinkState.EXPORTED: 1}


def test_a_server_that_is_away_is_asked_ever_more_rarely(
    database: Database, dhis2: Dhis2Fake, fakes: Fakes, traveller: Traveller
) -> None:
    issue(database, 1)
    play(dhis2, *[("validate", "500")] * 5)
    work(database, traveller, rounds=140, step_s=1)
    asked = [round((call.at - NOW).total_seconds()) for call in fakes.kernel.calls if call.path.endswith("/tracker")]
    assert asked[:6] == [0, 4, 12, 28, 60, 124]
    assert states(database) == {LinkState.EXPORTED: 1}


def test_a_job_that_fails_without_saying_of_what_is_not_taken_for_done(
    database: Database, dhis2: Dhis2Fake, traveller: Traveller
) -> None:
    issue(database, 2)
    work(database, traveller, rounds=1)
    for job in dhis2.books.jobs.values():
        job.report.update({"status": "ERROR"})
    kept, lost = dhis2.books.entities
    del dhis2.books.entities[lost], dhis2.books.writes[lost]
    work(database, traveller, rounds=1)
    assert states(database) == {LinkState.UNKNOWN: 2}
    work(database, traveller, rounds=3, step_s=60)
    assert states(database) == {LinkState.EXPORTED: 2}
    assert dhis2.books.writes == {kept: 1, lost: 1}


def test_a_person_settles_a_conflict(database: Database, dhis2: Dhis2Fake, traveller: Traveller) -> None:
    issue(database, 2)
    dhis2.give(OTHER, "CODE-0000", PLACE["attribute"], NOW)
    dhis2.give("OtherEntit2", "CODE-0001", PLACE["attribute"], NOW)
    work(database, traveller, rounds=3)
    with database.transaction() as session:
        first, second = sorted(links.list_links(session, OPERATEUR, LinkState.CONFLICT), key=lambda one: one.code)
        with pytest.raises(Forbidden):
            links.settle_conflict(session, LECTEUR, SettleConflict(link_id=first.id, decision="same", reason="Même"))
        same = SettleConflict(link_id=first.id, decision="same", reason="Même personne, vue au guichet")
        assert links.settle_conflict(session, OPERATEUR, same).uid == OTHER
        with pytest.raises(WrongState):
            links.settle_conflict(session, OPERATEUR, same)
        again = SettleConflict(link_id=second.id, decision="again", reason="Corrigé dans DHIS2")
        assert links.settle_conflict(session, OPERATEUR, again).state == LinkState.WAITING
    dhis2.books.owners.pop("CODE-0001")
    work(database, traveller, rounds=3)
    assert states(database) == {LinkState.EXPORTED: 2}


def test_a_code_that_is_forgotten_or_merged_is_not_sent(
    database: Database, dhis2: Dhis2Fake, traveller: Traveller
) -> None:
    issue(database, 3)
    sending.open_due(database)
    with database.transaction() as session:
        first, second, third = (row["id"] for row in fetch_all(session, "select id from ciu_record order by code"))
        forgetting.forget_code(session, OPERATEUR, forgetting.ForgetCode(record_id=first, reason="Au guichet"))
        driver(session).execute("update ciu_record set merged_into = %s where id = %s", (third, second))
    work(database, traveller, rounds=3)
    assert [*dhis2.books.owners] == ["CODE-0002"]


def test_a_register_that_is_there_is_read_after_a_rehearsal(
    database: Database, dhis2: Dhis2Fake, traveller: Traveller
) -> None:
    issue(database, 1)
    work(database, traveller, rounds=3)
    for number in range(250):
        dhis2.give(f"Elsewhe{number:04}", f"OLD-{number:04}", PLACE["attribute"], NOW - timedelta(days=number))
    dhis2.give("Elsewhe9998", "", PLACE["attribute"], NOW)
    dhis2.give("Elsewhe9999", "CODE-0000", PLACE["attribute"], NOW)
    with database.transaction() as session:
        place = places.get_place(session, ADMIN, "ciu").place
    entities = reading.fetch_entities(ADMIN, place)
    assert len(entities) == 253
    with database.transaction() as session:
        found = reading.check_entities(session, ADMIN, entities)
        assert fetch_all(session, "select count(*) as number from ciu_record") == [{"number": 1}]
    assert found.taken == 250
    assert [row.reason for row in found.refused] == ["code absent ou trop long", "code déjà connu"]
    with database.transaction() as session:
        reading.keep_entities(session, ADMIN, programmes.get_default(session), entities)
    with database.transaction() as session:
        rows = fetch_all(session, "select source, count(*) as number from ciu_record group by source order by 1")
        assert rows == [{"source": "chat", "number": 1}, {"source": "dhis2", "number": 250}]
        again = reading.keep_entities(session, ADMIN, programmes.get_default(session), entities)
        assert again.taken == 0
    work(database, traveller, rounds=3)
    assert dhis2.books.writes["Elsewhe0000"] == 1  # what came from there is not sent back


def test_a_connection_is_tried_in_words(
    database: Database, dhis2: Dhis2Fake, traveller: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert traveller
    with database.transaction() as session:
        open_programme(session)
        with pytest.raises(places.NotConnected):
            places.get_place(session, ADMIN, "ciu")
    issue(database, 0)
    assert _probe(database) == "2.42.1"
    monkeypatch.setattr(get_settings(), "dhis2_api_token", SecretStr("faux"))
    with pytest.raises(places.TokenRefused, match="401"):
        _probe(database)
    monkeypatch.setattr(get_settings(), "dhis2_base_url", "http://127.0.0.1:9")
    with pytest.raises(places.NoAnswer):
        _probe(database)
    monkeypatch.setattr(get_settings(), "dhis2_base_url", "")
    assert sending.send_due(database) == 0
    assert dhis2.books.entities == {}


def _probe(database: Database) -> str:
    with database.transaction() as session:
        place = places.get_place(session, ADMIN, "ciu").place
    return places.probe(ADMIN, place)


def test_from_the_terminal(
    database: Database,
    dhis2: Dhis2Fake,
    traveller: Traveller,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ciu_dhis2, "open_database", lambda: database)
    issue(database, 2)
    work(database, traveller, rounds=3)
    dhis2.give(OTHER, "OLD-1", PLACE["attribute"], NOW)
    ciu_dhis2.probe(Namespace(programme="ciu"))
    ciu_dhis2.show_states(Namespace())
    assert ciu_dhis2.read_register(Namespace(programme="ciu", apply=False)) == 0
    assert ciu_dhis2.read_register(Namespace(programme="ciu", apply=True)) == 0
    assert ciu_dhis2.read_register(Namespace(programme="ciu", apply=True)) == 0
    said = capsys.readouterr().out
    assert said.startswith("DHIS2 2.42.1\nwaiting\t0\nsent\t0\nexported\t2\n")
    assert said.count("1 pris, 0 refusés") == 2
    assert said.endswith("0 pris, 0 refusés\n")


def test_the_fake_speaks_as_dhis2_does(dhis2: Dhis2Fake) -> None:
    root, token = get_settings().dhis2_base_url, secret_of("dhis2", "api_token")
    headers = {"Authorization": f"ApiToken {token}"}
    body: dict[str, Any] = {"trackedEntities": [{"trackedEntity": OTHER, "orgUnit": "DiszpKrYNg8", "attributes": []}]}
    assert httpx.get(f"{root}/api/system/info").status_code == 401
    job = httpx.post(f"{root}/api/tracker?importMode=COMMIT", json=body, headers=headers).json()
    assert job["response"]["responseType"] == "TrackerJob"  # async is its default
    assert job["response"]["location"].endswith(f"/api/tracker/jobs/{job['response']['id']}")
    report = httpx.get(f"{root}/api/tracker/jobs/{job['response']['id']}/report", headers=headers)
    assert (report.status_code, report.json()["httpStatus"]) == (404, "Not Found")  # not ready
    assert httpx.get(f"{root}/api/tracker/trackedEntities/{OTHER}", headers=headers).json()["trackedEntity"] == OTHER
    assert httpx.get(f"{root}/api/tracker/trackedEntities/Nobody00001", headers=headers).status_code == 404
    sync = httpx.post(f"{root}/api/tracker?async=false&importMode=VALIDATE", json=body, headers=headers).json()
    assert (sync["status"], sync["validationReport"]["errorReports"]) == ("OK", [])
    assert dhis2.books.jobs
