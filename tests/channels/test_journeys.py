"""Journeys in figures: the funnel of a goal, the tree, money, versions side by side; and who may look."""

from datetime import timedelta
from threading import Event

import pytest
from sqlmodel import select

from channels.ussd import journeys
from channels.ussd.journeys import Stage
from core import clock
from core.database import Database, fetch_all
from core.errors import Forbidden
from core.permissions import Actor, Grant, Role, Scope
from core.rates import Rate
from jobs import rollups
from models.flows import FlowVersion
from models.ussd import UssdGateway, UssdService
from reports.figures import Span
from reports.ussd_figures import Cut
from tests.builders import traffic, world
from tests.builders.traffic import Line, Step
from tests.services.wallet_world import AWA, JEAN, send

READER = Actor(None, "Awa Diop", (Grant(Scope.USSD, Role.LECTEUR),))
WAY = ["home", "t_to", "t_amount", "t_confirm", "t_pin", "t_ok"]
CUT = Cut(service="wallet")


def week() -> Span:
    return Span(clock.now() - timedelta(days=7), clock.now() + timedelta(hours=1))


@pytest.fixture
def lines(database: Database) -> list[Line]:
    """Write two versions of the wallet menu: three transfers, two lost on the amount, one cancelled."""
    world.build(database)
    with database.transaction() as session:
        service = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
        gateway = session.exec(select(UssdGateway).where(UssdGateway.key == "doc-b")).one()
        live = session.get_one(FlowVersion, service.live_version_id)
        other = FlowVersion(flow_id=live.flow_id, number=99, state="published", body=live.body, checksum="other")
        session.add(other)
        session.flush()
        lines = [Line(service.id, version.id, gateway.id) for version in (live, other)]
        at = clock.now() - timedelta(minutes=30)
        done = [Step(screen) for screen in WAY]
        for line in (lines[0], lines[0], lines[1]):
            traffic.add_session(session, line, at, done, goal="transfer_done")
        for line in lines:
            traffic.add_session(session, line, at, done[:3], state="expired")
        traffic.add_session(session, lines[0], at, [*done[:4], Step("cancelled")])
        session.flush()
        session.connection().exec_driver_sql(
            "update ussd_turn t set screen_before = b.screen_after from ussd_turn b"
            " where b.session_id = t.session_id and b.number = t.number - 1"
        )
    return lines


def test_the_funnel_of_a_goal_its_tree_and_its_money(database: Database, lines: list[Line]) -> None:
    operation = send(database, AWA, JEAN, 5_000)
    with database.transaction() as session:
        session.connection().exec_driver_sql(
            "update ussd_operation set session_id = (select id from ussd_session where goal <> '' limit 1)"
        )
    rollups.work(Event())
    with database.transaction() as session:
        journey = journeys.get_journey(session, READER, week(), CUT)
    assert lines
    assert journey.goal == "transfer_done"
    assert journey.funnel == (
        Stage("home", 6, 0),
        Stage("t_to", 6, 0),
        Stage("t_amount", 6, 2),
        Stage("t_confirm", 4, 0),
        Stage("t_pin", 3, 0),
        Stage("t_ok", 3, 0),
    )
    assert journey.funnel[2].drop_off == Rate(2, 6)
    assert [(leaf.figures.screen, leaf.depth) for leaf in journey.tree] == [
        *((screen, depth) for depth, screen in enumerate(WAY)),
        ("cancelled", 4),
    ]
    transfer = next(row for row in journey.money if row.type == "transfer")
    assert (transfer.asked, transfer.confirmed, transfer.proved) == (4, 3, 3)
    (moved,) = transfer.moved
    assert (moved.operations, moved.completed, moved.unknown) == (1, 1, 0)
    assert (moved.volume.minor, moved.fees.minor) == (5_050, 50)
    assert operation.reference


def test_two_versions_stand_side_by_side_with_their_intervals(database: Database, lines: list[Line]) -> None:
    rollups.work(Event())
    versions = [str(line.version_id) for line in lines]
    with database.transaction() as session:
        arms = journeys.compare_versions(session, READER, week(), CUT, versions, "transfer_done")
    assert [arm.completion for arm in arms] == [Rate(2, 4), Rate(1, 2)]
    assert arms[0].interval == pytest.approx((0.15, 0.85), abs=0.01)
    assert [stage.seen for stage in arms[1].funnel] == [2, 2, 2, 1, 1, 1]


def test_what_is_cut_adds_up_to_the_whole(database: Database, lines: list[Line]) -> None:
    rollups.work(Event())
    assert lines
    with database.transaction() as session:
        choices = journeys.get_choices(session, READER, week(), "wallet")
        for version in choices.versions:
            one = journeys.get_journey(session, READER, week(), Cut(service="wallet", version=version))
            assert one.overview.standing.started in {2, 4}
        cells = fetch_all(session, "select sum(started)::int as started from ussd_figure_cell")
    assert cells == [{"started": 6}]


def test_who_may_not_read_is_refused(database: Database) -> None:
    with database.transaction() as session, pytest.raises(Forbidden):
        journeys.get_journey(session, Actor(None, "Personne", ()), week(), CUT)
