"""The report of a batch: CSV, workbook or paper, of one snapshot, ready before its first octet leaves.

It is written to disk first: a slow reader holds a file, not a connection of the database.
"""

import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Literal, NamedTuple

from core.database import Session
from core.errors import Refusal
from core.permissions import Actor
from reports.pensions import paper, sheets
from reports.pensions.source import BatchHead, freeze, read_head

Format = Literal["csv", "xlsx", "pdf"]

PIECE_BYTES = 256 * 1024


class FormatUnknown(Refusal):
    """A report is written in three ways."""

    code = "bad_parameter"
    sentence = "Format de rapport inconnu : csv, xlsx ou pdf."


class Report(NamedTuple):
    """A file to hand over: its name, its type, its octets once."""

    name: str
    media_type: str
    pieces: Iterator[bytes]


_WRITERS: dict[str, tuple[str, Callable[[Session, BatchHead, IO[bytes]], None]]] = {
    "csv": ("text/csv; charset=utf-8", sheets.write_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheets.write_workbook),
    "pdf": ("application/pdf", paper.write_paper),
}


def batch_report(session: Session, actor: Actor, bulk_id: str, kind: str) -> Report:
    """Return a batch's report, in the language of this context; the first act of its transaction.

    Refuses with `BatchNotFound` and `FormatUnknown`. The pieces may be read after the transaction ended.
    """
    if kind not in _WRITERS:
        raise FormatUnknown(parameter="format")
    freeze(session)
    head = read_head(session, actor, bulk_id)
    media_type, write = _WRITERS[kind]
    kept = tempfile.TemporaryFile(prefix="palabre-report-")  # noqa: SIM115  # closed by who reads it, or by nobody
    write(session, head, kept)
    state = "-en-cours" if head.is_running else ""
    return Report(f"rapport-{head.bulk_id}-{head.cycle}{state}.{kind}", media_type, _pieces(kept))


def _pieces(kept: IO[bytes]) -> Iterator[bytes]:
    with kept:
        kept.seek(0)
        while piece := kept.read(PIECE_BYTES):
            yield piece
