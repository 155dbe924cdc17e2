"""Once an hour: what the provider says our wallet holds, beside our float and what is in flight."""

from uuid import UUID

from core.database import Database, fetch_all, fetch_one
from core.money import Money
from core.permissions import SYSTEM
from models.reconciliation import ProviderBalance
from providers import registry
from providers.answers import Balance
from providers.wire import Wire
from services import audit, provider_accounts

DIFFERS = "provider.balance_differs"

# Our float is what settled transfers left there; an open one may or may not have reached the provider.
_OURS = """
select coalesce((
           select -- the float is on the debit side
                  ledger_balance(a.id) from ledger_account a
           where a.kind = 'provider_float' and a.owner_type = 'provider_account' and a.owner_id = %(account)s
             and a.currency = %(currency)s), 0)::bigint as float_minor,
       coalesce((
           select sum(amount_minor) from transfer
           where account_id = %(account)s and currency = %(currency)s
             and state in ('submitted', 'pending', 'unknown')), 0)::bigint as in_flight_minor
"""


def record_balances(database: Database) -> int:
    """Ask every active account that can tell its balance, keep both figures, and return how many differ.

    A difference beyond what is in flight is an alert in the trail.
    """
    with database.transaction() as session:
        account_ids = [
            row["id"]
            for row in fetch_all(session, "select id from provider_account where state = 'active' order by code")
        ]
    return sum(_record(database, account_id) for account_id in account_ids)


def _record(database: Database, account_id: UUID) -> bool:
    with database.transaction() as session:
        account = provider_accounts.view(session, account_id)
    adapter = registry.ADAPTERS.get(account.adapter)
    if adapter is None or "balance" not in adapter.offers:
        return False
    balance = adapter.balance(account, Wire())
    if not isinstance(balance, Balance):
        return False
    with database.transaction() as session:
        ours = fetch_one(session, _OURS, {"account": account_id, "currency": balance.amount.currency})
        assert ours is not None  # noqa: S101  # scalars always give a row
        row = ProviderBalance(
            account_id=account_id,
            currency=balance.amount.currency,
            theirs_minor=balance.amount.minor,
            ours_minor=ours["float_minor"],
            in_flight_minor=int(ours["in_flight_minor"]),
        )
        session.add(row)
        differs = abs(row.theirs_minor - row.ours_minor) > row.in_flight_minor
        if differs:
            gap = Money(row.theirs_minor - row.ours_minor, balance.amount.currency)
            audit.record(
                session,
                SYSTEM,
                DIFFERS,
                "provider_account",
                str(account_id),
                summary=f"{account.code} {gap.on_phone()}",
                changes={"theirs": row.theirs_minor, "ours": row.ours_minor, "in_flight": row.in_flight_minor},
            )
    return differs
