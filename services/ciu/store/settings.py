"""What an administrator sets: programmes, their limits, and how the keys stand that find people again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import Field, field_validator
from sqlmodel import select

from core import clock, live
from core.database import Session, fetch_all, fetch_one
from core.errors import FieldRefusal, NotFound
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.settings import get_settings
from core.states import transition
from models.ciu import CiuProgramme
from models.ciu_recipes import RECIPE_STEPS, RecipeState
from services import audit
from services.ciu.identities import read_identity
from services.ciu.recipes import shipped
from services.ciu.store.keys import count_uses, get_ciu_keys
from services.ciu.store.programmes import MOST_NEW_CODES, REVIEW_SCORE, keep_shipped
from services.ciu.store.recipes import TOPIC, RecipeWeak
from services.ciu.store.senders import SenderRow, read_senders

Ready = Literal["random", "document", "document-v1", "compact"]
READY: tuple[Ready, ...] = ("random", "document", "document-v1", "compact")


class ProgrammeNotFound(NotFound):
    """No such programme."""

    code = "programme_introuvable"
    sentence = "Ce programme est introuvable."


class ProgrammeCodeTaken(FieldRefusal):
    """The code of a programme is in every digest of its people: it is its own, and stays."""

    code = "code_de_programme_pris"
    status = 409
    sentence = "Ce code est déjà celui d'un programme."
    field = "code"


class CreateProgramme(Order):
    """A programme that begins, with a ready recipe in force."""

    code: str = Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")
    name: str = Field(min_length=2, max_length=100)
    contact: str = Field(default="", max_length=200)
    timezone: str = Field(default="Africa/Kinshasa", max_length=64)
    recipe: Ready = "random"
    accepts_weak: bool = False

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        return _zone(name)


class ChangeProgramme(Order):
    """Everything that may be set of a programme, whole; None is what the installation says, or no end."""

    programme: str
    name: str = Field(min_length=2, max_length=100)
    contact: str = Field(default="", max_length=200)
    timezone: str = Field(max_length=64)
    timeout_minutes: int | None = Field(default=None, ge=1, le=60)
    max_new_codes_per_identity: int = Field(default=MOST_NEW_CODES, ge=1, le=10_000)
    exempt_numbers: tuple[str, ...] = Field(default=(), max_length=1_000)
    review_score: int = Field(default=REVIEW_SCORE, ge=1, le=99)
    forget_mode: Literal["", "unlink"] = ""
    phone_retention_months: int | None = Field(default=None, ge=1, le=240)

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        return _zone(name)

    @field_validator("exempt_numbers")
    @classmethod
    def _numbers(cls, numbers: tuple[str, ...]) -> tuple[str, ...]:
        read = [read_identity(number) for number in numbers]
        if not all(one is not None and one.kind == "phone" for one in read):
            raise ValueError(t("un numéro international par ligne, comme +243810000001"))
        return tuple(dict.fromkeys(one.value for one in read if one is not None))


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme with its limits, its numbers and what it has in force."""

    id: UUID
    code: str
    name: str
    contact: str
    timezone: str
    timeout_minutes: int | None
    max_new_codes_per_identity: int
    exempt_numbers: tuple[str, ...]
    review_score: int
    forget_mode: str
    phone_retention_months: int | None
    recipe: str
    recipe_version: int
    languages: tuple[str, ...]
    consent: str
    consent_text: str
    records: int
    senders: tuple[SenderRow, ...]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A version of the match keys: whether this process has it, whether it writes, and how many rows need it."""

    version: int
    is_loaded: bool
    is_newest: bool
    rows: int


def create_programme(session: Session, actor: Actor, order: CreateProgramme) -> ProgrammeRow:
    """Begin a programme with the ready recipes, one of them in force."""
    actor.require(Permission.CIU_ADMINISTER)
    if fetch_one(session, "select 1 from ciu_programme where code = %s", (order.code,)):
        raise ProgrammeCodeTaken
    if shipped(order.recipe).weak and not order.accepts_weak:
        raise RecipeWeak
    row = CiuProgramme(code=order.code, name=order.name, contact=order.contact, timezone=order.timezone)
    session.add(row)
    session.flush()
    for key in READY:
        recipe = keep_shipped(session, row.id, key)
        if key == order.recipe:
            transition(recipe, RECIPE_STEPS, RecipeState.PUBLISHED)
            recipe.published_at, recipe.published_by = clock.now(), actor.user_id
            session.add(recipe)
    session.flush()
    changes = {"recipe": order.recipe, "accepts_weak": order.accepts_weak}
    audit.record(session, actor, "ciu_programme.create", "ciu_programme", row.id, order.code, changes)
    live.ring_after_commit(session, TOPIC)
    return get_programme(session, actor, order.code)


def change_programme(session: Session, actor: Actor, order: ChangeProgramme) -> ProgrammeRow:
    """Set what a programme is called, its clock, its limits and how long numbers are kept."""
    actor.require(Permission.CIU_ADMINISTER)
    row = locked_programme(session, order.programme)
    before = _columns(row)
    row.name, row.contact, row.timezone = order.name.strip(), order.contact.strip(), order.timezone
    limits = order.model_dump(exclude={"programme", "name", "contact", "timezone"}, mode="json")
    row.settings = {**row.settings, **limits}
    session.add(row)
    session.flush()
    changes = {name: value for name, value in _columns(row).items() if value != before[name]}
    if "exempt_numbers" in changes:
        changes["exempt_numbers"] = len(order.exempt_numbers)  # the trail outlives the numbers
    audit.record(session, actor, "ciu_programme.change", "ciu_programme", row.id, row.code, changes)
    live.ring_after_commit(session, TOPIC)
    return get_programme(session, actor, order.programme)


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(t("fuseau horaire inconnu"))
    return name


def locked_programme(session: Session, code: str) -> CiuProgramme:
    """Return a programme, held until this transaction ends."""
    query = select(CiuProgramme).where(CiuProgramme.code == code).with_for_update(key_share=True)
    row = session.exec(query).first()
    if row is None:
        raise ProgrammeNotFound
    return row


def _columns(row: CiuProgramme) -> dict[str, Any]:
    return {"name": row.name, "contact": row.contact, "timezone": row.timezone, **row.settings} | _limits(row.settings)


def _limits(kept: dict[str, Any]) -> dict[str, Any]:
    return {
        "timeout_minutes": kept.get("timeout_minutes"),
        "max_new_codes_per_identity": int(kept.get("max_new_codes_per_identity", MOST_NEW_CODES)),
        "exempt_numbers": tuple(kept.get("exempt_numbers", ())),
        "review_score": int(kept.get("review_score", REVIEW_SCORE)),
        "forget_mode": str(kept.get("forget_mode", "")),
        "phone_retention_months": kept.get("phone_retention_months"),
    }


# Reads


_PROGRAMMES = """
select p.id, p.code, p.name, p.contact, p.timezone, p.settings, r.key as recipe, r.version as recipe_version,
    r.body ->> 'consent' as consent, r.body -> 'languages' as languages,
    r.body #>> array['texts', r.body ->> 'default_language', 'welcome'] as consent_text,
    (select count(*) from ciu_record d where d.programme_id = p.id and d.code is not null and not d.is_test) as records
