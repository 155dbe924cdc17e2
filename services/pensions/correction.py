"""The wrong lines of a file, as received and with the reason beside each: to correct, and to send by themselves."""

import csv
import io
import re
import tempfile
import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import IO
from uuid import UUID

from core.database import Session, fetch_one
from core.formulas import guard
from core.permissions import Actor
from services.pensions import file_reading
from services.pensions.files import Encoding
from services.pensions.files.header import is_blank, split
from services.pensions.shapes import FileRow

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
ADDED = ("ligne", "colonne", "motif")
HEAD_OCTETS = 64 * 1024
PIECE_OCTETS = 64 * 1024

_CODECS = {Encoding.UTF_8: "utf-8", Encoding.UTF_8_BOM: "utf-8-sig", Encoding.WINDOWS_1252: "cp1252"}
_SIGNED_NUMBER = re.compile(r"[+-][0-9][0-9 .,]*")  # spreadsheets read it as the number it is


def write_correction(session: Session, actor: Actor, file_id: UUID) -> tuple[str, str, Iterator[bytes]]:
    """Return the name, the type and the bytes of a CSV with the separator of the file; three columns are added.

    A sender who corrects it may send it as it is: columns that nobody knows are left aside. The bytes may be read
    after the transaction ended.
    """
    file = file_reading.get_file(session, actor, file_id)
    kept = tempfile.TemporaryFile(prefix="palabre-correction-")  # noqa: SIM115  # closed by who reads it, or by nobody
    kept.writelines(_lines(session, actor, file))
    name = file.name.rsplit(".", 1)[0][:100]
    return f"{name}-a-corriger.csv", "text/csv; charset=utf-8", _pieces(kept)


def _lines(session: Session, actor: Actor, file: FileRow) -> Iterator[bytes]:
    header = split(_header(session, file), file.separator)
    yield (BOM + _line([*header, *ADDED], file.separator)).encode()
    errors = file_reading.each_file_error(session, actor, file.id)
    for number, found in groupby(errors, key=lambda error: error.line):
        wrong = list(found)
        cells = split(wrong[0].raw, file.separator)
        reasons = " ".join(dict.fromkeys(error.message for error in wrong))
        columns = " ".join(dict.fromkeys(error.column for error in wrong))
        yield _line([*cells, str(number), columns, reasons], file.separator).encode()


def _pieces(kept: IO[bytes]) -> Iterator[bytes]:
    with kept:
        kept.seek(0)
        while piece := kept.read(PIECE_OCTETS):
            yield piece


def _line(cells: list[str], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerow(map(_harmless, cells))
    return out.getvalue()


def _harmless(cell: str) -> str:
    return cell if _SIGNED_NUMBER.fullmatch(cell) else guard(cell)


def _header(session: Session, file: FileRow) -> str:
    """Return the first line of the file that is not blank, from the beginning of what is kept of it."""
    row = fetch_one(
        session, "select substring(original for %s) as head from pension_file where id = %s", (HEAD_OCTETS, file.id)
    )
    packed = row["head"] if row else None
    if packed is None:
        return ""
    head = zlib.decompressobj().decompress(packed, HEAD_OCTETS)
    text = head.decode(_CODECS[Encoding(file.encoding)], "ignore")
    return next((line for line in text.splitlines() if not is_blank(line)), "")
