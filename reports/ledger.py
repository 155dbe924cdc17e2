"""The ledger in figures: money moved by day, the trial balance. What a screen shows here is what the entries say."""

from dataclasses import dataclass
from datetime import date, timedelta

from core import clock
from core.database import Session, fetch_all
from core.money import Currency, Money
from core.permissions import Actor, Permission
from reports.figures import midnight

# Sums over `ledger_transaction t`, `ledger_entry e`, `ledger_account a`. Moved: what left wallets, less the fees in it;
# taking an operation back moves nothing anew. Fees: what the house kept, less what it gave back.
MOVED = """
    coalesce(sum(e.amount) filter (where t.kind <> 'reversal' and (
        a.kind = 'wallet' and e.amount > 0 or a.kind = 'fee_income')), 0)::bigint
"""
FEES = "coalesce(-sum(e.amount) filter (where a.kind = 'fee_income'), 0)::bigint"
MOVEMENTS = """
    ledger_transaction t join ledger_entry e on e.transaction_id = t.id join ledger_account a on a.id = e.account_id
"""
OF_WALLETS = "t.source = 'ussd' and e.currency = %(currency)s and a.kind in ('wallet', 'fee_income')"


@dataclass(frozen=True, slots=True)
class MoneyDay:
    """The money of one day in one currency; `payments` left a wallet."""

    day: date
    moved: Money
    fees: Money
    payments: int


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """The accounts of one kind and currency: how many, and their balance in its column."""

    kind: str
    side: str
    currency: Currency
    accounts: int
    debit: Money
    credit: Money


def list_money_days(session: Session, currency: Currency, zone: str, *, days: int = 30) -> list[MoneyDay]:
    """Return the last `days` days in `zone`, oldest first, today included and no day left out."""
    today = clock.today(zone)
    first = today - timedelta(days=days - 1)
    rows = fetch_all(
        session,
        f"""
        select (t.occurred_at at time zone %(zone)s)::date as day, {MOVED} as moved, {FEES} as fees,
               count(*) filter (where t.kind <> 'reversal' and a.kind = 'wallet' and e.amount > 0) as payments
        from {MOVEMENTS} where {OF_WALLETS} and t.occurred_at >= %(start)s and t.occurred_at < %(end)s
        group by 1
        """,
        {
            "currency": currency,
            "zone": zone,
            "start": midnight(first, zone),
            "end": midnight(today + timedelta(days=1), zone),
        },
    )
    moved = {row["day"]: row for row in rows}
    nothing = {"moved": 0, "fees": 0, "payments": 0}
    return [
        MoneyDay(
            day=day,
            moved=Money(moved.get(day, nothing)["moved"], currency),
            fees=Money(moved.get(day, nothing)["fees"], currency),
            payments=moved.get(day, nothing)["payments"],
        )
        for day in (first + timedelta(days=number) for number in range(days))
    ]


def list_currencies(session: Session) -> list[Currency]:
    """Return the currencies in which wallets are held, the most held first."""
    rows = fetch_all(session, "select currency from wallet group by currency order by count(*) desc, currency")
    return [Currency(row["currency"]) for row in rows]


def list_trial_balance(session: Session, actor: Actor) -> list[BalanceLine]:
    """Return the balance of every kind of account; per currency, the debits are worth the credits.

    Read from the accounts (and from the snapshots of house accounts), so it costs the same however old the ledger is.
    """
    actor.require(Permission.LEDGER_READ)
    rows = fetch_all(
        session,
        """
        select kind, side, currency, count(*) as accounts,
               (sum(case when is_house then ledger_balance(id) else balance end) * ledger_sign(side))::bigint as balance
        from ledger_account group by kind, side, currency order by currency, side desc, kind
        """,
    )
    return [
        BalanceLine(
            kind=row["kind"],
            side=row["side"],
            currency=Currency(row["currency"]),
            accounts=row["accounts"],
            debit=Money(max(row["balance"], 0), Currency(row["currency"])),
            credit=Money(max(-row["balance"], 0), Currency(row["currency"])),
        )
        for row in rows
    ]
