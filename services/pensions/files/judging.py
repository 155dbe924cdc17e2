"""Whether an examined file may become a batch: the questions that come after its rows, in the order of the answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.money import Money
from services.pensions.files.findings import Findings
from services.pensions.files.reception import ReceivedFile
from services.pensions.files.refusals import ControlTotals, InsufficientFunds, InvalidRows, SameFile
from services.pensions.files.totals import Sum


class OnError(StrEnum):
    """What a wrong row does: it refuses the file, or is left out."""

    REFUSE = "refuse"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the sender says beside the file; control totals are those of the rows that go on, None where not given."""

    cycle: str
    on_error: OnError = OnError.REFUSE
    expected_count: int | None = None
    expected_total_minor: int | None = None


@dataclass(frozen=True, slots=True)
class EarlierBatch:
    """A batch of the organisation that is not cancelled, rejected, expired or wholly failed."""

    bulk_id: str
    cycle: str
    sha256: str
    content_sha256: str


def require_new_bytes(file: ReceivedFile, cycle: str, earlier: Sequence[EarlierBatch]) -> tuple[str, ...]:
    """Refuse the bytes of a batch of this cycle; return `same_bytes_other_cycle` for those of another."""
    same = [batch for batch in earlier if batch.sha256 == file.sha256]
    for batch in same:
        if batch.cycle == cycle:
            raise SameFile(bulk_id=batch.bulk_id)
    return ("same_bytes_other_cycle",) if same else ()


def require_new_content(own: Findings, cycle: str, earlier: Sequence[EarlierBatch]) -> None:
    """Refuse the payments of a batch of this cycle, however they are written; `own` is what the file holds by itself.

    A file with wrong rows is told of those first.
    """
    for batch in earlier:
        if not own.invalid and batch.cycle == cycle and batch.content_sha256 == own.content_sha256:
            raise SameFile(bulk_id=batch.bulk_id)


def judge(found: Findings, asked: Asked, available: Money, account: str) -> int:
    """Return how many rows are left out; refuse wrong rows, control totals that differ, and want of funds, in turn.

    `found` is what is left once earlier batches were looked at.
    """
    require_rows(found, asked.on_error)
    total = found.totals.all
    require_totals(total, asked.expected_count, asked.expected_total_minor)
    require_funds(Money(total.amount_minor, found.currency), available, account)
    return found.invalid


def require_rows(found: Findings, on_error: OnError) -> None:
    """Refuse wrong rows unless they are to be left out, and a file without a right one."""
    if found.invalid and (on_error is OnError.REFUSE or not found.valid):
        raise InvalidRows(rows=found.rows, valid=found.valid, invalid=found.invalid, findings=found)


def require_totals(total: Sum, expected_count: int | None, expected_total_minor: int | None) -> None:
    """Refuse rows that are not those the sender counted; None asks nothing."""
    expected = expected_count, expected_total_minor
    if any(told not in (None, seen) for told, seen in zip(expected, (total.count, total.amount_minor), strict=True)):
        raise ControlTotals(
            expected={"count": expected_count, "total_minor": expected_total_minor},
            found={"count": total.count, "total_minor": total.amount_minor},
        )


def require_funds(required: Money, available: Money, account: str) -> None:
    """Refuse what the account cannot cover."""
    if available < required:
        missing = required - available
        raise InsufficientFunds(
            required=required.minor,
            available=available.minor,
            missing=missing.minor,
            amount=missing.on_screen(),
            account=account,
        )
