"""Money to and from the outside: one intent, asked for once, sent once, known once (`docs/payments.md`).

Open `requests.py` for how one begins, `transitions.py` for the one way it changes, `outcomes.py` for what an answer of
a provider does to it.
"""

from services.transfers.asking import AskNow, ask_now, plan_read
from services.transfers.reading import read_due
from services.transfers.recovery import cancel_stale, recover_leases, tell_doubts
from services.transfers.refunds import RefundTransfer, get_refundable, refund
from services.transfers.refusals import (
    AmountTooLarge,
    AmountTooSmall,
    DayLimitReached,
    NoLongerDue,
    NothingLeftToRefund,
    NotRefundable,
    TransferInProgress,
)
from services.transfers.requests import CancelTransfer, RequestTransfer, cancel, choose_route, get_open, request
from services.transfers.rows import TransferRow
from services.transfers.settling import SettleTransfer, settle
from services.transfers.submission import submit_due

__all__ = [
    "AmountTooLarge",
    "AmountTooSmall",
    "AskNow",
    "CancelTransfer",
    "DayLimitReached",
    "NoLongerDue",
    "NotRefundable",
    "NothingLeftToRefund",
    "RefundTransfer",
    "RequestTransfer",
    "SettleTransfer",
    "TransferInProgress",
    "TransferRow",
    "ask_now",
    "cancel",
    "cancel_stale",
    "choose_route",
    "get_open",
    "get_refundable",
    "plan_read",
    "read_due",
    "recover_leases",
    "refund",
    "request",
    "settle",
    "submit_due",
    "tell_doubts",
]
