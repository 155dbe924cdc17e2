"""Subscribers as an operator sees them: finding one, his card, operations with their entries, messages, PIN.

A reader (`lecteur`) sees masked numbers and no texts; an operator acts, with a reason that stays in the trail.
"""

from services.pins import UnlockPin
from services.pins import unlock as unlock_pin
from services.subscribers.erasure import EraseSubscriber, erase, export
from services.subscribers.operations import OperationRow, count_operations, get_operation, list_operations
from services.subscribers.people import (
    SubscriberCard,
    SubscriberRow,
    SuspendSubscriber,
    WalletRow,
    count_subscribers,
    get_subscriber,
    list_messages,
    list_subscribers,
    reactivate,
    suspend,
)
from services.subscribers.statement import StatementLine, count_statement, list_statement
from services.wallets import ReverseOperation, reverse_operation

__all__ = [
    "EraseSubscriber",
    "OperationRow",
    "ReverseOperation",
    "StatementLine",
    "SubscriberCard",
    "SubscriberRow",
    "SuspendSubscriber",
    "UnlockPin",
    "WalletRow",
    "count_operations",
    "count_statement",
    "count_subscribers",
    "erase",
    "export",
    "get_operation",
    "get_subscriber",
    "list_messages",
    "list_operations",
    "list_statement",
    "list_subscribers",
    "reactivate",
    "reverse_operation",
    "suspend",
    "unlock_pin",
]
