"""What DHIS2 knows of each code: its uid, stored before the first call, and how it stands."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from core import clock, ids
from core.database import Session, driver, fetch_all
from core.errors import NotFound, WrongState
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.ciu_leaving import LINK_STEPS, CiuDhis2Link, LinkState
from providers.dhis2 import Entity
from services import audit
from services.ciu.dhis2.places import ProgrammePlace

BATCH = 100
OPENED_AT_ONCE = 1_000
LEASE = timedelta(minutes=10)  # whoever holds a batch this long has died with it

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SIGNS = _LETTERS + "0123456789"


class SettleConflict(Order):
    """What a person says of a code that another entity has: it is the same person's, or it is to be sent again."""

    link_id: UUID
    decision: Literal["same", "again"]
    reason: str = Field(min_length=3, max_length=500)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A code and how it stands in DHIS2."""

    id: UUID
    code: str
    programme: str
    uid: str
    state: str
    sent_at: datetime | None
    settled_at: datetime | None
    error_code: str
    message: str
    other_uid: str


def make_uid() -> str:
    """Return a new uid of DHIS2's form."""
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_SIGNS) for _ in range(10))


def open_links(session: Session, programme_id: UUID, *, most: int = OPENED_AT_ONCE) -> int:
    """Give living codes that have none a uid, to be sent now; return how many."""
    rows = fetch_all(
        session,
        """
        select r.id from ciu_record r where r.programme_id = %s and r.forgotten_at is null and r.merged_into is null
            and not r.is_test and not exists (select from ciu_dhis2_link l where l.record_id = r.id)
        order by r.created_at limit %s
        """,
        (programme_id, most),
    )
    add_links(session, ((row["id"], make_uid(), LinkState.WAITING) for row in rows))
    return len(rows)


def add_links(session: Session, links: Iterable[tuple[UUID, str, LinkState]]) -> None:
    """Write links; a record that has one keeps it."""
    now = clock.now()
    with driver(session).cursor() as cursor:
        cursor.executemany(
            """
            insert into ciu_dhis2_link (id, created_at, record_id, uid, state, next_try_at, tries, job_id, settled_at,
                error_code, message, other_uid)
            values (%s, %s, %s, %s, %s, %s, 0, '', %s, '', '', '') on conflict (record_id) do nothing
            """,
            [
                (
                    *(ids.new_id(), now, record_id, uid, state),
                    now if state is LinkState.WAITING else None,
                    now if state is LinkState.EXPORTED else None,
                )
                for record_id, uid, state in links
            ],
        )


def take_batch(session: Session, programme: ProgrammePlace) -> list[Entity]:
    """Take codes that are due, for whoever sends them now; a code that was merged meanwhile is not sent."""
    rows = fetch_all(
        session,
        """
        with due as (
            select l.id, r.code, (r.created_at at time zone %(zone)s)::date as day
            from ciu_dhis2_link l join ciu_record r on r.id = l.record_id
            where l.next_try_at <= %(now)s and l.state = 'waiting' and r.programme_id = %(programme)s
                and r.forgotten_at is null and r.merged_into is null
            order by l.next_try_at limit %(most)s for update of l skip locked
        )
        update ciu_dhis2_link l set next_try_at = %(lease)s, tries = l.tries + 1 from due where l.id = due.id
        returning l.uid, due.code, due.day
        """,
        {
            "now": clock.now(),
            "lease": clock.now() + LEASE,
            "programme": programme.programme_id,
            "zone": programme.zone,
            "most": BATCH,
        },
    )
    return [Entity(row["uid"], row["code"], row["day"]) for row in rows]


def move(
    session: Session,
    uids: Sequence[str],
    to: LinkState,
    *,
    after: timedelta | None = None,
    said: Mapping[str, Any] | None = None,
) -> int:
    """Move links to a state, those for which the step is allowed; they are looked at again `after` a time, or never.

    `said` are columns that the step fills.
    """
    sources = [state.value for state, steps in LINK_STEPS.items() if to in steps]
    columns = {
        "next_try_at": None if after is None else clock.now() + after,
        "settled_at": clock.now() if to in SETTLED else None,
        **(said or {}),
    }
    changed = ", ".join(f"{name} = %({name})s" for name in columns)
    moved = driver(session).execute(
        f"update ciu_dhis2_link set state = %(to)s, {changed} where uid = any(%(uids)s) and state = any(%(sources)s)",
        {**columns, "to": to, "uids": list(uids), "sources": sources},
    )
    return moved.rowcount


SETTLED = frozenset({LinkState.EXPORTED, LinkState.CONFLICT, LinkState.REJECTED})


def rest(session: Session, uids: Sequence[str], after: timedelta) -> None:
    """Let links be as they are, and be looked at again after a time."""
    driver(session).execute(
        "update ciu_dhis2_link set next_try_at = %s where uid = any(%s) and state in ('waiting', 'sent', 'unknown')",
        (clock.now() + after, list(uids)),
    )


