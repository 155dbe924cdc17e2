"""The queue of possible duplicates: both codes side by side, what speaks for one person, and what was decided."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.permissions import Actor, Permission
from models.ciu_pairs import PairState
from services import audit
from services.audit import AuditRow
from services.ciu.store.people import read_value
from services.ciu.store.reading import mask_address
from services.ciu.store.splitting import list_same_answers

PAGE = 50
LARGEST_PAGE = 200
WAITING, LATER, DECIDED = "open", "later", "decided"
STATES = {
    WAITING: (PairState.OPEN,),
    LATER: (PairState.LATER,),
    DECIDED: (PairState.SAME, PairState.TWO),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: a code, or an address that was given it. Never an answer."""

    record_id: UUID
    code: str
    created_at: datetime
    language: str
    recipe: str
    source: str
    ordinal: int
    phone: str
    people: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two codes that may be one person's; without `right`, one code that may be two people's, `asker` the second.

    `evidence` are labels (`all`, `without:<question>`); `is_same_identity` means that one telephone holds both.
    """

    id: UUID
    created_at: datetime
    cause: str
    score: int
    evidence: tuple[str, ...]
    is_same_identity: bool
    state: PairState
    left: Side
    right: Side | None
    asker: str
    asker_language: str
    asked_at: datetime | None
    decided_by: str
    decided_at: datetime | None
    reason: str
    survivor_id: UUID | None
    split_code: str


@dataclass(frozen=True, slots=True)
class PairCard:
    """A pair, the codes of everybody with these same answers, and what was done about it."""

    row: PairRow
    same_answers: tuple[Side, ...]
    history: tuple[AuditRow, ...]


_SIDE = """
select r.id as record_id, r.code, r.created_at, r.language, r.source, r.ordinal,
    coalesce(k.key || ' v' || k.version, '') as recipe, i.value, i.value_enc,
    (select count(*) from ciu_record_identity l where l.record_id = r.id) as people,
    (select max(l.last_at) from ciu_record_identity l where l.record_id = r.id) as last_at
from ciu_record r left join ciu_recipe k on k.id = r.recipe_id left join ciu_identity i on i.id = r.first_identity_id
where r.id = any(%s)
"""
_PAIRS = """
select p.id, p.created_at, p.cause, p.score, p.evidence, p.is_same_identity, p.state, p.left_id, p.right_id,
    p.decided_at, p.reason, p.survivor_id, i.value, i.value_enc, i.language as asker_language, l.created_at as asked_at,
    coalesce(trim(u.first_name || ' ' || u.last_name), '') as decided_by, s.code as split_code
from ciu_pair p join ciu_record r on r.id = p.left_id
left join ciu_identity i on i.id = p.identity_id left join users u on u.id = p.decided_by
left join ciu_record s on s.id = p.split_id
left join ciu_record_identity l on l.record_id = coalesce(p.split_id, p.survivor_id, p.left_id) and l.identity_id = i.id
where not r.is_test and {condition}
"""


def list_pairs(
    session: Session, actor: Actor, wanted: str = WAITING, *, limit: int = PAGE, offset: int = 0
) -> list[PairRow]:
    """Return the pairs that wait, that were put off, or that were decided: the surest, or the latest decided, first."""
    actor.require(Permission.CIU_ACT)
    order = "p.decided_at desc, p.id" if wanted == DECIDED else "p.score desc, p.created_at, p.id"
    rows = fetch_all(
        session,
        _PAIRS.format(condition="p.state = any(%(states)s)") + f" order by {order} limit %(limit)s offset %(offset)s",
        {"states": [*STATES[wanted]], "limit": min(max(limit, 1), LARGEST_PAGE), "offset": max(offset, 0)},
    )
    sides = _sides(session, [one for row in rows for one in (row["left_id"], row["right_id"]) if one])
    return [_pair(row, sides) for row in rows]


def get_pair(session: Session, actor: Actor, pair_id: UUID) -> PairCard:
    """Return one pair with its history."""
    actor.require(Permission.CIU_ACT)
    row = fetch_one(session, _PAIRS.format(condition="p.id = %s"), (pair_id,))
    if row is None:
        raise NotFound(thing="ciu_pair")
    alike = list_same_answers(session, row["left_id"]) if row["right_id"] is None else []
    sides = _sides(session, [*filter(None, (row["left_id"], row["right_id"])), *alike])
    history = audit.list_history(session, "ciu_pair", pair_id)
    return PairCard(_pair(row, sides), tuple(sides[one] for one in alike if one in sides), tuple(history))


def list_pairs_of(session: Session, actor: Actor, record_id: UUID) -> list[PairRow]:
    """Return every pair a code is part of, the latest first."""
    actor.require(Permission.CIU_ACT)
    condition = "%(record)s in (p.left_id, p.right_id, p.split_id) order by p.created_at desc limit 20"
    rows = fetch_all(session, _PAIRS.format(condition=condition), {"record": record_id})
    sides = _sides(session, [one for row in rows for one in (row["left_id"], row["right_id"]) if one])
    return [_pair(row, sides) for row in rows]


def count_pairs(session: Session, actor: Actor) -> dict[str, int]:
    """Return how many pairs wait, were put off, and were decided."""
    actor.require(Permission.CIU_ACT)
    rows = fetch_all(
        session,
        """
        select p.state, count(*) as number from ciu_pair p join ciu_record r on r.id = p.left_id
        where not r.is_test group by p.state
        """,
    )
    numbers = {row["state"]: row["number"] for row in rows}
    return {name: sum(numbers.get(state, 0) for state in states) for name, states in STATES.items()}


def _sides(session: Session, record_ids: list[UUID]) -> dict[UUID, Side]:
    rows = fetch_all(session, _SIDE, (record_ids,))
    return {row["record_id"]: Side(**_without_address(row), phone=_phone(row)) for row in rows}


def _pair(row: dict[str, Any], sides: dict[UUID, Side]) -> PairRow:
    return PairRow(
        id=row["id"],
        created_at=row["created_at"],
        cause=row["cause"],
        score=row["score"],
        evidence=tuple(row["evidence"]),
        is_same_identity=row["is_same_identity"],
        state=PairState(row["state"]),
        left=sides[row["left_id"]],
        right=sides[row["right_id"]] if row["right_id"] else None,
        asker=_phone(row),
        asker_language=row["asker_language"] or "",
        asked_at=row["asked_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        reason=row["reason"],
        survivor_id=row["survivor_id"],
        split_code=row["split_code"] or "",
    )


def _without_address(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"value", "value_enc"}}


def _phone(row: dict[str, Any]) -> str:
    has_address = row["value"] is not None or row["value_enc"] is not None
    return mask_address(read_value(row)) if has_address else ""
