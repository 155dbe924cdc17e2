"""The report of a batch, as the person who downloads it reads it."""

import csv
import io
import re
from uuid import UUID

import polars as pl
import pytest
from fpdf import FPDF  # noqa: F401  # the letters are read once, before the clock of a test runs

from core import i18n
from core.database import Database
from core.errors import Refusal
from core.permissions import Actor
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from reports import pensions as reports
from tests.builders import pension_batches
from tests.builders.pension_batches import Pay, paid, some
from tests.builders.pensions import PensionWorld
from tests.reports.pensions.pages import texts_of

TITLES = [
    *("ligne", "identifiant du paiement", "type", "identifiant", "nom déclaré", "nom trouvé", "concordance"),
    *("montant", "devise", "frais", "statut", "code", "motif", "que faire", "référence Mojaloop", "date"),
]


def download(database: Database, actor: Actor, bulk_id: str, kind: str) -> tuple[str, bytes]:
    with database.transaction() as session:
        name, _, pieces = reports.batch_report(session, actor, bulk_id, kind)
    return name, b"".join(pieces)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_a_csv_opens_in_a_french_spreadsheet(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    name, content = download(database, world.own.manager, batch.bulk_id, "csv")
    assert name == f"rapport-{batch.bulk_id}-2026-11.csv"
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[-1] == ""
    assert not any("\n" in line for line in lines)
    assert len(lines) == 1 + 5 + 1
    rows = rows_of(content)
    assert list(rows[0]) == TITLES
    first = rows[0]
    assert first | {"référence Mojaloop": ""} == {
        "ligne": "2",
        "identifiant du paiement": f"{batch.bulk_id}-0000002",
        "type": "MSISDN",
        "identifiant": "'+2290197000001",
        "nom déclaré": "Awa Diop",
        "nom trouvé": "DIOP AWA",
        "concordance": "identique",
        "montant": "50000",
        "devise": "XOF",
        "frais": "0",
        "statut": "Payé",
        "code": "",
        "motif": "",
        "que faire": "",
        "référence Mojaloop": "",
        "date": "2026-11-21 10:00:02",  # an hour ahead in Porto-Novo
    }
    assert UUID(first["référence Mojaloop"])
    assert [row["statut"] for row in rows] == ["Payé", "Payé", "Payé", "Échoué", "Annulé"]
    assert [row["frais"] for row in rows] == ["0", "0", "100", "0", "0"]
    failed, cancelled = rows[3], rows[4]
    assert (failed["code"], failed["motif"]) == ("5200", "Plafond du bénéficiaire")
    assert failed["que faire"] == "Plafond du compte du bénéficiaire atteint."
    assert cancelled["que faire"] == "Rien n'est parti : l'argent est de nouveau disponible."
    assert (cancelled["référence Mojaloop"], cancelled["date"]) == ("", "")


def test_numbers_are_bare_and_texts_are_quoted(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    _, content = download(database, world.own.manager, batch.bulk_id, "csv")
    third = content.decode("utf-8-sig").split("\r\n")[3]
    assert third.startswith(f'4;"{batch.bulk_id}-0000004";"MSISDN";"\'+2290197000003";"Séraphine Houénou";')
    assert ';50000;"XOF";100;"Payé";' in third


def test_a_workbook_counts_and_sums(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    name, content = download(database, world.own.manager, batch.bulk_id, "xlsx")
    assert name.endswith(".xlsx")
    table = pl.read_excel(io.BytesIO(content), sheet_name="Paiements", engine="calamine")
    assert table.columns == TITLES
    assert table["montant"].dtype.is_numeric()
    assert table["frais"].dtype.is_numeric()
    assert table["identifiant"].dtype == pl.String
    assert table["date"].dtype.is_temporal()
    assert table["montant"].sum() == 250_000
    assert table["ligne"].to_list() == [2, 3, 4, 5, 6]
    summary = pl.read_excel(io.BytesIO(content), sheet_name="Synthèse", engine="calamine", has_header=False)
    cells = {row[0]: row[1:] for row in summary.iter_rows()}
    assert cells["Lot"][0] == batch.bulk_id
    assert cells["Sceau du lot"][0] == batch.seal
    assert cells["Empreinte du fichier"][0].startswith("sha256:")
    assert cells["Déposé par"][0].startswith("Awa Diop, 21 nov. 2026, 09:40")
    assert [float(cell) for cell in cells["Payé"]] == [3, 150_000]
    assert [float(cell) for cell in cells["Échoué"]] == [1, 50_000]
    assert [float(cell) for cell in cells["Total"]] == [5, 250_000]
    assert float(cells["Frais"][1]) == 100
    assert cells["Taux de réussite"][0].replace("\u202f", " ") == "60,00 % (3 sur 5)"


def test_paper_sums_up_on_its_first_page_and_numbers_its_pages(
    database: Database, world: PensionWorld, batch: PensionBatch
) -> None:
    _, content = download(database, world.own.supervisor, batch.bulk_id, "pdf")
    pages = texts_of(content)
    assert len(pages) == 3
    front = pages[0]
    for said in (
        f"Rapport du lot {batch.bulk_id}",
        "Pensions de novembre 2026",
        "Terminé avec des échecs",
        "Taux de réussite : 60,00 % (3 sur 5)",
        "Frais : 100 F CFA",
        "Pour l'organisation",
        "L'auditeur",
        batch.seal,
        "Africa/Porto-Novo",
    ):
        assert said in front, said
    assert "Non payés · 2" in pages[1]
    assert "Échoué · 5200 Plafond du bénéficiaire" in pages[1]
    assert "Payés · 3" in pages[2]
    assert "Séraphine Houénou" in pages[2]
    assert [f"Page {number}/\n3" in page for number, page in enumerate(pages, start=1)] == [True] * 3
    assert not any("en cours" in page for page in pages)


def test_a_batch_that_runs_says_so_on_every_page(
    database: Database, world: PensionWorld, running: PensionBatch
) -> None:
    name, content = download(database, world.own.manager, running.bulk_id, "pdf")
    pages = texts_of(content)
    assert name.endswith("-en-cours.pdf")
    assert len(pages) == 5
    assert all("Lot en cours : ces chiffres sont ceux du" in page for page in pages)
    assert "Ne renvoyez pas : le paiement est peut-être déjà fait." in pages[1]
    assert "Incertains · 1" in pages[1]
    assert "À vérifier · 1" in pages[2]
    assert "Pas encore finis · 2" in pages[3]
    sheet, workbook = (download(database, world.own.manager, running.bulk_id, kind) for kind in ("csv", "xlsx"))
    assert sheet[0].endswith("-en-cours.csv")
    summary = pl.read_excel(io.BytesIO(workbook[1]), sheet_name="Synthèse", engine="calamine", has_header=False)
    assert "Lot en cours" in summary[2, 0]


def test_a_long_paper_lists_only_what_is_not_paid(
    database: Database, world: PensionWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reports.pensions import paper

    monkeypatch.setattr(paper, "PAID_LISTED_UP_TO", 3)
    monkeypatch.setattr(paper, "MOST_LINES", 30)
    lines = [*paid(2), *some(PaymentStage.FAILED, 40, code="3204", reason="payee_not_found", amount_minor=500)]
    made = pension_batches.put(database, world.own, lines, BatchStage.PARTIALLY_COMPLETED)
    _, content = download(database, world.own.manager, made.bulk_id, "pdf")
    pages = texts_of(content)
    assert not any("Payés ·" in page for page in pages)
    assert "10 autres lignes : voir le fichier CSV ou le classeur." in pages[-1]
    assert sum(page.count("Bénéficiaire inconnu : corrigez") for page in pages) == 30


def test_sheets_of_a_workbook_follow_one_another(
    database: Database, world: PensionWorld, batch: PensionBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reports.pensions import workbook

    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    _, content = download(database, world.own.manager, batch.bulk_id, "xlsx")
    pieces = [
        pl.read_excel(io.BytesIO(content), sheet_name=name, engine="calamine")["ligne"].to_list()
        for name in ("Paiements", "Paiements 2", "Paiements 3")
    ]
    assert pieces == [[2, 3], [4, 5], [6]]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "pdf"])
def test_another_organisation_sees_an_unknown_batch(
    database: Database, world: PensionWorld, batch: PensionBatch, kind: str
) -> None:
    def refusal(actor: Actor, bulk_id: str) -> tuple[type[Refusal], str]:
        with pytest.raises(Refusal) as refused:
            download(database, actor, bulk_id, kind)
        return type(refused.value), str(refused.value)

    unknown = refusal(world.own.manager, "bulk-000000000000")
    assert unknown == (reports.BatchNotFound, "Lot introuvable.")
    assert refusal(world.foreign.manager, batch.bulk_id) == unknown
    assert refusal(world.stranger, batch.bulk_id) == unknown
    assert download(database, world.administrator, batch.bulk_id, kind)[1]


def test_an_unknown_format_is_refused(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    with pytest.raises(reports.FormatUnknown):
        download(database, world.own.manager, batch.bulk_id, "docx")


def test_a_report_is_of_one_instant(database: Database, world: PensionWorld, running: PensionBatch) -> None:
    """What is paid while the report is written is in none of it, though the caller had read before."""
    from reports.pensions import source

    seen: list[int] = []
    read_head = source.read_head

    def and_then_pay(*arguments: object) -> source.BatchHead:
        head = read_head(*arguments)  # type: ignore[arg-type]
        with database.transaction() as other:
            other.connection().exec_driver_sql(
                "update pension_payment set stage = 'COMPLETED', completed_at = now() where stage = 'WAITING'"
            )
        seen.append(head.of(PaymentStage.COMPLETED).count)
        return head

    from reports.pensions import batch as home

    with pytest.MonkeyPatch.context() as patch, database.transaction() as session:
        patch.setattr(home, "read_head", and_then_pay)
        session.connection().exec_driver_sql("select 1")
        _, _, pieces = reports.batch_report(session, world.own.manager, running.bulk_id, "csv")
    assert seen == [1]
    assert [row["statut"] for row in rows_of(b"".join(pieces))].count("Payé") == 1


def test_a_draft_has_a_report_and_nothing_to_check(database: Database, world: PensionWorld) -> None:
    lines = some(PaymentStage.WAITING, 3)
    draft = pension_batches.put(database, world.own, lines, BatchStage.DRAFT)
    name, content = download(database, world.own.manager, draft.bulk_id, "pdf")
    front, listed = texts_of(content)
    assert "Ce lot n'a pas commencé : rien n'a été envoyé." in front
    assert "Brouillon" in front
    assert "Vérifier ce rapport" not in front
    assert "Pas encore finis · 3" in listed
    assert name == f"rapport-{draft.bulk_id}-2026-11.pdf"


def test_english_readers_get_english_words(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    token = i18n.language.set("en")
    try:
        _, content = download(database, world.own.manager, batch.bulk_id, "csv")
    finally:
        i18n.language.reset(token)
    rows = rows_of(content)
    assert {"line", "amount", "what to do"} <= set(rows[0])
    assert [row["status"] for row in rows] == ["Paid", "Paid", "Paid", "Failed", "Cancelled"]


def test_an_amount_in_dollars_keeps_its_cents(database: Database, world: PensionWorld) -> None:
    made = pension_batches.put(database, world.own, [Pay(amount_minor=125_050)], currency="USD", stage=BatchStage.DRAFT)
    _, content = download(database, world.own.manager, made.bulk_id, "csv")
    assert rows_of(content)[0]["montant"] == "1250,50"
    _, workbook = download(database, world.own.manager, made.bulk_id, "xlsx")
    assert pl.read_excel(io.BytesIO(workbook), sheet_name="Paiements", engine="calamine")["montant"].to_list() == [
        1250.5
    ]


def test_no_full_name_of_ours_is_needed_to_read_a_file_name(
    database: Database, world: PensionWorld, batch: PensionBatch
) -> None:
    for kind in ("csv", "xlsx", "pdf"):
        name, _ = download(database, world.own.manager, batch.bulk_id, kind)
        assert re.fullmatch(r"rapport-bulk-[0-9a-f]{12}-2026-11\.(csv|xlsx|pdf)", name)
