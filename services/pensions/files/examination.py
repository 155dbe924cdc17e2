"""A received file, examined slice by slice: every block by the shortcut, what that leaves open by the exact path."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import polars as pl

from services.pensions.files.blocks import Block, read_blocks
from services.pensions.files.content import Content
from services.pensions.files.duplicates import Duplicates
from services.pensions.files.findings import CheckedSlice, Findings, first_errors
from services.pensions.files.frames import CLEAN_SCHEMA, FAULT_SCHEMA, faults_frame, rows_frame
from services.pensions.files.header import Header, is_blank, read_header
from services.pensions.files.reception import ReceivedFile
from services.pensions.files.refusals import EmptyFile, NoRows, TooManyRows
from services.pensions.files.rows import Fault, Row, check_line
from services.pensions.files.rules import Field, FileRules
from services.pensions.files.shortcut import Shortcut, open_lines
from services.pensions.files.totals import Totals, totals_of


class Examination:
    """One pass over a file: its header at once, its slices by `slices()`, and after the last of them its findings.

    A refusal of the whole file may come with any slice: what was taken of it until then must be given back.
    """

    def __init__(self, file: ReceivedFile, rules: FileRules) -> None:
        self._file = file
        self._rules = rules
        self.header, self._blocks = _behead(read_blocks(file.path, file.encoding))
        self._shortcut = Shortcut(self.header, rules)
        self._duplicates = Duplicates(self.header, rules)
        self._content = Content(rules.currency)
        self._rank = {name: rank for rank, name in enumerate(self.header.layout.columns[one] for one in self._fields())}
        self._rows = self._invalid = 0
        self._totals = Totals()
        self._errors = pl.DataFrame(schema=FAULT_SCHEMA)
        self._codes: Counter[str] = Counter()
        self._content_sha256: str | None = None

    def slices(self) -> Iterator[CheckedSlice]:
        """Give each slice once; the next is examined while the caller works on the last."""
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._next)
            while (piece := coming.result()) is not None:
                coming = ahead.submit(self._next)
                yield piece
        if not self._rows:
            raise NoRows
        del self._duplicates  # what is known of each row is of no more use, and the hash needs the room
        self._content_sha256 = self._content.sha256()

    def findings(self) -> Findings:
        """Return what the whole file holds, once its slices were all given."""
        if self._content_sha256 is None:
            raise RuntimeError("the slices of this file were not all taken")
        return Findings(
            encoding=self._file.encoding,
            separator=self.header.separator,
            layout=self.header.layout.code,
            currency=self._rules.currency,
            unknown_columns=self.header.unknown,
            rows=self._rows,
            invalid=self._invalid,
            totals=self._totals,
            first_errors=self._errors,
            errors_by_code=self._codes,
            content_sha256=self._content_sha256,
        )

    def _next(self) -> CheckedSlice | None:
        block = next(self._blocks, None)
        return None if block is None else self._examine(block)

    def _examine(self, block: Block) -> CheckedSlice:
        right = self._shortcut.right_rows(block)
        others = self._read_exactly(block, open_lines(right, block))
        wrong = [row for row in others if row.faults]
        if len(wrong) < len(others):
            right = pl.concat([right, rows_frame([row for row in others if not row.faults])]).sort("line")
        self._rows += right.height + len(wrong)
        if self._rows > self._rules.max_rows:
            raise TooManyRows(limit=self._rules.max_rows)
        settled = self._duplicates.settle(right, wrong)
        piece = CheckedSlice(settled.accepted.select(*CLEAN_SCHEMA), self._faults(block, wrong, settled.faults))
        self._note(piece, right.height - settled.accepted.height + len(wrong))
        return piece

    def _read_exactly(self, block: Block, numbers: Sequence[int]) -> list[Row]:
        if not numbers:
            return []
        lines = block.lines()
        read = (check_line(lines[number - block.first_line], number, self.header, self._rules) for number in numbers)
        return [row for row in read if row is not None]

    def _faults(self, block: Block, wrong: Sequence[Row], twins: dict[int, list[Fault]]) -> pl.DataFrame:
        """Return all faults of a slice, by line and in the order of the fields."""
        if not wrong and not twins:
            return pl.DataFrame(schema=FAULT_SCHEMA)
        lines = block.lines()
        by_line = {row.line: row.faults for row in wrong}
        for line, found in twins.items():
            by_line[line] = sorted([*by_line.get(line, ()), *found], key=lambda fault: self._rank[fault.column])
        return faults_frame(
            [(line, lines[line - block.first_line], fault) for line in sorted(by_line) for fault in by_line[line]]
        )

    def _note(self, piece: CheckedSlice, invalid: int) -> None:
        self._content.add(piece.clean)
        self._totals = self._totals.plus(totals_of(piece.clean))
        self._invalid += invalid
        self._codes.update(piece.faults["code"])
        self._errors = first_errors(self._errors, piece.faults)

    def _fields(self) -> list[Field]:
        return [one for one in Field if one in self.header.layout.columns]


def _behead(blocks: Iterator[Block]) -> tuple[Header, Iterator[Block]]:
    """Return the header, and the blocks of what is under it."""
    for block in blocks:
        start = 0
        for number in range(block.first_line, block.first_line + block.line_count):
            end = block.text.index(b"\n", start)
            line, start = block.text[start:end].decode("utf-8"), end + 1
            if not is_blank(line):
                header, rest = read_header(line, number), Block(number + 1, block.text[start:])
                return header, chain([rest] if rest.text else [], blocks)
    raise EmptyFile
