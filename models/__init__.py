"""The nouns: tables, states and their allowed transitions."""

from models import audit, flows, inbox, ledger, messages, organisations, tasks, users, ussd, wallets

__all__ = ["audit", "flows", "inbox", "ledger", "messages", "organisations", "tasks", "users", "ussd", "wallets"]
