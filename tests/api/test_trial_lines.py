"""The simulated phone's own lines: every profile has one over HTTP, and where money is real none of them exists."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from api import gateways as door
from channels.ussd import accounts, gateways, trial_lines
from channels.ussd.accounts import CopyProfile
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.calling import Said, write
from channels.ussd.trial_lines import HEADER, Line, OpenLine
from core import clock
from core.database import Database, fetch_all
from core.settings import Environment, get_settings
from models.users import User
from services import gateways as verbs
from tests.builders import world
from tests.services.wallet_world import ADMIN, AWA, OPERATOR

OUTSIDE = ("203.0.113.9", 50_000)


@pytest.fixture
def bank(database: Database) -> Database:
    world.build(database)
    assert ADMIN.user_id is not None
    with database.transaction() as session:
        session.add(User(id=ADMIN.user_id, first_name=ADMIN.name, email="administratrice@palabre.example"))
    gateways.forget()
    return database


@pytest.fixture
def client(bank: Database) -> Iterator[TestClient]:
    assert bank.engine
    with TestClient(served(), client=("127.0.0.1", 50_000)) as chosen:
        yield chosen


def served() -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    app.include_router(door.router)
    return app


def line_of(bank: Database, profile: str, service: str = "wallet") -> Line:
    with bank.transaction() as session:
        return trial_lines.open_line(session, OPERATOR, OpenLine(profile=profile, service=service))


def dial(client: TestClient, line: Line, **headers: str) -> Response:
    said = Said("begin", "S1", AWA, line.code, clock.now())
    wire = write(line.contract.profile, said)
    target = f"{line.path}/{wire.path}" if wire.path else line.path
    target += f"?{wire.query}" if wire.query else ""
    answer: Response = client.request(
        wire.method, target, headers={**wire.headers, **headers}, content=wire.body or None
    )
    return answer


@pytest.mark.parametrize("profile", sorted(BUILT_IN))
def test_every_profile_has_a_line_and_what_comes_over_it_is_a_test(
    bank: Database, client: TestClient, profile: str
) -> None:
    line = line_of(bank, profile)
    answer = dial(client, line)
    assert answer.status_code == 200
    heard = line.contract.hear(answer.content, dict(answer.headers), ("CON", "END"))
    assert heard is not None
    assert heard.text.startswith("PerfectPay")
    with bank.transaction() as session:
        rows = fetch_all(session, "select is_test from ussd_session")
        assert [row["is_test"] for row in rows] == [True]
        assert [row.key for row in verbs.list_gateways(session, OPERATOR) if row.key.startswith("essai")] == []


def test_an_installation_s_own_copy_of_a_profile_has_a_line_too(bank: Database, client: TestClient) -> None:
    with bank.transaction() as session:
        accounts.copy_profile(session, ADMIN, CopyProfile(source="hubtel", name="hubtel_bis"))
        names = [contract.key for contract in trial_lines.list_contracts(session, OPERATOR)]
    assert names == [*BUILT_IN, "hubtel_bis"]
    answer = dial(client, line_of(bank, "hubtel_bis"))
    assert answer.json()["Message"].startswith("PerfectPay")


def test_opening_a_line_again_gives_the_same_address(bank: Database) -> None:
    first, again, other = line_of(bank, "hubtel"), line_of(bank, "hubtel"), line_of(bank, "hubtel", "service")
    assert first == again
    assert other.path != first.path
    with bank.transaction() as session:
        assert len(fetch_all(session, "select 1 from ussd_gateway where key like 'essai-%%'")) == 2


def test_a_test_line_is_no_address_where_money_is_real(
    bank: Database, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = line_of(bank, "doc_b")
    assert dial(client, line).status_code == 200
    for environment in (Environment.PRODUCTION, Environment.STAGING):
        monkeypatch.setattr(get_settings(), "environment", environment)
        answer = dial(client, line)
        assert (answer.status_code, answer.content) == (404, b"")
    with bank.transaction() as session:
        assert len(fetch_all(session, "select id from ussd_session")) == 1


def test_a_test_line_answers_this_machine_alone(bank: Database) -> None:
    line = line_of(bank, "doc_b")
    with TestClient(served(), client=OUTSIDE) as stranger:
        assert dial(stranger, line).status_code == 403
    with bank.transaction() as session:
        assert fetch_all(session, "select id from ussd_session") == []


def test_a_real_account_takes_no_version_from_a_header(bank: Database) -> None:
    line = line_of(bank, "doc_b")
    with bank.transaction() as session:
        version = trial_lines.list_versions(session, OPERATOR, "wallet")[0]
        headers = {HEADER: str(version.id)}
        real = next(each for each in ("doc-b", "doc_b") if gateways.known_in(session).find(each) is not None)
        assert trial_lines.version_of(gateways.known_in(session).by_key[line.gateway], headers) == version.id
        assert trial_lines.version_of(gateways.known_in(session).by_key[real], headers) is None
