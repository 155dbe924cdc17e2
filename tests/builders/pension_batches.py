"""Sealed batches as rows, in any stage, with the money they reserved, paid and gave back on the ledger."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import select

from core import clock
from core.database import Database, Session
from core.money import Money
from models.ledger import AccountKind, Source
from models.pension_stages import OPEN_PAYMENTS, BatchStage, PaymentStage
from models.pensions import PensionBatch, PensionClaim, PensionFile, PensionPayment
from models.transfers import ProviderAccount, Transfer
from services import ledger
from services.ledger import Leg, Posting
from services.pensions import seal
from tests.builders.pensions import Caisse
from tests.builders.transfer_rows import crockford

PAID = (PaymentStage.COMPLETED, PaymentStage.REVERSED)
STARTED = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
# What a transfer is while its payment stands in a stage; a payment that never left has none.
TRANSFERS: dict[PaymentStage, str] = {
    PaymentStage.SENDING: "submitted",
    PaymentStage.SENT: "pending",
    PaymentStage.UNKNOWN: "unknown",
    PaymentStage.COMPLETED: "succeeded",
    PaymentStage.FAILED: "failed",
    PaymentStage.REVERSED: "reversed",
}


@dataclass(frozen=True)
class Pay:
    """One line of a batch and where it stands; `proof` is what came with it: verified, wrong, none."""

    stage: PaymentStage = PaymentStage.COMPLETED
    amount_minor: int = 50_000
    name: str = "Awa Diop"
    name_found: str = "DIOP AWA"
    name_verdict: str = "same"
    id_type: str = "MSISDN"
    identifier: str = "+2290197000001"
    code: str = ""
    reason: str = ""
    fee_minor: int = 0
    purpose: str = "PENSION"
    file_transfer_id: str | None = None
    proof: str = "verified"
    is_retryable: bool = False


def paid(count: int, **columns: Any) -> list[Pay]:
    """Return lines that were paid, each to a number of its own."""
    return [Pay(**{"identifier": f"+22901970{number:05d}", **columns}) for number in range(1, count + 1)]


def some(stage: PaymentStage, count: int = 1, *, first: int = 50_000, **columns: Any) -> list[Pay]:
    """Return lines that stand in a stage."""
    return [Pay(stage, identifier=f"+22901{first + number:08d}", **columns) for number in range(count)]


def put(
    database: Database, caisse: Caisse, lines: Sequence[Pay], stage: BatchStage = BatchStage.COMPLETED, **columns: Any
) -> PensionBatch:
    """Write a batch of these lines, sealed unless it is a draft, with what it posted."""
    with database.transaction(statement_timeout_ms=60_000) as session:
        batch = _batch(caisse, lines, stage, columns)
        batch.file_id = _file(session, caisse, batch, len(lines))
        session.add(batch)
        session.flush()
        _payments(session, caisse, batch, lines)
        if stage is not BatchStage.DRAFT:
            batch.seal = seal.compute(session, batch.id)
            session.add(batch)
            session.flush()
            _post(session, caisse, batch)
    return batch


def payment_id(batch_id: UUID, line: int) -> UUID:
    """Return the id of a line's payment: the batch's first twelve octets, then the line."""
    return UUID(bytes=batch_id.bytes[:12] + line.to_bytes(4, "big"))


def fulfilment_of(payment: UUID) -> tuple[str, str]:
    """Return a fulfilment and its condition."""
    secret = sha256(payment.bytes).digest()
    return _text(secret), _text(sha256(secret).digest())


def _batch(caisse: Caisse, lines: Sequence[Pay], stage: BatchStage, columns: dict[str, Any]) -> PensionBatch:
    counters: dict[str, int] = {}
    for one in PaymentStage:
        amounts = [line.amount_minor for line in lines if line.stage == one]
        counters |= {f"{one.lower()}_count": len(amounts), f"{one.lower()}_minor": sum(amounts)}
    is_open = any(line.stage in OPEN_PAYMENTS for line in lines)
    known: dict[str, Any] = {
        "bulk_id": f"bulk-{uuid4().hex[:12]}",
        "cycle": "2026-11",
        "currency": caisse.account.currency,
        "created_at": STARTED - timedelta(minutes=20),
        "confirmed_by": caisse.manager.user_id,
        "confirmed_at": STARTED - timedelta(minutes=10),
        "approved_by": caisse.supervisor.user_id,
        "approved_at": STARTED - timedelta(minutes=5),
        "started_at": STARTED,
        "completed_at": None if is_open else STARTED + timedelta(minutes=30),
    }
    if stage is BatchStage.DRAFT:
        known |= dict.fromkeys(("confirmed_by", "confirmed_at", "approved_by", "approved_at", "started_at"))
    return PensionBatch(
        organisation_id=caisse.organisation_id,
        account_id=caisse.account.id,
        stage=stage,
        total_count=len(lines),
        total_minor=sum(line.amount_minor for line in lines),
        fees_minor=sum(line.fee_minor for line in lines if line.stage is PaymentStage.COMPLETED),
        created_by=_himself(caisse),
        **{**counters, **known, **columns},
    )


def _file(session: Session, caisse: Caisse, batch: PensionBatch, rows: int) -> UUID:
    file = PensionFile(
        organisation_id=caisse.organisation_id,
        name="pensions-novembre.csv",
        size_bytes=rows * 60,
        sha256=sha256(batch.id.bytes).digest(),
        content_sha256=sha256(batch.bulk_id.encode()).digest(),
        rows=rows,
        valid=rows,
        uploaded_by=_himself(caisse),
    )
    session.add(file)
    session.flush()
    return file.id


def _payments(session: Session, caisse: Caisse, batch: PensionBatch, lines: Iterable[Pay]) -> None:
    rail = session.get_one(ProviderAccount, caisse.account.rail_account_id)
    for number, line in enumerate(lines, start=2):
        payment = PensionPayment(
            id=payment_id(batch.id, number),
            batch_id=batch.id,
            organisation_id=batch.organisation_id,
            line=number,
            identifier_raw=line.identifier.removeprefix("+"),
            completed_at=STARTED + timedelta(seconds=number) if line.stage in PAID else None,
            tries=1 if line.stage in TRANSFERS else 0,
            **{name: value for name, value in vars(line).items() if name != "proof"},
        )
        if line.stage in TRANSFERS:
            transfer = _transfer(rail, batch, payment, line)
            session.add(transfer)
            session.flush()
            payment.transfer_id = transfer.id
        session.add(payment)
        if line.stage in (*OPEN_PAYMENTS, PaymentStage.COMPLETED) and batch.stage is not BatchStage.DRAFT:
            session.flush()
            session.add(
                PensionClaim(
                    organisation_id=batch.organisation_id,
                    payee_key=f"{batch.bulk_id} {number}",
                    cycle=batch.cycle,
                    purpose=line.purpose,
                    occurrence=1,
                    payment_id=payment.id,
                )
            )
    session.flush()


def _transfer(rail: ProviderAccount, batch: PensionBatch, payment: PensionPayment, line: Pay) -> Transfer:
    external = uuid4()
    state = TRANSFERS[line.stage]
    is_open = state in {"submitted", "pending", "unknown"}
    sent = STARTED + timedelta(seconds=payment.line)
    fulfilment, condition = fulfilment_of(payment.id)
    proofs = {
        "verified": {"fulfilment": fulfilment, "condition": condition},
        "wrong": {"fulfilment": _text(b"x" * 32), "condition": condition},
        "none": {},
    }
    return Transfer(
        external_id=external,
        reference=crockford(external),
        callback_token=external.hex[:22],
        source=Source.PENSION,
        key=f"post:{external}",
        direction="payout",
        purpose="pension",
        subject_id=payment.id,
        method="mojaloop",
        account_id=rail.id,
        adapter=rail.adapter,
        environment=rail.environment,
        base_url=rail.base_url,
        amount_minor=line.amount_minor,
        currency=batch.currency,
        provider_fee_minor=line.fee_minor,
        handles=proofs[line.proof] if state in {"succeeded", "reversed"} else {},
        state=state,
        reason="no_answer" if state == "unknown" else line.reason,
        submitted_at=sent,
        unknown_at=sent if state == "unknown" else None,
        lease_until=sent + timedelta(minutes=5) if state == "submitted" else None,
        next_read_at=clock.now() + timedelta(days=1) if is_open else None,
        ended_at=None if is_open else sent,
    )


def _post(session: Session, caisse: Caisse, batch: PensionBatch) -> None:
    """Post what a batch in this state has posted: the reserve, what was paid, what was given back."""
    account = caisse.account

    def post(key: str, kind: str, debit: UUID, credit: UUID, minor: int, fee_minor: int = 0) -> UUID:
        amount, fee = Money(minor, account.currency), Money(fee_minor, account.currency)
        legs = (Leg(debit, amount), Leg(credit, -(amount + fee)), Leg(account.fees_account_id, fee))
        return ledger.post(session, Posting(Source.PENSION, key, kind, legs if fee_minor else legs[:2])).id

    available, reserved = account.available_account_id, account.reserved_account_id
    mirror = ledger.house_account(
        session, AccountKind.PROVIDER_FLOAT, account.currency, "provider_account", account.rail_account_id
    )
    post(f"reserve:{batch.id}", "pension_reserve", available, reserved, batch.total_minor)
    rows = session.exec(select(PensionPayment).where(PensionPayment.batch_id == batch.id))
    for payment in sorted(rows, key=lambda row: row.line):
        stage, minor = PaymentStage(payment.stage), payment.amount_minor
        if stage in {PaymentStage.COMPLETED, PaymentStage.REVERSED}:
            transfer = session.get_one(Transfer, payment.transfer_id)
            transfer.transaction_id = post(
                f"post:{transfer.id}", "pension_paid", reserved, mirror, minor, payment.fee_minor
            )
            if stage is PaymentStage.REVERSED:
                transfer.reversal_id = post(f"reverse:{transfer.id}", "pension_reversed", mirror, available, minor)
        elif stage in {PaymentStage.FAILED, PaymentStage.CANCELLED}:
            post(f"void:{payment.id}", "pension_void", reserved, available, minor)
    session.flush()


def _himself(caisse: Caisse) -> UUID:
    assert caisse.manager.user_id
    return caisse.manager.user_id


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
