"""The bell of transfers: rung by the verbs themselves once what they did is committed, so that no door forgets."""

from core import live
from core.database import Session

TOPIC = "transfers"


def ring_after_commit(session: Session) -> None:
    """Wake the workers and the pages when the transaction is committed; a rollback rings nothing."""
    live.ring_after_commit(session, TOPIC)
