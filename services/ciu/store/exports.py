"""Files that are asked for: who may have which, made by a worker, kept sealed for a day, erased.

What they hold is the reports' business; here they are octets.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlmodel import and_, col, or_, select

from core import clock, live
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound, Refusal
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.ciu_leaving import EXPORT_STEPS, CiuExport, ExportKind, ExportState
from services import audit
from services.whatsapp.sealing import seal, unseal

TOPIC = "ciu-exports"
KEPT = timedelta(hours=24)
LEASE = timedelta(minutes=15)  # longer than any file takes: whoever holds one this long has died
MOST_TRIES = 3
ERASED_AT_ONCE = 500
SHORTEST_REASON = 3
LONGEST_PERIOD = timedelta(days=3_660)

SPOILT = "forgotten"  # somebody was forgotten while the file was made

_CONTEXT = "ciu_export"


class ReasonMissing(Refusal):
    """Codes one by one are given for a reason only."""

    code = "motif_absent"
    status = 422
    sentence = "Dites pourquoi : le motif est gardé dans le journal."


class FileGone(Refusal):
    """The day of a file is over, or it is not made yet."""

    code = "fichier_absent"
    status = 409
    sentence = "Ce fichier n'est pas prêt, ou il est déjà effacé : demandez-le à nouveau."


class RequestExport(Order):
    """A file of the living codes made on these days: their counts by period and cuts, or the codes themselves."""

    kind: ExportKind
    format: Literal["csv", "xlsx", "parquet"] = "csv"
    programme: str | None = Field(default=None, max_length=64)
    since: date
    until: date
    by: Literal["day", "week", "month", "quarter"] = "day"
    cuts: tuple[Literal["language", "recipe", "hour"], ...] = Field(default=(), max_length=3)
    has_phones: bool = False
    separator: Literal[";", ","] = ";"
    reason: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not timedelta(0) <= self.until - self.since <= LONGEST_PERIOD:
            raise ValueError(t("la période finit après son début, dix ans plus tard au plus"))
        return self


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A file as it is listed."""

    id: UUID
    kind: str
    format: str
    state: str
    requested_at: datetime
    ended_at: datetime | None
    file_name: str
    row_count: int
    size_bytes: int
    failure: str
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Task:
    """A file to make, in the language of who asked."""

    id: UUID
    wanted: dict[str, Any]
    language: str


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file that was made."""

    name: str
    content: bytes


def request_export(session: Session, actor: Actor, order: RequestExport) -> ExportRow:
    """Ask for a file; counts are for whoever may look, codes one by one and their numbers ask for more."""
    actor.require(Permission.CIU_READ)
    if order.kind is ExportKind.ROWS:
        actor.require(Permission.CIU_ACT)
        if len(order.reason.strip()) < SHORTEST_REASON:
            raise ReasonMissing
    if order.has_phones:
        actor.require(Permission.CIU_PHONES)
    row = CiuExport(
        kind=order.kind,
        format=order.format,
        wanted=order.model_dump(mode="json", exclude={"reason"}),
        language=actor.language,
        reason=order.reason.strip(),
        requested_by=actor.user_id,
        requested_name=actor.name,
    )
    session.add(row)
    session.flush()
    changes = {**row.wanted, "reason": row.reason}
    audit.record(session, actor, "ciu.export", "ciu_export", row.id, row.reason, changes)
    live.ring_after_commit(session, TOPIC)
    return _row(row)


def take_next(session: Session) -> Task | None:
    """Take the oldest file to be made, also one whose maker has died; None when there is none.

    A file at which that many makers died would kill the next one too: it has failed.
    """
    while (found := _find_due(session)) is not None:
        if found.state == ExportState.WORKING:
            is_over = found.tries >= MOST_TRIES
            transition(found, EXPORT_STEPS, ExportState.FAILED if is_over else ExportState.WAITING)
        if found.state == ExportState.WAITING:
            transition(found, EXPORT_STEPS, ExportState.WORKING)
            found.started_at, found.tries = clock.now(), found.tries + 1
            return Task(found.id, found.wanted, found.language)
        found.failure, found.ended_at = t("Sa préparation s'est interrompue à chaque essai."), clock.now()
        session.flush()
    return None


def _find_due(session: Session) -> CiuExport | None:
    return session.exec(
        select(CiuExport)
        .where(
            or_(
                CiuExport.state == ExportState.WAITING,
                and_(CiuExport.state == ExportState.WORKING, col(CiuExport.started_at) < clock.now() - LEASE),
            )
        )
        .order_by(col(CiuExport.created_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()


def keep_file(session: Session, export_id: UUID, file: ExportFile, row_count: int) -> None:
    """Keep a file that was made, sealed; one that may hold somebody who was forgotten meanwhile is made again."""
    row = _working(session, export_id)
    if row is None:
        return
    if row.failure == SPOILT:
        row.failure = ""
        transition(row, EXPORT_STEPS, ExportState.WAITING)
        return
    transition(row, EXPORT_STEPS, ExportState.DONE)
    row.ended_at = clock.now()
    row.file_name, row.row_count, row.size_bytes = file.name, row_count, len(file.content)
    row.content_enc = seal(b64encode(file.content).decode(), f"{_CONTEXT}:{row.id}")


def fail(session: Session, export_id: UUID, failure: str, *, is_final: bool) -> None:
    """Note that a file could not be made; it is tried again unless that would be in vain."""
    row = _working(session, export_id)
    if row is None:
        return
    is_over = is_final or row.tries >= MOST_TRIES
    transition(row, EXPORT_STEPS, ExportState.FAILED if is_over else ExportState.WAITING)
    row.failure = failure
    row.ended_at = clock.now() if is_over else None


def erase_old(session: Session, *, most: int = ERASED_AT_ONCE) -> int:
    """Erase files after a day; who asked for what stays."""
    erased = driver(session).execute(
        "update ciu_export set content_enc = null where id in (select id from ciu_export where ended_at < %s"
        " and content_enc is not null limit %s for update skip locked)",
        (clock.now() - KEPT, most),
    )
    return erased.rowcount


def _working(session: Session, export_id: UUID) -> CiuExport | None:
    row = session.get(CiuExport, export_id, with_for_update=True, populate_existing=True)
    return row if row is not None and row.state == ExportState.WORKING else None


# Reads


_LIST = """
select id, kind, format, state, created_at as requested_at, ended_at, file_name, row_count, size_bytes, failure,
    content_enc is not null as is_kept
