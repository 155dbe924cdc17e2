"""The identifiers of the demo: alive, nobody's, and counted as real ones are."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from commands.demo import ciu
from core import clock
from core.database import Database, fetch_all
from core.settings import get_settings
from services import installation
from tests import database as databases

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def clinic(database_server: str) -> Iterator[tuple[Database, int]]:
    with databases.copied(database_server) as url:
        chosen = Database(url, pool_size=2)
        with clock.travel(NOW):
            with chosen.transaction() as session:
                installation.install(session, get_settings())
            written = ciu.write(chosen, 7)
        yield chosen, written
        chosen.dispose()


@pytest.fixture
def house(clinic: tuple[Database, int]) -> Database:
    return clinic[0]


def one(database: Database, query: str) -> tuple[object, ...]:
    with database.transaction() as session:
        return tuple(fetch_all(session, query)[0].values())


def test_every_conversation_that_began_has_one_end_or_is_open(clinic: tuple[Database, int]) -> None:
    house, written = clinic
    started, ended, still_open = one(
        house,
        "select count(*) filter (where name = 'started') as started, count(*) filter (where name in"
        " ('issued_new', 'issued_existing', 'expired', 'stopped', 'restarted', 'forgotten')) as ended,"
        " (select count(*) from ciu_conversation where ended_at is null) as open from ciu_event",
    )
    assert (started, still_open) == (written, 5)
    assert ended == written - 5
    assert written > 250


def test_each_code_was_counted_once_and_none_is_shared(house: Database) -> None:
    codes, new, distinct = one(
        house,
        "select count(*), (select count(*) from ciu_event where name = 'issued_new') as new,"
        " count(distinct code) as codes from ciu_record",
    )
    assert codes == new == distinct
    (again,) = one(house, "select count(*) from ciu_event where name = 'issued_existing'")
    assert isinstance(again, int)
    assert again > 10


def test_seven_pairs_wait_for_a_person(house: Database) -> None:
    with house.transaction() as session:
        found = fetch_all(session, "select cause, score from ciu_pair where state = 'open' order by score desc, cause")
    planned = [(row["cause"], row["score"]) for row in found]
    assert ("near", 99) in planned  # another spelling, on the same telephone
    assert ("unknown", 60) in planned
    assert len(planned) >= 7


def test_nobody_real_is_in_it(house: Database) -> None:
    (others,) = one(house, "select count(*) from ciu_identity where value !~ '^[+]243700'")
    assert others == 0


def test_nothing_happens_after_now_nor_before_six_weeks(house: Database) -> None:
    first, last = one(house, "select min(created_at), max(created_at) from ciu_event")
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    assert 38 <= (NOW - first).days <= 42
    assert last <= NOW


def test_it_is_written_once(house: Database) -> None:
    assert ciu.write(house, 8) == 0
