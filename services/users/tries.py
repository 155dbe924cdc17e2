"""Wrong secrets are counted, by account and by address; after too many, a wait that doubles.

A count is made twice: before the slow check, so that a locked account costs nothing, and after it under an advisory
lock, so that fifty guesses in parallel get five answers and no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlmodel import col, delete, select

from core import clock
from core.database import Session, driver
from core.errors import TooManyTries
from core.security import input_mac
from models.users import SignInFailure

WINDOW = timedelta(minutes=15)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
MEMORY = timedelta(days=1)
MOST_READ = 200

ACCOUNT_FAILURES = 5
ADDRESS_FAILURES = 20


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` failures of one subject in a window; the subject is stored as a keyed digest."""

    kind: str
    value: str
    most: int

    @property
    def subject(self) -> bytes:
        """Return the digest that stands for the account or the address."""
        return input_mac("tries", self.kind, self.value)


def sign_in_limits(account: str, address: str) -> tuple[Limit, Limit]:
    """Return the two limits of a sign-in: 5 failures an account, 20 an address."""
    return Limit("account", account, ACCOUNT_FAILURES), Limit("address", address, ADDRESS_FAILURES)


def guard(session: Session, limits: Sequence[Limit]) -> None:
    """Refuse with `TooManyTries` while one of the limits makes its subject wait."""
    moment = clock.now()
    ends = [end for limit in limits if (end := wait_end(_times(session, limit), limit.most)) is not None]
    if ends and max(ends) > moment:
        raise TooManyTries(secondes=ceil((max(ends) - moment).total_seconds()))


def guard_alone(session: Session, limits: Sequence[Limit]) -> None:
    """Guard under a lock that no other try of the same subjects passes until the transaction ends."""
    for limit in limits:
        _lock(session, limit)
    guard(session, limits)


def guard_rate(session: Session, limit: Limit, window: timedelta, address: str) -> None:
    """Count one act of a subject, or refuse it when `limit.most` were counted inside the window; no wait doubles."""
    _lock(session, limit)
    recent = [moment for moment in _times(session, limit) if moment > clock.now() - window]
    if len(recent) >= limit.most:
        raise TooManyTries(secondes=ceil((recent[-limit.most] + window - clock.now()).total_seconds()))
    count(session, (limit,), address)


def count(session: Session, limits: Sequence[Limit], address: str) -> None:
    """Count one failure against every limit."""
    for limit in limits:
        session.add(SignInFailure(subject=limit.subject, kind=limit.kind, address=address))


def forgive(session: Session, limit: Limit) -> None:
    """Forget the failures of a subject who has just proved himself."""
    session.exec(delete(SignInFailure).where(col(SignInFailure.subject) == limit.subject))


def wait_end(times: Sequence[datetime], most: int) -> datetime | None:
    """Return when the wait after these failures ends (oldest first), None without one.

    The `most`-th failure inside a window starts a wait of a minute; each failure after it, until a whole window has
    passed in quiet, doubles the wait up to an hour.
    """
    end: datetime | None = None
    wait = FIRST_WAIT
    for place, moment in enumerate(times):
        if end is not None and moment < end + WINDOW:
            wait = min(wait * 2, LONGEST_WAIT)
            end = moment + wait
            continue
        recent = sum(1 for earlier in times[: place + 1] if earlier > moment - WINDOW)
        wait, end = FIRST_WAIT, moment + FIRST_WAIT if recent >= most else None
    return end


def _lock(session: Session, limit: Limit) -> None:
    number = int.from_bytes(limit.subject[:8], "big", signed=True)
    driver(session).execute("select pg_advisory_xact_lock(%s)", (number,))


def _times(session: Session, limit: Limit) -> list[datetime]:
    """Return the failures remembered of a subject, oldest first."""
    newest = session.exec(
        select(SignInFailure.created_at)
        .where(SignInFailure.subject == limit.subject, SignInFailure.created_at > clock.now() - MEMORY)
        .order_by(col(SignInFailure.created_at).desc())
        .limit(MOST_READ)
    )
    return list(newest)[::-1]
