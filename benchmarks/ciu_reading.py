"""Looking for one among a million codes: the person who comes back, the operator who types a code, the dashboard."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import psycopg

from benchmarks.ground import prepared
from benchmarks.measure import Row, Sample, cpu_ms, cpu_s, take_turns, wait_ms
from core.database import Database, Session, fetch_one, use_database
from core.permissions import Actor, Grant, Role, Scope
from core.settings import get_settings
from reports.ciu.figures import get_figures, last_days
from services.ciu.answers import Answer
from services.ciu.identities import read_identity
from services.ciu.recipes import shipped
from services.ciu.store import counting, issuing, people, programmes, records
from services.ciu.store.issuing import Wanted
from services.ciu.store.keys import get_ciu_keys
from services.ciu.store.records import RecordSearch

MANY, CALLS = 1_000_000, 50
LOOK_UP_MS, SEARCH_MS, DASHBOARD_MS = 5, 200, 1_000
STAFF = Actor(user_id=None, name="Otis", grants=(Grant(Scope.CIU, Role.OPERATEUR),))
KNOWN = ("1985", "KINSHASA", "JEAN", "15", "KABILA")
SPACE = "ciu:document.1"

# Codes and digests of nobody: as many, as long and as scattered as real ones.
_FILL = (
    """
    insert into ciu_identity (id, created_at, kind, value, lookup, lookup_version, language, last_inbound_at, minute_at,
        minute_count, is_test)
    select md5('i' || n)::uuid, at, 'phone', '+2437' || lpad(n::text, 8, '0'), sha256(('i' || n)::bytea), 1, 'fr', at,
        at, 0, false
    from (select n, now() - n * interval '25 seconds' as at from generate_series(1, {many}) n) one
    """,
    """
    insert into ciu_record (id, created_at, code, programme_id, recipe_id, first_identity_id, ordinal, language, source,
        is_test)
    select md5('r' || n)::uuid, now() - n * interval '25 seconds', format('%s-%s-%s-%s-%s-%s', lpad((n % 90)::text, 3,
        '9'), upper(translate(left(md5('a' || n), 4), '0123456789', 'ghijklmnop')), lpad((n % 31)::text, 2, '0'),
        upper(translate(left(md5('b' || n), 3), '0123456789', 'ghijklmnop')), upper(translate(left(md5('c' || n), 4),
        '0123456789', 'ghijklmnop')), upper(lpad(to_hex(n), 5, '0'))),
        p.id, r.id, md5('i' || n)::uuid, 1, 'fr', 'chat', false
    from generate_series(1, {many}) n, ciu_programme p join ciu_recipe r on r.programme_id = p.id
        and r.state = 'published'
    """,
    """
    insert into ciu_record_identity (id, created_at, record_id, identity_id, is_origin, last_at, times)
    select md5('l' || n)::uuid, now(), md5('r' || n)::uuid, md5('i' || n)::uuid, true, now(), 1
    from generate_series(1, {many}) n
    """,
    """
    insert into ciu_match_key (id, created_at, record_id, space, key_version, digest, ordinal)
    select md5('m' || n)::uuid, now(), md5('r' || n)::uuid, '{space}', 1, sha256(('m' || n)::bytea), 1
    from generate_series(1, {many}) n
    """,
    """
    insert into ciu_near_key (id, created_at, record_id, space, key_version, label, digest)
    select md5(label || n)::uuid, now(), md5('r' || n)::uuid, '{space}', 1, label, sha256((label || n)::bytea)
    from generate_series(1, {many}) n, unnest(array['all', 'without:birth_year', 'without:mother_birthplace',
        'without:first_name', 'without:birth_day', 'without:family_name']) label
    """,
    # The conversations of the last month, each line of theirs.
    """
    insert into ciu_event (id, created_at, programme_id, conversation_id, recipe_id, name, question, error, language,
        is_test)
    select gen_random_uuid(), r.created_at - (14 - place) * interval '7 seconds', r.programme_id,
        md5('t' || r.id)::uuid, r.recipe_id, case when place = 1 then 'started' when place = 12 then 'confirmed'
        when place = 13 then 'issued_new' when place % 2 = 0 then 'asked' else 'answered' end, case when place in
        (1, 12, 13) then '' else (array['birth_year', 'mother_birthplace', 'first_name', 'birth_day',
        'family_name'])[place / 2] end, '', 'fr', false
    from ciu_record r, generate_series(1, 13) place where r.created_at > now() - interval '30 days'
    """,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is waited for, how long at most, and what does it."""

    name: str
    largest_ms: int
    act: Callable[[Session], None]


