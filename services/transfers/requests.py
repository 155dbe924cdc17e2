"""Asking for a transfer, and taking it back while nothing was sent."""

import base64
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from pydantic import Field

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.errors import WrongState
from core.ids import CROCKFORD
from core.money import Money
from core.orders import Order
from core.permissions import Actor, Permission
from models.ledger import Source
from models.transfers import OPEN_TRANSFERS, Direction, TransferState
from services import audit, breaker, routes
from services.ledger import KeyReused
from services.routes import Route
from services.transfers import postings, purposes, transitions
from services.transfers.bell import ring_after_commit
from services.transfers.refusals import AmountTooLarge, AmountTooSmall, DayLimitReached, TransferInProgress
from services.transfers.rows import TransferRow, find, from_record
from services.transfers.transitions import Proof

REFERENCE_LENGTH = 26
TOKEN_OCTETS = 16


class RequestTransfer(Order):
    """The order to collect from, or pay out to, somebody outside; `key` is the caller's own within `source`.

    `party_phone` is E.164. `owner` names the tontine or organisation concerned: its own accounts come first. A held
    transfer waits for a second person (`approval_id`). `route` is given where there is no choice, as for a refund.
    """

    key: str
    source: Source = Source.TRANSFER
    direction: Direction
    purpose: str
    subject_id: UUID
    method: str
    country: str
    amount: Money
    party_phone: str = ""
    party_name: str = ""
    party_reference: str = ""
    label: str = ""
    language: str = "fr"
    owner: tuple[str, UUID] | None = None
    parent_id: UUID | None = None
    is_held: bool = False
    deadline_at: datetime | None = None
    route: Route | None = None


class CancelTransfer(Order):
    """Whoever asked no longer wants it; only while nothing was sent."""

    transfer_id: UUID
    reason: str = Field(default="", max_length=500)


def request(session: Session, actor: Actor, order: RequestTransfer) -> TransferRow:
    """Write a transfer that leaves soon, with its reserve, once per (source, key); nothing is sent here.

    Refuses with `NoRoute`, `ProviderResting`, `TransferInProgress`, `AmountTooSmall`, `AmountTooLarge`,
    `DayLimitReached`, `InsufficientFunds`, what its purpose refuses, and `KeyReused` when the key served otherwise.
    """
    purpose = purposes.get(order.purpose)
    purpose.authorise(session, actor, order)
    known = _find_known(session, order)
    if known is not None:
        return known
    route = order.route or choose_route(
        session, order.method, order.country, order.direction, order.amount, order.owner
    )
    if order.route is not None:
        guard_route(session, route, order.direction, order.amount)
    row = _insert(session, actor, order, route)
    if row is None:
        known = _find_known(session, order)
        if known is None:
            raise TransferInProgress
        return known
    purpose.guard(session, row)
    held = postings.hold(session, row)
    transitions.write_first_event(session, row, actor)
    changes = {"reference": row.reference, "direction": row.direction, "purpose": row.purpose}
    audit.record(session, actor, "transfer.request", "transfer", row.id, order.amount.plain, changes)
    purpose.follow(session, row, TransferState.CREATED, held)
    ring_after_commit(session)
    return find(session, row.id) if held else row


def cancel(session: Session, actor: Actor, order: CancelTransfer) -> TransferRow:
    """Take a transfer back before anything was sent, and give its reserve back; `WrongState` once it left."""
    row = find(session, order.transfer_id, is_locked=True)
    if actor.user_id is None or actor.user_id != row.requested_by:
        actor.require(Permission.PAYMENTS_ACT)
    proof = Proof("operator", detail=order.reason, actor=actor)
    cancelled = None
    if row.state is TransferState.CREATED:
        cancelled = transitions.take(session, row, TransferState.CANCELLED, proof)
    if cancelled is None:
        raise WrongState(state=str(row.state), wanted=str(TransferState.CANCELLED))
    return cancelled


def choose_route(  # what a route depends on
    session: Session,
    method: str,
    country: str,
    direction: Direction,
    amount: Money,
    owner: tuple[str, UUID] | None = None,
) -> Route:
    """Return who would carry a transfer, or refuse as `request` does: for verbs that write its subject first."""
    route = routes.choose(session, method, country, direction, amount.currency, owner)
    guard_route(session, route, direction, amount)
    return route


