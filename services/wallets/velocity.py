"""How often one subscriber may do something: one token at a time, from buckets that refill."""

from core import clock
from core.database import Session, fetch_one


def take(session: Session, rule: str, subject: str) -> bool:
    """Take one token of `rule` for `subject`; False when there is none. A rule without rows lets all pass."""
    row = fetch_one(session, "select velocity_take(array[%s], %s, %s) as is_allowed", (rule, subject, clock.now()))
    return row is None or bool(row["is_allowed"])
