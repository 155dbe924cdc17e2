"""The bell of transfers: rung by the verbs themselves once what they did is committed, so that no door forgets."""

from sqlalchemy import event

from core import live
from core.database import Session

TOPIC = "transfers"
_IS_LISTENED = "transfers_bell"


def ring_after_commit(session: Session) -> None:
    """Wake the workers and the pages when the transaction is committed; a rollback rings nothing."""
    if session.info.setdefault(_IS_LISTENED, False):
        return
    session.info[_IS_LISTENED] = True
    event.listen(session, "after_commit", lambda _committed: live.ring(TOPIC))
