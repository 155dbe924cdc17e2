"""What a file pays, whatever it looks like: one hash of its accepted rows in an order of their own."""

import hashlib
import io

import polars as pl

from core.money import Currency

_PIECE_ROWS = 100_000


class Content:
    """Gathers the accepted rows of a file, slice by slice."""

    def __init__(self, currency: Currency) -> None:
        self._currency = pl.lit(currency.value)
        self._slices: list[pl.DataFrame] = []

    def add(self, accepted: pl.DataFrame) -> None:
        """Take the rows of one slice."""
        line = pl.concat_str("id_type", "identifier", "purpose", self._currency, "amount_minor", separator="\t")
        self._slices.append(accepted.select(line.alias("line")))

    def sha256(self) -> str:
        """Return the hash of the sorted lines `{type} {identifier} {purpose} {currency} {amount}`, tabs between."""
        digest = hashlib.sha256()
        if self._slices:
            for piece in pl.concat(self._slices).sort("line").iter_slices(_PIECE_ROWS):
                text = io.BytesIO()
                piece.write_csv(text, include_header=False, quote_style="never")
                digest.update(text.getbuffer())
        return digest.hexdigest()
