"""Callbacks of operators: stored raw once, answered, and never believed. What they bring about is a read, no more.

A callback may be forged, repeated, late, out of order, or lie: it names a transfer, and the transfer is asked about.
Open `receiving.py` first.
"""

from services.inbound.doors import DOORS, Arrival, Reply
from services.inbound.reads import (
    EventDetail,
    EventRow,
    EventSearch,
    NothingToAsk,
    ReplayEvent,
    get_event,
    list_events,
    replay,
    shown_body,
)
from services.inbound.receiving import receive

__all__ = [
    "DOORS",
    "Arrival",
    "EventDetail",
    "EventRow",
    "EventSearch",
    "NothingToAsk",
    "ReplayEvent",
    "Reply",
    "get_event",
    "list_events",
    "receive",
    "replay",
    "shown_body",
]
