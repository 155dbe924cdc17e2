"""The receipt of a payment that was made: what it says, what proves it, and our signature over both.

Anybody checks it without us (`docs/pensions-papers.md`, Receipt): the hash of the fulfilment is the condition, and the
signature is ours over the canonical JSON of everything else.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from core import ids, signing
from core.database import Session, fetch_one
from core.errors import NotFound, Refusal
from core.i18n import t
from core.money import Currency
from core.permissions import Actor, Permission
from models.pension_stages import PaymentStage, Rail
from reports.pensions import tokens

TYPE = "palabre-receipt-1"
VERIFIED, INCOMPLETE = "verified", "incomplete"

_LINE_DIGITS = 7


class PaymentNotFound(NotFound):
    """No such payment, or one of another organisation: the same words."""

    code = "not_found"
    sentence = "Paiement introuvable."


class NotPaid(Refusal):
    """Only a payment that was made has a receipt; one that came back has none any more."""

    code = "not_completed"
    status = 409
    sentence = "Ce paiement n'est pas fait : il n'a pas de reçu."


RECEIPTS = """
select p.id, p.organisation_id, p.stage, p.line, p.id_type, p.identifier, p.name, p.name_found, p.amount_minor,
    p.fee_minor, p.purpose, p.completed_at, b.bulk_id, b.cycle, b.currency, b.seal, b.rail, o.code as organisation_code,
    o.name as organisation_name, o.timezone as zone, a.account_id, t.external_id, t.handles, g.id as transaction_id,
    g.reference as ledger_reference,
    coalesce(p.file_transfer_id, b.bulk_id || '-' || lpad(p.line::text, 7, '0')) as payment_id
from pension_payment p
join pension_batch b on b.id = p.batch_id
join organisation o on o.id = b.organisation_id
join pension_account a on a.id = b.account_id
left join transfer t on t.id = p.transfer_id
left join ledger_transaction g on g.id = t.transaction_id
"""
_NAMED = """
where b.bulk_id = %(bulk)s and (
    p.file_transfer_id = %(shown)s or p.file_transfer_id is null and p.line = %(line)s
    or p.id = %(id)s or t.external_id = %(id)s)
"""


def receipt(session: Session, actor: Actor, bulk_id: str, transfer_id: str) -> dict[str, Any]:
    """Return the signed receipt of a payment, by any of its ids; refuses with `PaymentNotFound` and `NotPaid`.

    The same payment always gets the same octets: nothing in it is of the moment it was asked for.
    """
    return signed(find(session, actor, bulk_id, transfer_id))


def find(session: Session, actor: Actor, bulk_id: str, transfer_id: str) -> dict[str, Any]:
    """Return the row of a payment that was made, to who may read it."""
    head, _, line = transfer_id.rpartition("-")
    is_line = head == bulk_id and len(line) == _LINE_DIGITS and line.isdecimal() and line.isascii()
    row = fetch_one(
        session,
        RECEIPTS + _NAMED,
        {
            "bulk": bulk_id,
            "shown": transfer_id,
            "line": int(line) if is_line else None,
            "id": ids.parse_id(transfer_id),
        },
    )
    if row is None or not actor.may(Permission.PENSIONS_READ, row["organisation_id"]):
        raise PaymentNotFound
    if row["stage"] != PaymentStage.COMPLETED:
        raise NotPaid
    return row


def signed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payment's receipt with our signature."""
    document = compose(row)
    return {**document, "signature": signing.sign(document).as_document()}


def compose(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a receipt says, without the signature. Amounts are in minor units, times in UTC."""
    handles = row["handles"] or {}
    fulfilment, condition = str(handles.get("fulfilment") or ""), str(handles.get("condition") or "")
    return {
        "type": TYPE,
        "organisation": {"code": row["organisation_code"], "name": row["organisation_name"]},
        "payer_account": row["account_id"],
        "batch": {"bulk_id": row["bulk_id"], "cycle": row["cycle"], "seal": row["seal"], "line": row["line"]},
        "payment_id": row["payment_id"],
        "payee": {"id_type": row["id_type"], "identifier": row["identifier"], "name": row["name"]},
        "purpose": row["purpose"],
        "amount": row["amount_minor"],
        "fee": row["fee_minor"],
        "currency": row["currency"],
        "exponent": Currency(row["currency"]).exponent,
        "rail": row["rail"],
        "transferId": str(row["external_id"] or ""),
        "completed_at": f"{row['completed_at']:%Y-%m-%dT%H:%M:%SZ}",
        "condition": condition,
        "fulfilment": fulfilment,
        "proof": proof_of(fulfilment, condition),
        "ledger": {"transaction_id": str(row["transaction_id"] or ""), "reference": row["ledger_reference"] or ""},
        "verification": tokens.receipt_address(UUID(str(row["id"]))),
    }


def proof_of(fulfilment: str, condition: str) -> str:
    """Return `verified` when the fulfilment hashes to the condition, else `incomplete`: the hub's word stands alone."""
    try:
        secret = base64.b64decode(fulfilment + "=" * (-len(fulfilment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return INCOMPLETE
    digest = base64.urlsafe_b64encode(sha256(secret).digest()).rstrip(b"=").decode()
    return VERIFIED if secret and digest == condition.rstrip("=") else INCOMPLETE


def proof_in_words(paper: Mapping[str, Any]) -> str:
    """Return what stands behind «paid»: a proof that anybody can check, or the word of who carried the money."""
    if paper["proof"] == VERIFIED:
        return t("Preuve du switch vérifiée")
    if paper["rail"] == Rail.MOBILE_MONEY:
        return t("Payé selon l'opérateur")
    return t("Preuve incomplète : le switch dit payé")


def is_authentic_json(octets: bytes) -> bool:
    """Say whether these octets are a receipt of ours, unchanged; whatever they are otherwise, they are not."""
    try:
        paper = json.loads(octets)
        return isinstance(paper, dict) and is_authentic(paper)
    except (ValueError, RecursionError):
        return False


def is_authentic(paper: Mapping[str, Any]) -> bool:
    """Say whether a receipt is one of ours, unchanged."""
    document = {name: value for name, value in paper.items() if name != "signature"}
    signature = paper.get("signature")
    return isinstance(signature, Mapping) and signing.is_ours(document, signature)
