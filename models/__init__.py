"""The nouns: tables, states and their allowed transitions."""

from models import (
    approvals,
    audit,
    flows,
    inbox,
    ledger,
    messages,
    organisations,
    reconciliation,
    tasks,
    transfers,
    users,
    ussd,
    ussd_figures,
    wallets,
)

__all__ = [
    "approvals",
    "audit",
    "flows",
    "inbox",
    "ledger",
    "messages",
    "organisations",
    "reconciliation",
    "tasks",
    "transfers",
    "users",
    "ussd",
    "ussd_figures",
    "wallets",
]
