"""A file is received piece by piece: to disk, hashed, weighed, and refused at the first byte that is one too many."""

import codecs
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from services.pensions.files.refusals import EncodingUnsupported, FileTooLarge, LineTooLong, NotCsv
from services.pensions.files.rules import LARGEST_FILE_BYTES, LONGEST_LINE_BYTES

HEAD_BYTES = 4 * 1024

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_OTHER_FORMATS = (b"PK", b"%PDF", b"{", b"<")
_BLANKS = b" \t\r\n"
_NUL = b"\x00"
_NOT_IN_1252 = b"\x81\x8d\x8f\x90\x9d"


class Encoding(StrEnum):
    """How the text of a file is written."""

    UTF_8 = "utf-8"
    UTF_8_BOM = "utf-8-bom"
    WINDOWS_1252 = "windows-1252"


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file on disk that is text of a known encoding; `sha256` is that of its bytes, in hexadecimal."""

    path: Path
    size_bytes: int
    sha256: str
    encoding: Encoding


def receive(chunks: Iterable[bytes], path: Path, largest_bytes: int = LARGEST_FILE_BYTES) -> ReceivedFile:
    """Write `chunks` to `path` and say what came, or refuse what is too large, too wide, or no text.

    A refused file stays at `path` as far as it was read: whoever made the folder removes it.
    """
    digest, text = hashlib.sha256(), _TextGauge()
    size = 0
    with path.open("w+b") as file:
        gauge = _LineGauge(file)
        for chunk in chunks:
            size += len(chunk)
            if size > largest_bytes:
                raise FileTooLarge(limit=largest_bytes)
            text.feed(chunk)
            file.write(chunk)
            gauge.feed(chunk)
            digest.update(chunk)
    return ReceivedFile(path, size, digest.hexdigest(), text.encoding())


class _LineGauge:
    """Refuses a line that is too long, whatever the end of a line is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._tail = b""

    def feed(self, chunk: bytes) -> None:
        """Take a piece of the file, already written."""
        text, start = self._tail + chunk, 0
        while len(text) - start > LONGEST_LINE_BYTES:
            last = start + LONGEST_LINE_BYTES + 1
            end = max(text.rfind(b"\n", start, last), text.rfind(b"\r", start, last))
            if end < 0:
                raise LineTooLong(line=self._number(len(text) - start), limit=LONGEST_LINE_BYTES)
            start = end + 1
        self._tail = text[start:]

    def _number(self, from_end: int) -> int:
        """Return the number of the line that begins so many bytes before the end of what was written."""
        self._file.seek(0)
        before = self._file.read()[:-from_end]
        return (before.count(b"\n") or before.count(b"\r")) + 1


class _TextGauge:
    """Learns the encoding on the way; refuses at once what is no text, or another format."""

    def __init__(self) -> None:
        self._head = b""
        self._utf_8 = codecs.getincrementaldecoder("utf-8")()
        self._is_utf_8 = True
        self._is_1252 = True

    def feed(self, chunk: bytes) -> None:
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            _require_text(self._head)
        if _NUL in chunk:
            raise NotCsv
        if self._is_utf_8 and not (chunk.isascii() and not self._utf_8.getstate()[0]):
            self._read(chunk, final=False)
        if self._is_1252 and not chunk.isascii():
            self._is_1252 = len(chunk.translate(None, _NOT_IN_1252)) == len(chunk)
        if not (self._is_utf_8 or self._is_1252):
            raise EncodingUnsupported

    def encoding(self) -> Encoding:
        """Say how the text is written, now that all of it was seen."""
        self._read(b"", final=True)
        if self._is_utf_8:
            return Encoding.UTF_8_BOM if self._head.startswith(codecs.BOM_UTF8) else Encoding.UTF_8
        if not self._is_1252:
            raise EncodingUnsupported
        return Encoding.WINDOWS_1252

    def _read(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._utf_8.decode(chunk, final)
        except UnicodeDecodeError:
            self._is_utf_8 = False
            self._utf_8.reset()


def _require_text(head: bytes) -> None:
    if head.startswith(_WIDE_MARKS):
        raise EncodingUnsupported
    if head.removeprefix(codecs.BOM_UTF8).lstrip(_BLANKS).startswith(_OTHER_FORMATS):
        raise NotCsv
    if _NUL in head:
        raise EncodingUnsupported if _is_wide(head) else NotCsv


def _is_wide(head: bytes) -> bool:
    """Say whether the NUL bytes stand where UTF-16 or UTF-32 puts them in Latin text: on one side of each pair."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    few, many = sorted((even, odd))
    return many >= len(head) // 4 and (few == 0 or few + many >= len(head) // 2)
