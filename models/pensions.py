"""Pension batches: organisations' settings and payer accounts, files, batches, payments, claims, known payees.

Rules in `docs/pensions.md`; stages are taken by `services/pensions` alone. Amounts are in minor units of the batch.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from core.states import one_of
from models.base import Table, check, currency_column, document, instant, minor, octets
from models.pension_stages import (
    AmountType,
    BatchStage,
    LookupPolicy,
    NamePolicy,
    NumberForm,
    PayeeType,
    PaymentStage,
    Rail,
)


class PensionSettings(Table, table=True):
    """How one organisation pays; no row means the defaults below."""

    __tablename__ = "pension_settings"
    __table_args__ = (
        check("lookup", one_of("lookup", LookupPolicy)),
        check("name_policy", one_of("name_policy", NamePolicy)),
        check("rail", one_of("rail", Rail)),
    )

    organisation_id: UUID = Field(foreign_key="organisation.id", unique=True)
    four_eyes_from_minor: int | None = minor(default=None, nullable=True)
    lookup: str = LookupPolicy.BEFORE
    name_policy: str = NamePolicy.WARN
    max_amount_minor: int = minor(default=10_000_000)
    max_rows: int = 1_000_000
    max_total_minor: int | None = minor(default=None, nullable=True)
    personal_id_length: int = 10
    id_types: list[str] = Field(
        default_factory=lambda: [str(kind) for kind in PayeeType], sa_column=Column(ARRAY(String), nullable=False)
    )
    countries: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    fee_cap_minor: int | None = minor(default=None, nullable=True)
    lookup_max_age_days: int = 30
    is_same_person_allowed: bool = False
    rail: str = Rail.MOJALOOP
    default_account_id: UUID | None = Field(default=None, foreign_key="pension_account.id")


class PensionAccount(Table, table=True):
    """An organisation's account that pays: what the switch knows it by, and its ledger accounts."""

    __tablename__ = "pension_account"
    __table_args__ = (
        UniqueConstraint("party_id_type", "party_identifier"),
        check("amount_type", one_of("amount_type", AmountType)),
        check("party_id_type", one_of("party_id_type", PayeeType)),
        check("number_form", one_of("number_form", NumberForm)),
    )

    account_id: str = Field(unique=True)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    party_id_type: str
    party_identifier: str
    display_name: str = ""
    currency: str = currency_column()
    amount_type: str = AmountType.RECEIVE
    number_form: str = NumberForm.TEN
    rail_account_id: UUID = Field(foreign_key="provider_account.id", index=True)
    available_account_id: UUID = Field(foreign_key="ledger_account.id")
    reserved_account_id: UUID = Field(foreign_key="ledger_account.id")
    fees_account_id: UUID = Field(foreign_key="ledger_account.id")
    is_active: bool = True


class PensionFile(Table, table=True):
    """A file as it was received, and what was read in it; the original is dropped after 90 days."""

    __tablename__ = "pension_file"
    __table_args__ = (
        Index("ix_pension_file_sha256", "organisation_id", "sha256"),
        Index("ix_pension_file_content", "organisation_id", "content_sha256"),
    )

    organisation_id: UUID = Field(foreign_key="organisation.id")
    name: str
    size_bytes: int
    sha256: bytes = octets(nullable=False)
    content_sha256: bytes | None = octets()
    encoding: str = ""
    separator: str = ""
    layout: str = ""
    rows: int = 0
    valid: int = 0
    invalid: int = 0
    verdict: str = ""
    warnings: list[dict[str, Any]] = document(default_factory=list)
    totals: dict[str, Any] = document()
    original: bytes | None = octets()
    uploaded_by: UUID = Field(foreign_key="users.id")


class PensionFileError(SQLModel, table=True):
    """One wrong cell of a file, as received."""

    __tablename__ = "pension_file_error"

    file_id: UUID = Field(foreign_key="pension_file.id", primary_key=True, ondelete="CASCADE")
    number: int = Field(primary_key=True)
    line: int
    column: str
    code: str
    detail: str = ""
    value: str = ""
    see: str = ""
    raw: str = ""


