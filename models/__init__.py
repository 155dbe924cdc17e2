"""The nouns: tables, states and their allowed transitions."""

from models import (
    approvals,
    audit,
    flows,
    inbox,
    ledger,
    merchants,
    messages,
    organisations,
    reconciliation,
    switches,
    tasks,
    transfers,
    users,
    ussd,
    velocity,
    wallets,
)

__all__ = [
    "approvals",
    "audit",
    "flows",
    "inbox",
    "ledger",
    "merchants",
    "messages",
    "organisations",
    "reconciliation",
    "switches",
    "tasks",
    "transfers",
    "users",
    "ussd",
    "velocity",
    "wallets",
]
