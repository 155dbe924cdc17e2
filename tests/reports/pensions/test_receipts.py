"""A receipt, and what a stranger who holds it can find out without asking us."""

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core import signing
from core.database import Database
from core.errors import Refusal
from core.permissions import Actor
from core.security import Keys, get_keys
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from reports import pensions as reports
from reports.pensions import receipts
from tests.builders import pension_batches
from tests.builders.pension_batches import Pay, paid, some
from tests.builders.pensions import PensionWorld
from tests.reports.pensions.pages import texts_of


def get(database: Database, actor: Actor, batch: PensionBatch, line: int = 2) -> dict[str, Any]:
    with database.transaction() as session:
        return reports.receipt(session, actor, batch.bulk_id, f"{batch.bulk_id}-{line:07d}")


def look(database: Database, token: str) -> dict[str, Any] | None:
    with database.transaction() as session:
        return reports.verify(session, token)


def octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_right_without_us(paper: dict[str, Any]) -> bool:
    """Check a receipt as a stranger does: standard libraries, and the public key that we publish."""
    signature = paper["signature"]
    rest = {name: value for name, value in paper.items() if name != "signature"}
    signed = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    try:
        Ed25519PublicKey.from_public_bytes(octets(signature["public_key"])).verify(octets(signature["value"]), signed)
    except InvalidSignature:
        return False
    digest = hashlib.sha256(octets(paper["fulfilment"])).digest()
    return digest == octets(paper["condition"])


def test_a_receipt_says_what_was_paid_and_proves_it(
    database: Database, world: PensionWorld, batch: PensionBatch
) -> None:
    paper = get(database, world.own.manager, batch, 4)
    assert paper["organisation"] == {"code": "CNSS-BJ", "name": "Caisse CNSS-BJ"}
    assert paper["batch"] == {"bulk_id": batch.bulk_id, "cycle": "2026-11", "seal": batch.seal, "line": 4}
    assert paper["payee"] == {"id_type": "MSISDN", "identifier": "+2290197000003", "name": "Séraphine Houénou"}
    assert (paper["amount"], paper["fee"], paper["currency"], paper["exponent"]) == (50_000, 100, "XOF", 0)
    assert paper["completed_at"] == "2026-11-21T09:00:04Z"
    assert paper["proof"] == "verified"
    assert paper["ledger"]["reference"].startswith("GL-")
    assert is_right_without_us(paper)
    assert paper["signature"]["key_id"] in signing.public_keys()


def test_the_same_payment_always_gets_the_same_receipt(
    database: Database, world: PensionWorld, batch: PensionBatch
) -> None:
    papers = [get(database, actor, batch) for actor in (world.own.manager, world.own.supervisor, world.administrator)]
    assert papers[0] == papers[1] == papers[2]
    with database.transaction() as session:
        ids = (papers[0]["transferId"], str(pension_batches.payment_id(batch.id, 2)))
        assert [reports.receipt(session, world.own.manager, batch.bulk_id, one) for one in ids] == [papers[0]] * 2


@pytest.mark.parametrize("field", ["amount", "completed_at", "transferId", "proof", "currency"])
def test_a_changed_receipt_is_not_authentic(
    database: Database, world: PensionWorld, batch: PensionBatch, field: str
) -> None:
    paper = get(database, world.own.manager, batch)
    assert reports.is_authentic(paper)
    forged = {**paper, field: 5_000_000 if field == "amount" else "2026-12-01T00:00:00Z"}
    assert not reports.is_authentic(forged)
    assert not is_right_without_us(forged)


