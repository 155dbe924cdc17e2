"""Points of sale: a code of 6 digits behind which an agent or a merchant is paid on his wallet.

One operator opens it, another approves it; so it is for whom it pays. A code serves once, whatever became of it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field
from sqlmodel import select

from core import gsm7
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import FieldRefusal, NotFound, WrongState
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.merchants import MERCHANT_STEPS, Merchant, MerchantRole, MerchantState
from models.messages import Channel
from models.wallets import Wallet, WalletLevel
from services import approvals, audit, messages
from services.approvals import ApprovalRow, AskApproval, Kind
from services.merchant_owners import find_owner, guard_free, owner_by_id
from services.messages import OutgoingMessage
from services.shown import LARGEST_PAGE, full_name, phone_for

SUBJECT = "merchant"
LONGEST_NAME = 20  # septets, as a phone shows it


class NameTooLong(FieldRefusal):
    """A phone shows 20 characters."""

    code = "nom_trop_long"
    status = 422
    sentence = "20 caractères au plus : c'est ce qu'un téléphone montre."
    field: ClassVar[str] = "name"


class CreateMerchant(Order):
    """A new point of sale; `phone` is its owner's, in any written form. The code is drawn, never chosen."""

    name: str = Field(min_length=2, max_length=40)
    phone: str = Field(min_length=4, max_length=30)
    role: MerchantRole
    country: str = "CM"
    reason: str = Field(default="", max_length=500)


class ChangeOwner(Order):
    """Another person is paid from the moment a second operator agrees."""

    merchant_id: UUID
    phone: str = Field(min_length=4, max_length=30)
    country: str = "CM"
    reason: str = Field(min_length=3, max_length=500)


class MoveMerchant(Order):
    """Stop a point of sale, or let it work again."""

    merchant_id: UUID
    reason: str = Field(min_length=3, max_length=500)


def create_merchant(session: Session, actor: Actor, order: CreateMerchant) -> "MerchantRow":
    """Write a point of sale under a fresh code and ask a second person; it serves once approved."""
    actor.require(Permission.USSD_MERCHANTS_WRITE)
    if gsm7.measure(gsm7.fold(order.name)).size > LONGEST_NAME:
        raise NameTooLong
    owner = find_owner(session, order.phone, order.country)
    guard_free(session, owner)
    merchant = Merchant(
        code=_draw_code(session),
        name=" ".join(order.name.split()),
        owner_id=owner.user_id,
        currency=owner.currency,
        role=order.role,
        level=WalletLevel(order.role),
        created_by=actor.user_id,
    )
    session.add(merchant)
    session.flush()
    summary = f"{merchant.name} ({merchant.code}), {owner.name}"
    payload = {"code": merchant.code, "role": order.role, "owner_id": str(owner.user_id)}
    _ask(session, actor, OPEN, merchant, summary, payload, order.reason)
    audit.record(session, actor, "merchant.create", SUBJECT, merchant.id, summary, payload)
    return get_merchant(session, actor, merchant.code)


def request_owner(session: Session, actor: Actor, order: ChangeOwner) -> ApprovalRow:
    """Ask a second person to pay somebody else from now on; nothing changes before."""
    actor.require(Permission.USSD_MERCHANTS_WRITE)
    merchant = _locked(session, order.merchant_id)
    if merchant.state not in {MerchantState.ACTIVE, MerchantState.SUSPENDED}:
        raise WrongState(state=merchant.state, wanted=MerchantState.ACTIVE)
    owner = find_owner(session, order.phone, order.country, Currency(merchant.currency))
    guard_free(session, owner)
    summary = f"{merchant.name} ({merchant.code}) → {owner.name} {owner.phone}"
    payload = {"owner_id": str(owner.user_id), "was": str(merchant.owner_id)}
    return _ask(session, actor, OWNER, merchant, summary, payload, order.reason)


def suspend_merchant(session: Session, actor: Actor, order: MoveMerchant) -> None:
    """Stop a point of sale at once: its code refuses, and its owner is an ordinary subscriber again."""
    _move(session, actor, order, MerchantState.SUSPENDED)


def reopen_merchant(session: Session, actor: Actor, order: MoveMerchant) -> None:
    """Let a suspended point of sale work again."""
    _move(session, actor, order, MerchantState.ACTIVE)


def _move(session: Session, actor: Actor, order: MoveMerchant, to: MerchantState) -> None:
    actor.require(Permission.USSD_MERCHANTS_WRITE)
    merchant = _locked(session, order.merchant_id)
    if merchant.state == MerchantState.PENDING:
        raise WrongState(state=merchant.state, wanted=to)
    transition(merchant, MERCHANT_STEPS, to)
    is_open = to == MerchantState.ACTIVE
    _set_level(session, merchant.owner_id, merchant.currency, merchant.level if is_open else WalletLevel.IDENTIFIED)
    act = "merchant.reopen" if is_open else "merchant.suspend"
    audit.record(session, actor, act, SUBJECT, merchant.id, order.reason, {"code": merchant.code})


