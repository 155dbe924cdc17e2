"""The fast path: the rows of a block that are plainly right, found by expressions on whole columns.

It says nothing of the others: the exact path reads them again, one by one. What it does say, the exact path would say.
"""

from collections.abc import Callable, Sequence

import polars as pl

from services.pensions.files import cells
from services.pensions.files.blocks import Block
from services.pensions.files.cells import Wrong
from services.pensions.files.frames import ROW_SCHEMA
from services.pensions.files.header import QUOTE, Header
from services.pensions.files.phones import PhoneFamilies
from services.pensions.files.rules import (
    DEFAULT_PURPOSE,
    LONGEST_NAME,
    WHITE_SPACE,
    Field,
    FileRules,
    IdType,
)

_OF_FEW_VALUES = frozenset({Field.ID_TYPE, Field.CURRENCY, Field.PURPOSE})
_END = "\x00"  # refused at reception
_OTHER = r"^[A-Za-z0-9._@+/-]{1,128}$"
_EMAIL = r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
_TRANSFER_ID = r"^[A-Za-z0-9._:-]{1,64}$"
_AMOUNT = {0: r"^[1-9][0-9]{0,12}$", 2: r"^(0|[1-9][0-9]{0,10})([.][0-9]{1,2})?$"}
_COMPOSED = "^[ -~\u00a0-\u02ff]*$"  # no control character, and nothing that NFC would change


class Shortcut:
    """Reads the blocks of one file."""

    def __init__(self, header: Header, rules: FileRules) -> None:
        self._header = header
        self._rules = rules
        self._phones = PhoneFamilies(rules)

    def right_rows(self, block: Block) -> pl.DataFrame:
        """Return the rows that are plainly right, by line."""
        frame = self._cells(block)
        texts = [meaning for meaning in self._header.positions if meaning not in _OF_FEW_VALUES]
        known = frame.with_columns(pl.col(texts).str.strip_chars(WHITE_SPACE)).with_columns(
            self._by_value(frame, Field.ID_TYPE, lambda text: cells.read_id_type(text, self._rules)),
            self._by_value(frame, Field.CURRENCY, lambda text: cells.read_currency(text, self._rules)),
            self._by_value(frame, Field.PURPOSE, cells.read_purpose),
            pl.col(Field.IDENTIFIER).alias("identifier_raw"),
        )
        phones = self._phones.read(
            known.select(pl.when(pl.col("id_type") == IdType.MSISDN).then("identifier")).to_series()
        ).rename({"identifier": "phone"})
        read = known.hstack(phones).lazy()
        return (
            read.with_columns(
                _identifier(known["id_type"], self._rules).alias("identifier"),
                _amount(self._rules.currency.exponent).alias("amount_minor"),
                self._name(),
                self._transfer_id(),
                pl.col("is_repaired", "is_unknown_range").fill_null(value=False),
            )
            .filter(
                pl.col("id_type", "identifier", "currency", "purpose").is_not_null(),
                pl.col("amount_minor").is_between(1, self._rules.largest_minor),
                self._is_named(),
                self._is_numbered(),
            )
            .select(*ROW_SCHEMA)
            .collect()
        )

    def _cells(self, block: Block) -> pl.DataFrame:
        """Return the untrimmed cells of the rows that have as many as the header.

        Each line gets one cell more, of the one character that no file has: where it stands elsewhere than at the end,
        there are cells too few or too many. An empty row goes first, so that Polars looks for that many in each.
        """
        header = self._header
        marked = block.text.replace(b"\n", f"{header.separator}{_END}\n".encode())
        names: list[str] = [f"unknown_{seat}" for seat in range(header.width)]
        for meaning, seat in header.positions.items():
            names[seat] = meaning.value
        frame = (
            pl.scan_csv(
                (header.separator * header.width + "\n").encode() + marked,
                has_header=False,
                separator=header.separator,
                quote_char=None,
                schema=dict.fromkeys([*names, "end"], pl.String),
                empty_string_is_null=False,
                truncate_ragged_lines=True,
                row_index_name="line",
                row_index_offset=block.first_line - 1,
            )
            .filter(pl.col("end") == _END)
            .select(pl.col("line").cast(pl.UInt32), *header.positions)
            .collect()
        )
        return self._with_quoted(frame, block) if QUOTE.encode() in block.text else frame

    def _with_quoted(self, frame: pl.DataFrame, block: Block) -> pl.DataFrame:
        """Return the frame with its quoted lines read by `csv`; a line of an odd number of quotes is left out."""
        header = self._header
        quoted = [(number, line) for number, line in enumerate(block.lines(), block.first_line) if QUOTE in line]
        even = [(number, header.cells(line)) for number, line in quoted if line.count(QUOTE) % 2 == 0]
        read = [
            (number, *(received[seat] for seat in header.positions.values()))
            for number, received in even
            if len(received) == header.width
        ]
        others = frame.filter(~pl.col("line").is_in([number for number, _ in quoted]))
        return pl.concat([others, pl.DataFrame(read, schema=frame.schema, orient="row")]).sort("line")

    def _by_value(self, frame: pl.DataFrame, meaning: Field, read: Callable[[str], object]) -> pl.Expr:
        """Return a column of few values, each read once by the exact path; null where it is wrong."""
        if meaning not in frame.columns:
            return pl.lit(DEFAULT_PURPOSE).alias(meaning)
        right = {}
        for value in frame[meaning].unique():
            text = cells.trimmed(value)
            found = text if isinstance(text, Wrong) else read(text)
            if not isinstance(found, Wrong):
                right[value] = str(found)
        return pl.col(meaning).replace_strict(right, default=None, return_dtype=pl.String)

    def _name(self) -> pl.Expr:
        if Field.NAME not in self._header.positions:
            return pl.lit(None, pl.String).alias("name")
        return pl.when(pl.col("name") != "").then("name").alias("name")

    def _is_named(self) -> pl.Expr:
        if Field.NAME not in self._header.positions:
            return pl.lit(value=True)
        name = pl.col("name")
        return name.is_null() | (name.str.contains(_COMPOSED) & (name.str.len_chars() <= LONGEST_NAME))

    def _transfer_id(self) -> pl.Expr:
        has_ids = Field.TRANSFER_ID in self._header.positions
        return (pl.col(Field.TRANSFER_ID) if has_ids else pl.lit(None, pl.String)).alias("file_transfer_id")

    def _is_numbered(self) -> pl.Expr:
        has_ids = Field.TRANSFER_ID in self._header.positions
        return pl.col("file_transfer_id").str.contains(_TRANSFER_ID) if has_ids else pl.lit(value=True)


