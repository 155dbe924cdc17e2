"""Drafts, publication and roll-back, as an operator lives them: on PostgreSQL, with the real lint."""

import copy
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlmodel import select

from channels import publishing
from channels.ussd import gateways
from core import live
from core.database import Database, Session, driver
from core.errors import Forbidden, WrongState
from core.gsm7 import Limits
from core.permissions import Actor, Grant, Role, Scope
from models.flows import Flow, FlowVersion, VersionState
from models.users import User
from models.ussd import UssdGateway, UssdService
from services import flows, menus
from services.flows import (
    DraftChanged,
    FlowNotFound,
    LintRefused,
    PublishVersion,
    RequestReview,
    RollBack,
    SameAuthor,
    SaveDraft,
    VersionRow,
)
from tests.channels.test_menus import SHIPPED

# What publishing is tried with: the service menu down to the balance.
_KEPT = ("start", "suspended", "home", "balance", "balance_end", "no_account")
SERVICE: dict[str, Any] = {
    **SHIPPED["service"],
    "goals": ["balance_shown"],
    "screens": {name: SHIPPED["service"]["screens"][name] for name in _KEPT},
}
SERVICE["screens"]["home"] = {**SERVICE["screens"]["home"], "options": SERVICE["screens"]["home"]["options"][:1]}

OPERATOR = (Grant(Scope.USSD, Role.OPERATEUR),)


@dataclass
class House:
    """A service on its first version, and two operators."""

    session: Session
    awa: Actor
    jean: Actor
    first: UUID

    def draft(self, actor: Actor, body: dict[str, Any]) -> VersionRow:
        return publishing.save_draft(self.session, actor, SaveDraft(flow_key="service", body=body))

    def publish(self, actor: Actor, version: VersionRow, reason: str = "") -> flows.Published:
        order = PublishVersion(service_key="service", version_id=version.id, checksum=version.checksum, reason=reason)
        return publishing.publish(self.session, actor, order)

    @property
    def live_id(self) -> UUID | None:
        return self.session.exec(select(UssdService.live_version_id).where(UssdService.key == "service")).one()


def _house(session: Session) -> House:
    flow = Flow(key="service", title="Menu de services")
    awa, jean = (User(email=f"{uuid4()}@exemple.cm", first_name=name) for name in ("Awa", "Jean"))
    session.add_all((flow, awa, jean))
    session.flush()
    body = SERVICE
    version = FlowVersion(
        flow_id=flow.id, number=1, state=VersionState.PUBLISHED, body=body, checksum=flows.checksum_of(body)
    )
    session.add(version)
    session.flush()
    session.add(UssdService(key="service", name="Services", flow_id=flow.id, live_version_id=version.id))
    session.flush()
    actors = [Actor(user.id, user.first_name, OPERATOR) for user in (awa, jean)]
    return House(session, actors[0], actors[1], version.id)


@pytest.fixture
def house(rolled_back: Session) -> House:
    return _house(rolled_back)


def welcome(text: str) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(SERVICE)
    body["screens"]["home"]["text"]["fr"] = text
    return body


def test_a_draft_is_saved_again_and_again_without_losing_an_edit(house: House) -> None:
    draft = house.draft(house.awa, welcome("Bonjour"))
    assert (draft.number, draft.state, [f["rule"] for f in draft.findings]) == (2, VersionState.DRAFT, ["L08"])
    order = SaveDraft(flow_key="service", body=welcome("Salut"), version_id=draft.id, checksum=draft.checksum)
    saved = publishing.save_draft(house.session, house.jean, order)
    assert (saved.id, saved.number) == (draft.id, 2)
    with pytest.raises(DraftChanged) as refused:
        publishing.save_draft(house.session, house.awa, order)
    assert refused.value.data["checksum"] == saved.checksum == flows.checksum_of(welcome("Salut"))
    assert flows.get_body(house.session, house.awa, draft.id)["screens"]["home"]["text"]["fr"] == "Salut"


def test_a_draft_with_errors_is_kept_but_not_published(house: House) -> None:
    body = welcome("Bonjour")
    body["screens"]["balance"]["outcomes"].pop("none")
    draft = house.draft(house.awa, body)
    assert [f["rule"] for f in draft.findings if f["is_error"]] == ["L13"]
    with pytest.raises(LintRefused) as refused:
        house.publish(house.awa, draft)
    assert refused.value.data["errors"] == 1
    assert str(refused.value).startswith("Ce parcours a 1 erreurs")
    assert house.live_id == house.first


def test_publishing_moves_the_pointer_and_retires_what_was_live(house: House) -> None:
    draft = house.draft(house.awa, welcome("Bonjour"))
    done = house.publish(house.awa, draft, "Nouveau texte")
    assert (done.replaced_id, house.live_id) == (house.first, draft.id)
    states = {row.number: row.state for row in flows.list_versions(house.session, house.awa, "service")}
    assert states == {2: VersionState.PUBLISHED, 1: VersionState.RETIRED}
    rows = driver(house.session).execute("select reason, replaces_id from ussd_publication").fetchall()
    assert rows == [("Nouveau texte", house.first)]


