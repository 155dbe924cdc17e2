"""Whoever is outside, as a test needs him: accounts of fakes with their routes, and a worker's round of work."""

from commands.vectors.outside import serve, work
from core.database import Database, driver

__all__ = ["entries", "serve", "work"]


def entries(database: Database) -> dict[str, int]:
    """Return the balances of the house and of the reserves, by kind, those that are not zero."""
    with database.transaction() as session:
        rows = driver(session).execute(
            "select kind, sum(ledger_balance(id))::bigint from ledger_account"
            " where kind not in ('wallet', 'opening') group by kind"
        )
        return {kind: balance for kind, balance in rows.fetchall() if balance}
