"""A moment's patience for an outside operation: whoever holds the phone would rather read how it ended."""

import time
from uuid import UUID

from core.database import get_database
from models.wallets import OperationState
from services.wallets.purchases import get_purchase

UNDER_WAY = frozenset({OperationState.RESERVED, OperationState.SENT})
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.03, 0.25


def wait_until_known(operation_id: UUID, patience_s: float) -> None:
    """Return once the worker knows how a bill or airtime ended, after `patience_s` at most; no lock is held meanwhile.

    Each look is a short transaction of its own.
    """
    until = time.monotonic() + patience_s
    pause_s = FIRST_PAUSE_S
    while True:
        with get_database().transaction() as session:
            if get_purchase(session, operation_id).state not in UNDER_WAY:
                return
        if time.monotonic() + pause_s > until:
            return
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
