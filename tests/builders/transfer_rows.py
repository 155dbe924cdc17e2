"""Money with the outside as rows: accounts, transfers in every state with the events that led there, callbacks."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from core import clock, ids
from core.database import Session
from core.ids import CROCKFORD
from models.inbox import InboundEvent
from models.transfers import ProviderAccount, Transfer, TransferAttempt, TransferCase, TransferEvent
from services.transfers import purposes


class Nothing(purposes.Purpose):
    """A purpose that moves nothing of ours, for rows that stand alone."""

    name = "essai"
    refund_name = "essai"


purposes.register(Nothing())

PAYER = "+2290166000001"

# What a transfer went through, in order, to stand where it does.
WAYS: dict[str, tuple[str, ...]] = {
    "created": (),
    "submitted": ("submitted",),
    "pending": ("submitted", "pending"),
    "unknown": ("submitted", "unknown"),
    "succeeded": ("submitted", "pending", "succeeded"),
    "failed": ("submitted", "pending", "failed"),
    "expired": ("submitted", "pending", "expired"),
    "cancelled": ("cancelled",),
    "reversed": ("submitted", "pending", "succeeded", "reversed"),
}
OPEN = frozenset({"created", "submitted", "pending", "unknown"})
STEP_S = 5
PATIENCE = timedelta(seconds=STEP_S)


def crockford(number: UUID) -> str:
    """Return the 26 characters of an id of ours."""
    return "".join(CROCKFORD[(number.int >> shift) & 31] for shift in range(125, -1, -5))


def account(session: Session, code: str = "mtn-bj", **columns: Any) -> ProviderAccount:
    """Write an active contract."""
    known = {
        "label": "MTN Bénin",
        "adapter": "mtn",
        "environment": "live",
        "country": "BJ",
        "currency": "XOF",
        "base_url": "https://proxy.momoapi.mtn.com",
        "offers": ["collect", "payout", "refund"],
        "state": "active",
    }
    row = ProviderAccount(code=code, **{**known, **columns})
    session.add(row)
    session.flush()
    return row


def transfer(
    session: Session,
    contract: ProviderAccount,
    state: str = "succeeded",
    *,
    minor: int = 5_000,
    at: datetime | None = None,
    gap_s: float = STEP_S,
    **columns: Any,
) -> Transfer:
    """Write a transfer asked for at `at`, with one event every `gap_s` on the way to its state."""
    began = at or clock.now() - timedelta(minutes=10)
    way = WAYS[state]
    moments = [began + timedelta(seconds=gap_s * number) for number in range(1, len(way) + 1)]
    external = columns.pop("external_id", None) or uuid4()
    known: dict[str, Any] = {
        "created_at": began,
        "reference": crockford(external),
        "callback_token": external.hex[:22],
        "source": "transfer",
        "key": str(external),
        "direction": "collect",
        "purpose": Nothing.name,
        "subject_id": ids.new_id(),
        "method": "mtn_money",
        "currency": contract.currency,
        "party_phone": PAYER,
        "party_name": "Awa Diop",
        "submitted_at": moments[0] if "submitted" in way else None,
        "ended_at": None if state in OPEN else moments[-1],
        "next_read_at": clock.now() + timedelta(minutes=2) if state in {"submitted", "pending", "unknown"} else None,
        "reason": {"failed": "insufficient_funds", "expired": "prompt_expired", "unknown": "no_answer"}.get(state, ""),
    }
    row = Transfer(
        external_id=external,
        account_id=contract.id,
        adapter=contract.adapter,
        environment=contract.environment,
        base_url=contract.base_url,
        amount_minor=minor,
        state=state,
        **{**known, **columns},
    )
    session.add(row)
    session.flush()
    event(session, row, "", "created", began, cause="request", actor="Awa Diop")
    before = "created"
    for step, moment in zip(way, moments, strict=True):
        event(session, row, before, step, moment)
        before = step
    return row


def event(
    session: Session, row: Transfer, before: str, after: str, at: datetime, *, cause: str = "", **columns: Any
) -> TransferEvent:
    """Write one transition."""
    proved_by = cause or ("submit" if after in {"submitted", "pending"} else "read")
    reason = row.reason if after == row.state else ""
    known = {"cause": proved_by, "reason": reason, "created_at": at}
    written = TransferEvent(transfer_id=row.id, from_state=before, to_state=after, **{**known, **columns})
    session.add(written)
    session.flush()
    return written


def attempt(session: Session, row: Transfer, operation: str = "collect", **columns: Any) -> TransferAttempt:
    """Write one call to the provider, answered with 202 half a second after it was sent."""
    sent = columns.pop("sent_at", None) or row.created_at + PATIENCE
    known = {
        "n": 1,
        "method": "POST",
        "url": f"{row.base_url}/collection/v1_0/requesttopay",
        "request": 'x-reference-id: …\n\n{"amount": "5000"}',
        "response": "",
        "http_status": 202,
        "sent_at": sent,
        "answered_at": sent + timedelta(seconds=0.5),
        "answer": "accepted",
    }
    written = TransferAttempt(
        transfer_id=row.id, account_id=row.account_id, operation=operation, created_at=sent, **{**known, **columns}
    )
    session.add(written)
    session.flush()
    return written


def callback(session: Session, contract: ProviderAccount, row: Transfer | None = None, **columns: Any) -> InboundEvent:
    """Write one callback as it came in, about a transfer or about nothing we know."""
    came = columns.pop("received_at", None) or clock.now() - timedelta(minutes=1)
    said = {"externalId": row.reference if row else "?", "status": "SUCCESSFUL", "payer": {"partyId": PAYER[1:]}}
    known = {
        "source": contract.adapter,
        "dedupe_key": str(ids.new_id()),
        "path": f"/api/v1/payments/callback/{contract.adapter}/•••••",
        "headers": {"content-type": "application/json"},
        "body": json.dumps(said).encode(),
        "authenticity": "token",
        "claimed_state": "SUCCESSFUL",
        "handled_at": came + timedelta(seconds=1),
        "outcome": "asked",
    }
    written = InboundEvent(
        account_id=contract.id,
        transfer_id=row.id if row else None,
        received_at=came,
        created_at=came,
        **{**known, **columns},
    )
    session.add(written)
    session.flush()
    return written


def case(
    session: Session, contract: ProviderAccount, kind: str = "late_money", row: Transfer | None = None, **columns: Any
) -> TransferCase:
    """Write something about money that only a person can close."""
    known = {"dedupe_key": str(ids.new_id()), "amount_minor": 5_000, "currency": contract.currency}
    written = TransferCase(
        account_id=contract.id, kind=kind, transfer_id=row.id if row else None, **{**known, **columns}
    )
    session.add(written)
    session.flush()
    return written


def one_of_each(session: Session, contract: ProviderAccount, at: datetime) -> dict[str, Transfer]:
    """Write one transfer in every state, a minute apart, the first at `at`."""
    return {
        state: transfer(session, contract, state, at=at + timedelta(minutes=number))
        for number, state in enumerate(WAYS)
    }
