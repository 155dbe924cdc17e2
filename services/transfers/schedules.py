"""When to ask again: seconds after submission, as the provider rules say, moved by up to 10 % taken from the id.

S1  a collect confirmed on the phone      5, 10, 20, 40, 60; every 60 s to 10 min; every 15 min to 2 h; hourly to 24 h
S2  a collect by link or QR               15, 30, 60; every 60 s until the link's end + 10 min
S3  a payout or a refund                  2, 10, 30, 60; every 2 min to 15 min; every 15 min to 4 h; hourly to 48 h
S4  an unknown                            15, 30, 60, 120, 300, 600, 900; then as S3; then daily for 30 days
M1  a pension over Mojaloop               2, 5, 15, 30, 60, 120, 300, 600, 900; then as S4
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from models.transfers import TransferState

MINUTE, HOUR, DAY = 60, 3_600, 86_400
LINK_GRACE = timedelta(minutes=10)
LINK_DEFAULT = timedelta(minutes=10)
LINK_NEVER_GIVEN = timedelta(minutes=15)
LATE_LOOK = timedelta(hours=24)
PROOF_AFTER = timedelta(seconds=900)
LAST_DAY = 30

_FIRST = {
    "S1": (5, 10, 20, 40, 60),
    "S2": (15, 30, 60),
    "S3": (2, 10, 30, 60),
    "S4": (15, 30, 60, 120, 300, 600, 900),
    "M1": (2, 5, 15, 30, 60, 120, 300, 600, 900),
}
# Pairs of how often and until when, in seconds.
_THEN: dict[str, tuple[tuple[int, int], ...]] = {
    "S1": ((MINUTE, 10 * MINUTE), (15 * MINUTE, 2 * HOUR), (HOUR, DAY)),
    "S2": ((MINUTE, DAY),),
    "S3": ((2 * MINUTE, 15 * MINUTE), (15 * MINUTE, 4 * HOUR), (HOUR, 2 * DAY)),
    "S4": ((15 * MINUTE, 4 * HOUR), (HOUR, 2 * DAY), (DAY, LAST_DAY * DAY)),
}
_THEN["M1"] = _THEN["S4"]


def offsets(schedule: str) -> Iterator[int]:
    """Yield the seconds after submission of every read of a schedule, before they are moved by the id."""
    last = 0
    for last in _FIRST[schedule]:
        yield last
    for every, until in _THEN[schedule]:
        while last + every <= until:
            last += every
            yield last


def factor(transfer_id: UUID) -> float:
    """Return what the id does to every time of its schedule: between 0.9 and 1.1, the same in every run."""
    return 0.9 + (transfer_id.int % 2_001) / 10_000


def next_read(
    schedule: str,
    state: TransferState,
    transfer_id: UUID,
    submitted_at: datetime,
    now: datetime,
    link_end: datetime | None,
) -> datetime | None:
    """Return when to ask next; None when the schedule of this state has ended.

    `link_end` is set for S2: the last read of a link comes when it is certainly over.
    """
    if state is TransferState.UNKNOWN:
        planned = _next_of_unknown(schedule, transfer_id, submitted_at, now)
        return _no_later_than(planned, link_end, now) if schedule == "S2" else planned
    planned = _first_after(list(offsets(schedule)), transfer_id, submitted_at, now)
    if schedule == "S2":
        end = (link_end or submitted_at + LINK_DEFAULT) + LINK_GRACE
        return _no_later_than(planned, end, now) if now < end else None
    return planned


def end_of(schedule: str) -> int:
    """Return the seconds after submission at which a schedule has ended."""
    return list(offsets(schedule))[-1]


def _next_of_unknown(schedule: str, transfer_id: UUID, submitted_at: datetime, now: datetime) -> datetime | None:
    """Follow S4; who became unknown because his own schedule ended is asked about once a day."""
    times = list(offsets("S4"))
    if schedule != "S2" and (now - submitted_at).total_seconds() >= end_of(schedule) * factor(transfer_id):
        times = [offset for offset in times if offset % DAY == 0 or offset > 2 * DAY]
    return _first_after(times, transfer_id, submitted_at, now)


def _first_after(times: list[int], transfer_id: UUID, submitted_at: datetime, now: datetime) -> datetime | None:
    moved = factor(transfer_id)
    past = len(list(takewhile(lambda offset: submitted_at + timedelta(seconds=offset * moved) <= now, times)))
    return submitted_at + timedelta(seconds=times[past] * moved) if past < len(times) else None


def _no_later_than(planned: datetime | None, end: datetime | None, now: datetime) -> datetime | None:
    if end is None or end <= now:
        return planned
    return end if planned is None else min(planned, end)
