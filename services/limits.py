"""What a level may do, by version and with two persons; and how often anybody may ask.

A rate is tightened by one person at once, and loosened by two: it is what holds back who empties a stolen wallet or
reads names by trial.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field, model_validator
from sqlmodel import col, or_, select

from core import clock
from core.database import Session, fetch_all
from core.errors import NotFound, Refusal
from core.i18n import t
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from models.ussd import VelocityRule
from models.wallets import OperationType, WalletLevel, WalletLimit
from services import approvals, audit
from services.approvals import ApprovalRow, AskApproval, Kind
from services.shown import full_name, phone_for
from services.wallets.kinds import name_of

SUBJECT = "wallet_limit"
LEVELS = {
    WalletLevel.SELF_REGISTERED: "niveau 0",
    WalletLevel.IDENTIFIED: "niveau 1",
    WalletLevel.AGENT: "agent",
    WalletLevel.MERCHANT: "marchand",
}
RECENT = timedelta(days=7)


class LimitNotPriced(Refusal):
    """An amount would be allowed that no price covers."""

    code = "plafond_sans_tarif"
    status = 422
    sentence = "Le barème en vigueur ne va que de {least} à {most} : changez-le d'abord."


class LimitPlanned(Refusal):
    """A later version is already written."""

    code = "plafond_prevu"
    status = 409
    sentence = "Un plafond est déjà prévu à partir du {day}."


class LimitChange(Order):
    """The new bounds of a level for a type (None: every type without its own), from an instant on."""

    level: WalletLevel
    type: OperationType | None = None
    currency: Currency
    min_minor: int = Field(gt=0)
    max_minor: int = Field(gt=0)
    day_minor: int | None = Field(default=None, gt=0)
    month_minor: int | None = Field(default=None, gt=0)
    balance_max_minor: int | None = Field(default=None, gt=0)
    valid_from: datetime

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_minor < self.min_minor:
            raise ValueError("bornes inversées")
        return self


class RequestLimit(Order):
    """A change of bounds, and why."""

    change: LimitChange
    reason: str = Field(min_length=3, max_length=500)


class SetVelocity(Order):
    """How many of something one subject may do within the rule's window."""

    rule_id: UUID
    capacity: int = Field(ge=1, le=1_000_000)
    reason: str = Field(min_length=3, max_length=500)


def request_limit(session: Session, actor: Actor, order: RequestLimit) -> ApprovalRow:
    """Ask a second person for other bounds; nothing changes before."""
    actor.require(Permission.USSD_TARIFFS_WRITE)
    change = order.change
    _guard_priced(session, change)
    return approvals.ask(
        session,
        actor,
        AskApproval(
            kind=CHANGE.name,
            subject_type=SUBJECT,
            subject_id=limit_id(change.level, change.type, change.currency),
            summary=_summary(change),
            payload=change.model_dump(mode="json"),
            reason=order.reason,
        ),
    )


def set_velocity(session: Session, actor: Actor, order: SetVelocity) -> ApprovalRow | None:
    """Tighten at once how often is too often (None), or ask a second person to loosen it.

    True at the next try. The rules of the PIN are no such rows.
    """
    actor.require(Permission.USSD_TARIFFS_WRITE)
    rule = _rule(session, order)
    if order.capacity <= rule.capacity:
        _set_velocity(session, actor, rule, order)
        return None
    return approvals.ask(
        session,
        actor,
        AskApproval(
            kind=LOOSEN.name,
            subject_type="velocity_rule",
            subject_id=rule.id,
            summary=t("{rule} en {seconds} s : de {was} à {capacity}").format(
                rule=rule.name, seconds=rule.window_s, was=rule.capacity, capacity=order.capacity
            ),
            payload=order.model_dump(mode="json"),
            reason=order.reason,
        ),
    )


def _rule(session: Session, order: SetVelocity) -> VelocityRule:
    rule = session.get(VelocityRule, order.rule_id, with_for_update=True, populate_existing=True)
    if rule is None:
        raise NotFound(thing="velocity_rule")
    return rule


def _set_velocity(session: Session, actor: Actor, rule: VelocityRule, order: SetVelocity) -> None:
    was, rule.capacity = rule.capacity, order.capacity
    session.add(rule)
    session.flush()
    changes = {"name": rule.name, "window_s": rule.window_s, "was": was, "capacity": order.capacity}
    audit.record(session, actor, "velocity.set", "velocity_rule", rule.id, order.reason, changes)


