"""What a file pays, whatever it looks like: one hash of its accepted rows in an order of their own."""

import hashlib

import polars as pl

from core.money import Currency


class Content:
    """Gathers the accepted rows of a file, slice by slice."""

    def __init__(self, currency: Currency) -> None:
        self._currency = pl.lit(currency.value)
        self._slices: list[pl.Series] = []

    def add(self, accepted: pl.DataFrame) -> None:
        """Take the rows of one slice."""
        line = pl.concat_str("id_type", "identifier", "purpose", self._currency, "amount_minor", separator="\t")
        self._slices.append(accepted.select(line.alias("content")).to_series())

    def sha256(self) -> str:
        """Return the hash of the sorted lines `{type} {identifier} {purpose} {currency} {amount}`, tabs between."""
        digest = hashlib.sha256()
        if self._slices:
            lines = pl.concat(self._slices).sort()
            for piece in lines.to_frame().iter_slices(100_000):
                digest.update("\n".join([*piece["content"], ""]).encode() if piece.height else b"")
        return digest.hexdigest()
