"""Section 12 of the specification, on conversations counted by hand and by PostgreSQL."""

import random
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest

from core import clock
from core.database import Database, fetch_all
from core.errors import Forbidden, NotFound
from core.permissions import Actor
from jobs import ciu as jobs
from reports.ciu import Cell, Figures, FiguresOrder, definitions, get_figures, last_days
from reports.ciu.shapes import DayCount
from services.ciu.store import keeping
from tests.builders.health import (
    LECTEUR,
    NOBODY,
    OPERATEUR,
    QUESTIONS,
    Told,
    add_code,
    add_conversation,
    open_programme,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)  # 13:00 in Kinshasa
TODAY = date(2026, 11, 21)
ENDS = ("issued_new", "issued_existing", "expired", "stopped", "restarted", "forgotten", "")


def figures(database: Database, since: date = TODAY, until: date = TODAY, actor: Actor = OPERATEUR) -> Figures:
    with clock.travel(NOW), database.transaction() as session:
        return get_figures(session, actor, FiguresOrder(since=since, until=until))


def tell(database: Database, *begun: tuple[datetime, Told]) -> None:
    with clock.travel(NOW), database.transaction() as session:
        programme_id = open_programme(session)
        for at, told in begun:
            add_conversation(session, programme_id, at, told)


def ended(found: Figures) -> int:
    outcomes = found.outcomes
    others = (outcomes.expired, outcomes.stopped, outcomes.restarted, outcomes.forgotten, outcomes.open)
    return sum(map(int, (found.completed.new, found.completed.existing, *others)))


def test_a_day_at_the_clinic_in_figures(database: Database) -> None:
    nine = NOW.replace(hour=8)
    tell(
        database,
        (nine, Told(seconds=60)),
        (nine, Told(end="issued_existing", language="ln", seconds=120)),
        (nine.replace(hour=10), Told(seconds=90, refused=(("birth_year", "year_range"), ("birth_year", "year_range")))),
        (nine, Told(end="expired", answered=2)),
        (nine, Told(end="stopped", answered=0)),
        (nine, Told(end="", answered=3)),
        (nine, Told(is_test=True)),
    )
    found = figures(database)
    assert (found.started, found.completed.new, found.completed.existing) == (6, 2, 1)
    assert found.duplicates_avoided == 1
    assert (found.abandoned.count, found.abandoned.rate and found.abandoned.rate.value) == (2, 0.4)
    assert found.outcomes.open == 1
    assert found.confirmed == 3
    assert found.by_language == {"fr": 2, "ln": 1}
    assert [(hour, number) for hour, number in enumerate(found.by_hour) if number] == [(9, 5), (11, 1)]
    assert (found.seconds_to_code.median, found.seconds_to_code.p90) == (90, 114)
    steps = {step.question: step for step in found.funnel}
    assert [*steps] == [*QUESTIONS]
    year = steps["birth_year"]
    assert (year.asked, year.answered, year.refused, year.abandoned) == (6, 5, 2, 1)
    assert year.refused_by == {"year_range": 2}
    assert steps["first_name"].abandoned == 1
    assert steps["family_name"].asked == 3


