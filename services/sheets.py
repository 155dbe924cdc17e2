"""A CSV or XLSX that somebody sent, read as a table of texts: never more than it may weigh, nothing guessed."""

import io
import zipfile
import zlib
from collections import Counter

import polars as pl
from fastexcel import FastExcelError
from polars.exceptions import PolarsError

LARGEST_BYTES = 20 * 1024 * 1024
LARGEST_UNPACKED_BYTES = 200 * 1024 * 1024
PIECE_BYTES = 1 << 20
ENDLESS = 1 << 60


class UnreadableSheetError(Exception):
    """The bytes are no table; the message says why, in a few French words."""


def read_sheet(content: bytes) -> pl.DataFrame:
    """Return the file as a table of texts, stripped; raise `UnreadableSheetError` when it is none."""
    if not content or len(content) > LARGEST_BYTES:
        raise UnreadableSheetError("0 ou plus de 20 Mo")
    try:
        if content[:2] == b"PK":
            _require_small(content)
            table = pl.read_excel(io.BytesIO(content), engine="calamine", infer_schema_length=0)
        else:
            text = _decode(content)
            table = pl.read_csv(io.StringIO(text), separator=_separator(text), infer_schema=False)
    except (PolarsError, FastExcelError, zipfile.BadZipFile, zlib.error, ValueError, OSError, RuntimeError) as error:
        raise UnreadableSheetError(type(error).__name__) from error
    if table.is_empty():
        raise UnreadableSheetError("aucune ligne")
    return table.select(pl.all().cast(pl.String).fill_null("").str.strip_chars())


def _require_small(content: bytes) -> None:
    """Refuse a workbook that unpacks to far more than it weighs, whatever size it says it has."""
    unpacked = 0
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for part in book.infolist():
            part.file_size = ENDLESS  # what it says of itself ends no reading
            with book.open(part) as stream:
                while piece := stream.read(PIECE_BYTES):
                    unpacked += len(piece)
                    if unpacked > LARGEST_UNPACKED_BYTES:
                        raise UnreadableSheetError("plus de 200 Mo une fois ouvert")


def _decode(content: bytes) -> str:
    if b"\0" in content:
        raise UnreadableSheetError("texte binaire ou UTF-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _separator(text: str) -> str:
    header = text.split("\n", 1)[0]
    counts = Counter({sign: header.count(sign) for sign in (";", ",", "\t", "|")})
    return counts.most_common(1)[0][0]
