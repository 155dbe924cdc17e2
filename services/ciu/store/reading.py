"""Codes as programs read them: a page of the living ones, one to draw, one to check."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.masking import DOTS
from core.orders import Order
from core.permissions import Actor, Permission
from services.ciu.codes import read_code
from services.ciu.store.people import read_value
from services.ciu.store.programmes import load_recipe

LONGEST_CODE = 128
HEAD, TAIL = 4, 3  # what is shown of a number: +243•••••999


class ListCodes(Order):
    """What to look for; what is empty does not filter. `after` is the id of the last one on the page before."""

    programme: str | None = Field(default=None, max_length=64)
    code: str = Field(default="", max_length=LONGEST_CODE)
    since: date | None = None
    until: date | None = None
    language: str = Field(default="", max_length=8)
    recipe: str = Field(default="", max_length=32)
    after: UUID | None = None
    limit: int = Field(default=50, ge=1, le=200)


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A living code; `phone` is masked, nothing where nobody holds it."""

    id: UUID
    code: str
    created_at: datetime
    programme: str
    recipe: str
    language: str
    source: str
    phone: str


@dataclass(frozen=True, slots=True)
class CheckedCode:
    """Whether a typed code is one that a recipe of ours makes, and whether it was issued; None where not to be told."""

    is_well_formed: bool
    is_known: bool | None


_LIST = """
select r.id, r.code, r.created_at, p.code as programme, coalesce(v.key || '.' || v.version, '') as recipe, r.language,
    r.source, i.value, i.value_enc
from ciu_record r join ciu_programme p on p.id = r.programme_id
left join ciu_recipe v on v.id = r.recipe_id left join ciu_identity i on i.id = r.first_identity_id
where r.forgotten_at is null and r.merged_into is null and not r.is_test {conditions}
order by r.created_at desc, r.id desc limit %(limit)s
"""
# Codes by day, a day being that of their programme's time zone: for whoever lists them.
DAYS = {
    "since": "r.created_at >= %(since)s::timestamp at time zone p.timezone",
    "until": "r.created_at < (%(until)s::date + 1)::timestamp at time zone p.timezone",
}
_CONDITIONS = {
    "programme": "p.code = %(programme)s",
    "code": "r.code = any(%(codes)s)",
    **DAYS,
    "language": "r.language = %(language)s",
    "recipe": "v.key = %(recipe)s",
    "after": "(r.created_at, r.id) < (select a.created_at, a.id from ciu_record a where a.id = %(after)s)",
}


def list_codes(session: Session, actor: Actor, order: ListCodes) -> list[CodeRow]:
    """Return a page of living codes, the newest first; a code is found however it was typed."""
    actor.require(Permission.CIU_ACT)
    asked = order.model_dump()
    wanted = [condition for name, condition in _CONDITIONS.items() if asked[name]]
    codes = _readings(session, order.code) if order.code else []
    query = _LIST.format(conditions="".join(f" and {one}" for one in wanted))
    return [_row(row) for row in fetch_all(session, query, {**asked, "codes": codes})]


def get_code(session: Session, actor: Actor, record_id: UUID) -> CodeRow:
    """Return a living code by its id."""
    actor.require(Permission.CIU_ACT)
    row = fetch_one(session, _LIST.format(conditions=" and r.id = %(id)s"), {"id": record_id, "limit": 1})
    if row is None:
        raise NotFound(thing="ciu_record")
    return _row(row)


def check_code(session: Session, actor: Actor, text: str) -> CheckedCode:
    """Say whether a typed code can be one of ours, its check symbol included, and to who may know whether it is."""
    actor.require(Permission.CIU_READ)
    readings = _readings(session, text)
    known = None
    if actor.may(Permission.CIU_ACT):
        row = fetch_one(
            session,
            "select 1 from ciu_record where code = any(%s) and forgotten_at is null and not is_test",
            (readings,),
        )
        known = row is not None
    return CheckedCode(is_well_formed=len(readings) > 1 or bool(known), is_known=known)


def mask_address(address: str) -> str:
    """Return a number of which the country and the last three digits are told."""
    return f"{address[:HEAD]}{DOTS}{address[-TAIL:]}" if address else ""


def _readings(session: Session, text: str) -> list[str]:
    """Return what may be meant by a typed code: itself, and what each recipe reads in it."""
    plain = text.strip().upper()[:LONGEST_CODE]
    recipes = fetch_all(session, "select id from ciu_recipe where state <> 'draft' order by created_at desc")
    read = (read_code(load_recipe(session, row["id"]), plain) for row in recipes)
    return [plain, *(one for one in read if one is not None)]


def _row(row: Mapping[str, Any]) -> CodeRow:
    has_address = row["value"] is not None or row["value_enc"] is not None
    kept = {name: row[name] for name in ("id", "code", "created_at", "programme", "recipe", "language", "source")}
    return CodeRow(**kept, phone=mask_address(read_value(row)) if has_address else "")
