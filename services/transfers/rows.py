"""A transfer as the code that moves it sees it: one row of the table, frozen."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from models.ledger import Source
from models.transfers import OPEN_TRANSFERS, Direction, TransferState


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One intent to move money to or from outside, as it stood when it was read."""

    id: UUID
    created_at: datetime
    external_id: UUID
    reference: str
    callback_token: str
    source: Source
    key: str
    direction: Direction
    purpose: str
    subject_id: UUID
    parent_id: UUID | None
    method: str
    account_id: UUID
    adapter: str
    environment: str
    base_url: str
    amount: Money
    party_phone: str
    party_reference: str
    party_code: str
    party_name: str
    label: str
    language: str
    handles: dict[str, Any]
    next_step: dict[str, Any]
    provider_ref: str | None
    provider_fee: Money
    provider_state: str
    state: TransferState
    reason: str
    next_read_at: datetime | None
    reads: int
    late_read_at: datetime | None
    submitted_at: datetime | None
    ended_at: datetime | None
    unknown_at: datetime | None
    doubt_told_at: datetime | None
    lease_until: datetime | None
    deadline_at: datetime | None
    hint_id: UUID | None
    connect_failures: int
    is_held: bool
    approval_id: UUID | None
    requested_by: UUID | None
    actor: str
    hold_transaction_id: UUID | None
    transaction_id: UUID | None
    reversal_id: UUID | None

    @property
    def is_open(self) -> bool:
        """Whether nobody knows yet how it ends."""
        return self.state in OPEN_TRANSFERS

    @property
    def is_collect(self) -> bool:
        """Whether money comes to us; a payout and a refund both send it away."""
        return self.direction is Direction.COLLECT


_COLUMNS = frozenset(column.name for column in fields(TransferRow)) - {"amount", "provider_fee"}


def from_record(record: dict[str, Any]) -> TransferRow:
    """Read one row of `select *`."""
    currency = Currency(record["currency"])
    plain = {name: record[name] for name in _COLUMNS}
    plain |= {
        "source": Source(record["source"]),
        "direction": Direction(record["direction"]),
        "state": TransferState(record["state"]),
        "amount": Money(record["amount_minor"], currency),
        "provider_fee": Money(record["provider_fee_minor"], currency),
    }
    return TransferRow(**plain)


def find(session: Session, transfer_id: UUID, *, is_locked: bool = False) -> TransferRow:
    """Return a transfer, locked until the transaction ends when asked for; refuses with `NotFound`."""
    # What refers to a transfer (a callback, an attempt) must not wait for who is changing it.
    lock = " for no key update" if is_locked else ""
    record = fetch_one(session, f"select * from transfer where id = %s{lock}", (transfer_id,))
    if record is None:
        raise NotFound(thing="transfer")
    return from_record(record)
