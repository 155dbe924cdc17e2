"""`/api/v1/ciu`: the identifiers in figures, codes one by one and in files, for programs (`docs/ciu.md`)."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.deps import Door, SignedIn
from api.shapes import instant
from core.database import get_database
from core.errors import InvalidInput, NotFound
from core.i18n import t
from core.ids import parse_id
from core.orders import Order, Text
from reports import ciu as figures
from reports.ciu import Figures, FiguresOrder, tables
from services.ciu.store import exports, pictures, reading
from services.ciu.store.exports import ExportRow, RequestExport
from services.ciu.store.reading import CheckedCode, CodeRow, ListCodes

router = APIRouter(prefix="/api/v1/ciu", tags=["ciu"])

Programme = Annotated[Text | None, Query(max_length=64)]
Day = Annotated[date | None, Query()]
PNG = "image/png"
READING_TIMEOUT_MS = 15_000


class CodeBody(Order):
    """A code as somebody typed it."""

    code: str


class RecordsQuery(ListCodes):
    """What is looked for, in the words of an address."""

    since: date | None = Field(default=None, alias="from")
    until: date | None = Field(default=None, alias="to")


@router.get("/stats", summary="The figures of a period")
def get_stats(
    door: SignedIn,
    since: Annotated[date | None, Query(alias="from")] = None,
    until: Annotated[date | None, Query(alias="to")] = None,
    programme: Programme = None,
) -> dict[str, Any]:
    """Return every figure of the conversations begun on these days, the last thirty where none are given."""
    with get_database().transaction(statement_timeout_ms=READING_TIMEOUT_MS) as session:
        usual = figures.last_days(session, door.actor, programme)
        first, last = since or min(usual.since, until or usual.since), until or usual.until
        if first > last:
            raise InvalidInput({"from": t("la période finit après son début, dix ans plus tard au plus")})
        return _stats(figures.get_figures(session, door.actor, _period(programme, first, last)))


@router.get("/records", summary="Codes, the newest first")
def list_records(door: SignedIn, wanted: Annotated[RecordsQuery, Query()]) -> dict[str, Any]:
    """Return a page of living codes with masked numbers; `next` is the `after` of the page that follows."""
    with get_database().transaction() as session:
        found = reading.list_codes(session, door.actor, wanted)
    is_full = len(found) == wanted.limit
    return {"items": [_code(one) for one in found], "next": str(found[-1].id) if is_full else None}


@router.get("/records/{record_id}/qr.png", summary="The picture of a code")
def get_picture(record_id: str, door: SignedIn) -> Response:
    """Return the QR code of one code: the code alone, never kept."""
    with get_database().transaction() as session:
        code = reading.get_code(session, door.actor, _id(record_id)).code
    return Response(pictures.draw(code), media_type=PNG, headers={"Cache-Control": "no-store"})


@router.post("/codes/check", summary="Whether a typed code can be one of ours")
def check_code(body: CodeBody, door: SignedIn) -> Response:
    """Say whether a code is well formed and, to who may know, whether it was issued."""
    return door.answer(lambda session: reading.check_code(session, door.actor, body.code), _checked)


@router.post("/exports", summary="Ask for a file", status_code=202)
def request_export(order: RequestExport, door: SignedIn) -> Response:
    """Ask for a file of counts or of codes; a worker makes it, and it is kept for a day."""
    return door.answer(lambda session: exports.request_export(session, door.actor, order), _export, 202)


@router.get("/exports", summary="The files one asked for")
def list_exports(door: SignedIn) -> dict[str, Any]:
    """Return the files that one asked for, the newest first."""
    with get_database().transaction() as session:
        return {"items": [_export(one) for one in exports.list_exports(session, door.actor)]}


@router.get("/exports/{export_id}", summary="How a file stands")
def get_export(export_id: str, door: SignedIn) -> dict[str, Any]:
    """Return how a file stands that one asked for."""
    with get_database().transaction() as session:
        return _export(exports.get_export(session, door.actor, _id(export_id)))


@router.get("/exports/{export_id}/file", summary="The file itself")
def get_file(export_id: str, door: SignedIn) -> Response:
    """Return a file that was made, while it is kept."""
    return _file(door, _id(export_id))


def _file(door: Door, export_id: UUID) -> Response:
    with get_database().transaction(statement_timeout_ms=READING_TIMEOUT_MS) as session:
        file = exports.get_file(session, door.actor, export_id)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, media_type=tables.TYPES[file.name.rpartition(".")[2]], headers=headers)


def _period(programme: str | None, since: date, until: date) -> FiguresOrder:
    if until - since > figures.LONGEST_PERIOD:
        raise InvalidInput({"from": t("la période finit après son début, dix ans plus tard au plus")})
    return FiguresOrder(programme=programme, since=since, until=until)


def _id(text: str) -> UUID:
    found = parse_id(text)
    if found is None:
        raise NotFound
    return found


def _stats(found: Figures) -> dict[str, Any]:
    rate = found.abandoned.rate
    return {
        "as_of": instant(found.as_of),
        "from": found.since.isoformat(),
        "to": found.until.isoformat(),
        "programme": found.programme,
        "total": found.total,
        "per_day": [{"date": one.date.isoformat(), "count": one.count} for one in found.per_day],
        "unique_users": found.unique_users,
        "active_sessions": found.active_sessions,
        "started": found.started,
        "completed": {"new": found.completed.new, "existing": found.completed.existing},
        "ended": {name: getattr(found.outcomes, name) for name in ("expired", "stopped", "restarted", "forgotten")},
        "open": found.outcomes.open,
        "duplicates_avoided": found.duplicates_avoided,
        "abandoned": {
            "count": found.abandoned.count,
            "rate": None if rate is None or rate.value is None else round(rate.value, 4),
        },
        "funnel": [
            {
                "step": step.question,
                "asked": step.asked,
                "answered": step.answered,
                "refused": step.refused,
                "refused_by": dict(step.refused_by),
                "abandoned": step.abandoned,
            }
            for step in found.funnel
        ],
        "confirmed": found.confirmed,
        "by_language": dict(found.by_language),
        "by_hour": list(found.by_hour),
        "seconds_to_code": {"median": found.seconds_to_code.median, "p90": found.seconds_to_code.p90},
        "throttled": found.throttled,
        "repeated": found.repeated,
    }


def _code(row: CodeRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "code": row.code,
        "created_at": instant(row.created_at),
        "programme": row.programme,
        "recipe": row.recipe or None,
        "language": row.language or None,
        "source": row.source,
        "phone": row.phone or None,
    }


def _checked(checked: CheckedCode) -> dict[str, Any]:
    return {"well_formed": checked.is_well_formed, "known": checked.is_known}


def _export(row: ExportRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "format": row.format,
        "state": row.state,
        "requested_at": instant(row.requested_at),
        "ended_at": instant(row.ended_at),
        "file_name": row.file_name or None,
        "rows": row.row_count,
        "size_bytes": row.size_bytes,
        "failure": row.failure or None,
        "file": f"{router.prefix}/exports/{row.id}/file" if row.is_kept else None,
    }
