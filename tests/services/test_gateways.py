"""An administrator connects a gateway: the address is shown once, rotated, paused; nobody else may."""

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import gateways as door
from channels.ussd import accounts, gateways, knocking, recorder
from channels.ussd.accounts import (
    CopyProfile,
    DropFixture,
    EditProfile,
    FixturesBroken,
    FixturesWanted,
    KeepFixture,
    ProofStillNeeded,
)
from channels.ussd.knocking import NotThisAddress
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.calling import Said, write
from core import clock, ids
from core.database import Database, Session
from core.errors import Forbidden, InvalidInput, WrongState
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from models.switches import SwitchScope
from models.ussd import SwitchState
from services import audit, switches, wire_records
from services import gateways as verbs
from services.gateways import (
    ChangeGateway,
    KeyTaken,
    OpenGateway,
    PauseGateway,
    SetCredential,
    SetNetworks,
    StoppedInEmergency,
)
from services.switches import PausedByHand, ReopenSwitch, StopSwitch
from tests.builders import world

ORDER = OpenGateway(
    key="hubtel-gh", name="Hubtel Ghana", profile="hubtel", country="CM", codes=("*777#",), service="wallet"
)
PIN = "48213"


@pytest.fixture
def house(database: Database) -> Database:
    world.build(database)
    return database


@pytest.fixture
def client(house: Database) -> TestClient:
    assert house.engine
    app = FastAPI(redirect_slashes=False)
    app.include_router(door.router)
    return TestClient(app, client=("127.0.0.1", 50_000))


def dial(client: TestClient, address: str, profile: str = "hubtel", **said: object) -> tuple[int, str]:
    known = {"kind": "begin", "session": "S1", "phone": "+237699000001", "code": "*777#", "at": clock.now(), **said}
    request = write(BUILT_IN[profile].profile, Said(**known))  # type: ignore[arg-type]
    path = "/g/" + address.partition("/g/")[2]
    response = client.request(request.method, path, content=request.body, headers=dict(request.headers))
    return response.status_code, response.text


def test_an_account_is_opened_paused_resumed_and_answers(house: Database, client: TestClient) -> None:
    with house.transaction() as session:
        shown = accounts.open_account(session, SYSTEM, ORDER)
        assert (shown.row.state, shown.row.secrets, shown.row.codes) == ("stopped", 1, ("*777#",))
    status, text = dial(client, shown.address)
    assert (status, "Service arrêté" in text) == (200, True)
    with house.transaction() as session:
        assert accounts.resume_account(session, SYSTEM, shown.row.id).state == "live"
    gateways.forget()
    assert "PerfectPay" in dial(client, shown.address, session="S2")[1]
    secret = shown.address.rpartition("/")[2]
    assert secret not in world.everything(house)
    with house.transaction() as session:
        verbs.pause_gateway(session, SYSTEM, PauseGateway(gateway_id=shown.row.id, reason="maintenance"))
        history = audit.list_history(session, "ussd_gateway", shown.row.id)
    assert [entry.action.partition(".")[2] for entry in history] == ["pause", "resume", "open"]


def test_two_addresses_are_good_while_rotating_and_one_after(house: Database, client: TestClient) -> None:
    with house.transaction() as session:
        old = accounts.open_account(session, SYSTEM, ORDER)
        new = verbs.rotate_secret(session, SYSTEM, old.row.id)
    gateways.forget()
    assert [dial(client, one.address, session="S")[0] for one in (old, new)] == [200, 200]
    with house.transaction() as session:
        assert verbs.drop_old_secret(session, SYSTEM, old.row.id).secrets == 1
    gateways.forget()
    assert [dial(client, one.address, session="S")[0] for one in (old, new)] == [404, 200]


