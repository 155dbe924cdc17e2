"""One transfer whole: its transitions, exchanges to only who may read them, its entries. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.permissions import Actor, Permission
from services import ledger
from services.transfers.lines import COLUMNS, TransferLine, transfer_line

MOST_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class TransferStep:
    """One transition of a transfer, and what proved it."""

    at: datetime
    from_state: str
    to_state: str
    cause: str
    reason: str
    detail: str
    attempt_id: UUID | None
    callback_id: UUID | None
    actor: str


@dataclass(frozen=True, slots=True)
class Relative:
    """A transfer that gives money back, or the one it gives back."""

    id: UUID
    reference: str
    direction: str
    state: str
    amount: Money
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TransferCard:
    """One transfer with everything but its exchanges and its entries."""

    line: TransferLine
    external_id: UUID
    subject_id: UUID
    source: str
    key: str
    method: str
    party_code: str
    label: str
    base_url: str
    provider_fee: Money
    provider_state: str
    submitted_at: datetime | None
    ended_at: datetime | None
    deadline_at: datetime | None
    is_held: bool
    asked_by: str
    parent: Relative | None
    children: tuple[Relative, ...]
    steps: tuple[TransferStep, ...]
    transactions: tuple[tuple[str, UUID], ...]

    @property
    def refundable(self) -> Money:
        """What may still go back: children that are not known yet count as gone."""
        open_or_gone = {"created", "submitted", "pending", "unknown", "succeeded"}
        taken = sum(child.amount.minor for child in self.children if child.state in open_or_gone)
        return Money(self.line.amount.minor - taken, self.line.amount.currency)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to the provider; request and answer are None to who may not read exchanges."""

    id: UUID
    n: int
    operation: str
    method: str
    url: str
    request: str | None
    response: str | None
    http_status: int | None
    sent_at: datetime
    answered_at: datetime | None
    answer: str
    error_kind: str


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One line of the ledger; debit positive. `what` says which of the transfer's transactions wrote it."""

    what: str
    transaction_id: UUID
    account_id: UUID
    kind: str
    label: str
    amount: Money
    at: datetime


# Reads


def get_transfer(session: Session, actor: Actor, transfer_id: UUID) -> TransferCard:
    """Return one transfer with its transitions, oldest first, and those it gives back or is given back by."""
    actor.require(Permission.PAYMENTS_READ)
    row = fetch_one(
        session,
        f"""{COLUMNS}, trim(u.first_name || ' ' || u.last_name) as asked_by
        from transfer t join provider_account a on a.id = t.account_id left join users u on u.id = t.requested_by
        where t.id = %s""",
        (transfer_id,),
    )
    if row is None:
        raise NotFound(thing="transfer")
    steps = fetch_all(
        session, "select * from transfer_event where transfer_id = %s order by created_at, id", (transfer_id,)
    )
    family = fetch_all(
        session,
        "select * from transfer where id = %(parent)s or parent_id = %(id)s order by created_at, id",
        {"parent": row["parent_id"], "id": transfer_id},
    )
    return _card(row, steps, family)


def list_attempts(session: Session, actor: Actor, transfer_id: UUID) -> list[Attempt]:
    """Return the newest calls about a transfer, newest first."""
    actor.require(Permission.PAYMENTS_READ)
    may_read = actor.may(Permission.PAYMENTS_EXCHANGES_READ)
    rows = fetch_all(
        session,
        "select * from transfer_attempt where transfer_id = %s order by sent_at desc, n desc limit %s",
        (transfer_id, MOST_ATTEMPTS),
    )
    names = Attempt.__dataclass_fields__
    hidden = {} if may_read else {"request": None, "response": None}
    return [Attempt(**{name: {**row, **hidden}[name] for name in names}) for row in rows]


def list_entries(session: Session, actor: Actor, transfer_id: UUID) -> list[EntryLine]:
    """Return what a transfer wrote in the ledger, in order."""
    card = get_transfer(session, actor, transfer_id)
    found = []
    for what, transaction_id in card.transactions:
        transaction = ledger.get_transaction(session, transaction_id)
        found += [
            EntryLine(
                what=what,
                transaction_id=transaction_id,
                account_id=entry["account_id"],
                kind=entry["kind"],
                label=entry["label"],
                amount=Money(entry["amount"], Currency(entry["currency"])),
                at=transaction["occurred_at"],
            )
            for entry in transaction["entries"]
        ]
    return found


def _card(row: dict[str, Any], steps: list[dict[str, Any]], family: list[dict[str, Any]]) -> TransferCard:
    relatives = [(other["parent_id"] == row["id"], _relative(other)) for other in family]
    posted = (("hold", "hold_transaction_id"), ("post", "transaction_id"), ("reversal", "reversal_id"))
    copied = (
        *("external_id", "subject_id", "source", "key", "method", "party_code", "label", "base_url"),
        *("provider_state", "submitted_at", "ended_at", "deadline_at", "is_held"),
    )
    return TransferCard(
        line=transfer_line(row),
        provider_fee=Money(row["provider_fee_minor"], Currency(row["currency"])),
        asked_by=row["asked_by"] or row["actor"],
        parent=next((other for is_child, other in relatives if not is_child), None),
        children=tuple(other for is_child, other in relatives if is_child),
        steps=tuple(_step(step) for step in steps),
        transactions=tuple((what, row[column]) for what, column in posted if row[column] is not None),
        **{name: row[name] for name in copied},
    )


def _relative(row: dict[str, Any]) -> Relative:
    return Relative(
        id=row["id"],
        reference=row["reference"],
        direction=row["direction"],
        state=row["state"],
        amount=Money(row["amount_minor"], Currency(row["currency"])),
        created_at=row["created_at"],
    )


def _step(row: dict[str, Any]) -> TransferStep:
    return TransferStep(
        at=row["created_at"],
        from_state=row["from_state"],
        to_state=row["to_state"],
        cause=row["cause"],
        reason=row["reason"],
        detail=row["detail"],
        attempt_id=row["attempt_id"],
        callback_id=row["inbound_event_id"],
        actor=row["actor"],
    )
