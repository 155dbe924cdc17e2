"""An order of trial: a top-up or a withdrawal of a wallet of this installation, through accounts on trial only."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from core.database import Session, fetch_all, fetch_one
from core.errors import Refusal
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor
from core.phone import normalise
from core.settings import get_settings
from models.ledger import Source
from models.transfers import Direction, ProviderEnvironment
from models.wallets import OperationType
from services import routes, wallets
from services.simulators.desk import require_trial_people
from services.wallets import NoWallet, OutsideOperation, RechargeWallet, WithdrawMoney

_WALLET = """
select u.id as user_id, u.phone, u.country, trim(u.first_name || ' ' || u.last_name) as name, l.balance, l.currency
from wallet w join users u on u.id = w.user_id join ledger_account l on l.id = w.account_id
where w.state = 'active' and u.state = 'active'
"""


class NotFake(Refusal):
    """The route of this method leads to real money."""

    code = "compte_reel"
    status = 409
    sentence = "Ce moyen ne passe pas par un compte d'essai : rien n'a été envoyé."


class SendTrial(Order):
    """Money asked of a person's phone (`collect`) or sent to it (`payout`), once per `key`."""

    key: str
    phone: str
    method: str
    direction: Literal["collect", "payout"]
    amount_minor: int = Field(ge=1)


@dataclass(frozen=True, slots=True)
class TrialMethod:
    """One way to pay that goes through an account on trial, that of `adapter`."""

    method: str
    label: str
    adapter: str


@dataclass(frozen=True, slots=True)
class TrialWallet:
    """A person whose wallet may serve; `methods` by direction."""

    phone: str
    name: str
    balance: Money
    collects: tuple[TrialMethod, ...] = ()
    payouts: tuple[TrialMethod, ...] = ()


def send_trial(session: Session, actor: Actor, order: SendTrial) -> OutsideOperation:
    """Ask for the money as the phone menu does, priced the same; refuses `NotFake` and what a top-up refuses."""
    require_trial_people(actor)
    holder = _holder(session, order.phone)
    if order.method not in {one.method for one in _methods(session, holder, Direction(order.direction))}:
        raise NotFake
    kind = OperationType.RECHARGE if order.direction == "collect" else OperationType.CASH_OUT
    amount = Money(order.amount_minor, Currency(holder["currency"]))
    priced = wallets.quote(session, kind, amount, holder["user_id"])
    wanted: dict[str, Any] = {
        "key": f"simulator:{order.key}",
        "user_id": holder["user_id"],
        "method": order.method,
        "amount": priced.amount,
        "fee": priced.fee,
        "tariff_id": priced.tariff_id,
        "source": Source.TRANSFER,
    }
    if order.direction == "collect":
        return wallets.recharge(session, actor, RechargeWallet(**wanted))
    return wallets.withdraw(session, actor, WithdrawMoney(**wanted, is_number_proved=True))


# Reads


def list_wallets(session: Session, actor: Actor, *, limit: int = 40) -> list[TrialWallet]:
    """Return people whose wallet may serve in the countries where accounts on trial are, the documents' own first."""
    require_trial_people(actor)
    rows = fetch_all(
        session,
        f"""
        select * from (
            select found.*, row_number() over (partition by country order by phone !~ '00000.$', phone) as rank
            from ({_WALLET}) found
            where exists (
                select from provider_route r join provider_account a on a.id = r.account_id
                where r.country = found.country and a.currency in ('', found.currency)
                  and a.environment = 'fake' and a.state = 'active')) ranked
        where rank <= 8 order by country <> %s, country, rank limit %s
        """,
        (get_settings().ussd_country, limit),
    )
    return [TrialWallet(row["phone"], row["name"], Money(row["balance"], Currency(row["currency"]))) for row in rows]


def find_wallet(session: Session, actor: Actor, phone: str) -> TrialWallet:
    """Return the person of a number with the methods on trial that reach him; refuses `NoWallet`."""
    require_trial_people(actor)
    row = _holder(session, normalise(phone, None).e164)
    return TrialWallet(
        phone=row["phone"],
        name=row["name"],
        balance=Money(row["balance"], Currency(row["currency"])),
        collects=_methods(session, row, Direction.COLLECT),
        payouts=_methods(session, row, Direction.PAYOUT),
    )


def _methods(session: Session, holder: dict[str, Any], direction: Direction) -> tuple[TrialMethod, ...]:
    """Return the methods that reach a phone through an account on trial."""
    country = normalise(holder["phone"], None).country
    currency = Currency(holder["currency"])
    return tuple(
        TrialMethod(
            offer.method, offer.label, routes.choose(session, offer.method, country, direction, currency).adapter
        )
        for offer in routes.list_offers(session, country, direction, currency)
        if offer.environment == ProviderEnvironment.FAKE
    )


def _holder(session: Session, phone: str) -> dict[str, Any]:
    row = fetch_one(session, f"{_WALLET} and u.phone = %s order by w.id limit 1", (phone,))
    if row is None:
        raise NoWallet
    return row
