"""Files that are made on demand, whole before their first octet leaves: refusals come as refusals."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from fastapi.responses import Response, StreamingResponse

from core.database import Session, get_database

# The file's name, its media type, and its octets in pieces that need no database any more.
Document = tuple[str, str, Iterator[bytes]]

LONGEST_MS = 120_000

# Who waits for his turn to have one made waits in a thread of these, not in one that others need.
_makers = CapacityLimiter(16)


async def download(make: Callable[[Session], Document]) -> Response:
    """Make a document in one transaction and send it as an attachment."""
    name, media_type, pieces = await to_thread.run_sync(_made, make, limiter=_makers)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}
    return StreamingResponse(pieces, media_type=media_type, headers=headers)


def _made(make: Callable[[Session], Document]) -> Document:
    with get_database().transaction(statement_timeout_ms=LONGEST_MS) as session:
        return make(session)
