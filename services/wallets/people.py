"""Who owns a wallet: registering one's own number, and finding the person money goes to."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import Field

from core import clock, gsm7, ids
from core.database import Session, driver, fetch_one
from core.money import Currency
from core.orders import Order
from core.permissions import Actor
from core.phone import PhoneRefusal, mask_phone, normalise
from core.security import PinHash
from models.ledger import AccountKind
from models.messages import Channel
from models.wallets import WalletLevel
from services import audit, ledger, messages, pins
from services.messages import OutgoingMessage
from services.wallets.refusals import (
    AlreadyRegistered,
    InvalidPayee,
    OwnNumber,
    PayeeClosed,
    UnknownPayee,
    guard_velocity,
)

LONGEST_SHOWN_NAME = 20


class RegisterSubscriber(Order):
    """The caller's order to open a wallet for his own number, proved by the gateway that carried his call."""

    user_id: UUID
    phone: str
    name: str = Field(min_length=2, max_length=40)
    pin: PinHash = Field(repr=False)
    currency: Currency
    country: str
    language: str = "fr"
    brand: str = "Palabre"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person with a wallet."""

    user_id: UUID
    wallet_id: UUID
    account_id: UUID
    phone: str
    name: str
    currency: Currency


@dataclass(frozen=True, slots=True)
class AirtimeTarget:
    """A mobile number that may get airtime; `name` is empty when nobody is registered under it."""

    phone: str
    country: str
    name: str


@dataclass(frozen=True, slots=True)
class Payee:
    """Who would receive, as shown before any money moves."""

    user_id: UUID
    wallet_id: UUID
    phone: str
    name: str


# A row whose owner could sign in and which never proved this number belongs to somebody else: it loses the number.
# A row added by name only is this person's own.
_HOLDER = """
select u.id, u.phone_proved_at is not null as is_proved,
       u.email is not null or u.password_hash is not null or u.oidc_subject is not null as can_sign_in,
       exists (select from wallet w where w.user_id = u.id and w.currency = %(currency)s) as has_wallet
