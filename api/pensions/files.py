"""The wrong rows of a file that was received: as a list for programs, as a CSV to correct for people."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from api.deps import SignedIn
from api.pensions import downloads
from api.pensions.parameters import Offset
from api.pensions.reading import ROOT
from core.database import Session
from core.ids import parse_id
from services.pensions import file_reading
from services.pensions.correction import write_correction
from services.pensions.file_reading import FileNotFound
from services.pensions.shapes import FileErrorRow

router = APIRouter(prefix=ROOT + "/files", tags=["pensions: files"])


@router.get("/{file_id}/errors")
async def list_errors(
    door: SignedIn,
    file_id: str,
    file_format: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=file_reading.LARGEST_PAGE)] = file_reading.LARGEST_PAGE,
) -> Response:
    """Return the wrong cells of a file in line order, or its wrong lines as a CSV to correct and send alone."""
    known = parse_id(file_id)
    if known is None:
        raise FileNotFound
    if file_format == "csv":
        return await downloads.download(lambda session: write_correction(session, door.actor, known))

    def read(session: Session) -> tuple[list[FileErrorRow], int]:
        return file_reading.list_file_errors(session, door.actor, known, limit=limit, offset=offset)

    def write(found: tuple[list[FileErrorRow], int]) -> dict[str, Any]:
        rows, total = found
        return {
            "file_id": str(known),
            "total": total,
            "count": len(rows),
            "limit": limit,
            "offset": offset,
            "errors": [_error(row) for row in rows],
        }

    return await run_in_threadpool(lambda: door.answer(read, write))


def _error(row: FileErrorRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "column": row.column,
        "code": row.code,
        "value": row.value,
        "message": row.message,
        "see": row.see or None,
    }
