"""What is paid outside the house from a menu: billers and airtime, as rows an operator edits."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from pydantic import Field
from sqlmodel import select

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.errors import FieldRefusal, NotFound
from core.orders import Order, Text
from core.patterns import check_pattern
from core.permissions import Actor, Permission
from core.states import transition
from models.merchants import BILLER_STEPS, AmountKind, Biller, BillerKind, BillerState
from models.transfers import BreakerState
from services import audit

SUBJECT = "biller"
MONTH = timedelta(days=30)
LONGEST_REFERENCE = 16  # what the menus let a person type


class BillerTaken(FieldRefusal):
    """This code serves already."""

    code = "facturier_existe"
    status = 409
    sentence = "Ce code existe déjà."
    field: ClassVar[str] = "code"


class ExampleRefused(FieldRefusal):
    """The example is no reference of this form, so nobody's would be."""

    code = "exemple_refuse"
    status = 422
    sentence = "L'exemple n'a pas cette forme, ou dépasse 16 caractères."
    field: ClassVar[str] = "example"


class PatternRefused(FieldRefusal):
    """The form of the references cannot be read."""

    code = "forme_refusee"
    status = 422
    sentence = "Cette forme ne se lit pas. Exemple : ^[0-9]{10}$"
    field: ClassVar[str] = "pattern"


class WriteBiller(Order):
    """A biller as it should be; one that exists under this code is changed, its code and kind never."""

    code: str = Field(pattern="^[A-Z][A-Z0-9-]{1,15}$")
    kind: BillerKind = BillerKind.BILL
    country: str = Field(pattern="^[A-Z]{2}$")
    name: dict[str, Text]
    pattern: str = Field(default="", max_length=200)
    example: str = Field(default="", max_length=40)
    connector: str = Field(min_length=2, max_length=40)
    amount_kind: AmountKind = AmountKind.FREE
    position: int = Field(default=0, ge=0, le=99)


class MoveBiller(Order):
    """Offer a biller no longer, or again."""

    biller_id: UUID
    reason: str = Field(min_length=3, max_length=500)


def create_biller(session: Session, actor: Actor, order: WriteBiller) -> UUID:
    """Add a biller to the menus of its country; the next dialogue lists it."""
    actor.require(Permission.USSD_MERCHANTS_WRITE)
    _guard_form(order)
    if session.exec(select(Biller).where(Biller.code == order.code)).first() is not None:
        raise BillerTaken
    biller = Biller(**order.model_dump())
    session.add(biller)
    session.flush()
    audit.record(session, actor, "biller.create", SUBJECT, biller.id, order.code, order.model_dump(mode="json"))
    return biller.id


def change_biller(session: Session, actor: Actor, order: WriteBiller) -> UUID:
    """Change name, form, example, connector or place of a biller."""
    actor.require(Permission.USSD_MERCHANTS_WRITE)
    _guard_form(order)
    biller = session.exec(select(Biller).where(Biller.code == order.code).with_for_update()).first()
    if biller is None:
        raise NotFound(thing=SUBJECT)
    values = order.model_dump(exclude={"code", "kind"})
    changes = {name: str(value) for name, value in values.items() if getattr(biller, name) != value}
    for name, value in values.items():
        setattr(biller, name, value)
    session.add(biller)
    audit.record(session, actor, "biller.change", SUBJECT, biller.id, order.code, changes)
    return biller.id


def stop_biller(session: Session, actor: Actor, order: MoveBiller) -> None:
    """Take a biller off the menus; what was already sent goes on."""
    _move(session, actor, order, BillerState.STOPPED)


def offer_biller(session: Session, actor: Actor, order: MoveBiller) -> None:
    """Put a biller back on the menus."""
    _move(session, actor, order, BillerState.ACTIVE)


def _move(session: Session, actor: Actor, order: MoveBiller, to: BillerState) -> None:
    actor.require(Permission.USSD_MERCHANTS_WRITE)
    biller = session.get(Biller, order.biller_id, with_for_update=True, populate_existing=True)
    if biller is None:
        raise NotFound(thing=SUBJECT)
    transition(biller, BILLER_STEPS, to)
    session.add(biller)
    audit.record(session, actor, f"biller.{to}", SUBJECT, biller.id, order.reason, {"code": biller.code})


def _guard_form(order: WriteBiller) -> None:
    if order.kind == BillerKind.AIRTIME:
        return
    try:
        check_pattern(order.pattern)
    except ValueError as error:
        raise PatternRefused from error
    if not order.pattern:
        raise PatternRefused
    if len(order.example) > LONGEST_REFERENCE or not re.fullmatch(order.pattern, order.example):
        raise ExampleRefused


# Reads


@dataclass(frozen=True, slots=True)
class BillerRow:
    """A biller as a menu lists it; `is_due` when the biller says the amount."""

    code: str
    name: str
    pattern: str
    connector: str
    is_due: bool


@dataclass(frozen=True, slots=True)
class BillerCard:
    """A biller or airtime as an operator edits it, with what carries it now.

    `carriers` is how many active accounts serve its connector there, `ready` how many of them answer.
    """

    id: UUID
    code: str
    kind: str
    country: str
    name: dict[str, str]
    pattern: str
    example: str
    connector: str
    amount_kind: str
    state: str
    position: int
    carriers: int
    ready: int
    paid_30_days: int
    unknown: int


def list_active(session: Session, country: str, language: str) -> list[BillerRow]:
    """Return the billers a country's menu offers, in the language or else in French."""
    rows = fetch_all(
        session,
        """
        select code, coalesce(name ->> %s, name ->> 'fr', code) as name, pattern, connector,
               amount_kind = 'due' as is_due
        from biller where country = %s and kind = 'bill' and state = 'active' order by position, code
        """,
        (language, country),
    )
    return [BillerRow(**row) for row in rows]


def is_airtime_open(session: Session, country: str) -> bool:
    """Say whether airtime is sold in a country: unless its row says it is stopped."""
    stopped = fetch_one(
        session,
        "select 1 as found from biller where country = %s and kind = 'airtime' and state = 'stopped'",
        (country,),
    )
    return stopped is None


_CARDS = """
select b.id, b.code, b.kind, b.country, b.name, b.pattern, b.example, b.connector, b.amount_kind, b.state, b.position,
       coalesce(c.carriers, 0) as carriers, coalesce(c.ready, 0) as ready,
       coalesce(o.paid, 0) as paid_30_days, coalesce(o.doubted, 0) as unknown
from biller b
left join lateral (
    select count(*) as carriers, count(*) filter (where a.breaker = %(closed)s and not a.are_payouts_paused) as ready
    from provider_route r join provider_account a on a.id = r.account_id
    where r.method = b.connector and r.direction = 'payout' and r.country in (b.country, '') and a.state = 'active'
) c on true
left join lateral (
    select count(*) filter (where u.state = 'completed') as paid, count(*) filter (where u.state = 'unknown') as doubted
    from ussd_operation u
    where u.type = b.kind and u.created_at > %(since)s
      and (b.kind = 'airtime' or u.party like b.code || ' %%')
) o on true
"""


def list_billers(session: Session, actor: Actor) -> list[BillerCard]:
    """Return every biller and airtime, by country and place."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        f"{_CARDS} order by b.country, b.kind desc, b.position, b.code",
        {"closed": BreakerState.CLOSED, "since": clock.now() - MONTH},
    )
    return [BillerCard(**row) for row in rows]
