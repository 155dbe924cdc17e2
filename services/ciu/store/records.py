"""Codes as the console reads them: found by what is typed, by day, language or recipe; numbers masked."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.orders import Order
from core.permissions import Actor, Permission
from services import audit
from services.audit import AuditRow
from services.ciu.recipes import Recipe
from services.ciu.store import reading, reveals
from services.ciu.store.people import read_value
from services.ciu.store.programmes import load_recipe
from services.ciu.store.reading import mask_address
from services.ciu.typed import Shape, TypedCode, read_typed

PAGE = 25
LARGEST_PAGE = 500
SHORTEST = 4  # of what is taken for the beginning of a code

Sort = Literal["", "date"]


class RecordSearch(Order):
    """What to look for; what is empty does not filter. `code` may be begun only, in any spelling."""

    code: str = ""
    since: date | None = None
    until: date | None = None
    language: str = ""
    recipe: str = ""
    programme: str = ""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One code; `phone` is masked, `people` how many addresses were given it, `stands_as` the code it resolves to."""

    id: UUID
    code: str
    created_at: datetime
    language: str
    recipe: str
    programme: str
    source: str
    ordinal: int
    phone: str
    people: int
    stands_as: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of codes, how many there are in all, and what the typed code was read as."""

    rows: tuple[RecordRow, ...]
    total: int
    typed: TypedCode | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """An address that was given a code; in full while its reader may."""

    identity_id: UUID
    address: str
    language: str
    is_origin: bool
    given_at: datetime
    last_at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Another code of the same person, by a reviewer's word."""

    id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class RecordCard:
    """A code with whoever holds it, what was joined to it, and what was done about it."""

    row: RecordRow
    holders: tuple[Holder, ...]
    joined: tuple[Joined, ...]
    survivor: Joined | None
    revealed_until: datetime | None
    history: tuple[AuditRow, ...]


_COLUMNS = """
select r.id, r.code, r.created_at, r.language, r.source, r.ordinal, r.merged_into, s.code as stands_as,
    coalesce(k.key || ' v' || k.version, '') as recipe, p.code as programme, i.value, i.value_enc,
    (select count(*) from ciu_record_identity l where l.record_id = r.id) as people
from ciu_record r join ciu_programme p on p.id = r.programme_id
left join ciu_recipe k on k.id = r.recipe_id left join ciu_identity i on i.id = r.first_identity_id
left join ciu_record s on s.id = r.merged_into
"""
_COUNT = "select count(*) as number from ciu_record r join ciu_programme p on p.id = r.programme_id"
_LIVING = "r.forgotten_at is null and not r.is_test"


def list_records(session: Session, actor: Actor, search: RecordSearch, *, limit: int = PAGE, offset: int = 0) -> Found:
    """Return one page of codes, the newest first; a code that was joined to another shows when it is looked for."""
    actor.require(Permission.CIU_ACT)
    typed = read_typed(_recipes(session), search.code) if search.code.strip() else None
    condition, asked = _condition(search, typed)
    rows = fetch_all(
        session,
        f"{_COLUMNS} where {condition} order by r.created_at desc, r.id desc limit %(limit)s offset %(offset)s",
        {**asked, "limit": min(max(limit, 1), LARGEST_PAGE), "offset": max(offset, 0)},
    )
    total = fetch_one(session, f"{_COUNT} where {condition}", asked)
    return Found(tuple(_row(row) for row in rows), int(total["number"]) if total else 0, typed)


def get_record(session: Session, actor: Actor, record_id: UUID) -> RecordCard:
    """Return a code with all that is known of it; refuse with `NotFound` once it is forgotten."""
    actor.require(Permission.CIU_ACT)
    row = fetch_one(session, f"{_COLUMNS} where {_LIVING} and r.id = %s", (record_id,))
    if row is None:
        raise NotFound(thing="ciu_record")
    until = reveals.get_revealed_until(session, actor, record_id)
    survivor = Joined(row["merged_into"], row["stands_as"]) if row["merged_into"] else None
    joined = fetch_all(
        session, "select id, code from ciu_record where merged_into = %s order by created_at", (record_id,)
    )
    return RecordCard(
        row=_row(row),
        holders=tuple(_list_holders(session, record_id, is_revealed=until is not None)),
        joined=tuple(Joined(one["id"], one["code"]) for one in joined),
        survivor=survivor,
        revealed_until=until,
        history=tuple(_list_history(session, record_id)),
    )


