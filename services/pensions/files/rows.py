"""The exact path: one line, read by `csv`, and everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from services.pensions.files import cells
from services.pensions.files.cells import Identifier, Wrong
from services.pensions.files.header import QUOTE, Header, is_blank
from services.pensions.files.refusals import LineBreakInCell
from services.pensions.files.rules import (
    DEFAULT_PURPOSE,
    LONGEST_VALUE,
    WHITE_SPACE,
    WHOLE_ROW,
    Field,
    FileRules,
    IdType,
)

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: the column as documented, the cell as received, and the line or batch to look at."""

    column: str
    code: str
    detail: str | None = None
    value: str = ""
    see: str | None = None


@dataclass(slots=True)
class Row:
    """One line that was read; what could not be read is None, and `faults` says why."""

    line: int
    raw: str
    id_type: IdType | None = None
    identifier: Identifier | None = None
    identifier_raw: str = ""
    amount_minor: int | None = None
    purpose: str | None = DEFAULT_PURPOSE
    name: str | None = None
    transfer_id: str | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def payee(self) -> tuple[str, str, str] | None:
        """Return who is paid for what, when the row says it rightly."""
        if self.id_type is None or self.identifier is None or self.purpose is None:
            return None
        return (self.id_type.value, self.identifier.value, self.purpose)

    def find(self, column: str, wrong: Wrong, value: str = "") -> None:
        """Note what is wrong with a column."""
        self.faults.append(Fault(column, wrong.code, wrong.detail, value[:LONGEST_VALUE]))


def check_line(line: str, number: int, header: Header, rules: FileRules) -> Row | None:
    """Read one line; a blank one is None, and one whose cell goes on to the next refuses the file."""
    if is_blank(line):
        return None
    if line.count(QUOTE) % 2:
        raise LineBreakInCell(line=number)
    row, received = Row(number, line), header.cells(line)
    if len(received) != header.width:
        row.find(WHOLE_ROW, Wrong("cell_count"), line)
        return row
    _Reading(row, {meaning: received[seat] for meaning, seat in header.positions.items()}, header).read(rules)
    return row


class _Reading:
    """The cells of one row, each read once: in the order of the fields, so are the faults."""

    def __init__(self, row: Row, received: Mapping[Field, str], header: Header) -> None:
        self._row = row
        self._received = received
        self._header = header
        self._texts = {meaning: cells.trimmed(cell) for meaning, cell in received.items()}

    def read(self, rules: FileRules) -> None:
        row = self._row
        row.identifier_raw = self._received[Field.IDENTIFIER].strip(WHITE_SPACE)
        if (text := self._text(Field.ID_TYPE)) is not None:
            row.id_type = self._right(Field.ID_TYPE, cells.read_id_type(text, rules))
        if (text := self._text(Field.IDENTIFIER)) is not None:
            row.identifier = self._right(Field.IDENTIFIER, cells.read_identifier(text, row.id_type, rules))
        if (text := self._text(Field.CURRENCY)) is not None:
            self._right(Field.CURRENCY, cells.read_currency(text, rules))
        if (text := self._text(Field.AMOUNT)) is not None:
            row.amount_minor = self._right(Field.AMOUNT, cells.read_amount(text, rules))
        if (text := self._text(Field.NAME)) is not None:
            row.name = self._right(Field.NAME, cells.read_name(text))
        if (text := self._text(Field.PURPOSE)) is not None:
            row.purpose = self._right(Field.PURPOSE, cells.read_purpose(text))
        elif Field.PURPOSE in self._received:
            row.purpose = None
        if (text := self._text(Field.TRANSFER_ID)) is not None:
            row.transfer_id = self._right(Field.TRANSFER_ID, cells.read_transfer_id(text))

    def _text(self, meaning: Field) -> str | None:
        """Return a trimmed cell; None where the column is missing, or its cell already wrong."""
        if meaning not in self._texts:
            return None
        return self._right(meaning, self._texts[meaning])

    def _right(self, meaning: Field, found: Found | Wrong) -> Found | None:
        if isinstance(found, Wrong):
            self._row.find(self._header.column(meaning), found, self._received[meaning])
            return None
        return found