def measure(rounds: int, _seconds: float) -> list[Row]:
    """Ask each in turn, beside the bare query of one digest."""
    with prepared() as ground:
        database = use_database(ground.url, 4)
        fill(database)
        asked = (
            Asked("a person who comes back: address, duplicate look-up, link", LOOK_UP_MS, _return),
            Asked("a new person: look-up, code, near duplicates", LOOK_UP_MS * 4, _arrive),
            Asked("a code is searched", SEARCH_MS, _search),
            Asked("a code is begun", SEARCH_MS, _begin),
            Asked("the newest are listed", SEARCH_MS, _list),
            Asked("the dashboard of a month", DASHBOARD_MS, _look),
        )
        samples = take_turns(
            {"digest": _timed(database, ground.postmaster, _bare)}
            | {one.name: _timed(database, ground.postmaster, one.act) for one in asked},
            rounds,
        )
    return [_row(one, samples[one.name], samples["digest"]) for one in asked]


def fill(database: Database, many: int = MANY) -> None:
    """Put `many` codes beside one real person's."""
    with database.transaction() as session:
        programmes.install(session, get_settings())
    with psycopg.connect(database.url, autocommit=True) as connection:
        for statement in _FILL:
            begun = time.perf_counter()
            connection.execute(statement.format(many=many, space=SPACE).encode())
            print(f"  {statement.split()[2]}: {time.perf_counter() - begun:.0f} s", flush=True)
        connection.execute("vacuum analyze")
    with database.transaction(statement_timeout_ms=60_000) as session:
        for day in counting.list_due(session):
            counting.count_day(session, day)
    with database.transaction() as session:
        _issue(session, "+243810000001", KNOWN)


def _issue(session: Session, phone: str, canonical: tuple[str, ...]) -> None:
    programme, identity = programmes.get_default(session), read_identity(phone)
    assert identity is not None
    person = people.take_person(session, get_ciu_keys(), identity)
    answers = tuple(Answer(one, one) for one in canonical)
    wanted = Wanted(programme, person, shipped("document"), programme.recipe_id, "fr", answers)
    assert issuing.issue(session, get_ciu_keys(), wanted) is not None


_numbers = count(1)


def _return(session: Session) -> None:
    _issue(session, "+243810000001", KNOWN)


def _arrive(session: Session) -> None:
    number = next(_numbers)
    _issue(session, f"+24381{number:07}", ("1985", f"GOMA{number}", f"AWA{number}", "3", f"MBUYI{number}"))


def _some_code(session: Session) -> str:
    record = f"r{next(_numbers) * 97 % MANY + 1}"
    row = fetch_one(session, "select code from ciu_record where id = md5(%s)::uuid", (record,))
    assert row is not None
    return str(row["code"])


def _search(session: Session) -> None:
    code = _some_code(session).lower()
    assert [row.code for row in records.find_codes(session, STAFF, code)] == [code.upper()]


def _begin(session: Session) -> None:
    assert records.find_codes(session, STAFF, _some_code(session)[:12])


def _list(session: Session) -> None:
    assert records.list_records(session, STAFF, RecordSearch()).total > MANY


def _look(session: Session) -> None:
    assert get_figures(session, STAFF, last_days(session, STAFF)).total > MANY


def _bare(session: Session) -> None:
    digest = f"m{next(_numbers)}"
    fetch_one(
        session,
        "select record_id from ciu_match_key where space = %s and key_version = 1 and digest = sha256(%s::bytea)",
        (SPACE, digest.encode()),
    )


def _row(asked: Asked, product: list[Sample], yardstick: list[Sample]) -> Row:
    taken_ms, bare_ms = (wait_ms(samples, 0.95) for samples in (product, yardstick))
    return Row(
        name=f"Of 1 000 000 codes, {asked.name}, p95",
        figure=f"{taken_ms:.1f} ms",
        yardstick=f"{bare_ms:.1f} ms",
        ratio=f"{taken_ms / bare_ms:.1f}",
        target=f"≤ {asked.largest_ms} ms",
        own_cpu=f"{cpu_ms(product, 'own'):.2f}",
        database_cpu=f"{cpu_ms(product, 'database'):.2f}",
        holds=taken_ms <= asked.largest_ms,
    )


def _timed(database: Database, postmaster: int, act: Callable[[Session], None]) -> Callable[[], Sample]:
    def run() -> Sample:
        cpu, own, begun = cpu_s(postmaster), time.process_time(), time.perf_counter()
        waits = tuple(_waits(database, act))
        elapsed = time.perf_counter() - begun
        return Sample(CALLS, elapsed, time.process_time() - own, cpu_s(postmaster) - cpu, waits)

    return run


def _waits(database: Database, act: Callable[[Session], None]) -> Iterator[float]:
    """Give the seconds of each call; its commit counts for none, for it belongs to the whole message."""
    for _ in range(CALLS):
        with database.transaction() as session:
            session.connection()
            begun = time.perf_counter()
            act(session)
            yield time.perf_counter() - begun