def _opened(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    merchant = _locked(session, approval.subject_id)
    transition(merchant, MERCHANT_STEPS, MerchantState.ACTIVE)
    _set_level(session, merchant.owner_id, merchant.currency, merchant.level)
    _tell(session, merchant, merchant.owner_id, "marchand_ouvert", approval.id)
    audit.record(session, actor, "merchant.open", SUBJECT, merchant.id, approval.summary, {"code": merchant.code})


def _not_opened(session: Session, _actor: Actor, approval: ApprovalRow) -> None:
    transition(_locked(session, approval.subject_id), MERCHANT_STEPS, MerchantState.REFUSED)


def _owner_changed(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    """Pay the new owner; the old one is told, and goes back to an identified subscriber's level."""
    merchant = _locked(session, approval.subject_id)
    was, now = merchant.owner_id, UUID(approval.payload["owner_id"])
    owner = owner_by_id(session, now, Currency(merchant.currency))
    guard_free(session, owner)
    merchant.owner_id = now
    session.add(merchant)
    session.flush()
    _set_level(session, was, merchant.currency, WalletLevel.IDENTIFIED)
    if merchant.state == MerchantState.ACTIVE:
        _set_level(session, now, merchant.currency, merchant.level)
    _tell(session, merchant, was, "marchand_proprietaire", approval.id)
    _tell(session, merchant, now, "marchand_ouvert", approval.id)
    changes = {"was": str(was), "owner_id": str(now), "asked_by": str(approval.asked_by)}
    audit.record(session, actor, "merchant.owner", SUBJECT, merchant.id, approval.summary, changes)


OPEN = approvals.register(
    Kind(
        name="merchant_open",
        title="Ouvrir un point de vente",
        asks=Permission.USSD_MERCHANTS_WRITE,
        decides=Permission.USSD_MERCHANTS_WRITE,
        on_approved=_opened,
        on_ended=_not_opened,
    )
)
OWNER = approvals.register(
    Kind(
        name="merchant_owner",
        title="Changer qui est payé",
        asks=Permission.USSD_MERCHANTS_WRITE,
        decides=Permission.USSD_MERCHANTS_WRITE,
        on_approved=_owner_changed,
    )
)
KINDS = frozenset({OPEN.name, OWNER.name})


def _ask(  # one question, said whole
    session: Session,
    actor: Actor,
    kind: Kind,
    merchant: Merchant,
    summary: str,
    payload: dict[str, Any],
    reason: str,
) -> ApprovalRow:
    asked = AskApproval(
        kind=kind.name, subject_type=SUBJECT, subject_id=merchant.id, summary=summary, payload=payload, reason=reason
    )
    return approvals.ask(session, actor, asked)


def _draw_code(session: Session) -> str:
    """Draw a code nobody ever had; the lock keeps two openings from drawing the same one."""
    driver(session).execute("select pg_advisory_xact_lock(hashtextextended('merchant:code', 0))")
    while True:
        code = f"{secrets.randbelow(900_000) + 100_000}"
        if fetch_one(session, "select 1 as found from merchant where code = %s", (code,)) is None:
            return code


def _locked(session: Session, merchant_id: UUID) -> Merchant:
    merchant = session.get(Merchant, merchant_id, with_for_update=True, populate_existing=True)
    if merchant is None:
        raise NotFound(thing="merchant")
    return merchant


def _set_level(session: Session, owner_id: UUID, currency: str, level: str) -> None:
    wallet = session.exec(
        select(Wallet).where(Wallet.user_id == owner_id, Wallet.currency == currency).with_for_update()
    ).one()
    wallet.level = WalletLevel(level)
    session.add(wallet)


def _tell(session: Session, merchant: Merchant, user_id: UUID, template: str, act_id: UUID) -> None:
    person = fetch_one(session, "select phone, language from users where id = %s and phone is not null", (user_id,))
    if person is None:
        return
    messages.enqueue(
        session,
        OutgoingMessage(
            dedupe_key=f"{template}:{act_id}",
            type=template,
            channel=Channel.SMS,
            address=person["phone"],
            template_code=template,
            recipient_id=user_id,
            locale=person["language"],
            variables={"nom": gsm7.fit_variable(merchant.name, merchant.code), "code": merchant.code},
            priority=1,  # about whose money it is: it waits for no morning
        ),
    )


# Reads


@dataclass(frozen=True, slots=True)
class MerchantFound:
    """Who is behind a code, as a menu needs him; `state` is `active` only when he may be paid at once."""

    code: str
    name: str
    wallet_id: UUID
    user_id: UUID
    state: str
    phone: str
    role: str
    currency: Currency


@dataclass(frozen=True, slots=True)
class MerchantRow:
    """A point of sale as an operator sees it; `float_` is what its owner's wallet holds."""

    id: UUID
    code: str
    name: str
    role: str
    level: str
    state: str
    owner_id: UUID
    owner_name: str
    owner_phone: str
    float_: Money
    created_at: datetime


def find_by_code(session: Session, code: str) -> MerchantFound | None:
    """Return who a code belongs to; None when nobody, or when a second person has not approved him yet."""
    row = fetch_one(
        session,
        """
        select m.code, m.name, w.id as wallet_id, m.owner_id as user_id, m.role, m.currency,
               coalesce(u.phone, '') as phone,
               case when m.state = 'active' and u.state = 'active' and w.state = 'active' then 'active'
                    else 'suspended' end as state
        from merchant m join users u on u.id = m.owner_id
        join wallet w on w.user_id = m.owner_id and w.currency = m.currency
        where m.code = %s and m.state in ('active', 'suspended')
        """,
        (code,),
    )
    return None if row is None else MerchantFound(**{**row, "currency": Currency(row["currency"])})


_LIST = """
select m.*, u.first_name, u.last_name, u.phone, a.balance
from merchant m join users u on u.id = m.owner_id
left join wallet w on w.user_id = m.owner_id and w.currency = m.currency
left join ledger_account a on a.id = w.account_id
"""
_WANTED = """
where (%(state)s = '' or m.state = %(state)s) and (%(role)s = '' or m.role = %(role)s)
  and (%(search)s = '' or m.code = %(search)s or u.phone like '%%' || %(digits)s and %(digits)s <> ''
       or french_key(m.name) like french_key(%(search)s) || '%%'
       or french_key(u.first_name || ' ' || u.last_name) like french_key(%(search)s) || '%%')
"""


def list_merchants(  # what narrows a list
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    state: str = "",
    role: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[MerchantRow]:
    """Return points of sale by name, found by code, number or name."""
    actor.require(Permission.USSD_READ)
    asked = {**_asked(search, state, role), "limit": min(limit, LARGEST_PAGE), "offset": offset}
    rows = fetch_all(session, f"{_LIST}{_WANTED} order by m.name, m.code limit %(limit)s offset %(offset)s", asked)
    return [_row(actor, row) for row in rows]


def count_merchants(session: Session, actor: Actor, *, search: str = "", state: str = "", role: str = "") -> int:
    """Return how many points of sale `list_merchants` pages through."""
    actor.require(Permission.USSD_READ)
    counting = f"select count(*) as found from merchant m join users u on u.id = m.owner_id {_WANTED}"
    row = fetch_one(session, counting, _asked(search, state, role))
    return int(row["found"]) if row else 0


def get_merchant(session: Session, actor: Actor, code: str) -> MerchantRow:
    """Return one point of sale by its code, to who may read them all, and to its owner."""
    row = fetch_one(session, f"{_LIST} where m.code = %s", (code,))
    if row is None or not (actor.may(Permission.USSD_READ) or row["owner_id"] == actor.user_id):
        raise NotFound(thing="merchant")
    return _row(actor, row)


def list_decisions(session: Session, actor: Actor, code: str) -> list[ApprovalRow]:
    """Return what two persons were asked about one point of sale, the newest first."""
    actor.require(Permission.USSD_READ)
    return approvals.list_of_subject(session, SUBJECT, get_merchant(session, actor, code).id)


def find_own(session: Session, actor: Actor) -> MerchantRow | None:
    """Return the point of sale this person owns; None when he has none that works."""
    row = fetch_one(
        session,
        f"{_LIST} where m.owner_id = %s and m.state in ('active', 'suspended') order by m.created_at limit 1",
        (actor.user_id,),
    )
    return None if row is None else _row(actor, row)


def _asked(search: str, state: str, role: str) -> dict[str, str]:
    text = search.strip()
    digits = "".join(mark for mark in text if mark.isdigit())
    return {"search": text, "digits": digits if len(digits) >= len("699000") + 3 else "", "state": state, "role": role}


def _row(actor: Actor, row: dict[str, Any]) -> MerchantRow:
    return MerchantRow(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        role=row["role"],
        level=row["level"],
        state=row["state"],
        owner_id=row["owner_id"],
        owner_name=full_name(row["first_name"], row["last_name"]),
        owner_phone=phone_for(actor, row["phone"]) if row["owner_id"] != actor.user_id else row["phone"],
        float_=Money(row["balance"] or 0, Currency(row["currency"])),
        created_at=row["created_at"],
    )
