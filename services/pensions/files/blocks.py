"""A file on disk, read block by block: whole lines, in UTF-8, each ended by one line feed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.pensions.files.reception import Encoding

SLICE_ROWS = 100_000
LARGEST_BLOCK_BYTES = 8 * 1024 * 1024
SAMPLE_BYTES = 64 * 1024

_CODECS = {Encoding.UTF_8: "utf-8", Encoding.UTF_8_BOM: "utf-8", Encoding.WINDOWS_1252: "cp1252"}
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines; the first has the number `first_line` in the file, where the first of all is 1."""

    first_line: int
    text: bytes

    @property
    def line_count(self) -> int:
        """Return how many lines there are, the blank ones too."""
        return self.text.count(b"\n")

    def lines(self) -> list[str]:
        """Return each line as it was received, without its end."""
        return self.text.decode("utf-8").split("\n")[:-1]


def read_blocks(path: Path, encoding: Encoding) -> Iterator[Block]:
    """Give the lines of a file in blocks of about `SLICE_ROWS`, never of more than `LARGEST_BLOCK_BYTES` and a line."""
    line, carried = 1, b""
    with path.open("rb") as file:
        if encoding is Encoding.UTF_8_BOM:
            file.read(len(_BOM))
        start = file.tell()
        size = _block_size(file.read(SAMPLE_BYTES))
        file.seek(start)
        while chunk := file.read(size):
            text = carried + chunk
            end = _last_end(text)
            carried = text[end:]
            if end:
                block = Block(line, _plain(text[:end], encoding))
                line += block.line_count
                yield block
    if carried:
        yield Block(line, _plain(carried, encoding))


def _block_size(sample: bytes) -> int:
    """Return how many bytes `SLICE_ROWS` lines take, if all are like those of the sample."""
    lines = max(sample.count(b"\n") or sample.count(b"\r"), 1)
    return max(min(len(sample) * SLICE_ROWS // lines, LARGEST_BLOCK_BYTES), SAMPLE_BYTES)


def _last_end(text: bytes) -> int:
    """Return where the last whole line ends; a carriage return at the very end may have its line feed to come."""
    return max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1


def _plain(text: bytes, encoding: Encoding) -> bytes:
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not text.endswith(b"\n"):
        text += b"\n"
    if encoding is Encoding.WINDOWS_1252 and not text.isascii():
        text = text.decode(_CODECS[encoding]).encode("utf-8")
    return text
