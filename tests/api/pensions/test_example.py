"""The document's own example, as printed there: sign in, send the file, look at it."""

from tests.api.pensions.conftest import EXAMPLE, MANAGER, ROOT, Client, SignIn
from tests.builders.pensions import PensionWorld


def test_the_file_of_the_document_is_taken_and_followed(manager: Client, world: PensionWorld) -> None:
    sent = manager.upload(EXAMPLE)
    assert sent.status_code == 200, sent.text
    body = sent.json()
    assert body["bulkTransferId"].startswith("bulk-")
    assert len(body["bulkTransferId"]) == len("bulk-") + 12
    bulk_id, file_id, seal = body.pop("bulkTransferId"), body.pop("file_id"), body.pop("seal")
    assert file_id
    assert seal.startswith("sha256:")
    assert body == {
        "state": "PENDING",
        "stage": "QUEUED",
        "total": 2,
        "total_amount": 125_000,
        "currency": "XOF",
        "skipped": 0,
        "warnings": [{"code": "msisdn_repaired", "count": 2}],
    }
    (account,) = manager.get("/api/accounts").json()
    assert account == {
        "account_id": "ACC-CNSS-BJ-001",
        "party_id_type": "BUSINESS",
        "party_identifier": "CNSS-BJ",
        "currency": "XOF",
        "balance": 1_000_000,
        "reserved": 125_000,
        "available": 875_000,
        "is_active": True,
    }
    details = manager.get(f"{ROOT}/{bulk_id}/details").json()
    assert details["statistics"] == {
        "total": 2,
        "completed": 0,
        "failed": 0,
        "pending": 2,
        "processing": 0,
        "unknown": 0,
        "held": 0,
        "success_rate": 0.0,
    }
    assert details["payer_account"] == {
        "account_id": "ACC-CNSS-BJ-001",
        "party_id_type": "BUSINESS",
        "party_identifier": "CNSS-BJ",
    }
    assert details["organization"] == {"name": "Caisse CNSS-BJ", "code": "CNSS-BJ"}
    assert [(row["payee_party_identifier"], row["amount"]) for row in details["individual_transfers"]] == [
        ("22997000001", 50_000),
        ("22997000002", 75_000),
    ]
    assert details["individual_transfers"][0]["transfer_id"] == f"{bulk_id}-0000002"
    assert manager.get(f"{ROOT}/{bulk_id}").json() == details
    assert world.own.account.available.minor == 1_000_000


def test_the_same_file_twice_is_one_batch(sign_in: SignIn) -> None:
    manager = sign_in(MANAGER)
    first = manager.upload().json()
    again = manager.upload(name="autre-nom.csv")
    assert (again.status_code, again.json()["code"]) == (409, "same_file")
    assert again.json()["bulkTransferId"] == first["bulkTransferId"]
    assert manager.get(f"{ROOT}/history").json()["total"] == 1
