"""What the rules of sending speak of: a payment as it stands with its present transfer, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from core.money import Money
from models.pension_stages import BatchStage, LookupPolicy, NamePolicy, PaymentStage
from models.transfers import OPEN_TRANSFERS, CaseKind, TransferState
from providers.mojaloop.contract import Found, PayoutOrder
from services.pensions.dispatch import orders
from services.pensions.dispatch.orders import Handles


@dataclass(frozen=True, slots=True)
class Payer:
    """The ledger accounts of a payer account."""

    available: UUID
    reserved: UUID
    fees: UUID


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment and its present transfer, as both are under the lock. `tries` counts its transfers, this one in."""

    transfer_id: UUID
    payment_id: UUID
    batch_id: UUID
    account_id: UUID
    payer: Payer
    amount: Money
    state: TransferState
    stage: PaymentStage
    batch_stage: BatchStage
    reason: str
    handles: Mapping[str, Any]
    tries: int
    connect_failures: int
    submitted_at: datetime
    lease_until: datetime | None
    name: str
    name_verdict: str
    lookup: LookupPolicy
    name_policy: NamePolicy
    fee_cap_minor: int | None

    @property
    def is_open(self) -> bool:
        """Whether its transfer is not known yet."""
        return self.state in OPEN_TRANSFERS

    @property
    def sent_at(self) -> datetime:
        """Return when its last byte left, as far as is known."""
        return orders.sent_at(self.handles) or self.submitted_at


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of it. `to` and `stage` None: as it was. `following`: the call that leaves once this is committed.

    `next_try_at` is for a payment that waits, `lease_until` for one that goes on; each is cleared when not given.
    """

    to: TransferState | None = None
    stage: PaymentStage | None = None
    reason: str = ""
    code: str = ""
    detail: str = ""
    is_retryable: bool = False
    handles: Handles = field(default_factory=dict)
    next_read_at: datetime | None = None
    second_look_at: datetime | None = None
    lease_until: datetime | None = None
    next_try_at: datetime | None = None
    connect_failures: int | None = None
    fee_minor: int = 0
    found: Found | None = None
    name_found: str = ""
    name_verdict: str = ""
    case: CaseKind | None = None
    following: PayoutOrder | None = None
    is_unsent: bool = False  # the transfer counts for nothing: no byte of it left
