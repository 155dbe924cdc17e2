"""What workers of pensions share about a rail's account: its gate, who works at it, institutions at rest, look-ups."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.base import instant


class RailGate(SQLModel, table=True):
    """The one gate before an account, for every worker on every machine.

    `identity` is what the last probe saw, empty while nothing is proven; `room` the calls that may be out at once now;
    `next_send_at` the instant from which the next call may leave; `recent` the last answers, `?` an unknown one.
    """

    __tablename__ = "rail_gate"

    account_id: UUID = Field(foreign_key="provider_account.id", primary_key=True)
    identity: str = ""
    detail: str = ""
    probed_at: datetime | None = instant()
    next_probe_at: datetime | None = instant()
    failed_probes: int = 0
    room: int = 1
    widened_at: datetime | None = instant()
    next_send_at: datetime | None = instant()
    next_read_at: datetime | None = instant()
    recent: str = ""
    misconfigurations_in_row: int = 0
    refusals_in_row: int = 0


class RailWorker(SQLModel, table=True):
    """A process that works at an account; each has its share of the room."""

    __tablename__ = "rail_worker"

    account_id: UUID = Field(foreign_key="provider_account.id", primary_key=True)
    worker_id: UUID = Field(primary_key=True)
    seen_at: datetime = instant(nullable=False)


class RailRest(SQLModel, table=True):
    """An institution whose payments wait, or which has refused some in a row."""

    __tablename__ = "rail_rest"

    account_id: UUID = Field(foreign_key="provider_account.id", primary_key=True)
    fsp_id: str = Field(primary_key=True)
    until: datetime | None = instant()
    refusals_in_row: int = 0


class PayeeLookup(SQLModel, table=True):
    """Some lines of a batch whose payees are still to be looked up; gone when they are."""

    __tablename__ = "payee_lookup"

    batch_id: UUID = Field(foreign_key="pension_batch.id", primary_key=True)
    first_line: int = Field(primary_key=True)
    last_line: int
    tries: int = 0
    next_try_at: datetime = instant(nullable=False)
