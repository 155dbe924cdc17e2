"""Files that are made on demand: written to disk first, so that a slow reader holds no database connection."""

from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from fastapi.responses import Response, StreamingResponse

from core.database import Session, get_database

# The file's name, its media type and its bytes in pieces.
Document = tuple[str, str, Iterator[bytes]]

LONGEST_S = 120
PIECE_BYTES = 64 * 1024
IN_MEMORY_BYTES = 1 << 20

# Two at a time: each takes a connection and most of a processor for as long as it is written.
_writers = CapacityLimiter(2)


async def download(make: Callable[[Session], Document]) -> Response:
    """Make a document in one transaction and send it as an attachment; refusals come before the first byte."""
    name, media_type, file, size = await to_thread.run_sync(_written, make, limiter=_writers)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Content-Length": str(size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_pieces(file), media_type=media_type, headers=headers)


def _written(make: Callable[[Session], Document]) -> tuple[str, str, IO[bytes], int]:
    file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # closed by whoever sends it
    try:
        with get_database().transaction(statement_timeout_ms=LONGEST_S * 1000) as session:
            name, media_type, pieces = make(session)
            for piece in pieces:
                file.write(piece)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return name, media_type, file, size


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece
