"""Waiting for the truth: an endpoint that promises a message says whether it left."""

import time
from threading import Event
from uuid import UUID

from core.database import Database, fetch_one
from models.messages import Channel, MessageState
from services.messages.accounts import find_carrier

LONGEST_WAIT_S = 5.0
LOOK_EVERY_S = 0.05

OUT = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.READ})
OPEN = frozenset({MessageState.QUEUED, MessageState.SENDING})


def wait_until_sent(database: Database, message_id: UUID, timeout_s: float = LONGEST_WAIT_S) -> bool:
    """Say whether a network accepted a message, waiting a little for it; at once where nothing carries its channel.

    Called after the commit that wrote it, and outside any transaction.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        with database.transaction() as session:
            row = fetch_one(session, "select state, channel, address from message where id = %s", (message_id,))
            if row is None or find_carrier(session, Channel(row["channel"]), row["address"]) is None:
                return row is not None and row["state"] in OUT
        if row["state"] not in OPEN:
            return row["state"] in OUT
        if time.monotonic() >= deadline:
            return False
        Event().wait(LOOK_EVERY_S)
