"""What two persons must agree on: one asks, another decides, and only then is it done.

A kind of question is registered once, by the service whose act it is: who may ask, who may decide, and what follows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select

from core import clock, states
from core.database import Session
from core.errors import Forbidden, NotFound, Refusal
from core.orders import Order
from core.permissions import SYSTEM, Actor, Permission
from models.approvals import APPROVAL_STEPS, DECIDERS, Approval, ApprovalState
from models.users import User
from services import audit

LIVES = timedelta(days=7)
LARGEST_PAGE = 200


class SamePerson(Forbidden):
    """Who asked cannot also decide."""

    code = "meme_personne"
    sentence = "Vous avez fait cette demande : une autre personne doit la décider."


class PersonNeeded(Forbidden):
    """Neither a machine's key nor the system may ask or decide."""

    code = "personne_requise"
    sentence = "Seule une personne connectée peut demander ou décider."


class AlreadyAsked(Refusal):
    """The same question about the same thing waits for its answer."""

    code = "deja_demande"
    status = 409
    sentence = "La même demande attend déjà une décision."


class ApprovalOver(Refusal):
    """The question waited too long: it has to be asked again."""

    code = "demande_perimee"
    status = 409
    sentence = "Cette demande est périmée : refaites-la."


class AskApproval(Order):
    """A question: `payload` is the order as it will be carried out, `summary` what the second person reads."""

    kind: str
    subject_type: str
    subject_id: UUID
    summary: str = Field(min_length=1, max_length=500)
    reason: str = Field(default="", max_length=500)
    payload: dict[str, Any] = Field(default_factory=dict)
    expires_at: datetime | None = None


class DecideApproval(Order):
    """The second person's answer; a refusal says why."""

    approval_id: UUID
    is_approved: bool
    reason: str = Field(default="", max_length=500)


class WithdrawApproval(Order):
    """Who asked no longer wants it."""

    approval_id: UUID
    reason: str = Field(default="", max_length=500)


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A question and its answer, if it has one."""

    id: UUID
    kind: str
    subject_type: str
    subject_id: UUID
    summary: str
    payload: dict[str, Any]
    reason: str
    state: str
    asked_by: UUID
    asked_by_name: str
    asked_at: datetime
    decided_by: UUID | None
    decided_by_name: str
    decided_at: datetime | None
    decision_reason: str
    expires_at: datetime | None


Consequence = Callable[[Session, Actor, ApprovalRow], None]


def _nothing(_session: Session, _actor: Actor, _approval: ApprovalRow) -> None:
    """Follow from an answer that changes nothing else."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of question. What follows runs in the transaction of the decision; a refusal there undoes both."""

    name: str
    title: str
    asks: Permission
    decides: Permission
    on_approved: Consequence
    on_ended: Consequence = _nothing  # refused, withdrawn or expired


KINDS: dict[str, Kind] = {}
# Where kinds live: a process that decides may not have met them yet.
HOMES = (
    "services.limits",
    "services.merchants",
    "services.notices",
    "services.operation_reversals",
    "services.pensions.accounts",
    "services.pins",
    "services.routes",
    "services.subscribers",
    "services.switches",
    "services.tariff_changes",
    "services.transfers",
    "services.unknowns",
    "services.ussd_services",
)


def register(kind: Kind) -> Kind:
    """Make a kind of question known; called once, where its act lives."""
    KINDS[kind.name] = kind
    DECIDERS[kind.name] = kind.decides
    return kind


def known_kinds() -> dict[str, Kind]:
    """Return every kind of question of the house, by name."""
    for home in HOMES:
        import_module(home)
    return KINDS


def ask(session: Session, actor: Actor, order: AskApproval) -> ApprovalRow:
    """Put a question to a second person; `AlreadyAsked` while the same one waits."""
    kind = known_kinds()[order.kind]
    actor.require(kind.asks)
    asked_by = _person(actor)
    approval = Approval(
        **order.model_dump(exclude={"expires_at"}),
        asked_by=asked_by,
        expires_at=order.expires_at or clock.now() + LIVES,
    )
    try:
        with session.begin_nested():
            session.add(approval)
    except IntegrityError as error:
        raise AlreadyAsked from error
    changes = {"approval_id": str(approval.id), "reason": order.reason}
    audit.record(session, actor, f"{kind.name}.ask", order.subject_type, order.subject_id, order.summary, changes)
    return _row(session, approval)


def decide(session: Session, actor: Actor, order: DecideApproval) -> ApprovalRow:
    """Answer a question, and carry it out when the answer is yes; never the person who asked, never twice."""
    approval = _locked(session, order.approval_id)
    kind = known_kinds()[approval.kind]
    actor.require(kind.decides)
    decided_by = _person(actor)
    if decided_by == approval.asked_by:
        raise SamePerson
    if approval.state == ApprovalState.WAITING and approval.expires_at and approval.expires_at <= clock.now():
        raise ApprovalOver
    answer = ApprovalState.APPROVED if order.is_approved else ApprovalState.REFUSED
    row = _end(session, actor, approval, answer, order.reason)
    (kind.on_approved if order.is_approved else kind.on_ended)(session, actor, row)
    return row


