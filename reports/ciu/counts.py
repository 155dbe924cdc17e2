"""What the figures are made of, as PostgreSQL counts it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound

HOURS = 24


class Key(NamedTuple):
    """What one count is of (`CiuDay`)."""

    name: str
    question: str
    error: str
    language: str
    slot: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of the conversations begun in a period."""

    numbers: Mapping[Key, int]

    def of(self, name: str) -> int:
        """Return all of a name."""
        return sum(number for key, number in self.numbers.items() if key.name == name)

    def by(self, part: str, *names: str) -> dict[Any, int]:
        """Return the counts of names by one part of their keys."""
        found: dict[Any, int] = {}
        for key, number in self.numbers.items():
            if key.name in names:
                place = getattr(key, part)
                found[place] = found.get(place, 0) + number
        return found

    def errors_of(self, question: str) -> dict[str, int]:
        """Return the refusals of a question by code, the most frequent first."""
        found = {key.error: number for key, number in self.numbers.items() if key[:2] == ("refused", question)}
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def hours(self) -> list[int]:
        """The conversations begun in each hour of the day."""
        slots = self.by("slot", "started")
        return [slots.get(hour, 0) for hour in range(HOURS)]


# Days that are kept and final up to the first that is not; from there on, what the events say.
_CONVERSATIONS = """
with chosen as (
    select p.id, p.timezone as zone, (
        select min(series.day)::date
        from generate_series(
            greatest(%(since)s::date, (select min(k.day) from ciu_counted_day k where k.programme_id = p.id)),
            %(until)s::date, interval '1 day') as series (day)
        left join ciu_counted_day c on c.programme_id = p.id and c.day = series.day::date and c.open = 0
        where c.id is null) as first_live
    from ciu_programme p where p.id = any(%(programmes)s)
), counted as (
    select d.name, d.question, d.error, d.language, d.slot, d.number::bigint
    from chosen p join ciu_day d on d.programme_id = p.id
    where d.day >= %(since)s and d.day <= %(until)s and (p.first_live is null or d.day < p.first_live)
    union all
    select f.* from chosen p cross join lateral ciu_count(
        p.id, p.first_live::timestamp at time zone p.zone,
        (%(until)s::date + 1)::timestamp at time zone p.zone, p.zone) f
    where p.first_live is not null
)
select name, question, error, language, slot, sum(number)::bigint as number from counted group by 1, 2, 3, 4, 5
"""
LIVING = "r.forgotten_at is null and r.merged_into is null and not r.is_test"
# Along the index whose order is that of the identities: nothing is sorted, and a million groups are not made.
_CODES = f"""
select count(*) as total, count(distinct r.first_identity_id) as unique_users from ciu_record r
where {LIVING} and (%(is_all)s or r.programme_id = any(%(programmes)s))
"""
# Day by day along the index: no code is read, and none is given its day.
_DAYS = f"""
select day::date as day, sum(made.number)::bigint as number
from generate_series(%(since)s::date, %(until)s::date, interval '1 day') as day
cross join ciu_programme p
cross join lateral (
    select count(*) as number from ciu_record r
    where {LIVING} and r.programme_id = p.id
        and r.created_at >= day::timestamp at time zone p.timezone
        and r.created_at < (day::timestamp + interval '1 day') at time zone p.timezone) made
where p.id = any(%(programmes)s) group by 1 having sum(made.number) > 0 order by 1 desc
"""
_OPEN = """
select count(*) as number from ciu_conversation c join ciu_identity i on i.id = c.identity_id
where c.ended_at is null and c.expires_at >= %(now)s and not i.is_test and c.programme_id = any(%(programmes)s)
"""


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme and the time zone of its days."""

    id: UUID
    code: str
    zone: str


def list_programmes(session: Session, code: str | None) -> list[ProgrammeRow]:
    """Return one programme, or all of them; refuse one that is not there."""
    rows = fetch_all(
        session,
        "select id, code, timezone as zone from ciu_programme where %(code)s::text is null or code = %(code)s"
        " order by created_at, code",
        {"code": code},
    )
    if code is not None and not rows:
        raise NotFound(thing="ciu_programme")
    return [ProgrammeRow(**row) for row in rows]


def count_conversations(session: Session, programmes: Sequence[ProgrammeRow], since: date, until: date) -> Counted:
    """Count the conversations begun on these days of their programmes."""
    asked = {"programmes": [one.id for one in programmes], "since": since, "until": until}
    rows = fetch_all(session, _CONVERSATIONS, asked)
    return Counted({Key(*(row[name] for name in Key._fields)): row["number"] for row in rows})


def count_codes(session: Session, programmes: Sequence[ProgrammeRow], *, is_all: bool) -> tuple[int, int]:
    """Return how many codes there are, and how many identities hold them."""
    row = fetch_one(session, _CODES, {"programmes": [one.id for one in programmes], "is_all": is_all})
    assert row is not None  # noqa: S101  # an aggregate always returns one row
    return row["total"], row["unique_users"]


def count_days(
    session: Session, programmes: Sequence[ProgrammeRow], since: date, until: date
) -> list[tuple[date, int]]:
    """Return the codes made on each day that has some, newest first."""
    asked = {"programmes": [one.id for one in programmes], "since": since, "until": until}
    return [(row["day"], row["number"]) for row in fetch_all(session, _DAYS, asked)]


def count_open(session: Session, programmes: Sequence[ProgrammeRow]) -> int:
    """Return how many conversations go on at present."""
    row = fetch_one(session, _OPEN, {"programmes": [one.id for one in programmes], "now": clock.now()})
    assert row is not None  # noqa: S101  # an aggregate always returns one row
    return int(row["number"])


def list_questions(session: Session, programmes: Sequence[ProgrammeRow]) -> list[str]:
    """Return the questions of the published recipes in their order, each once."""
    rows = fetch_all(
        session,
        "select r.body from ciu_recipe r join ciu_programme p on p.id = r.programme_id"
        " where r.state = 'published' and p.id = any(%s) order by p.created_at, p.code",
        ([one.id for one in programmes],),
    )
    return list(dict.fromkeys(question["id"] for row in rows for question in row["body"]["questions"]))