def test_addresses_and_credentials_are_checked_and_dropped(house: Database, client: TestClient) -> None:
    own = {"key": "airtel-cg", "profile": "airtel_freeflow"}
    order = ORDER.model_copy(update={**own, "credentials": {"userid": "pal", "password": "pw-1-secret"}})
    with house.transaction() as session:
        shown = accounts.open_account(session, SYSTEM, order)
        accounts.resume_account(session, SYSTEM, shown.row.id)
    gateways.forget()
    path = "/g/" + shown.address.partition("/g/")[2]
    query = "SessionID=1&MSISDN=237699000001&input=777"
    assert client.get(f"{path}?{query}").status_code == 401
    assert client.get(f"{path}?{query}&userid=pal&password=wrong").status_code == 401
    answer = client.get(f"{path}?{query}&userid=pal&password=pw-1-secret")
    assert (answer.status_code, answer.headers["freeflow"]) == (200, "FC")
    assert client.get(f"{path}?SessionID=1&msisdn=237699000001&clean=clean&error=timeout").status_code == 200
    recorder.flush()
    assert "pw-1-secret" not in world.everything(house)
    with house.transaction() as session:
        verbs.set_networks(session, SYSTEM, SetNetworks(gateway_id=shown.row.id, networks=("198.51.100.0/24",)))
    gateways.forget()
    assert client.get(f"{path}?{query}&userid=pal&password=pw-1-secret").status_code == 403


def test_http_basic_is_asked_for_where_it_is_set(house: Database, client: TestClient) -> None:
    with house.transaction() as session:
        shown = accounts.open_account(session, SYSTEM, ORDER)
        order = SetCredential(gateway_id=shown.row.id, name="basic", value="gw:basic-word")
        assert verbs.set_credential(session, SYSTEM, order).credentials == ("basic",)
    gateways.forget()
    path = "/g/" + shown.address.partition("/g/")[2]
    assert client.post(path, json={}).status_code == 401
    assert client.post(path, json={}, auth=("gw", "basic-word")).status_code == 422
    assert client.post(path, json={}, auth=("gw", "other")).status_code == 401


def test_over_its_rate_an_account_hears_that_it_is_busy(house: Database, client: TestClient) -> None:
    with house.transaction() as session:
        shown = accounts.open_account(session, SYSTEM, ORDER.model_copy(update={"rate_per_s": 1}))
        accounts.resume_account(session, SYSTEM, shown.row.id)
    gateways.forget()
    texts = [dial(client, shown.address, session=f"S{number}")[1] for number in range(6)]
    assert "PerfectPay" in texts[0]
    assert any("Service occupé" in text for text in texts[1:])


def test_keys_and_ranges_that_cannot_be_are_refused(house: Database) -> None:
    with house.transaction() as session:
        accounts.open_account(session, SYSTEM, ORDER)
        with pytest.raises(KeyTaken):
            accounts.open_account(session, SYSTEM, ORDER)
        for wrong in ({"networks": ("x",)}, {"service": "none"}, {"credentials": {"other": "x"}}):
            with pytest.raises(InvalidInput):
                accounts.open_account(session, SYSTEM, ORDER.model_copy(update={"key": "other", **wrong}))


def test_a_copied_profile_serves_once_four_recorded_exchanges_prove_it(house: Database, client: TestClient) -> None:
    with house.transaction() as session:
        accounts.copy_profile(session, SYSTEM, CopyProfile(source="hubtel", name="hubtel_bis"))
        shown = accounts.open_account(session, SYSTEM, ORDER.model_copy(update={"profile": "hubtel_bis"}))
        with pytest.raises(FixturesWanted):
            accounts.resume_account(session, SYSTEM, shown.row.id)
    gateways.forget()
    for number in range(4):
        dial(client, shown.address, session=f"S{number}")
    recorder.flush()
    with house.transaction() as session:
        records = wire_records.list_records(session, SYSTEM, shown.row.id)
        row = verbs.get_gateway(session, SYSTEM, shown.row.id)
        assert (len(records), row.exchanges, row.error_share) == (4, 4, 0.0)
        assert row.last_at is not None
    with house.transaction() as session:
        for record in records:
            kept = accounts.keep_fixture(session, SYSTEM, KeepFixture(record_id=record.id, title="première page"))
    assert len(kept.fixtures) == 4
    with house.transaction() as session:
        assert accounts.resume_account(session, SYSTEM, shown.row.id).state == "live"