def _loosened(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    order = SetVelocity.model_validate(approval.payload)
    _set_velocity(session, actor, _rule(session, order), order)


def limit_id(level: str, kind: str | None, currency: str) -> UUID:
    """Return the id under which the bounds of one level and type are asked about and audited."""
    return uuid5(NAMESPACE_URL, f"palabre:limit:{level}:{kind or '*'}:{currency}")


def _summary(change: LimitChange) -> str:
    kind = name_of(change.type) if change.type else t("Toute opération")
    least, most = Money(change.min_minor, change.currency), Money(change.max_minor, change.currency)
    return f"{kind}, {t(LEVELS[change.level])} : {least.on_phone()} – {most.on_phone()}"


def _agreed(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    """End the version in force and begin the new one, when it was planned or now when the agreement came later."""
    change = LimitChange.model_validate(approval.payload)
    _guard_priced(session, change)
    begin = max(change.valid_from, clock.now())
    for row in _versions(session, change):
        if row.valid_from >= begin:
            raise LimitPlanned(day=f"{row.valid_from:%d/%m/%Y}")
        row.valid_to = begin
        session.add(row)
    values = change.model_dump() | {"valid_from": begin}
    session.add(WalletLimit(**values))
    session.flush()
    audit.record(session, actor, "limit.change", SUBJECT, approval.subject_id, approval.summary, approval.payload)


def _versions(session: Session, change: LimitChange) -> list[WalletLimit]:
    """Return what holds now or later for this level and type, locked."""
    kind = col(WalletLimit.type)
    return list(
        session.exec(
            select(WalletLimit)
            .where(
                WalletLimit.level == change.level,
                WalletLimit.currency == change.currency,
                kind.is_(None) if change.type is None else kind == change.type,
                or_(col(WalletLimit.valid_to).is_(None), col(WalletLimit.valid_to) > clock.now()),
            )
            .with_for_update()
        )
    )


def _guard_priced(session: Session, change: LimitChange) -> None:
    """Refuse bounds beyond the prices in force of their type."""
    if change.type is None:
        return
    rows = fetch_all(
        session,
        "select min(from_minor) as least, max(to_minor) as most from tariff where type = %(type)s"
        " and currency = %(currency)s and valid_from <= %(now)s and (valid_to is null or valid_to > %(now)s)",
        {"type": change.type, "currency": change.currency, "now": clock.now()},
    )
    least, most = rows[0]["least"], rows[0]["most"]
    if least is not None and (change.min_minor < least or change.max_minor > most):
        raise LimitNotPriced(least=least, most=most)


CHANGE = approvals.register(
    Kind(
        name="limit_change",
        title="Changer un plafond",
        asks=Permission.USSD_TARIFFS_WRITE,
        decides=Permission.USSD_TARIFFS_WRITE,
        on_approved=_agreed,
    )
)

LOOSEN = approvals.register(
    Kind(
        name="velocity_loosen",
        title="Relâcher une cadence",
        asks=Permission.USSD_TARIFFS_WRITE,
        decides=Permission.USSD_TARIFFS_WRITE,
        on_approved=_loosened,
    )
)


# Reads


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One version of the bounds of a level and a type."""

    id: UUID
    level: str
    type: str | None
    currency: Currency
    min_minor: int
    max_minor: int
    day_minor: int | None
    month_minor: int | None
    balance_max_minor: int | None
    valid_from: datetime
    valid_to: datetime | None
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class VelocityRow:
    """One rule, and how often it refused within the last 7 days."""

    id: UUID
    name: str
    capacity: int
    window_s: int
    refusals: int


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """Somebody who was held back by a rule within one hour."""

    id: UUID
    rule: str
    window_s: int
    refusals: int
    last_at: datetime
    user_id: UUID | None
    name: str
    phone: str


def list_limits(session: Session, actor: Actor, currency: Currency) -> list[LimitRow]:
    """Return the bounds in force and planned of a currency, by level and type, then the past ones."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        """
        select *, valid_from <= %(now)s and (valid_to is null or valid_to > %(now)s) as is_in_force
        from wallet_limit_version where currency = %(currency)s
        order by level, type nulls first, valid_from desc
        """,
        {"now": clock.now(), "currency": currency},
    )
    return [_limit(row) for row in rows]


def list_velocity(session: Session, actor: Actor) -> list[VelocityRow]:
    """Return the rules with what they refused lately."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        """
        select r.id, r.name, r.capacity, r.window_s, coalesce(sum(f.refusals), 0)::int as refusals
        from velocity_rule r left join velocity_refusal f on f.rule_id = r.id and f.last_at > %s
        group by r.id order by r.name, r.window_s
        """,
        (clock.now() - RECENT,),
    )
    return [VelocityRow(**row) for row in rows]


def list_refusals(session: Session, actor: Actor, *, limit: int = 50, offset: int = 0) -> list[RefusalRow]:
    """Return who was held back lately, the newest first."""
    actor.require(Permission.SUBSCRIBERS_READ)
    rows = fetch_all(
        session,
        """
        select f.id, r.name as rule, r.window_s, f.refusals, f.last_at, f.subject, u.id as user_id, u.first_name,
               u.last_name, u.phone
        from velocity_refusal f join velocity_rule r on r.id = f.rule_id
        left join users u on u.phone = f.subject or u.id::text = f.subject
        where f.last_at > %s order by f.last_at desc, f.id limit %s offset %s
        """,
        (clock.now() - RECENT, limit, offset),
    )
    return [_refusal(actor, row) for row in rows]


def count_refusals(session: Session, actor: Actor) -> int:
    """Return how many lines `list_refusals` pages through."""
    actor.require(Permission.SUBSCRIBERS_READ)
    rows = fetch_all(
        session, "select count(*) as found from velocity_refusal where last_at > %s", (clock.now() - RECENT,)
    )
    return int(rows[0]["found"])


def _limit(row: dict[str, Any]) -> LimitRow:
    kept = {name: row[name] for name in LimitRow.__slots__}
    return LimitRow(**kept | {"currency": Currency(row["currency"])})


def _refusal(actor: Actor, row: dict[str, Any]) -> RefusalRow:
    is_number = row["subject"].startswith("+")
    return RefusalRow(
        id=row["id"],
        rule=row["rule"],
        window_s=row["window_s"],
        refusals=row["refusals"],
        last_at=row["last_at"],
        user_id=row["user_id"],
        name=full_name(row["first_name"] or "", row["last_name"] or ""),
        phone=phone_for(actor, row["phone"] or (row["subject"] if is_number else None)),
    )