from ciu_export where requested_by = %(user)s and (%(id)s::uuid is null or id = %(id)s)
order by created_at desc limit %(most)s
"""


def list_exports(session: Session, actor: Actor, most: int = 50) -> list[ExportRow]:
    """Return the files that the actor asked for, the newest first."""
    actor.require(Permission.CIU_READ)
    rows = fetch_all(session, _LIST, {"user": actor.user_id, "id": None, "most": most})
    return [ExportRow(**row) for row in rows]


def get_export(session: Session, actor: Actor, export_id: UUID) -> ExportRow:
    """Return a file that the actor asked for."""
    actor.require(Permission.CIU_READ)
    row = fetch_one(session, _LIST, {"user": actor.user_id, "id": export_id, "most": 1})
    if row is None:
        raise NotFound(thing="ciu_export")
    return ExportRow(**row)


def get_file(session: Session, actor: Actor, export_id: UUID) -> ExportFile:
    """Return the content of a file that the actor asked for, while it is kept and he still may have it."""
    found = get_export(session, actor, export_id)
    row = session.get(CiuExport, found.id)
    if row is None or row.content_enc is None:
        raise FileGone
    if row.kind == ExportKind.ROWS:
        actor.require(Permission.CIU_ACT)
    if row.wanted.get("has_phones"):
        actor.require(Permission.CIU_PHONES)
    return ExportFile(row.file_name, b64decode(unseal(row.content_enc, f"{_CONTEXT}:{row.id}")))


def _row(row: CiuExport) -> ExportRow:
    return ExportRow(
        id=row.id,
        kind=row.kind,
        format=row.format,
        state=row.state,
        requested_at=row.created_at,
        ended_at=row.ended_at,
        file_name=row.file_name,
        row_count=row.row_count,
        size_bytes=row.size_bytes,
        failure=row.failure,
        is_kept=row.content_enc is not None,
    )
