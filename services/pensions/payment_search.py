"""What narrows a batch's payments, as PostgreSQL is asked it: a million rows are read once, and cheaply."""

from dataclasses import dataclass
from typing import Any

from models.pension_stages import PaymentStage
from services.pensions.shapes import BatchRow
from services.searching import containing

LINE_DIGITS = 7

# Each condition says the same of a row; ILIKE lowers both sides anew at every row.
_ANY_CASE = "(p.name ilike %(text)s or p.identifier ilike %(text)s or p.identifier_raw ilike %(text)s)"
_WITHOUT_CASE = "(p.name like %(text)s or p.identifier like %(text)s or p.identifier_raw like %(text)s)"
_LOWERED = "(lower(p.name) like %(text)s or lower(p.identifier) like %(text)s or lower(p.identifier_raw) like %(text)s)"


@dataclass(frozen=True, slots=True)
class PaymentSearch:
    """What narrows a batch's payments; what is empty narrows nothing. `after` is a line, amounts are minor units."""

    stages: tuple[PaymentStage, ...] = ()
    text: str = ""
    code: str = ""
    name_verdict: str = ""
    min_minor: int | None = None
    max_minor: int | None = None
    after: int = 0


def known_total(batch: BatchRow, search: PaymentSearch) -> int | None:
    """Return how many match where the batch's own counters tell; None where rows have to be counted."""
    if search == PaymentSearch(after=search.after):
        return batch.total.count
    if search == PaymentSearch(stages=search.stages, after=search.after):
        return sum(batch.sums[stage].count for stage in set(search.stages))
    return None


def conditions(batch: BatchRow, search: PaymentSearch) -> tuple[str, dict[str, Any]]:
    """Return the condition on `pension_payment p`, and its values; where the page begins is no part of it."""
    found, values = ["p.batch_id = %(batch)s"], dict[str, Any](batch=batch.id)
    if search.stages:
        found.append("p.stage = any(%(stages)s)")
        values["stages"] = [str(stage) for stage in search.stages]
    for name in ("code", "name_verdict"):
        if getattr(search, name):
            found.append(f"p.{name} = %({name})s")
            values[name] = getattr(search, name)
    for name, sign in (("min_minor", ">="), ("max_minor", "<=")):
        if getattr(search, name) is not None:
            found.append(f"p.amount_minor {sign} %({name})s")
            values[name] = getattr(search, name)
    if text := search.text.strip():
        pattern, condition = _pattern(text)
        found.append(
            f"({condition} or p.line = %(line)s or p.file_transfer_id = %(exact)s"
            " or p.file_transfer_id is null and p.line = %(shown_line)s)"
        )
        values |= {"text": pattern, "exact": text, "line": _line(text), "shown_line": line_of(batch.bulk_id, text)}
    return " and ".join(found), values


def line_of(bulk_id: str, shown_id: str) -> int | None:
    """Return the line that a payment's id in documents names, None when it is of another form."""
    head, _, line = shown_id.rpartition("-")
    is_line = head == bulk_id and len(line) == LINE_DIGITS and line.isdecimal() and line.isascii()
    return int(line) if is_line else None


def _pattern(text: str) -> tuple[str, str]:
    """Return the pattern and the cheapest condition that finds a text anywhere, whatever its case."""
    if not text.isascii():
        return containing(text), _ANY_CASE
    if text.lower() == text.upper():
        return containing(text), _WITHOUT_CASE
    return containing(text.lower()), _LOWERED


def _line(text: str) -> int | None:
    """Return the line a text is the number of, as it is written in documents."""
    is_line = text.isascii() and text.isdecimal() and len(text) <= LINE_DIGITS and not text.startswith("0")
    return int(text) if is_line else None