def test_rolling_back_is_one_step_and_asks_why(house: House) -> None:
    draft = house.draft(house.awa, welcome("Bonjour"))
    house.publish(house.awa, draft)
    done = flows.roll_back(
        house.session, house.awa, RollBack(service_key="service", version_id=house.first, reason="Plaintes")
    )
    assert (done.version.number, done.replaced_id, house.live_id) == (1, draft.id, house.first)
    order = RollBack(service_key="service", version_id=house.first, reason="Encore")
    with pytest.raises(WrongState):
        flows.roll_back(house.session, house.awa, order)
    with pytest.raises(ValueError, match="reason"):
        RollBack(service_key="service", version_id=house.first, reason="")


def test_a_draft_never_published_cannot_be_rolled_back_to(house: House) -> None:
    draft = house.draft(house.awa, welcome("Bonjour"))
    order = RollBack(service_key="service", version_id=draft.id, reason="Sans lint")
    with pytest.raises(WrongState):
        flows.roll_back(house.session, house.awa, order)
    assert house.live_id == house.first


def test_four_eyes_where_the_service_wants_them(house: House) -> None:
    service = house.session.exec(select(UssdService)).one()
    service.needs_four_eyes = True
    draft = house.draft(house.awa, welcome("Bonjour"))
    flows.request_review(house.session, house.awa, RequestReview(version_id=draft.id, checksum=draft.checksum))
    order = SaveDraft(flow_key="service", body=welcome("Tard"), version_id=draft.id, checksum=draft.checksum)
    with pytest.raises(WrongState):
        publishing.save_draft(house.session, house.awa, order)
    with pytest.raises(SameAuthor):
        house.publish(house.awa, draft)
    assert house.live_id == house.first
    house.publish(house.jean, draft)
    assert house.live_id == draft.id


def test_whoever_touched_a_draft_is_not_its_second_pair_of_eyes(house: House) -> None:
    house.session.exec(select(UssdService)).one().needs_four_eyes = True
    draft = house.draft(house.awa, welcome("Bonjour"))
    order = SaveDraft(flow_key="service", body=welcome("Salut"), version_id=draft.id, checksum=draft.checksum)
    saved = publishing.save_draft(house.session, house.jean, order)
    with pytest.raises(SameAuthor):
        house.publish(house.jean, saved)
    marie = Actor(uuid4(), "Marie", OPERATOR)
    with pytest.raises(WrongState):
        house.publish(marie, saved)  # nobody asked for a review yet
    assert house.live_id == house.first


def test_a_draft_with_errors_does_not_go_to_review(house: House) -> None:
    body = welcome("Bonjour")
    body["screens"]["home"]["options"][0]["to"] = "nowhere"
    draft = house.draft(house.awa, body)
    with pytest.raises(LintRefused):
        flows.request_review(house.session, house.awa, RequestReview(version_id=draft.id, checksum=draft.checksum))


def test_rolling_back_is_no_way_around_the_second_person(house: House) -> None:
    """What is live on one service was not seen by anybody for another that wants four eyes."""
    flow = house.session.exec(select(Flow)).one()
    strict = UssdService(
        key="strict", name="Strict", flow_id=flow.id, live_version_id=house.first, needs_four_eyes=True
    )
    house.session.add(strict)
    house.session.flush()
    draft = house.draft(house.awa, welcome("Bonjour"))
    house.publish(house.awa, draft)
    with pytest.raises(FlowNotFound):
        flows.roll_back(
            house.session, house.awa, RollBack(service_key="strict", version_id=draft.id, reason="Par derrière")
        )
    order = PublishVersion(service_key="strict", version_id=draft.id, checksum=draft.checksum)
    with pytest.raises(SameAuthor):
        publishing.publish(house.session, house.awa, order)
    publishing.publish(house.session, house.jean, order)
    assert strict.live_version_id == draft.id


def test_a_draft_is_thrown_away_and_nothing_else_is(house: House) -> None:
    draft = house.draft(house.awa, welcome("Bonjour"))
    order = RequestReview(version_id=draft.id, checksum=draft.checksum)
    with pytest.raises(DraftChanged):
        flows.discard_draft(house.session, house.awa, RequestReview(version_id=draft.id, checksum="autre"))
    flows.discard_draft(house.session, house.awa, order)
    assert [row.number for row in flows.list_versions(house.session, house.awa, "service")] == [1]
    first = house.session.get_one(FlowVersion, house.first)
    with pytest.raises(WrongState):
        flows.discard_draft(house.session, house.awa, RequestReview(version_id=first.id, checksum=first.checksum))


