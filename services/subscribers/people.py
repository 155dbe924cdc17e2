"""Finding a subscriber, his card, and closing or opening his wallets."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlmodel import col, select

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.phone import PhoneRefusal, mask_phone, normalise
from core.states import transition
from models.wallets import WALLET_STEPS, Wallet, WalletState
from services import audit, ledger, messages, pins
from services.messages import MessageRow
from services.pins import NoPin, PinState
from services.searching import beginning
from services.shown import LARGEST_PAGE, full_name, phone_for


class SuspendSubscriber(Order):
    """An operator's order to close or open again all wallets of a person."""

    user_id: UUID
    reason: str = Field(min_length=1)


def suspend(session: Session, actor: Actor, order: SuspendSubscriber) -> None:
    """Stop a person's wallets: they neither send nor receive; a dialogue under way ends at its next money step."""
    _move(session, actor, order, WalletState.ACTIVE, WalletState.SUSPENDED, "subscriber.suspend")


def reactivate(session: Session, actor: Actor, order: SuspendSubscriber) -> None:
    """Let a suspended person's wallets serve again."""
    _move(session, actor, order, WalletState.SUSPENDED, WalletState.ACTIVE, "subscriber.reactivate")


def _move(
    session: Session, actor: Actor, order: SuspendSubscriber, present: WalletState, to: WalletState, action: str
) -> None:
    """Move every wallet in state `present`; none at all is a step from a state that has no such arrow."""
    actor.require(Permission.SUBSCRIBERS_WRITE)
    wallets = session.exec(
        select(Wallet).where(Wallet.user_id == order.user_id).order_by(col(Wallet.id)).with_for_update()
    ).all()
    if not wallets:
        raise NotFound(thing="subscriber")
    # A transfer under way holds the account: it ends first, and the next one finds the wallet's new state.
    ledger.lock_balances(session, [wallet.account_id for wallet in wallets])
    for wallet in [wallet for wallet in wallets if wallet.state == present] or wallets:
        transition(wallet, WALLET_STEPS, to)
    audit.record(session, actor, action, "user", str(order.user_id), summary=order.reason)


# Reads


@dataclass(frozen=True, slots=True)
class SubscriberRow:
    """One line of a search."""

    user_id: UUID
    name: str
    phone: str
    language: str
    level: str
    state: str
    balance: Money
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class WalletRow:
    """One wallet with the ledger's balance at `as_of`, and what of the ceilings is used (None = no ceiling)."""

    wallet_id: UUID
    account_id: UUID
    level: str
    state: str
    balance: Money
    as_of: datetime
    opened_at: datetime
    out_today: Money
    out_30_days: Money
    day_ceiling: Money | None
    month_ceiling: Money | None
    balance_ceiling: Money | None


@dataclass(frozen=True, slots=True)
class SubscriberCard:
    """A person as an operator knows him; `pin` is None when he has none."""

    user_id: UUID
    name: str
    phone: str
    language: str
    country: str
    state: str
    registered_at: datetime
    wallets: tuple[WalletRow, ...]
    pin: PinState | None


_FROM = " from wallet w join users u on u.id = w.user_id join ledger_account a on a.id = w.account_id where "

# A condition each, so that each has its index: a number finds its holder, a reference both sides of its operation,
# anything else the beginning of a name.
_EVERYBODY = "true"
_BY_PHONE = "u.phone = %(sought)s"
_BY_REFERENCE = (
    "w.id in (select unnest(array[payer_id, payee_id]) from ussd_operation where reference = upper(%(sought)s))"
)
_BY_NAME = (
    "(french_key(u.first_name || ' ' || u.last_name) like french_key(%(sought)s)"
    " or french_key(u.last_name) like french_key(%(sought)s))"
)
_REFERENCE = re.compile(r"[A-Za-z]{2}-[0-9A-Za-z]{6}")


def list_subscribers(
    session: Session, actor: Actor, search: str = "", *, region: str = "CM", limit: int = 50, offset: int = 0
) -> list[SubscriberRow]:
    """Find people with a wallet by number (any written form), reference or beginning of a name; newest first."""
    actor.require(Permission.SUBSCRIBERS_READ)
    condition, sought = _condition(search, region)
    rows = fetch_all(
        session,
        "select u.id, u.first_name, u.last_name, u.phone, u.language, w.level, w.currency, a.balance, w.created_at,"
        " case when u.state <> 'active' then u.state else w.state end as state"
        f"{_FROM}{condition} order by w.created_at desc, w.id desc limit %(limit)s offset %(offset)s",
        {"sought": sought, "limit": min(limit, LARGEST_PAGE), "offset": offset},
    )
    return [
        SubscriberRow(
            user_id=row["id"],
            name=full_name(row["first_name"], row["last_name"]),
            phone=mask_phone(row["phone"]) if row["phone"] else "",
            language=row["language"],
            level=row["level"],
            state=row["state"],
            balance=Money(row["balance"], Currency(row["currency"])),
            registered_at=row["created_at"],
        )
        for row in rows
    ]