def back_off(session: Session, uids: Sequence[str]) -> None:
    """Let links that could not be sent wait twice as long as the time before, ten minutes at most."""
    driver(session).execute(
        """
        update ciu_dhis2_link
        set next_try_at = %(now)s + least(interval '10 minutes', interval '2 seconds' * 2 ^ least(tries, 10))
        where uid = any(%(uids)s) and state = 'waiting'
        """,
        {"now": clock.now(), "uids": list(uids)},
    )


def settle_conflict(session: Session, actor: Actor, order: SettleConflict) -> LinkRow:
    """Take the other entity as this code's own, or send the code again once DHIS2 was put right."""
    actor.require(Permission.CIU_ACT)
    link = session.get(CiuDhis2Link, order.link_id, with_for_update=True)
    if link is None:
        raise NotFound(thing="ciu_dhis2_link")
    if link.state not in {LinkState.CONFLICT, LinkState.REJECTED}:
        raise WrongState(state=link.state)
    if order.decision == "same":
        if not link.other_uid:
            raise WrongState(state=link.state)
        transition(link, LINK_STEPS, LinkState.EXPORTED)
        link.uid, link.other_uid, link.settled_at = link.other_uid, "", clock.now()
    else:
        transition(link, LINK_STEPS, LinkState.WAITING)
        link.next_try_at, link.settled_at, link.tries = clock.now(), None, 0
    session.flush()
    changes = {"decision": order.decision, "uid": link.uid}
    audit.record(session, actor, "ciu.dhis2.settle", "ciu_dhis2_link", link.id, order.reason, changes)
    return next(iter(list_links(session, actor, link_id=link.id)))


# Reads


@dataclass(frozen=True, slots=True)
class SentJob:
    """A batch that DHIS2 works on."""

    id: str
    sent_at: datetime
    entities: tuple[Entity, ...]


def list_due_jobs(session: Session, programme: ProgrammePlace) -> list[SentJob]:
    """Return the jobs whose report is to be asked for."""
    return [
        SentJob(row["job_id"], row["sent_at"], _entities(row))
        for row in fetch_all(
            session,
            """
            select l.job_id, min(l.sent_at) as sent_at, array_agg(l.uid) as uids, array_agg(r.code) as codes,
                array_agg((r.created_at at time zone %(zone)s)::date) as days
            from ciu_dhis2_link l join ciu_record r on r.id = l.record_id
            where l.state = 'sent' and r.programme_id = %(programme)s and r.code is not null
            group by l.job_id having min(l.next_try_at) <= %(now)s
            """,
            {"programme": programme.programme_id, "now": clock.now(), "zone": programme.zone},
        )
    ]


def list_unknown(session: Session, programme: ProgrammePlace) -> list[str]:
    """Return the uids of which nobody knows whether they are there, as far as they are due."""
    rows = fetch_all(
        session,
        """
        select l.uid from ciu_dhis2_link l join ciu_record r on r.id = l.record_id
        where l.state = 'unknown' and l.next_try_at <= %s and r.programme_id = %s order by l.next_try_at limit %s
        """,
        (clock.now(), programme.programme_id, BATCH),
    )
    return [row["uid"] for row in rows]


def list_links(
    session: Session, actor: Actor, state: LinkState | None = None, *, link_id: UUID | None = None, most: int = 200
) -> list[LinkRow]:
    """Return links, the latest to be settled first: the conflicts are for a person to decide."""
    actor.require(Permission.CIU_ACT)
    rows = fetch_all(
        session,
        """
        select l.id, r.code, p.code as programme, l.uid, l.state, l.sent_at, l.settled_at, l.error_code, l.message,
            l.other_uid
        from ciu_dhis2_link l join ciu_record r on r.id = l.record_id join ciu_programme p on p.id = r.programme_id
        where (%(state)s::text is null or l.state = %(state)s) and (%(id)s::uuid is null or l.id = %(id)s)
        order by l.settled_at desc nulls last, l.id limit %(most)s
        """,
        {"state": state, "id": link_id, "most": most},
    )
    return [LinkRow(**row) for row in rows]


def count_states(session: Session, actor: Actor, programme: str | None = None) -> dict[LinkState, int]:
    """Return how many codes stand how, those of one programme or of all."""
    actor.require(Permission.CIU_READ)
    rows = fetch_all(
        session,
        """
        select state, count(*) as number from ciu_dhis2_link
        where %(programme)s::text is null or record_id in (
            select r.id from ciu_record r join ciu_programme p on p.id = r.programme_id where p.code = %(programme)s)
        group by state
        """,
        {"programme": programme},
    )
    found = {LinkState(row["state"]): row["number"] for row in rows}
    return {state: found.get(state, 0) for state in LinkState}


def _entities(row: dict[str, Any]) -> tuple[Entity, ...]:
    found: Iterable[tuple[str, str, date]] = zip(row["uids"], row["codes"], row["days"], strict=True)
    return tuple(Entity(uid, code, day) for uid, code, day in found)