def test_a_profile_that_is_none_or_repeats_what_is_typed_is_refused(house: Database) -> None:
    with house.transaction() as session:
        copied = accounts.copy_profile(session, SYSTEM, CopyProfile(source="hubtel", name="hubtel_bis"))
        for reply in ({"type": "json", "body": {"x": "{raw.Message}"}}, {"type": "json", "body": {"x": "{nothing}"}}):
            order = EditProfile(name="hubtel_bis", version=1, body={**copied.body, "reply": reply})
            with pytest.raises(InvalidInput):
                accounts.edit_profile(session, SYSTEM, order)
        edited = accounts.edit_profile(session, SYSTEM, EditProfile(name="hubtel_bis", version=1, body=copied.body))
        assert edited.version == 2


def kept(house: Database, client: TestClient, address: str, gateway_id: UUID, count: int = 4) -> accounts.ProfileRow:
    """Dial a few times and make a fixture of each exchange."""
    for number in range(count):
        dial(client, address, session=f"S{number}")
    recorder.flush()
    with house.transaction() as session:
        for number, record in enumerate(wire_records.list_records(session, SYSTEM, gateway_id)):
            order = KeepFixture(record_id=record.id, title=f"essai {number + 1}")
            row = accounts.keep_fixture(session, SYSTEM, order)
    return row


def test_what_was_proved_stays_true_and_every_text_can_be_read_again(house: Database, client: TestClient) -> None:
    with house.transaction() as session:
        accounts.copy_profile(session, SYSTEM, CopyProfile(source="hubtel", name="hubtel_bis"))
        shown = accounts.open_account(session, SYSTEM, ORDER.model_copy(update={"profile": "hubtel_bis"}))
    gateways.forget()
    row = kept(house, client, shown.address, shown.row.id)
    other = {**row.body, "fields": {**row.body["fields"], "msisdn": ["Nobody"]}}
    with house.transaction() as session, pytest.raises(FixturesBroken) as broken:
        accounts.edit_profile(session, SYSTEM, EditProfile(name="hubtel_bis", version=1, body=other))
    assert broken.value.data == {"titles": "essai 1 · essai 2 · essai 3 · essai 4"}
    with house.transaction() as session:
        titled = EditProfile(name="hubtel_bis", version=1, body={**row.body, "title": "Hubtel bis"})
        assert accounts.edit_profile(session, SYSTEM, titled).version == 2
        versions = accounts.list_versions(session, SYSTEM, "hubtel_bis")
        accounts.resume_account(session, SYSTEM, shown.row.id)
    assert [(one.version, one.body["title"]) for one in versions] == [(2, "Hubtel bis"), (1, "Hubtel")]
    drop = DropFixture(name="hubtel_bis", place=0, title="essai 1")
    with house.transaction() as session, pytest.raises(ProofStillNeeded):
        accounts.drop_fixture(session, SYSTEM, drop)
    with house.transaction() as session:
        verbs.pause_gateway(session, SYSTEM, PauseGateway(gateway_id=shown.row.id, reason="maintenance"))
        assert len(accounts.drop_fixture(session, SYSTEM, drop).fixtures) == 3


