"""The nouns: tables, states and their allowed transitions."""

from models import (
    approvals,
    audit,
    flows,
    inbox,
    ledger,
    messages,
    notices,
    organisations,
    reconciliation,
    surveys,
    tasks,
    transfers,
    users,
    ussd,
    wallets,
)

__all__ = [
    "approvals",
    "audit",
    "flows",
    "inbox",
    "ledger",
    "messages",
    "notices",
    "organisations",
    "reconciliation",
    "surveys",
    "tasks",
    "transfers",
    "users",
    "ussd",
    "wallets",
]
