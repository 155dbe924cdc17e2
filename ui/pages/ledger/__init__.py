"""Section «Grand livre»: transactions, one transaction, one account, the trial balance."""

from ui.pages.ledger import account, balance, transaction, transactions, words

__all__ = ["account", "balance", "transaction", "transactions", "words"]
