"""What is kept of messages, and for how long: bodies 30 days, codes not at all."""

from datetime import timedelta

from core import clock
from core.database import Session, driver

BODIES_KEPT = timedelta(days=30)
BATCH = 1_000


def erase_bodies(session: Session) -> int:
    """Empty the texts of up to a batch of messages older than 30 days; return how many.

    What fills the text goes with it, but for the reference that a person may call about. In the application a message
    is the truth itself and stays.
    """
    emptied = driver(session).execute(
        """
        update message set body = '', variables = case when variables ? 'ref'
            then jsonb_build_object('ref', variables -> 'ref') else '{}' end
        where id in (
            select id from message where created_at < %s and body is distinct from '' and channel <> 'in_app'
            order by created_at limit %s for update skip locked)
        """,
        (clock.now() - BODIES_KEPT, BATCH),
    )
    return emptied.rowcount