def list_recipe_keys(session: Session, actor: Actor) -> list[str]:
    """Return the recipes that codes may have been issued under."""
    actor.require(Permission.CIU_READ)
    return [
        row["key"]
        for row in fetch_all(session, "select distinct key from ciu_recipe where state <> 'draft' order by key")
    ]


def find_codes(session: Session, actor: Actor, text: str, *, limit: int = 4) -> list[RecordRow]:
    """Return the codes that a text is, or begins; nothing for a text too short to mean one."""
    actor.require(Permission.CIU_ACT)
    if len(text.strip()) < SHORTEST:
        return []
    found = list_records(session, actor, RecordSearch(code=text), limit=limit)
    return list(found.rows)


# Parts


def _condition(search: RecordSearch, typed: TypedCode | None) -> tuple[str, dict[str, Any]]:
    parts, asked = [_LIVING], dict[str, Any]()
    if typed is None:
        parts.append("r.merged_into is null")
    elif typed.shape is Shape.WHOLE:
        parts.append("r.code = %(code)s")
        asked["code"] = typed.text
    else:
        parts.append("r.code like %(beginning)s")
        asked["beginning"] = _escaped(typed.text) + "%"
    for name, condition in (
        *reading.DAYS.items(),
        ("language", "r.language = %(language)s"),
        ("recipe", "r.recipe_id in (select id from ciu_recipe where key = %(recipe)s)"),
        ("programme", "p.code = %(programme)s"),
    ):
        if getattr(search, name):
            parts.append(condition)
            asked[name] = getattr(search, name)
    return " and ".join(parts), asked


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _recipes(session: Session) -> list[Recipe]:
    rows = fetch_all(
        session, "select id from ciu_recipe where state <> 'draft' or published_at is not null order by created_at"
    )
    return [load_recipe(session, row["id"]) for row in rows]


def _row(row: dict[str, Any]) -> RecordRow:
    has_address = row["value"] is not None or row["value_enc"] is not None
    return RecordRow(
        id=row["id"],
        code=row["code"],
        created_at=row["created_at"],
        language=row["language"],
        recipe=row["recipe"],
        programme=row["programme"],
        source=row["source"],
        ordinal=row["ordinal"],
        phone=mask_address(read_value(row)) if has_address else "",
        people=row["people"],
        stands_as=row["stands_as"] or "",
    )


def _list_history(session: Session, record_id: UUID) -> list[AuditRow]:
    """Return what was done about a code, and what was decided of it, newest first."""
    found = audit.list_history(session, "ciu_record", record_id)
    pairs = fetch_all(
        session, "select id from ciu_pair where %s in (left_id, right_id, split_id) limit 20", (record_id,)
    )
    for pair in pairs:
        found += audit.list_history(session, "ciu_pair", pair["id"])
    return sorted(found, key=lambda entry: entry.created_at, reverse=True)


def _list_holders(session: Session, record_id: UUID, *, is_revealed: bool) -> list[Holder]:
    rows = fetch_all(
        session,
        """
        select l.identity_id, l.is_origin, l.created_at, l.last_at, l.times, i.language, i.value, i.value_enc
        from ciu_record_identity l join ciu_identity i on i.id = l.identity_id
        where l.record_id = %s order by l.created_at, l.id limit 100
        """,
        (record_id,),
    )
    return [
        Holder(
            identity_id=row["identity_id"],
            address=read_value(row) if is_revealed else mask_address(read_value(row)),
            language=row["language"],
            is_origin=row["is_origin"],
            given_at=row["created_at"],
            last_at=row["last_at"],
            times=row["times"],
        )
        for row in rows
    ]