def _identifier(id_types: pl.Series, rules: FileRules) -> pl.Expr:
    """Return the identifier by its type, for the types there are; an IBAN is left to the exact path."""
    text = pl.col("identifier")
    other = pl.when(text.str.contains(_OTHER)).then(text)
    is_email = text.str.contains(_EMAIL) & (text.str.len_bytes() <= cells.LONGEST_EMAIL)
    is_personal = text.str.contains(rf"^[0-9]{{{rules.personal_id_length}}}$")
    readings = {
        IdType.MSISDN: pl.col("phone"),
        IdType.PERSONAL_ID: pl.when(is_personal).then(text),
        IdType.EMAIL: pl.when(is_email).then(text.str.to_lowercase()),
        **dict.fromkeys((IdType.BUSINESS, IdType.DEVICE, IdType.ACCOUNT_ID, IdType.ALIAS), other),
    }
    read = pl.lit(None, pl.String)
    for id_type in id_types.unique().drop_nulls():
        if id_type in readings:
            read = pl.when(pl.col("id_type") == id_type).then(readings[IdType(id_type)]).otherwise(read)
    return read


def _amount(exponent: int) -> pl.Expr:
    """Return the amount in minor units, null where it is not written as one."""
    text = pl.col("amount")
    plain = pl.when(text.str.contains(_AMOUNT[exponent])).then(text)
    if exponent == 0:
        return plain.cast(pl.Int64)
    whole_and_rest = plain.str.split_exact(".", 1)
    whole, rest = whole_and_rest.struct.field("field_0"), whole_and_rest.struct.field("field_1")
    minor: pl.Expr = whole.cast(pl.Int64) * 10**exponent + rest.fill_null("").str.pad_end(exponent, "0").cast(pl.Int64)
    return minor


def open_lines(rows: pl.DataFrame, block: Block) -> Sequence[int]:
    """Return the numbers of the lines of a block that are not among `rows`."""
    if rows.height == block.line_count:
        return ()
    lines = pl.int_range(block.first_line, block.first_line + block.line_count, dtype=pl.UInt32, eager=True)
    return lines.filter(~lines.is_in(rows["line"].implode())).to_list()
