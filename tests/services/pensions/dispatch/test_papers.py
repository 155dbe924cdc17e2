"""After the money: what the report, the receipts, the books and the mailboxes say of a batch that really went."""

import csv
import io
from datetime import timedelta

from core.database import fetch_all
from reports import pensions as reports
from services.pensions import batches, reconciliation
from services.pensions.batches import UploadBatch
from tests.builders.switch import START, Switch

# Two normal payees, one with a fee, one whose proof does not hash, one unknown, one refused by a limit.
SUFFIXES = ("001", "002", "913", "947", "901", "917")
FILE = "type_id,valeur_id,devise,montant,nom_complet\n" + "".join(
    f"MSISDN,22997000{suffix},XOF,{10_000 + 1_000 * number},Awa Diop\n" for number, suffix in enumerate(SUFFIXES)
)


def test_a_batch_that_went_is_told_proved_and_balanced(switch: Switch) -> None:
    order = UploadBatch(
        organisation_id=switch.own.organisation_id,
        file_name="pensions.csv",
        payer_account="ACC-CNSS-BJ-001",
        cycle="2026-11",
    )
    uploaded = batches.upload(switch.database, switch.own.manager, order, [FILE.encode()])
    bulk_id = uploaded.batch.bulk_id
    switch.pass_time(timedelta(hours=2))
    switch.assert_agrees()

    with switch.database.transaction() as session:
        content = b"".join(reports.batch_report(session, switch.own.manager, bulk_id, "csv").pieces)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert [row["statut"] for row in rows] == ["Payé"] * 4 + ["Échoué"] * 2
    assert [row["frais"] for row in rows] == ["0", "0", "100", "0", "0", "0"]
    assert [(row["code"], row["motif"], bool(row["que faire"])) for row in rows[4:]] == [
        ("3204", "Bénéficiaire inconnu", True),
        ("5200", "Plafond du bénéficiaire", True),
    ]
    proofs = []
    for row in rows[:4]:
        with switch.database.transaction() as session:
            paper = reports.receipt(session, switch.own.manager, bulk_id, row["identifiant du paiement"])
            seen = reports.verify(session, paper["verification"].rpartition("/")[2])
        assert reports.is_authentic(paper)
        assert paper["transferId"] == row["référence Mojaloop"]
        assert paper["ledger"]["transaction_id"]
        assert seen
        assert seen["status"] == "COMPLETED"
        proofs.append(paper["proof"])
    assert proofs == ["verified", "verified", "verified", "incomplete"]

    switch.move(timedelta(hours=1))  # what was paid is looked at once more
    switch.work()
    checked = reconciliation.check_day(switch.database, switch.own.account.rail_account_id, START.date())
    assert (checked.batches, checked.differences) == (1, ())
    with switch.database.transaction() as session:
        told = fetch_all(session, "select distinct type, variables ->> 'payes' as paid from message")
        day = fetch_all(session, "select ours_count, ours_minor, theirs_count from reconciliation_run")
    assert told == [{"type": "pension_termine", "paid": "4"}]
    assert day == [{"ours_count": 4, "ours_minor": 46_000, "theirs_count": 4}]  # each was looked at once more
