"""Asking for a read at once: because a callback came, or because a person wants to know."""

from uuid import UUID

from core import clock
from core.database import Session, driver
from core.errors import WrongState
from core.orders import Order
from core.permissions import Actor, Permission
from services import audit
from services.transfers.bell import ring_after_commit
from services.transfers.rows import TransferRow, find

# A transfer that no byte was sent for cannot be asked about; what is being read already is read again after.
_PLAN = """
update transfer set next_read_at = %(now)s, hint_id = coalesce(%(hint)s, hint_id)
where id = %(id)s and submitted_at is not null and not (state = 'submitted' and lease_until is null)
"""


class AskNow(Order):
    """A person wants to know now what became of a transfer."""

    transfer_id: UUID


def plan_read(session: Session, transfer_id: UUID, inbound_event_id: UUID | None = None) -> bool:
    """Have the provider asked about a transfer as soon as this commits; false when nothing was sent yet.

    Also for a transfer that is final: late money and contradictions show themselves that way.
    """
    planned = driver(session).execute(_PLAN, {"now": clock.now(), "hint": inbound_event_id, "id": transfer_id})
    ring_after_commit(session)
    return planned.rowcount == 1


def ask_now(session: Session, actor: Actor, order: AskNow) -> TransferRow:
    """Have the provider asked at once, on a person's wish; `WrongState` while nothing was sent."""
    actor.require(Permission.PAYMENTS_ACT)
    row = find(session, order.transfer_id)
    if not plan_read(session, row.id):
        raise WrongState(state=str(row.state), wanted="read")
    audit.record(session, actor, "transfer.ask", "transfer", row.id, row.reference)
    return find(session, row.id)
