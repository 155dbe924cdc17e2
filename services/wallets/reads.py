"""What a subscriber reads of his wallet on his phone: balance, last movements, whether the same money just left."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.money import Currency, Money
from models.wallets import OperationType
from services.wallets.people import shown_name
from services.wallets.refusals import NoWallet

REPEAT_WINDOW = timedelta(minutes=10)
STATEMENT_LINES = 5
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class RecentSame:
    """The same money, to the same payee, a moment ago."""

    type: OperationType
    reference: str
    ago: str


def get_balance(session: Session, user_id: UUID, currency: Currency) -> Money:
    """Return the ledger's balance of a person's wallet, or refuse with `NoWallet`."""
    row = fetch_one(
        session,
        "select a.balance from wallet w join ledger_account a on a.id = w.account_id"
        " where w.user_id = %s and w.currency = %s",
        (user_id, currency),
    )
    if row is None:
        raise NoWallet
    return Money(row["balance"], currency)


def get_recent_same(
    session: Session, payer_id: UUID, payee_phone: str, kind: OperationType, amount: Money
) -> RecentSame | None:
    """Return the same operation of the last ten minutes, not failed, or None; the verb asks again under its lock."""
    now = clock.now()
    row = fetch_one(
        session,
        """
        select o.reference, o.created_at from ussd_operation o
        join wallet payer on payer.id = o.payer_id
        join wallet payee on payee.id = o.payee_id
        join users u on u.id = payee.user_id
        where payer.user_id = %s and payer.currency = %s and u.phone = %s and o.type = %s and o.amount_minor = %s
          and o.state <> 'failed' and o.created_at > %s
        order by o.created_at desc limit 1
        """,
        (payer_id, amount.currency, payee_phone, kind, amount.minor, now - REPEAT_WINDOW),
    )
    if row is None:
        return None
    return RecentSame(kind, row["reference"], ago_text((now - row["created_at"]).total_seconds()))


def get_statement(session: Session, user_id: UUID, currency: Currency, timezone: str) -> str | None:
    """Return the last five movements, newest first, a line each (`21/11 -5 050 FCFA Jean Nkolo`); None if none."""
    rows = fetch_all(
        session,
        """
        select -e.amount as amount, t.occurred_at, o.reference, o.party_name, o.payer_id = w.id as is_own,
               other.first_name, other.last_name
        from wallet w
        join lateral (
            select * from ledger_entry where account_id = w.account_id and account_version is not null
            order by account_version desc limit %s
        ) e on true
        join ledger_transaction t on t.id = e.transaction_id
        left join ussd_operation o on o.reference = t.reference  -- a reversal keeps it
        left join wallet ow on ow.id = case when o.payer_id = w.id then o.payee_id else o.payer_id end
        left join users other on other.id = ow.user_id
        where w.user_id = %s and w.currency = %s order by e.account_version desc
        """,
        (STATEMENT_LINES, user_id, currency),
    )
    zone = ZoneInfo(timezone)
    lines = []
    for row in rows:
        money = Money(row["amount"], currency)
        who = row["party_name"] if row["is_own"] else ""  # what he paid at goes by its own name
        who = who or shown_name(row["first_name"] or "", row["last_name"] or "", row["reference"] or "")
        sign = "+" if row["amount"] > 0 else ""
        lines.append(f"{row['occurred_at'].astimezone(zone):%d/%m} {sign}{money.on_phone()} {who}".rstrip())
    return "\n".join(lines) or None


def ago_text(elapsed_s: float) -> str:
    """Return `40 s` below a minute, then `3 min`."""
    elapsed = max(0, int(elapsed_s))
    return f"{elapsed} s" if elapsed < MINUTE_S else f"{elapsed // MINUTE_S} min"