def test_the_console_reads_who_wrote_what_and_what_is_live_where(house: House) -> None:
    draft = house.draft(house.awa, welcome("Bonjour"))
    house.publish(house.jean, draft, "Plus court")
    other = house.draft(house.jean, welcome("Salut"))
    flows.request_review(house.session, house.jean, RequestReview(version_id=other.id, checksum=other.checksum))
    (row,) = menus.list_menus(house.session, house.awa)
    assert (row.key, row.title, row.drafts, row.reviews, row.open_sessions) == ("service", "Menu de services", 0, 1, 0)
    assert [(line.key, line.live_number, line.open_live) for line in row.services] == [("service", 2, 0)]
    lines = [
        (line.number, line.state, line.author, line.reviewer, line.errors, line.warnings, line.live_on)
        for line in menus.list_versions(house.session, house.awa, "service")
    ]
    assert lines == [
        (3, VersionState.REVIEW, "Jean", "", 0, 1, ()),
        (2, VersionState.PUBLISHED, "Awa", "Jean", 0, 1, ("Services",)),
        (1, VersionState.RETIRED, "", "", 0, 0, ()),
    ]
    (done,) = menus.list_publications(house.session, house.awa, "service")
    assert (done.number, done.replaced, done.who, done.reason) == (2, 1, "Jean", "Plus court")
    with pytest.raises(FlowNotFound):
        menus.get_version(house.session, house.awa, "service", 9)
    stranger = Actor(uuid4(), "Passant")
    for read in (menus.list_menus, lambda s, a: menus.list_versions(s, a, "service")):
        with pytest.raises(Forbidden):
            read(house.session, stranger)


def test_a_reviewer_sends_a_version_back(house: House) -> None:
    draft = house.draft(house.awa, welcome("Bonjour"))
    order = RequestReview(version_id=draft.id, checksum=draft.checksum)
    assert flows.request_review(house.session, house.awa, order).state == VersionState.REVIEW
    assert flows.return_to_draft(house.session, house.jean, order).state == VersionState.DRAFT


def test_what_was_read_is_what_goes_live(house: House) -> None:
    draft = house.draft(house.awa, welcome("Bonjour"))
    order = SaveDraft(flow_key="service", body=welcome("Salut"), version_id=draft.id, checksum=draft.checksum)
    publishing.save_draft(house.session, house.jean, order)
    with pytest.raises(DraftChanged):
        house.publish(house.awa, draft)
    assert house.live_id == house.first


def test_another_menus_version_does_not_go_live_here(house: House) -> None:
    house.session.add(Flow(key="other"))
    house.session.flush()
    other = publishing.save_draft(house.session, house.awa, SaveDraft(flow_key="other", body=welcome("Bonjour")))
    with pytest.raises(FlowNotFound):
        house.publish(house.awa, other)


def test_a_reader_saves_and_publishes_nothing(house: House) -> None:
    reader = Actor(house.jean.user_id, "Jean", (Grant(Scope.USSD, Role.LECTEUR),))
    with pytest.raises(Forbidden):
        house.draft(reader, welcome("Bonjour"))
    draft = house.draft(house.awa, welcome("Bonjour"))
    with pytest.raises(Forbidden):
        house.publish(reader, draft)


@pytest.mark.parametrize("change", ["set body = '{}'", "set checksum = 'x'", "set state = 'draft'", "set number = 9"])
def test_a_published_version_never_changes_even_by_hand(house: House, change: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        driver(house.session).execute(f"update flow_version {change} where id = %s", (house.first,))


def test_publishing_rings_every_process(database: Database) -> None:
    with database.connect() as listener:
        listener.execute(f"listen {live.CHANNEL}")
        live.start()
        try:
            with database.transaction() as session:
                house = _house(session)
                house.publish(house.awa, house.draft(house.awa, welcome("Bonjour")))
            # The bell is the process's own: what another test rang last may come first.
            with closing(listener.notifies(timeout=10)) as notices:
                assert any(notice.payload == '{"topic": "flows"}' for notice in notices)
        finally:
            live.stop()


def test_a_menu_is_judged_by_the_narrowest_page_it_is_ever_shown_on(house: House) -> None:
    session = house.session
    assert publishing.facts_of(session, "service").limits == Limits()
    service_id = session.exec(select(UssdService.id).where(UssdService.key == "service")).one()
    wide = {"network_limits": {"62401": {"gsm7": 120}, "62402": {"gsm7": 400, "ucs2": 40}}}
    gateway = UssdGateway(
        key="etroite", name="Étroite", profile="doc_b", country="CM", options=wide, default_service_id=service_id
    )
    session.add(gateway)
    session.flush()
    gateways.forget()
    account = gateways.known_in(session).by_key["etroite"]
    profile = account.contract.profile.page_limits()
    reserve = account.contract.profile.limits.reserve
    assert account.limits_on("62401") == Limits(120 - reserve, profile.ucs2)
    assert account.limits_on("62402") == Limits(profile.gsm7, 40 - reserve), "a network never widens"
    assert account.limits_on("62499") == profile
    assert publishing.get_facts(session, house.awa, "service").limits == Limits(120 - reserve, 40 - reserve)
    gateways.forget()
