"""The wrong lines of a file as a file of their own: as they were received, and beside each what is wrong with it."""

import csv
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import PurePath
from uuid import UUID

from core.database import Session, fetch_one
from core.permissions import Actor
from services.pensions import file_reading
from services.pensions.files import Encoding
from services.pensions.files.header import is_blank, split
from services.pensions.shapes import FileErrorRow, FileRow

ADDED = ("ligne", "colonne", "motif")  # unknown columns of the layout: the corrected file is taken with them
MEDIA_TYPE = "text/csv; charset=utf-8"
HEAD_BYTES = 64 * 1024
PIECE_LINES = 1_000
BYTE_ORDER_MARK = "\ufeff"

_CODECS = {Encoding.UTF_8: "utf-8", Encoding.UTF_8_BOM: "utf-8-sig", Encoding.WINDOWS_1252: "cp1252"}
# A spreadsheet runs what begins so; a number with its sign is no formula, and must come back as it was.
_FORMULA = re.compile(r"""^['"\s\u00a0]*[=+\-@\t\r＝＋－＠]""")
_NUMBER = re.compile(r"^[+-]?[0-9][0-9 .,-]*$")


def correction_file(session: Session, actor: Actor, file_id: UUID) -> tuple[str, str, Iterable[bytes]]:
    """Return the name, the type and the octets of the file to correct; read it inside the transaction."""
    file = file_reading.get_file(session, actor, file_id)
    name = f"a-corriger-{PurePath(file.name).stem}.csv"
    return name, MEDIA_TYPE, _written(file, _header(session, file), file_reading.each_file_error(session, actor, file_id))


def _written(file: FileRow, header: list[str], errors: Iterator[FileErrorRow]) -> Iterator[bytes]:
    separator = file.separator or ";"
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, delimiter=separator, lineterminator="\r\n")
    sheet.write(BYTE_ORDER_MARK)
    writer.writerow([*header, *ADDED])
    for number, (line, found) in enumerate(groupby(errors, key=lambda error: error.line), start=1):
        faults = list(found)
        cells = split(faults[0].raw, separator)
        said = (str(line), ", ".join(fault.column for fault in faults), " ".join(fault.message for fault in faults))
        writer.writerow([*map(_harmless, cells), *said])
        if number % PIECE_LINES == 0:
            yield _taken(sheet)
    yield _taken(sheet)


def _taken(sheet: io.StringIO) -> bytes:
    text = sheet.getvalue()
    sheet.seek(0)
    sheet.truncate()
    return text.encode()


def _header(session: Session, file: FileRow) -> list[str]:
    """Return the file's own line of titles; none once the original is dropped."""
    row = fetch_one(session, "select original from pension_file where id = %s", (file.id,))
    if row is None or row["original"] is None:
        return []
    head = zlib.decompressobj().decompress(bytes(row["original"]), HEAD_BYTES)
    text = head.decode(_CODECS.get(Encoding(file.encoding), "utf-8"), "replace")
    first = next((line for line in text.splitlines() if not is_blank(line)), "")
    return split(first, file.separator or ";")


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.match(cell) else cell
