"""Money to and from the outside: one intent, asked for once, sent once, known once (`docs/payments.md`).

Open `requests.py` for how one begins, `transitions.py` for the one way it changes, `outcomes.py` for what an answer of
a provider does to it.
"""

from services.transfers.asking import AskNow, ask_now, plan_read
from services.transfers.refusals import (
    AmountTooLarge,
    AmountTooSmall,
    DayLimitReached,
    NoLongerDue,
    NothingLeftToRefund,
    NotRefundable,
    PayoutsPaused,
    TransferInProgress,
)
from services.transfers.requests import CancelTransfer, RequestTransfer, cancel, get_open, request
from services.transfers.rows import TransferRow

__all__ = [
    "AmountTooLarge",
    "AmountTooSmall",
    "AskNow",
    "CancelTransfer",
    "DayLimitReached",
    "NoLongerDue",
    "NotRefundable",
    "NothingLeftToRefund",
    "PayoutsPaused",
    "RequestTransfer",
    "TransferInProgress",
    "TransferRow",
    "ask_now",
    "cancel",
    "get_open",
    "plan_read",
    "request",
]