class PensionBatch(Table, table=True):
    """One accepted file. Counters per stage of its payments are kept by whoever moves a payment."""

    __tablename__ = "pension_batch"
    __table_args__ = (
        check("stage", one_of("stage", BatchStage)),
        check("rail", one_of("rail", Rail)),
        check(
            "four_eyes",
            "approved_by is null or approved_by <> created_by and approved_by is distinct from confirmed_by",
        ),
        check(
            "counts",
            "total_count = waiting_count + held_count + sending_count + sent_count + unknown_count + completed_count"
            " + failed_count + cancelled_count + reversed_count",
        ),
        check(
            "amounts",
            "total_minor = waiting_minor + held_minor + sending_minor + sent_minor + unknown_minor + completed_minor"
            " + failed_minor + cancelled_minor + reversed_minor",
        ),
        check(
            "no_negative",
            "least(waiting_count, held_count, sending_count, sent_count, unknown_count, completed_count, failed_count,"
            " cancelled_count, reversed_count) >= 0",
        ),
        Index("ix_pension_batch_history", "organisation_id", "created_at"),
        Index("ix_pension_batch_open", "account_id", "stage", postgresql_where=text("completed_at is null")),
    )

    bulk_id: str = Field(unique=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    file_id: UUID | None = Field(default=None, foreign_key="pension_file.id", index=True)
    account_id: UUID = Field(foreign_key="pension_account.id")
    rail: str = Rail.MOJALOOP
    currency: str = currency_column()
    cycle: str
    stage: str = BatchStage.DRAFT
    version: int = 1
    total_count: int = 0
    total_minor: int = minor(default=0)
    waiting_count: int = 0
    waiting_minor: int = minor(default=0)
    held_count: int = 0
    held_minor: int = minor(default=0)
    sending_count: int = 0
    sending_minor: int = minor(default=0)
    sent_count: int = 0
    sent_minor: int = minor(default=0)
    unknown_count: int = 0
    unknown_minor: int = minor(default=0)
    completed_count: int = 0
    completed_minor: int = minor(default=0)
    failed_count: int = 0
    failed_minor: int = minor(default=0)
    cancelled_count: int = 0
    cancelled_minor: int = minor(default=0)
    reversed_count: int = 0
    reversed_minor: int = minor(default=0)
    fees_minor: int = minor(default=0)
    skipped_count: int = 0
    lookups_left: int = 0
    seal: str = ""
    has_same_person: bool = False
    has_accepted_duplicates: bool = False
    created_by: UUID = Field(foreign_key="users.id")
    confirmed_by: UUID | None = Field(default=None, foreign_key="users.id")
    confirmed_at: datetime | None = instant()
    approved_by: UUID | None = Field(default=None, foreign_key="users.id")
    approved_at: datetime | None = instant()
    ended_by: UUID | None = Field(default=None, foreign_key="users.id")
    end_reason: str = ""
    not_before: datetime | None = instant()
    expires_at: datetime | None = instant()
    started_at: datetime | None = instant()
    completed_at: datetime | None = instant()
    pause_reason: str = ""
    retry_of: UUID | None = Field(default=None, foreign_key="pension_batch.id")


class PensionPayment(Table, table=True):
    """One row of a batch; its id is the batch's first twelve octets, then the line.

    A statement's trigger sees that the batch is there and is the organisation's: a million rows are asked about once.
    """

    __tablename__ = "pension_payment"
    __table_args__ = (
        UniqueConstraint("batch_id", "line"),
        check("stage", one_of("stage", PaymentStage)),
        check("amount", "amount_minor > 0"),
        Index(
            "ix_pension_payment_file_transfer_id",
            "organisation_id",
            "file_transfer_id",
            postgresql_where=text("file_transfer_id is not null"),
        ),
        Index("ix_pension_payment_waiting", "batch_id", "line", postgresql_where=text("stage = 'WAITING'")),
        Index(
            "ix_pension_payment_stage",
            "batch_id",
            "stage",
            "line",
            postgresql_where=text("stage not in ('WAITING', 'COMPLETED', 'CANCELLED')"),
        ),
    )

    batch_id: UUID
    organisation_id: UUID
    line: int
    file_transfer_id: str | None = None
    id_type: str
    identifier: str
    identifier_raw: str
    rail_identifier: str = ""
    fsp_id: str = ""
    amount_minor: int = minor()
    purpose: str = "PENSION"
    occurrence: int = 1
    name: str = ""
    name_found: str = ""
    name_verdict: str = ""
    stage: str = PaymentStage.WAITING
    transfer_id: UUID | None = Field(default=None, foreign_key="transfer.id")
    tries: int = 0
    code: str = ""
    reason: str = ""
    is_retryable: bool = False
    fee_minor: int = minor(default=0)
    next_try_at: datetime | None = instant()
    completed_at: datetime | None = instant()


class PensionClaim(SQLModel, table=True):
    """A person is paid once for a cycle and a purpose; dropped when the payment ends unpaid.

    Its payment is of a sealed batch, and such are never deleted.
    """

    __tablename__ = "pension_claim"

    organisation_id: UUID = Field(primary_key=True)
    cycle: str = Field(primary_key=True)
    payee_key: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    occurrence: int = Field(primary_key=True)
    payment_id: UUID = Field(unique=True)


class PensionTransferId(SQLModel, table=True):
    """The sender's own id of a payment that was confirmed: taken in the organisation for ever; a draft takes none."""

    __tablename__ = "pension_transfer_id"

    organisation_id: UUID = Field(primary_key=True)
    transfer_id: str = Field(primary_key=True)
    payment_id: UUID


class PensionSetAside(SQLModel, table=True):
    """A right row of a draft whose payee has a claim in the cycle: it goes on if the confirmer accepts its line."""

    __tablename__ = "pension_set_aside"

    batch_id: UUID = Field(foreign_key="pension_batch.id", primary_key=True)
    line: int = Field(primary_key=True)
    file_transfer_id: str | None = None
    id_type: str
    identifier: str
    identifier_raw: str
    amount_minor: int = minor()
    purpose: str
    name: str = ""


class KnownPayee(Table, table=True):
    """What the switch answered about a party, reused while it is fresh."""

    __tablename__ = "payee_directory"
    __table_args__ = (
        UniqueConstraint(
            "rail_account_id", "organisation_id", "id_type", "identifier", name="uq_payee_directory_payee"
        ),
    )

    organisation_id: UUID = Field(foreign_key="organisation.id")
    rail_account_id: UUID = Field(foreign_key="provider_account.id")
    id_type: str
    identifier: str
    rail_identifier: str
    fsp_id: str = ""
    names: list[str] = document(default_factory=list)
    seen_at: datetime = instant(nullable=False)
