"""What section 13 of `docs/ussd.md` says, on simulated sessions counted twice: by the roll-ups and by hand."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Event

import pytest

from core import clock
from core.database import Database, Session, fetch_all
from core.rates import Rate
from jobs import rollups
from reports import ussd, ussd_figures
from reports.figures import Span
from reports.ussd_figures import Cut, Standing
from services.rollups import count_request, list_due_figures
from tests.builders import traffic
from tests.builders.traffic import Step

NOW = datetime.fromisoformat("2026-11-21T09:20:00Z")
HOUR, DAY = timedelta(hours=1), Span(NOW - timedelta(days=2), NOW)
STATES = ["open", "ended", "aborted", "timeout", "expired", "failed", "moved"]
SCREENS = ["home", "t_to", "t_amount", "t_confirm", "t_pin", "t_ok"]


def count(at: datetime = NOW) -> None:
    with clock.travel(at):
        rollups.work(Event())


def overview(database: Database, cut: Cut = Cut(), span: Span = DAY) -> ussd_figures.Overview:  # noqa: B008  # frozen
    with database.transaction() as session:
        return ussd_figures.get_overview(session, span, cut)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_parts_make_up_what_was_begun_in_every_cut(database: Database, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # chance for a test
    begun: list[tuple[str, str, str]] = []
    with database.transaction() as session:
        lines = [traffic.open_line(session), traffic.open_line(session, "service", "doc-a")]
        for _ in range(150):
            number = chance.randrange(2)
            state, goal = chance.choice(STATES), chance.choice(["", "", "transfer_done"])
            steps = [
                Step(screen, chance.randrange(1_000, 90_000), refusal=chance.choice(["", "", "invalid"]))
                for screen in SCREENS[: chance.randrange(1, 7)]
            ]
            network, language = chance.choice(["MTN", "Orange", ""]), chance.choice(["fr", "en"])
            at = NOW - timedelta(minutes=chance.randrange(2_000))
            traffic.add_session(
                session, lines[number], at, steps, state=state, goal=goal, network=network, language=language
            )
            begun.append((["wallet", "service"][number], state, goal))
    count()
    count()
    whole = overview(database).standing
    assert whole == standing(begun)
    assert whole.started == sum((whole.open, whole.completed, whole.ended, whole.dropped, whole.failed)) == 150
    for service in ("wallet", "service"):
        mine = [each for each in begun if each[0] == service]
        assert overview(database, Cut(service=service)).standing == standing(mine)
    with database.transaction() as session:
        for by in ussd_figures.BY:
            parts = [each.standing for each in ussd_figures.list_slices(session, DAY, Cut(), by)]
            assert sum(part.started for part in parts) == 150
            assert sum(part.dropped for part in parts) == whole.dropped
        broken = fetch_all(
            session,
            "select id from ussd_figure_cell where started <> open + completed + ended + dropped + failed",
        )
    assert broken == []


def standing(begun: list[tuple[str, str, str]]) -> Standing:
    """Count by hand: the definitions, word by word."""
    reached = sum(goal != "" for _, _, goal in begun)
    without = [state for _, state, goal in begun if goal == ""]
    dropped = sum(state in {"aborted", "timeout", "expired", "moved"} for state in without)
    counts = [without.count("open"), reached, without.count("ended"), dropped, without.count("failed")]
    return Standing(len(begun), *counts)


def test_a_transfer_and_three_that_went_otherwise(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        way = [Step(screen) for screen in SCREENS]
        traffic.add_session(session, line, NOW - HOUR, way, goal="transfer_done", gap_s=8)
        loop = [Step("home"), Step("t_to"), Step("home"), Step("t_to"), Step("t_to", refusal="unknown")]
        traffic.add_session(session, line, NOW - HOUR, loop, state="expired", gap_s=8)
        defect = [Step("home"), Step("home", refusal="error", is_error=True)]
        traffic.add_session(session, line, NOW - HOUR, defect, state="expired", gap_s=8)
        traffic.add_session(session, line, NOW - HOUR, [Step("home"), Step("cancelled")], gap_s=8)
        traffic.add_session(session, line, NOW - HOUR, way, goal="transfer_done", is_test=True)
        before_is_what_was_after(session)
    count()
    figures = overview(database)
    assert figures.standing == Standing(4, 0, 1, 1, 1, 1)
    assert figures.standing.completion == Rate(1, 4)
    reasons = {(each.kind, each.code): each.number for each in figures.reasons}
    assert reasons == {("completed", "transfer_done"): 1, ("ended", "operator"): 1, ("failed", "error"): 1}
    with database.transaction() as session:
        screens = {each.screen: each for each in ussd_figures.list_screens(session, DAY, Cut())}
        paths = ussd_figures.list_paths(session, DAY, Cut())
    assert screens["home"].seen == 4
    assert (screens["t_to"].seen, screens["t_to"].dropped, screens["t_to"].drop_off) == (2, 1, Rate(1, 2))
    assert screens["t_to"].refused == {"unknown": 1}
    assert screens["t_to"].invalid == Rate(1, 3)
    assert screens["t_ok"].waits.total == 0
    assert screens["t_ok"].waits.quantile(0.5) is None
    median = screens["t_pin"].waits.quantile(0.5)
    assert median == pytest.approx(8, rel=0.15)
    assert sorted(paths) == [(["home"], 1), (["home", "cancelled"], 1), (["home", "t_to"], 1), (SCREENS, 1)]


def before_is_what_was_after(session: Session) -> None:
    session.flush()
    session.connection().exec_driver_sql(
        "update ussd_turn t set screen_before = b.screen_after from ussd_turn b"
        " where b.session_id = t.session_id and b.number = t.number - 1"
    )


def test_late_turns_are_found_and_nothing_is_counted_twice(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        row = traffic.add_session(session, line, NOW - 9 * HOUR, state="open")
    count()
    assert overview(database).standing == Standing(1, 1, 0, 0, 0, 0)
    with database.transaction() as session:
        session.connection().exec_driver_sql("update ussd_session set state = 'ended', goal = 'balance_shown'")
        add_turn(session, row.id, NOW + timedelta(minutes=1))
    count(NOW + timedelta(minutes=2))
    figures = overview(database)
    assert figures.standing == Standing(1, 0, 1, 0, 0, 0)
    assert figures.turns == 2
    assert figures.as_of == NOW + timedelta(minutes=2)
    with database.transaction() as session:
        add_turn(session, row.id, NOW + timedelta(minutes=3), number=3)
    count(NOW + timedelta(minutes=4))
    assert overview(database).turns == 3


def add_turn(session: Session, session_id: object, at: datetime, number: int = 2) -> None:
    session.connection().exec_driver_sql(
        "insert into ussd_turn (id, created_at, session_id, number, identity_mac, input_text, screen_before,"
        " screen_after, response_text, coding, size, has_more, progress, refusal, is_error, answered_at,"
        " response_time_us, replays) values (gen_random_uuid(), %(at)s, %(id)s, %(number)s, %(number)s::text::bytea,"
        " '', 'home', 'q_ok', '', 'gsm7', 0, false, 'done', '', false, %(at)s, 5000, 0)",
        {"at": at, "id": session_id, "number": number},
    )


def test_an_old_hour_has_one_last_look_and_is_then_left_alone(database: Database) -> None:
    with database.transaction() as session:
        traffic.add_session(session, traffic.open_line(session), NOW - HOUR)
    count()
    old = (NOW - HOUR).replace(minute=0)
    for hours, is_due in ((2, False), (27, True), (28, False)):
        with clock.travel(NOW + hours * HOUR):
            with database.transaction() as session:
                assert (old in list_due_figures(session)) is is_due
            rollups.work(Event())


def test_requests_that_ran_no_turn_are_shares_of_requests(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        traffic.add_session(session, line, NOW - timedelta(minutes=5), [Step("home")] * 7)
        with clock.travel(NOW):
            for outcome in ("busy", "busy", "stale"):
                count_request(session, line.gateway_id, outcome)
    count()
    figures = overview(database)
    assert (figures.busy, figures.stale, figures.replays) == (Rate(2, 10), Rate(1, 10), Rate(0, 10))


def test_what_the_gateway_said_of_a_session_is_read_from_its_own_columns(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        for status, cost, state, goal in (
            ("Success", "XAF 2.50", "ended", "transfer_done"),
            ("Failed", "XAF 1.50", "ended", ""),
            ("Incomplete", "gratuit", "expired", ""),
            (None, None, "ended", "transfer_done"),
        ):
            traffic.add_session(
                session, line, NOW - timedelta(minutes=5), state=state, goal=goal, gateway_status=status, cost_text=cost
            )
    count()
    figures = overview(database)
    assert figures.disagreement == Rate(1, 3), "an end of ours that the gateway calls a failure"
    (cost_row,) = figures.costs
    assert (cost_row.currency, cost_row.amount, cost_row.per_completed) == ("XAF", Decimal(4), Decimal(2))
    assert cost_row.coverage == Rate(2, 4)


def test_nothing_is_no_rate(database: Database) -> None:
    figures = overview(database)
    assert figures.standing.completion.value is None
    assert figures.answer.quantile(0.99) is None
    assert (figures.late.value, figures.disagreement.value, figures.costs) == (None, None, ())


def test_a_network_told_by_the_prefix_is_estimated(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        traffic.add_session(session, line, NOW - HOUR, phone="+237677000002")
        traffic.add_session(session, line, NOW - HOUR, phone="+237677000002", network="MTN")
        traffic.add_session(session, line, NOW - HOUR)
    count()
    with database.transaction() as session:
        slices = ussd_figures.list_slices(session, DAY, Cut(), "network")
    assert sorted((each.name, each.is_estimated) for each in slices) == [("", False), ("MTN", False), ("MTN", True)]


def test_the_statistics_of_the_document_equal_a_count_over_the_turns(database: Database) -> None:
    chance = random.Random(7)  # noqa: S311  # chance for a test
    with database.transaction() as session:
        lines = {"wallet": traffic.open_line(session), "service": traffic.open_line(session, "service", "doc-a")}
        for _ in range(120):
            steps = [Step("home", chance.randrange(90_000), is_error=chance.random() < 0.1)] * chance.randrange(1, 5)
            at = NOW - timedelta(minutes=chance.randrange(600))
            traffic.add_session(session, lines[chance.choice(["wallet", "service"])], at, steps)
    count()
    for service in (None, "wallet", "service"):
        for start, end in ((None, None), (NOW - 5 * HOUR, NOW - 2 * HOUR), (NOW - timedelta(minutes=433), None)):
            with clock.travel(NOW + timedelta(minutes=1)), database.transaction() as session:
                told = ussd.stats(session, _written(start), _written(end), service)
                (counted,) = fetch_all(
                    session,
                    """
                    select count(*) filter (where t.number = 1) as total_sessions, count(*) as total_interactions,
                        count(*) filter (where t.is_error) as error_count,
                        round(avg(t.response_time_us) / 1000, 2)::float as avg_response_time_ms
                    from ussd_turn t join ussd_session s on s.id = t.session_id
                    join ussd_service v on v.id = s.service_id
                    where t.created_at >= %s and t.created_at < %s and (%s::text is null or v.key = %s)
                    """,
                    (start or NOW - 99 * HOUR, end or NOW + HOUR, service, service),
                )
            assert {name: told[name] for name in counted} == counted
            assert told["error_rate"] == counted["error_count"] / counted["total_interactions"]


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