def guard_route(session: Session, route: Route, direction: Direction, amount: Money) -> None:
    """Refuse what an account does not carry now: a resting one collects nothing, and each has its bounds."""
    if direction is Direction.COLLECT:
        breaker.require_closed(session, route.account_id)
    guard_limits(session, route.account_id, direction, amount)


def release_hold(session: Session, transfer_id: UUID) -> None:
    """Let a held transfer leave: the second person agreed."""
    driver(session).execute("update transfer set is_held = false where id = %s", (transfer_id,))
    ring_after_commit(session)


def guard_limits(session: Session, account_id: UUID, direction: Direction, amount: Money) -> None:
    """Refuse an amount outside the account's bounds, or one too many of the day (UTC)."""
    row = fetch_one(
        session,
        """
        select a.min_minor, a.max_minor, a.day_limit_minor, coalesce((
            select sum(t.amount_minor) from transfer t
            where a.day_limit_minor is not null and t.account_id = a.id and t.direction = %s and t.created_at >= %s
              and t.state not in ('failed', 'expired', 'cancelled', 'reversed')), 0) as today
        from provider_account a where a.id = %s
        """,
        (direction, clock.now().replace(hour=0, minute=0, second=0, microsecond=0), account_id),
    )
    assert row is not None  # noqa: S101  # the route named it
    if amount.minor < row["min_minor"]:
        raise AmountTooSmall(Money(row["min_minor"], amount.currency))
    if row["max_minor"] is not None and amount.minor > row["max_minor"]:
        raise AmountTooLarge(Money(row["max_minor"], amount.currency))
    if row["day_limit_minor"] is not None and row["today"] + amount.minor > row["day_limit_minor"]:
        raise DayLimitReached


def crockford(identifier: UUID) -> str:
    """Return a UUID as 26 characters of Crockford base 32, for fields that hold no more than 30."""
    number, marks = identifier.int, ""
    for _ in range(REFERENCE_LENGTH):
        number, digit = divmod(number, len(CROCKFORD))
        marks = CROCKFORD[digit] + marks
    return marks


def _find_known(session: Session, order: RequestTransfer) -> TransferRow | None:
    record = fetch_one(session, "select * from transfer where source = %s and key = %s", (order.source, order.key))
    if record is None:
        return None
    known = from_record(record)
    asked = (order.direction, order.purpose, order.subject_id, order.amount, order.party_phone)
    if asked != (known.direction, known.purpose, known.subject_id, known.amount, known.party_phone):
        raise KeyReused
    return known


def _insert(session: Session, actor: Actor, order: RequestTransfer, route: Route) -> TransferRow | None:
    external_id = uuid4()
    columns: dict[str, Any] = {
        "id": ids.new_id(),
        "created_at": clock.now(),
        "external_id": external_id,
        "reference": crockford(external_id),
        "callback_token": base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_OCTETS)).decode().rstrip("="),
        "source": order.source,
        "key": order.key,
        "direction": order.direction,
        "purpose": order.purpose,
        "subject_id": order.subject_id,
        "parent_id": order.parent_id,
        "method": order.method,
        "account_id": route.account_id,
        "adapter": route.adapter,
        "environment": route.environment,
        "base_url": route.base_url,
        "party_code": route.party_code,
        "amount_minor": order.amount.minor,
        "currency": order.amount.currency,
        "party_phone": order.party_phone,
        "party_reference": order.party_reference,
        "party_name": order.party_name,
        "label": order.label,
        "language": order.language,
        "handles": Jsonb({}),
        "next_step": Jsonb({}),
        "provider_fee_minor": 0,
        "provider_state": "",
        "state": TransferState.CREATED,
        "reason": "",
        "reads": 0,
        "connect_failures": 0,
        "is_held": order.is_held,
        "deadline_at": order.deadline_at,
        "requested_by": actor.user_id,
        "actor": actor.name,
    }
    names, marks = ", ".join(columns), ", ".join(f"%({name})s" for name in columns)
    record = fetch_one(
        session, f"insert into transfer ({names}) values ({marks}) on conflict do nothing returning *", columns
    )
    return None if record is None else from_record(record)


# Reads


def get_open(session: Session, purpose: str, subject_id: UUID, direction: Direction) -> TransferRow | None:
    """Return the transfer that is not known yet for one thing, or None: while there is one, no second can start."""
    record = fetch_one(
        session,
        "select * from transfer where purpose = %s and subject_id = %s and direction = %s and state = any(%s)",
        (purpose, subject_id, direction, list(OPEN_TRANSFERS)),
    )
    return None if record is None else from_record(record)