def test_an_emergency_stop_opens_by_two_and_a_pause_from_its_own_page(house: Database) -> None:
    with house.transaction() as session:
        row = accounts.open_account(session, SYSTEM, ORDER).row
        with pytest.raises(PausedByHand):
            switches.reopen(session, SYSTEM, ReopenSwitch(scope=SwitchScope.GATEWAY, key=row.key, reason="essai"))
        accounts.resume_account(session, SYSTEM, row.id)
        switches.stop(session, SYSTEM, StopSwitch(scope=SwitchScope.GATEWAY, key=row.key, reason="fraude"))
        with pytest.raises(StoppedInEmergency):
            accounts.resume_account(session, SYSTEM, row.id)
        order = StopSwitch(scope=SwitchScope.GATEWAY, key=row.key, state=SwitchState.MAINTENANCE, reason="fraude")
        with pytest.raises(WrongState):
            switches.stop(session, SYSTEM, order)
        assert verbs.get_gateway(session, SYSTEM, row.id).state == "stopped"


def test_what_holds_by_default_is_changed_and_those_that_serve_come_first(house: Database) -> None:
    with house.transaction() as session:
        row = accounts.open_account(session, SYSTEM, ORDER).row
        assert [one.key for one in verbs.list_gateways(session, SYSTEM)][-1] == row.key
        order = ChangeGateway(gateway_id=row.id, name="Au Ghana", service="service", language="en", country="GH")
        changed = verbs.change_gateway(session, SYSTEM, order)
        with pytest.raises(InvalidInput):
            verbs.change_gateway(session, SYSTEM, order.model_copy(update={"service": "none"}))
    assert (changed.name, changed.service, changed.language, changed.country) == ("Au Ghana", "service", "en", "GH")
    gateways.forget()
    with house.transaction() as session:
        account = gateways.known_in(session).by_key[row.key]
    assert (account.country, account.options["language"]) == ("GH", "en")


def test_an_address_is_tried_by_who_holds_it_only(house: Database) -> None:
    with house.transaction() as session:
        shown = accounts.open_account(session, SYSTEM, ORDER)
        request = knocking.prepare(session, SYSTEM, shown.row.id, shown.address, "699000001")
        for wrong in (
            "",
            "https://elsewhere/g/hubtel-gh/x",
            shown.address[:-1],
            shown.address.replace("hubtel", "nalo"),
        ):
            with pytest.raises(NotThisAddress):
                knocking.prepare(session, SYSTEM, shown.row.id, wrong, "699000001")
        with pytest.raises(InvalidInput):
            knocking.prepare(session, SYSTEM, shown.row.id, shown.address, "12")
    assert (request.method, request.address) == ("POST", shown.address)
    assert json.loads(request.body)["Mobile"] == "237699000001"
    assert shown.address not in repr(request)


@pytest.mark.parametrize("role", [Role.OPERATEUR, Role.LECTEUR, None])
def test_only_an_administrator_may(rolled_back: Session, role: Role | None) -> None:
    actor = Actor(user_id=None, name="x", grants=(Grant(Scope.USSD, role),) if role else ())
    nothing = ids.new_id()
    acts: tuple[Callable[[], object], ...] = (
        lambda: accounts.open_account(rolled_back, actor, ORDER),
        lambda: accounts.resume_account(rolled_back, actor, nothing),
        lambda: accounts.copy_profile(rolled_back, actor, CopyProfile(source="hubtel", name="other")),
        lambda: verbs.rotate_secret(rolled_back, actor, nothing),
        lambda: knocking.prepare(rolled_back, actor, nothing, "", ""),
        lambda: verbs.pause_gateway(rolled_back, actor, PauseGateway(gateway_id=nothing, reason="maintenance")),
    )
    for act in acts:
        with pytest.raises(Forbidden):
            act()


def test_nobody_reads_gateways_without_a_place_in_the_section(rolled_back: Session) -> None:
    actor = Actor(user_id=None, name="x", grants=())
    reads: tuple[Callable[[], object], ...] = (
        lambda: verbs.list_gateways(rolled_back, actor),
        lambda: accounts.list_profiles(rolled_back, actor),
        lambda: wire_records.list_records(rolled_back, actor, ids.new_id()),
    )
    for read in reads:
        with pytest.raises(Forbidden):
            read()