def count_subscribers(session: Session, actor: Actor, search: str = "", *, region: str = "CM") -> int:
    """Return how many lines `list_subscribers` pages through."""
    actor.require(Permission.SUBSCRIBERS_READ)
    condition, sought = _condition(search, region)
    row = fetch_one(session, f"select count(*) as found{_FROM}{condition}", {"sought": sought})
    return int(row["found"]) if row else 0


def get_subscriber(session: Session, actor: Actor, user_id: UUID, timezone: str = "Africa/Douala") -> SubscriberCard:
    """Return a person's card, his balances read now; refuses with `NotFound`."""
    actor.require(Permission.SUBSCRIBERS_READ)
    person = fetch_one(session, "select * from users where id = %s", (user_id,))
    if person is None or person["phone"] is None:
        raise NotFound(thing="subscriber")
    try:
        pin = pins.get_state(session, user_id)
    except NoPin:
        pin = None
    return SubscriberCard(
        user_id=user_id,
        name=full_name(person["first_name"], person["last_name"]),
        phone=phone_for(actor, person["phone"]),
        language=person["language"],
        country=person["country"],
        state=person["state"],
        registered_at=person["created_at"],
        wallets=_wallets(session, user_id, timezone),
        pin=pin,
    )


_WALLETS = """
select w.id, w.account_id, w.level, w.state, w.currency, w.created_at, a.balance, l.*, s.*
from wallet w join ledger_account a on a.id = w.account_id
left join lateral (
    select day_minor, month_minor, balance_max_minor from wallet_limit
    where level = w.level and currency = w.currency and type is null
) l on true
cross join lateral (
    select coalesce(sum(amount_minor + fee_minor) filter (where created_at >= %(day)s), 0)::bigint as out_day,
           coalesce(sum(amount_minor + fee_minor), 0)::bigint as out_month
    from ussd_operation where payer_id = w.id and created_at >= %(month)s
      and state not in ('failed', 'reversed') and type <> 'recharge'
) s
where w.user_id = %(user)s order by w.created_at
"""


def _wallets(session: Session, user_id: UUID, timezone: str) -> tuple[WalletRow, ...]:
    now = clock.now()
    day = now.astimezone(ZoneInfo(timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = fetch_all(session, _WALLETS, {"user": user_id, "day": day, "month": day - timedelta(days=29)})
    return tuple(_wallet(row, now) for row in rows)


def _wallet(row: dict[str, Any], now: datetime) -> WalletRow:
    currency = Currency(row["currency"])

    def ceiling(column: str) -> Money | None:
        return None if row[column] is None else Money(row[column], currency)

    return WalletRow(
        wallet_id=row["id"],
        account_id=row["account_id"],
        level=row["level"],
        state=row["state"],
        balance=Money(row["balance"], currency),
        as_of=now,
        opened_at=row["created_at"],
        out_today=Money(row["out_day"], currency),
        out_30_days=Money(row["out_month"], currency),
        day_ceiling=ceiling("day_minor"),
        month_ceiling=ceiling("month_minor"),
        balance_ceiling=ceiling("balance_max_minor"),
    )


def list_messages(
    session: Session, actor: Actor, user_id: UUID, *, limit: int = 50, offset: int = 0
) -> Sequence[MessageRow]:
    """Return what a person was sent, newest first: for who may read texts."""
    actor.require(Permission.SUBSCRIBERS_READ)
    actor.require(Permission.USSD_TEXTS_READ)
    return messages.list_for_person(session, user_id, limit=limit, offset=offset)


def _condition(search: str, region: str) -> tuple[str, str]:
    """Return the condition a search stands for, and its value."""
    text = search.strip()
    if not text:
        return _EVERYBODY, ""
    if _REFERENCE.fullmatch(text):
        return _BY_REFERENCE, text
    try:
        return _BY_PHONE, normalise(text, region).e164
    except PhoneRefusal:
        return _BY_NAME, beginning(text)
