"""The report of a batch: CSV, workbook or paper, of one snapshot, ready before its first octet leaves.

It is written to disk first: a slow reader holds a file, not a connection of the database. Two are made at a time in a
process, each takes most of a processor: whoever comes third waits, without a connection.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import IO, Literal

from core.database import Session, keep
from core.errors import Refusal, Unavailable
from core.permissions import Actor
from reports.pensions import csv_file, paper, workbook
from reports.pensions.documents import Document
from reports.pensions.source import BatchHead, freeze, read_head

Format = Literal["csv", "xlsx", "pdf"]

PIECE_BYTES = 256 * 1024
AT_ONCE, PATIENCE_S = 2, 60.0

_places = BoundedSemaphore(AT_ONCE)


class FormatUnknown(Refusal):
    """A report is written in three ways."""

    code = "bad_parameter"
    sentence = "Format de rapport inconnu : csv, xlsx ou pdf."


_WRITERS: dict[str, tuple[str, Callable[[Session, BatchHead, IO[bytes]], None]]] = {
    "csv": ("text/csv; charset=utf-8", csv_file.write_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook.write_workbook),
    "pdf": ("application/pdf", paper.write_paper),
}


def batch_report(session: Session, actor: Actor, bulk_id: str, kind: str) -> Document:
    """Return a batch's report, in the language of this context; its pieces may be read after the transaction ended.

    What the session did before is kept: the report is read in a transaction of its own, of which it sees one snapshot.
    Refuses with `BatchNotFound`, `FormatUnknown` and, while others wait too long, `Unavailable`.
    """
    if kind not in _WRITERS:
        raise FormatUnknown(parameter="format")
    keep(session)
    media_type, write = _WRITERS[kind]
    kept = tempfile.TemporaryFile(prefix="palabre-report-")  # noqa: SIM115  # closed by who reads it, or by nobody
    with _place():
        freeze(session)
        head = read_head(session, actor, bulk_id)
        write(session, head, kept)
    state = "-en-cours" if head.is_running else ""
    return Document(f"rapport-{head.bulk_id}-{head.cycle}{state}.{kind}", media_type, _pieces(kept))


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=PATIENCE_S):
        raise Unavailable
    try:
        yield
    finally:
        _places.release()


def _pieces(kept: IO[bytes]) -> Iterator[bytes]:
    with kept:
        kept.seek(0)
        while piece := kept.read(PIECE_BYTES):
            yield piece