from users u where u.phone = %(phone)s
"""


def prepare_registration(session: Session, phone: str, currency: Currency) -> UUID:
    """Return the id of the user this number's wallet will belong to: the PIN is hashed with it before `register`.

    Refuses with `AlreadyRegistered`, or with `TooManyRequests` when this number registers too often.
    """
    guard_velocity(session, "registrations", phone)
    holder = fetch_one(session, _HOLDER, {"phone": phone, "currency": currency})
    if holder is None or _is_somebody_else(holder):
        return ids.new_id()
    if holder["has_wallet"]:
        raise AlreadyRegistered
    found: UUID = holder["id"]
    return found


def register(session: Session, actor: Actor, order: RegisterSubscriber) -> Subscriber:
    """Open a wallet at 0 for the caller's own number, with the PIN he chose, and welcome him by SMS.

    `order.user_id` and the PIN's hash come from `prepare_registration`; a person who has a PIN keeps it. Refuses with
    `AlreadyRegistered` when somebody was faster.
    """
    driver(session).execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"phone:{order.phone}",))
    holder = fetch_one(session, _HOLDER, {"phone": order.phone, "currency": order.currency})
    if holder is not None and _is_somebody_else(holder):
        driver(session).execute("update users set phone = null where id = %s", (holder["id"],))
        audit.record(session, actor, "user.phone_lost", "user", str(holder["id"]), summary="prouvé par un autre")
        holder = None
    if holder is not None and (holder["has_wallet"] or holder["id"] != order.user_id):
        raise AlreadyRegistered
    _write_person(session, order)
    subscriber = _open_wallet(session, order)
    pins.choose(session, order.user_id, order.pin)
    _welcome(session, order, subscriber)
    audit.record(session, actor, "subscriber.register", "user", str(order.user_id), summary=order.currency)
    return subscriber


def shown_name(first_name: str, last_name: str, otherwise: str = "") -> str:
    """Return the registered name as a phone shows it: at most 20 septets, folded."""
    name = gsm7.fit_variable(f"{first_name} {last_name}".strip(), otherwise)
    while gsm7.measure(name).size > LONGEST_SHOWN_NAME:
        name = name[:-1]
    return name.rstrip()


def _is_somebody_else(holder: dict[str, Any]) -> bool:
    return not holder["is_proved"] and holder["can_sign_in"]


def _write_person(session: Session, order: RegisterSubscriber) -> None:
    first_name, _, last_name = " ".join(order.name.split()).partition(" ")
    driver(session).execute(
        """
        insert into users (id, created_at, phone, phone_proved_at, first_name, last_name, language, country,
            must_change_password, global_role, state, city, address, profile_picture, last_login_address)
        values (%(id)s, %(now)s, %(phone)s, %(now)s, %(first)s, %(last)s, %(language)s, %(country)s,
            false, 'membre', 'active', '', '', '', '')
        on conflict (id) do update set
            phone_proved_at = coalesce(users.phone_proved_at, excluded.phone_proved_at),
            first_name = case when users.first_name || users.last_name = '' then excluded.first_name
                         else users.first_name end,
            last_name = case when users.first_name || users.last_name = '' then excluded.last_name
                        else users.last_name end
        """,
        {
            "id": order.user_id,
            "now": clock.now(),
            "phone": order.phone,
            "first": first_name,
            "last": last_name,
            "language": order.language,
            "country": order.country,
        },
    )


def _open_wallet(session: Session, order: RegisterSubscriber) -> Subscriber:
    wallet_id = ids.new_id()
    account_id = ledger.open_account(
        session, AccountKind.WALLET, "wallet", wallet_id, order.currency, label=mask_phone(order.phone)
    )
    row = fetch_one(
        session,
        """
        with opened as (
            insert into wallet (id, created_at, user_id, currency, level, state, account_id)
            values (%s, %s, %s, %s, %s, 'active', %s) returning user_id)
        select first_name, last_name from users where id = (select user_id from opened)
        """,
        (wallet_id, clock.now(), order.user_id, order.currency, WalletLevel.SELF_REGISTERED, account_id),
    )
    name = f"{row['first_name']} {row['last_name']}".strip() if row else order.name
    return Subscriber(order.user_id, wallet_id, account_id, order.phone, name, order.currency)


def _welcome(session: Session, order: RegisterSubscriber, subscriber: Subscriber) -> None:
    messages.enqueue(
        session,
        OutgoingMessage(
            dedupe_key=f"wallet_bienvenue:{order.user_id}:{order.currency}",
            type="wallet_bienvenue",
            channel=Channel.SMS,
            address=order.phone,
            template_code="wallet_bienvenue",
            recipient_id=order.user_id,
            locale=order.language,
            variables={
                "marque": order.brand,
                "nom": shown_name(subscriber.name, ""),
                "tel": normalise(order.phone, None).national,
            },
            priority=1,  # he has just opened it: an answer waits for no morning
        ),
    )


# Reads


def get_payee(session: Session, payer_id: UUID, typed: str, country: str, currency: Currency) -> Payee:
    """Find who receives, from a number in any written form (`country` is the payer's).

    Refuses with `InvalidPayee`, `OwnNumber`, `UnknownPayee`, `PayeeClosed`, or `TooManyRequests`: a directory must not
    be read by trial.
    """
    try:
        phone = normalise(typed, country).e164
    except PhoneRefusal as refusal:
        raise InvalidPayee from refusal
    guard_velocity(session, "lookups", str(payer_id))
    row = fetch_one(
        session,
        """
        select u.id as user_id, u.first_name, u.last_name, w.id as wallet_id,
               u.state = 'active' and w.state = 'active' as is_open
        from users u left join wallet w on w.user_id = u.id and w.currency = %s where u.phone = %s
        """,
        (currency, phone),
    )
    if row is not None and row["user_id"] == payer_id:
        raise OwnNumber
    if row is None or row["wallet_id"] is None:
        raise UnknownPayee
    if not row["is_open"]:
        raise PayeeClosed
    name = shown_name(row["first_name"], row["last_name"], phone)
    return Payee(row["user_id"], row["wallet_id"], phone, name)


def get_airtime_target(session: Session, payer_id: UUID, typed: str, country: str) -> AirtimeTarget:
    """Find whose number gets airtime: any mobile number, registered or not; one's own is not counted as a look-up.

    Refuses with `InvalidPayee`, or `TooManyRequests`.
    """
    try:
        phone = normalise(typed, country)
    except PhoneRefusal as refusal:
        raise InvalidPayee from refusal
    row = fetch_one(session, "select id, first_name, last_name from users where phone = %s", (phone.e164,))
    if row is None or row["id"] != payer_id:
        guard_velocity(session, "lookups", str(payer_id))
    name = shown_name(row["first_name"], row["last_name"], phone.masked) if row is not None else ""
    return AirtimeTarget(phone.e164, phone.country, name)