def test_another_key_signs_nothing_of_ours(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    paper = get(database, world.own.manager, batch)
    rest = {name: value for name, value in paper.items() if name != "signature"}
    stranger = Keys({b"abcd": b"s" * 32}, get_keys().peppers, b"x")
    forged = {**rest, "signature": signing.sign(rest, stranger).as_document()}
    assert is_right_without_us(forged)
    assert not reports.is_authentic(forged)


def test_papers_outlive_a_change_of_keys(
    database: Database, world: PensionWorld, batch: PensionBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = get(database, world.own.manager, batch)
    old = get_keys()
    both = Keys({b"newk": b"n" * 32, **old.sealing}, old.peppers, old.input_mac)
    monkeypatch.setattr(signing, "get_keys", lambda: both)
    assert reports.is_authentic(paper)
    token = paper["verification"].rpartition("/")[2]
    seen = look(database, token)
    assert seen
    assert seen["transferId"] == paper["transferId"]
    assert get(database, world.own.manager, batch)["signature"]["key_id"] != paper["signature"]["key_id"]


@pytest.mark.parametrize("proof", ["wrong", "none"])
def test_a_proof_that_does_not_hold_is_incomplete_and_paid_all_the_same(
    database: Database, world: PensionWorld, proof: str
) -> None:
    batch = pension_batches.put(database, world.own, [Pay(proof=proof)])
    paper = get(database, world.own.manager, batch)
    assert paper["proof"] == "incomplete"
    assert reports.is_authentic(paper)
    with database.transaction() as session:
        _, _, pieces = reports.receipt_pdf(session, world.own.manager, batch.bulk_id, f"{batch.bulk_id}-0000002")
    assert "Preuve incomplète : le switch dit payé" in texts_of(b"".join(pieces))[0]


def test_mobile_money_is_paid_by_the_operators_word(database: Database, world: PensionWorld) -> None:
    batch = pension_batches.put(database, world.own, [Pay(proof="none")], rail="mobile_money")
    with database.transaction() as session:
        _, _, pieces = reports.receipt_pdf(session, world.own.manager, batch.bulk_id, f"{batch.bulk_id}-0000002")
    assert "Payé selon l'opérateur" in texts_of(b"".join(pieces))[0]


@pytest.mark.parametrize(
    ("fulfilment", "condition", "proof"),
    [
        ("", "", "incomplete"),
        ("é", "x", "incomplete"),
        ("A", "x", "incomplete"),
        ("AAAA", "cJ4zfhVVgX2tGFjH8N3F3vTAmxfMjCqVuQLkTjDjZaA", "incomplete"),
    ],
)
def test_whatever_stands_for_a_proof_is_answered(fulfilment: str, condition: str, proof: str) -> None:
    assert receipts.proof_of(fulfilment, condition) == proof


def test_a_receipt_on_paper_fits_a_pocket(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    with database.transaction() as session:
        name, kind, pieces = reports.receipt_pdf(session, world.own.manager, batch.bulk_id, f"{batch.bulk_id}-0000004")
    content = b"".join(pieces)
    assert (name, kind) == (f"recu-{batch.bulk_id}-0000004.pdf", "application/pdf")
    assert b"/MediaBox [0 0 297.64 419.53]" in content
    (page,) = texts_of(content)
    said = ["50 000", "cinquante mille francs CFA", "Séraphine Houénou", "Preuve du switch vérifiée", batch.seal]
    assert [word for word in said if word not in page] == []


def test_only_what_is_paid_has_a_receipt(database: Database, world: PensionWorld, running: PensionBatch) -> None:
    for line in (3, 4, 5, 6):
        with pytest.raises(reports.NotPaid):
            get(database, world.own.manager, running, line)


def test_a_foreign_receipt_is_an_unknown_one(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    def refusal(actor: Actor, name: str) -> tuple[type[Refusal], str]:
        with pytest.raises(Refusal) as refused, database.transaction() as session:
            reports.receipt(session, actor, batch.bulk_id, name)
        return type(refused.value), str(refused.value)

    unknown = refusal(world.own.manager, f"{batch.bulk_id}-0000099")
    assert unknown == (reports.PaymentNotFound, "Paiement introuvable.")
    for actor in (world.foreign.manager, world.stranger):
        assert refusal(actor, f"{batch.bulk_id}-0000002") == unknown
    for name in ("", "-", "x" * 200, f"{batch.bulk_id}-2", "bulk-ffffffffffff-0000002", f"{batch.bulk_id}-²²²²²²²"):
        assert refusal(world.own.manager, name) == unknown


def test_who_holds_the_paper_sees_it_masked(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    paper = get(database, world.own.manager, batch, 4)
    token = paper["verification"].rpartition("/verifier/")[2]
    assert len(token) == 22
    seen = look(database, token)
    assert seen
    assert seen["payee"] == {"id_type": "MSISDN", "identifier": "+22901****03", "name": "S. H."}
    assert (seen["amount"], seen["status"], seen["transferId"]) == (50_000, "COMPLETED", paper["transferId"])
    assert reports.is_authentic(seen)
    hidden = json.dumps(seen, ensure_ascii=False)
    assert not any(part in hidden for part in ("97000003", "Houénou", "Séraphine"))


def test_a_payment_that_came_back_says_so(database: Database, world: PensionWorld) -> None:
    batch = pension_batches.put(database, world.own, [*paid(1), *some(PaymentStage.REVERSED)], BatchStage.COMPLETED)
    token = signing.make_token(pension_batches.payment_id(batch.id, 3), "pension receipt")
    seen = look(database, token)
    assert seen
    assert seen["status"] == "REVERSED"
    with pytest.raises(reports.NotPaid):
        get(database, world.own.manager, batch, 3)


def test_the_code_of_a_report_leads_to_the_batch(database: Database, batch: PensionBatch) -> None:
    seen = look(database, signing.make_token(batch.id, "pension batch"))
    assert seen
    assert seen["batch"] == {"bulk_id": batch.bulk_id, "cycle": "2026-11", "seal": batch.seal}
    assert seen["total"] == {"count": 5, "amount": 250_000}
    assert seen["stages"] == {
        "COMPLETED": {"count": 3, "amount": 150_000},
        "FAILED": {"count": 1, "amount": 50_000},
        "CANCELLED": {"count": 1, "amount": 50_000},
    }
    assert "payee" not in seen


def test_no_token_opens_what_it_was_not_made_for(
    database: Database, world: PensionWorld, running: PensionBatch
) -> None:
    unpaid = pension_batches.payment_id(running.id, 3)
    draft = pension_batches.put(database, world.own, paid(1), BatchStage.DRAFT)
    good = signing.make_token(pension_batches.payment_id(running.id, 2), "pension receipt")
    assert look(database, good)
    for token in (
        signing.make_token(unpaid, "pension receipt"),
        signing.make_token(draft.id, "pension batch"),
        signing.make_token(running.id, "pension receipt"),
        signing.make_token(unpaid, "pension batch"),
        good[:-1] + ("A" if good[-1] != "A" else "Q"),
        good + "A",
        good[:-1],
        "",
        "é" * 22,
        "=" * 22,
        "A" * 22,
        str(unpaid),
    ):
        assert look(database, token) is None, token