from ciu_programme p left join ciu_recipe r on r.programme_id = p.id and r.state = 'published'
where {condition} order by p.created_at
"""


def list_programmes(session: Session, actor: Actor) -> list[ProgrammeRow]:
    """Return the programmes, the oldest first."""
    actor.require(Permission.CIU_ADMINISTER)
    return _read(session, "true", ())


def get_programme(session: Session, actor: Actor, code: str) -> ProgrammeRow:
    """Return one programme by its code."""
    actor.require(Permission.CIU_ADMINISTER)
    found = _read(session, "p.code = %s", (code,))
    if not found:
        raise ProgrammeNotFound
    return found[0]


def list_programme_names(session: Session, actor: Actor) -> dict[str, str]:
    """Return the name of each programme by its code, the oldest first: what a filter offers."""
    actor.require(Permission.CIU_READ)
    return {row["code"]: row["name"] for row in fetch_all(session, _NAMES)}


def list_keys(session: Session, actor: Actor) -> list[KeyRow]:
    """Return the versions of the match keys, oldest first, those that are missing here too."""
    actor.require(Permission.CIU_ADMINISTER)
    uses = count_uses(session)
    if not get_settings().has_ciu:
        return [KeyRow(version, is_loaded=False, is_newest=False, rows=rows) for version, rows in uses.items()]
    keys = get_ciu_keys()
    return [
        KeyRow(version, version in keys.match, version == keys.newest, uses.get(version, 0))
        for version in sorted({*uses, *keys.match})
    ]


_NAMES = "select code, name from ciu_programme order by created_at"


def _read(session: Session, condition: str, values: Sequence[Any]) -> list[ProgrammeRow]:
    senders = read_senders(session)
    return [
        ProgrammeRow(
            id=row["id"],
            code=row["code"],
            name=row["name"],
            contact=row["contact"],
            timezone=row["timezone"],
            **_limits(row["settings"]),
            recipe=row["recipe"] or "",
            recipe_version=row["recipe_version"] or 0,
            languages=tuple(row["languages"] or ()),
            consent=row["consent"] or "",
            consent_text=row["consent_text"] or "",
            records=row["records"],
            senders=tuple(one for one in senders if one.programme == row["code"]),
        )
        for row in fetch_all(session, _PROGRAMMES.format(condition=condition), values)
    ]
