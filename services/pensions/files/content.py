"""What a file pays, whatever it looks like: one hash of its accepted rows in an order of their own."""

import hashlib
import io

import polars as pl

from core.money import Currency

_PIECE_ROWS = 100_000


class Content:
    """Gathers the accepted rows of a file, slice by slice; their texts are those that others keep, not copies."""

    def __init__(self, currency: Currency) -> None:
        self._currency = pl.lit(currency.value)
        self._slices: list[pl.DataFrame] = []

    def add(self, accepted: pl.DataFrame) -> None:
        """Take the rows of one slice."""
        self._slices.append(accepted.select("id_type", "identifier", "purpose", "amount_minor"))

    def sha256(self) -> str:
        """Return the hash of the sorted lines `{type} {identifier} {purpose} {currency} {amount}`, tabs between."""
        line = pl.concat_str("id_type", "identifier", "purpose", self._currency, "amount_minor", separator="\t")
        lines: list[pl.DataFrame] = []
        while self._slices:
            lines.append(self._slices.pop().select(line.alias("line")))
        digest = hashlib.sha256()
        if lines:
            for piece in pl.concat(lines).sort("line").iter_slices(_PIECE_ROWS):
                text = io.BytesIO()
                piece.write_csv(text, include_header=False, quote_style="never")
                digest.update(text.getbuffer())
        return digest.hexdigest()
