"""Proofs: what an operator attaches to settle an unknown. Added, read, never changed or taken away."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import Field

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.orders import Order
from core.permissions import Actor, Permission
from models.transfers import TransferProof
from services import audit
from services.transfers.rows import find
from services.unknowns.refusals import ProofTooLarge, ProofUnreadable, TooManyProofs

LARGEST_PROOF_BYTES = 5 << 20
MOST_PROOFS = 20

# What a file says it is, and how it must then begin; a text begins as it likes and holds no NUL.
BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "text/plain": (b"",),
    "text/csv": (b"",),
}


class AttachProof(Order):
    """A file that shows how a transfer ended."""

    transfer_id: UUID
    file_name: str = Field(min_length=1, max_length=200)
    content_type: str
    content: bytes = Field(repr=False)


@dataclass(frozen=True, slots=True)
class ProofRow:
    """A proof, without its content."""

    id: UUID
    transfer_id: UUID
    file_name: str
    content_type: str
    size_bytes: int
    sha256: str
    added_at: datetime
    added_by_name: str


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A proof to be shown or saved."""

    file_name: str
    content_type: str
    content: bytes


def attach_proof(session: Session, actor: Actor, order: AttachProof) -> ProofRow:
    """Attach a file to a transfer; the same file twice is there once."""
    actor.require(Permission.PAYMENTS_ACT)
    return keep_proof(session, actor, order)


def keep_proof(session: Session, actor: Actor, order: AttachProof) -> ProofRow:
    """Attach a file for a verb that has seen to the actor's right; the same file twice is there once."""
    _require_readable(order)
    row = find(session, order.transfer_id, is_locked=True)
    digest = hashlib.sha256(order.content).digest()
    known = _list_proofs(session, row.id)
    for proof in known:
        if proof.sha256 == digest.hex():
            return proof
    if len(known) >= MOST_PROOFS:
        raise TooManyProofs(most=MOST_PROOFS)
    file_name = order.file_name.replace("\\", "/").rpartition("/")[2].strip() or "preuve"
    proof_table = TransferProof(
        transfer_id=row.id,
        file_name=file_name,
        content_type=order.content_type,
        size_bytes=len(order.content),
        sha256=digest,
        content=order.content,
        added_by=actor.user_id,
    )
    session.add(proof_table)
    session.flush()
    changes = {"file_name": file_name, "size_bytes": len(order.content), "sha256": digest.hex()}
    audit.record(session, actor, "transfer.attach_proof", "transfer", row.id, row.reference, changes)
    return next(proof for proof in _list_proofs(session, row.id) if proof.id == proof_table.id)


def _require_readable(order: AttachProof) -> None:
    if len(order.content) > LARGEST_PROOF_BYTES:
        raise ProofTooLarge(most=LARGEST_PROOF_BYTES >> 20)
    beginnings = BEGINNINGS.get(order.content_type)
    if not order.content or beginnings is None or not order.content.startswith(beginnings):
        raise ProofUnreadable
    if order.content_type.startswith("text/") and b"\0" in order.content:
        raise ProofUnreadable


# Reads


def list_proofs(session: Session, actor: Actor, transfer_id: UUID) -> list[ProofRow]:
    """Return the proofs of a transfer, the oldest first, without their contents."""
    actor.require(Permission.PAYMENTS_READ)
    return _list_proofs(session, transfer_id)


def _list_proofs(session: Session, transfer_id: UUID) -> list[ProofRow]:
    rows = fetch_all(
        session,
        """
        select p.id, p.transfer_id, p.file_name, p.content_type, p.size_bytes, encode(p.sha256, 'hex') as sha256,
               p.created_at as added_at, coalesce(trim(concat(u.first_name, ' ', u.last_name)), '') as added_by_name
        from transfer_proof p left join users u on u.id = p.added_by
        where p.transfer_id = %s order by p.created_at, p.id
        """,
        (transfer_id,),
    )
    return [ProofRow(**row) for row in rows]


def count_proofs(session: Session, transfer_id: UUID) -> int:
    """Count the proofs of a transfer."""
    row = fetch_one(session, "select count(*) as total from transfer_proof where transfer_id = %s", (transfer_id,))
    return int(row["total"]) if row else 0


def get_proof(session: Session, actor: Actor, proof_id: UUID) -> ProofFile:
    """Return a proof's content to who may read exchanges: a statement shows other people too."""
    actor.require(Permission.PAYMENTS_EXCHANGES_READ)
    proof = session.get(TransferProof, proof_id)
    if proof is None:
        raise NotFound(thing="transfer_proof")
    return ProofFile(proof.file_name, proof.content_type, bytes(proof.content))
