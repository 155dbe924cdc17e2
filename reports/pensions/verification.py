"""What anybody reads behind the code on a paper: that it is ours, and as little as possible about the payee."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core import signing
from core.database import Session, fetch_one
from core.money import Currency
from core.phone import mask_email, mask_phone
from models.pension_stages import BatchStage, PaymentStage
from reports.pensions import receipts, tokens

HIDDEN = "••••"
RECEIPT, BATCH = "palabre-verification-receipt-1", "palabre-verification-batch-1"

_BATCH = f"""
select b.id, b.bulk_id, b.cycle, b.currency, b.stage, b.seal, b.total_count, b.total_minor, b.completed_at,
    {", ".join(f"b.{stage.lower()}_count, b.{stage.lower()}_minor" for stage in PaymentStage)},
    o.code as organisation_code, o.name as organisation_name, o.timezone as zone
from pension_batch b join organisation o on o.id = b.organisation_id
where b.id = any(%s) and b.seal <> ''
"""


def verify(session: Session, token: str) -> dict[str, Any] | None:
    """Return what stands behind a token, masked and signed; None when there is nothing of ours.

    A receipt says whether its payment still stands (`COMPLETED`) or came back since (`REVERSED`).
    """
    row = fetch_one(session, receipts.RECEIPTS + " where p.id = any(%s)", (signing.open_token(token, tokens.RECEIPT),))
    if row is not None and row["stage"] in {PaymentStage.COMPLETED, PaymentStage.REVERSED}:
        return _signed(_masked(row))
    batch = fetch_one(session, _BATCH, (signing.open_token(token, tokens.BATCH),))
    return None if batch is None else _signed(_batch(batch))


def mask_identifier(id_type: str, identifier: str) -> str:
    """Return an identifier of which nobody can make use, and its owner knows it."""
    match id_type:
        case "MSISDN":
            return mask_phone(identifier)
        case "EMAIL":
            return mask_email(identifier)
    return f"{HIDDEN}{identifier[-2:]}"


def mask_name(name: str) -> str:
    """Return the initials of a name."""
    return " ".join(f"{word[0]}." for word in name.split())


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    document = receipts.compose(row)
    payee = document["payee"]
    masked = {
        "id_type": payee["id_type"],
        "identifier": mask_identifier(payee["id_type"], payee["identifier"]),
        "name": mask_name(payee["name"]),
    }
    return {**document, "type": RECEIPT, "payee": masked, "status": row["stage"], "time_zone": row["zone"]}


def _batch(row: Mapping[str, Any]) -> dict[str, Any]:
    stages = {
        stage: {"count": row[f"{stage.lower()}_count"], "amount": row[f"{stage.lower()}_minor"]}
        for stage in PaymentStage
    }
    return {
        "type": BATCH,
        "organisation": {"code": row["organisation_code"], "name": row["organisation_name"]},
        "batch": {"bulk_id": row["bulk_id"], "cycle": row["cycle"], "seal": row["seal"]},
        "status": BatchStage(row["stage"]).value,
        "currency": row["currency"],
        "exponent": Currency(row["currency"]).exponent,
        "total": {"count": row["total_count"], "amount": row["total_minor"]},
        "stages": {stage.value: total for stage, total in stages.items() if total["count"]},
        "completed_at": f"{row['completed_at']:%Y-%m-%dT%H:%M:%SZ}" if row["completed_at"] else None,
        "time_zone": row["zone"],
        "verification": tokens.batch_address(UUID(str(row["id"]))),
    }


def _signed(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "signature": signing.sign(document).as_document()}
