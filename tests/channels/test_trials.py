"""A menu is tried on a share of the callers: who meets which, until when, and what it says of itself."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from channels import publishing
from channels.ussd import journeys
from core import clock
from core.database import Session, driver, fetch_all
from core.errors import InvalidInput, WrongState
from core.rates import Rate
from models.flows import VersionState
from models.ussd import UssdGateway, UssdService
from reports.figures import Span
from reports.ussd_figures import Cut
from services import flows, rollups, trials
from services.flows import LintRefused, RequestReview, SameAuthor, VersionRow
from services.trials import NoTrial, StartTrial, StopTrial, TrialIsOn
from tests.builders.traffic import Line, Step, add_session
from tests.channels.test_publishing import House, _house, welcome

CALLERS = 2_000


@pytest.fixture
def house(rolled_back: Session) -> House:
    return _house(rolled_back)


def start(house: House, version: VersionRow, share: int = 30, **more: object) -> trials.TrialRow:
    order = StartTrial.model_validate(
        {
            "service_key": "service",
            "version_id": version.id,
            "checksum": version.checksum,
            "share_percent": share,
            "reason": "Plus court",
        }
        | more
    )
    return publishing.start_trial(house.session, house.awa, order)


def stop(house: House, reason: str = "Assez vu") -> trials.TrialRow:
    return trials.stop_trial(house.session, house.jean, StopTrial(service_key="service", reason=reason))


def line_of(house: House) -> Line:
    service = house.session.exec(select(UssdService).where(UssdService.key == "service")).one()
    gateway = house.session.exec(select(UssdGateway)).first()
    if gateway is None:
        gateway = UssdGateway(key="doc-a", name="A", profile="doc_a", country="CM")
        house.session.add(gateway)
        house.session.flush()
    assert service.live_version_id is not None
    return Line(service.id, service.live_version_id, gateway.id)


def call(house: House, *phones: str | None, is_test: bool = False) -> list[UUID]:
    """Let people dial, and return the version each meets."""
    line = line_of(house)
    rows = [
        add_session(house.session, line, clock.now(), (), state="open", phone=phone, is_test=is_test)
        for phone in phones
    ]
    house.session.flush()
    met = fetch_all(
        house.session, "select id, version_id from ussd_session where id = any(%s)", ([row.id for row in rows],)
    )
    versions = {row["id"]: row["version_id"] for row in met}
    return [versions[row.id] for row in rows]


def number(n: int) -> str:
    return f"+2376990{n:05}"


def state_of(house: House, version: VersionRow) -> VersionState:
    (found,) = (row for row in flows.list_versions(house.session, house.awa, "service") if row.id == version.id)
    return found.state


def test_a_share_of_the_callers_meets_it_each_always_the_same(house: House) -> None:
    trial_version = house.draft(house.awa, welcome("Bonjour"))
    row = start(house, trial_version)
    assert (row.number, row.against_number, row.share_percent, row.ended_at, row.who) == (2, 1, 30, None, "Awa")
    assert (house.live_id, state_of(house, trial_version)) == (house.first, VersionState.PUBLISHED)
    people = [number(n) for n in range(CALLERS)]
    met = call(house, *people)
    assert set(met) == {house.first, trial_version.id}
    low, high = 0.30 - 0.05, 0.30 + 0.05  # nearly five standard deviations of 2 000 draws
    assert low < met.count(trial_version.id) / CALLERS < high
    assert call(house, *people[:300]) == met[:300]


def test_the_next_trial_shares_people_out_anew(house: House) -> None:
    version = house.draft(house.awa, welcome("Bonjour"))
    people = [number(n) for n in range(400)]
    start(house, version, 50)
    first = call(house, *people)
    stop(house)
    start(house, version, 50)
    assert call(house, *people) != first


def test_who_has_no_number_and_who_only_tests_stay_out_of_it(house: House) -> None:
    start(house, house.draft(house.awa, welcome("Bonjour")), 99)
    assert set(call(house, *[None] * 50)) == {house.first}
    assert set(call(house, *[number(n) for n in range(50)], is_test=True)) == {house.first}


def test_a_person_ends_it_and_open_dialogues_keep_their_version(house: House) -> None:
    version = house.draft(house.awa, welcome("Bonjour"))
    start(house, version, 99)
    people = [number(n) for n in range(60)]
    met = call(house, *people)
    row = stop(house)
    assert (row.end_reason, row.ended_at is not None) == ("Assez vu", True)
    assert state_of(house, version) == VersionState.RETIRED
    assert set(call(house, *people)) == {house.first}
    kept = driver(house.session).execute(
        "select count(*) from ussd_session where state = 'open' and version_id = %s", (version.id,)
    )
    assert kept.fetchone() == (met.count(version.id),)
    with pytest.raises(NoTrial):
        stop(house)


def test_its_date_ends_it_at_that_very_instant(house: House) -> None:
    version = house.draft(house.awa, welcome("Bonjour"))
    end = clock.now() + timedelta(hours=2)
    start(house, version, 99, ends_at=end)
    people = [number(n) for n in range(40)]
    with clock.travel(end - timedelta(seconds=1)):
        assert version.id in call(house, *people)
        assert trials.end_due(house.session) == 0
    with clock.travel(end):
        assert set(call(house, *people)) == {house.first}
        assert (trials.end_due(house.session), trials.end_due(house.session)) == (1, 0)
    (row,) = trials.list_trials(house.session, house.awa, "service")
    assert (row.end_reason, row.ended_at) == (trials.TIME_IS_UP, end)
    assert state_of(house, version) == VersionState.RETIRED


def test_publishing_it_keeps_it_and_publishing_another_ends_it_too(house: House) -> None:
    tried, other = house.draft(house.awa, welcome("Bonjour")), house.draft(house.awa, welcome("Salut"))
    start(house, tried)
    house.publish(house.awa, tried, "Mieux")
    assert (house.live_id, state_of(house, tried)) == (tried.id, VersionState.PUBLISHED)
    assert [row.end_reason for row in trials.list_trials(house.session, house.awa, "service")] == ["Mieux"]
    start(house, other)
    third = house.draft(house.awa, welcome("Mbote"))
    house.publish(house.awa, third)
    assert state_of(house, other) == VersionState.RETIRED
    assert set(call(house, *[number(n) for n in range(60)])) == {third.id}


def test_it_must_be_fit_to_go_live(house: House) -> None:
    body = welcome("Bonjour")
    body["screens"]["balance"]["outcomes"].pop("none")
    with pytest.raises(LintRefused):
        start(house, house.draft(house.awa, body))
    house.session.exec(select(UssdService)).one().needs_four_eyes = True
    own = house.draft(house.awa, welcome("Bonjour"))
    with pytest.raises(SameAuthor):
        start(house, own)
    other = house.draft(house.jean, welcome("Salut"))
    with pytest.raises(WrongState):
        start(house, other)  # nobody asked for a review
    flows.request_review(house.session, house.jean, RequestReview(version_id=other.id, checksum=other.checksum))
    assert start(house, other).number == 4
    assert trials.list_trials(house.session, house.awa, "service")[0].share_percent == 30


def test_one_at_a_time_not_what_is_live_and_not_into_the_past(house: House) -> None:
    version = house.draft(house.awa, welcome("Bonjour"))
    with pytest.raises(InvalidInput):
        start(house, version, ends_at=clock.now())
    start(house, version)
    with pytest.raises(TrialIsOn):
        start(house, house.draft(house.awa, welcome("Salut")))
    stop(house)
    live = next(row for row in flows.list_versions(house.session, house.awa, "service") if row.id == house.first)
    with pytest.raises(WrongState):
        start(house, live)


def test_each_version_says_how_many_reached_the_goal_and_how_sure_that_is(house: House) -> None:
    version = house.draft(house.awa, welcome("Bonjour"))
    start(house, version, 50)
    live, hour = line_of(house), clock.now().replace(minute=0, second=0, microsecond=0)
    for line, reached in ((live, 60), (replace(live, version_id=version.id), 80)):
        for n in range(100):
            goal = "balance_shown" if n < reached else ""
            add_session(house.session, line, hour, (Step("home"), Step("balance_end")), phone=number(n), goal=goal)
    house.session.flush()
    with clock.travel(hour + timedelta(minutes=50)):
        rollups.count_figures(house.session, rollups.list_due_figures(house.session))
    span, cut = Span(hour, hour + timedelta(hours=1)), Cut(service="service")
    versions = [str(house.first), str(version.id)]
    one, other = journeys.compare_versions(house.session, house.awa, span, cut, versions, "balance_shown")
    assert (one.completion, other.completion) == (Rate(60, 100), Rate(80, 100))
    assert [round(bound, 3) for arm in (one, other) for bound in arm.interval or ()] == [0.502, 0.691, 0.711, 0.867]