def test_codes_are_those_of_the_view(database: Database) -> None:
    yesterday = NOW - timedelta(days=1)
    with clock.travel(NOW), database.transaction() as session:
        programme_id = open_programme(session)
        first = add_code(session, programme_id, NOW, "A-1", "+243810000001")
        add_code(session, programme_id, yesterday, "A-2", "+243810000001")
        add_code(session, programme_id, yesterday, "A-3", "+243810000002")
        add_code(session, programme_id, NOW.replace(hour=23, minute=30), "A-4")  # 00:30 tomorrow in Kinshasa
        add_code(session, programme_id, NOW, "A-5", "+243810000003", merged_into=first)
        add_code(session, programme_id, NOW, None, forgotten_at=NOW)
        add_code(session, programme_id, NOW, "A-6", is_test=True)
        seen = fetch_all(session, "select count(*) as codes, count(distinct phone_number) as users from uic_records")
    found = figures(database, since=TODAY - timedelta(days=2))
    assert (found.total, found.unique_users) == (seen[0]["codes"], seen[0]["users"]) == (4, 2)
    assert found.per_day == (DayCount(TODAY, 1), DayCount(TODAY - timedelta(days=1), 2))
    assert [day.count for day in found.chart] == [0, 2, 1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_parts_make_up_what_was_begun_whether_days_are_kept_or_not(database: Database, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # chance for a test
    begun = [
        (
            NOW - timedelta(minutes=chance.randrange(6 * 1440)),
            Told(
                end=chance.choice(ENDS),
                answered=chance.randrange(6),
                refused=tuple((chance.choice(QUESTIONS), "choice") for _ in range(chance.randrange(3))),
                language=chance.choice(["fr", "en", "ln"]),
                seconds=chance.randrange(1, 4_000),
            ),
        )
        for _ in range(120)
    ]
    tell(database, *begun)
    periods = [(TODAY - timedelta(days=a), TODAY - timedelta(days=b)) for a, b in ((9, 0), (3, 3), (4, 1), (0, 0))]
    live = [figures(database, *period) for period in periods]
    assert live[0].started == 120
    assert all(ended(found) == found.started for found in live)
    with clock.travel(NOW):
        assert jobs.count_days(Event()) == "Journées comptées\u00a0: 6."
        again = jobs.count_days(Event())
    assert again in {f"Journées comptées : {n}." for n in range(1, 7)} | {"Rien à faire."}  # days with open ones
    assert [figures(database, *period) for period in periods] == live


def test_what_is_counted_outlives_its_events(database: Database) -> None:
    long_ago = NOW - timedelta(days=420)
    tell(database, (long_ago, Told(refused=(("birth_day", "day_range"),))), (long_ago, Told(end="expired", answered=1)))
    before = figures(database, long_ago.date(), TODAY)
    with clock.travel(NOW):
        jobs.count_days(Event())
        with database.transaction() as session:
            assert keeping.fold_events(session) > 0
        with database.transaction() as session:
            assert fetch_all(session, "select * from ciu_event") == []
    assert figures(database, long_ago.date(), TODAY) == before
    assert before.started == 2


def test_who_ends_after_midnight_belongs_to_the_day_he_began(database: Database) -> None:
    late = datetime(2026, 11, 20, 22, 50, tzinfo=UTC)  # 23:50 in Kinshasa
    tell(database, (late, Told(seconds=1_200)))
    yesterday = TODAY - timedelta(days=1)
    assert (figures(database, yesterday, yesterday).completed.new, figures(database).started) == (1, 0)


def test_an_observer_reads_no_small_count(database: Database) -> None:
    nine = NOW.replace(hour=8)
    tell(
        database,
        *[(nine, Told())] * 12,
        *[(nine.replace(hour=9), Told(end="issued_existing", language="en"))] * 7,
        *[(nine, Told(end="expired", answered=2))] * 3,
    )
    found = figures(database, actor=LECTEUR)
    assert found.is_observed
    assert found.started == 22
    assert (found.completed.new, found.outcomes.expired) == (12, "<5")
    assert found.completed.existing == found.duplicates_avoided == "n.d."
    assert (found.abandoned.count, found.abandoned.rate) == ("n.d.", None)
    assert {step.question: step.abandoned for step in found.funnel}["first_name"] == "<5"
    assert found.by_language == {"fr": 12, "en": "n.d."}  # their sum would give away who was expired
    assert found.confirmed == "n.d."
    shown: list[Cell] = [found.total, *found.by_hour, *found.by_language.values(), found.repeated, found.throttled]
    assert not [cell for cell in shown if isinstance(cell, int) and 0 < cell < 5]


def test_what_is_begun_and_open_is_not_told_a_second_time(database: Database) -> None:
    nine = NOW.replace(hour=8)
    tell(database, *[(nine, Told(end="stopped", answered=0))] * 4, *[(nine, Told(end="", answered=0))] * 4)
    found = figures(database, actor=LECTEUR)
    first = found.funnel[0]
    assert (found.started, found.outcomes.open, found.active_sessions) == ("n.d.", "<5", "n.d.")
    assert first.asked == "n.d."
    assert 8 not in {cell for step in found.funnel for cell in (step.asked, step.answered)}


def test_only_who_may_look_looks(database: Database) -> None:
    tell(database)
    with pytest.raises(Forbidden):
        figures(database, actor=NOBODY)
    with clock.travel(NOW), database.transaction() as session:
        with pytest.raises(NotFound):
            get_figures(session, OPERATEUR, FiguresOrder(programme="autre", since=TODAY, until=TODAY))
        assert last_days(session, OPERATEUR, "ciu") == FiguresOrder(
            programme="ciu", since=TODAY - timedelta(days=29), until=TODAY
        )
    with pytest.raises(ValueError, match="période"):
        FiguresOrder(since=TODAY, until=TODAY - timedelta(days=1))


def test_every_figure_says_what_it_counts() -> None:
    named = {*definitions()}
    assert {*Figures.__dataclass_fields__} - named == {
        *("as_of", "programme", "since", "until", "outcomes", "is_observed"),
    }