def withdraw(session: Session, actor: Actor, order: WithdrawApproval) -> ApprovalRow:
    """Take one's own question back before anybody has decided."""
    approval = _locked(session, order.approval_id)
    if _person(actor) != approval.asked_by:
        raise Forbidden
    row = _end(session, actor, approval, ApprovalState.WITHDRAWN, order.reason)
    known_kinds()[approval.kind].on_ended(session, actor, row)
    return row


def expire_due(session: Session, limit: int = 100) -> int:
    """End up to `limit` questions that waited too long; return how many."""
    due = session.exec(
        select(Approval)
        .where(Approval.state == ApprovalState.WAITING, col(Approval.expires_at) <= clock.now())
        .order_by(col(Approval.expires_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for approval in due:
        row = _end(session, SYSTEM, approval, ApprovalState.EXPIRED, "")
        known_kinds()[approval.kind].on_ended(session, SYSTEM, row)
    return len(due)


def _end(session: Session, actor: Actor, approval: Approval, to: ApprovalState, reason: str) -> ApprovalRow:
    states.transition(approval, APPROVAL_STEPS, to)
    approval.decided_by, approval.decided_at, approval.decision_reason = actor.user_id, clock.now(), reason
    session.add(approval)
    session.flush()
    changes = {"approval_id": str(approval.id), "reason": reason}
    action = f"{approval.kind}.{to}"
    audit.record(session, actor, action, approval.subject_type, approval.subject_id, approval.summary, changes)
    return _row(session, approval)


def _person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise PersonNeeded
    return actor.user_id


def _locked(session: Session, approval_id: UUID) -> Approval:
    approval = session.get(Approval, approval_id, with_for_update=True, populate_existing=True)
    if approval is None:
        raise NotFound(thing="approval")
    return approval


# Reads


def list_waiting(session: Session, actor: Actor, *, kinds: frozenset[str] | None = None) -> list[ApprovalRow]:
    """Return the questions that this actor may decide or has asked, the oldest first."""
    visible = [kind.name for kind in known_kinds().values() if actor.may(kind.decides)]
    query = (
        select(Approval)
        .where(
            Approval.state == ApprovalState.WAITING,
            col(Approval.kind).in_(visible) | (col(Approval.asked_by) == actor.user_id),
        )
        .order_by(col(Approval.created_at))
        .limit(LARGEST_PAGE)
    )
    if kinds:
        query = query.where(col(Approval.kind).in_(kinds))
    return [_row(session, approval) for approval in session.exec(query)]


def count_to_decide(session: Session, actor: Actor) -> int:
    """Count the questions of others that this actor may decide now."""
    decidable = [kind.name for kind in known_kinds().values() if actor.may(kind.decides)]
    return session.exec(
        select(func.count())
        .select_from(Approval)
        .where(
            Approval.state == ApprovalState.WAITING,
            col(Approval.kind).in_(decidable),
            col(Approval.asked_by) != actor.user_id,
        )
    ).one()


def takes_part(actor: Actor) -> bool:
    """Say whether this actor may ask or decide anything at all."""
    return any(actor.may(kind.asks) or actor.may(kind.decides) for kind in known_kinds().values())


def list_of_subject(session: Session, subject_type: str, subject_id: UUID) -> list[ApprovalRow]:
    """Return the questions about one thing, newest first; the caller has checked that the actor may read the thing."""
    found = session.exec(
        select(Approval)
        .where(Approval.subject_type == subject_type, Approval.subject_id == subject_id)
        .order_by(col(Approval.created_at).desc())
        .limit(LARGEST_PAGE)
    )
    return [_row(session, approval) for approval in found]


def get_approval(session: Session, actor: Actor, approval_id: UUID) -> ApprovalRow:
    """Return one question to who asked it or may decide it."""
    approval = session.get(Approval, approval_id)
    if approval is None or not (actor.user_id == approval.asked_by or actor.may(known_kinds()[approval.kind].decides)):
        raise NotFound(thing="approval")
    return _row(session, approval)


def _row(session: Session, approval: Approval) -> ApprovalRow:
    return ApprovalRow(
        id=approval.id,
        kind=approval.kind,
        subject_type=approval.subject_type,
        subject_id=approval.subject_id,
        summary=approval.summary,
        payload=approval.payload,
        reason=approval.reason,
        state=approval.state,
        asked_by=approval.asked_by,
        asked_by_name=_name(session, approval.asked_by),
        asked_at=approval.created_at,
        decided_by=approval.decided_by,
        decided_by_name=_name(session, approval.decided_by) if approval.decided_by else "",
        decided_at=approval.decided_at,
        decision_reason=approval.decision_reason,
        expires_at=approval.expires_at,
    )


def _name(session: Session, user_id: UUID) -> str:
    user = session.get(User, user_id)
    return f"{user.first_name} {user.last_name}".strip() if user else ""
