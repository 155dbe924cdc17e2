"""A manager brings a file: it is read, refused with its reason, or shown as a draft; a supervisor brings none."""

from typing import Any

from nicegui import ui

from tests.builders.batches import EXAMPLE, Desk, lines
from tests.ui.hands import field, press, shown, until
from tests.ui.pensions.conftest import drop, filled, francs, labels, refused, texts

MIXED = lines("MSISDN,22997000001,XOF,50000", "MSISDN,22997000002,XOF,12.5", "MSISDN,22997000003,XOF,30000")


async def test_the_documents_own_file_becomes_a_draft_that_reserves_nothing(enter: Any, desk: Desk) -> None:
    async with enter(desk.caisse.manager) as user:
        await user.open("/pensions/nouveau")
        await user.should_see("Déposez le fichier CSV ou choisissez-le")
        await drop(user)
        await user.should_see("Rien n’est réservé.")
        await filled(user)
        said = texts(user)
        assert f"2 paiements, {francs(125_000)}" in said
        assert "+2290197000001" in said
        assert "22997000001" in said
        assert f"Réserver {francs(125_000)}" not in labels(user)
    assert desk.money() == (1_000_000, 0)
    (batch,) = desk.rows("select stage, total_count, total_minor from pension_batch")
    assert batch == {"stage": "DRAFT", "total_count": 2, "total_minor": 125_000}


async def test_control_totals_that_differ_say_what_was_expected_and_found(enter: Any, desk: Desk) -> None:
    async with enter(desk.caisse.manager) as user:
        await user.open("/pensions/nouveau")
        field(user, "Nombre de paiements attendu").value = "3"
        field(user, "Montant total attendu").value = "125 000"
        await drop(user)
        await user.should_see("Les totaux de contrôle ne correspondent pas")
        table = next(str(one.content) for one in shown(user, ui.html) if "Attendu" in str(one.content))
        assert table.count("125\N{NARROW NO-BREAK SPACE}000") == 2
        assert ">3<" in table
        assert ">2<" in table
        field(user, "Nombre de paiements attendu").value = "2"
        await drop(user)
        await user.should_see("Rien n’est réservé.")
    assert desk.count("pension_batch") == 1


async def test_a_workbook_is_refused_with_what_to_do(enter: Any, desk: Desk) -> None:
    async with enter(desk.caisse.manager) as user:
        await user.open("/pensions/nouveau")
        await drop(user, b"PK\x03\x04 a workbook", "pensions.xlsx")
        await user.should_see("enregistrez en CSV")
    assert desk.count("pension_file") == 0


async def test_the_same_file_leads_to_the_batch_it_became(enter: Any, desk: Desk) -> None:
    sent = desk.send().batch
    async with enter(desk.caisse.manager) as user:
        await user.open("/pensions/nouveau")
        box = field(user, "Mois payé")
        box.options = {**box.options, "2025-12": "décembre 2025"}
        box.value = "2025-12"
        await drop(user, EXAMPLE, "autre-nom.csv")
        await user.should_see(f"(lot {sent.bulk_id})")
        button = [one for one in shown(user, ui.button) if one.text == "Voir ce lot"][-1]
        assert button.props["href"] == f"/pensions/lots/{sent.bulk_id}"


async def test_a_file_without_a_right_line_leads_to_its_lines(enter: Any, desk: Desk) -> None:
    async with enter(desk.caisse.manager) as user:
        await user.open("/pensions/nouveau")
        await drop(user, lines("MSISDN,22997000002,XOF,12.5", "RETRAITE,1,XOF,500"))
        await until(lambda: "2 lignes à corriger" in texts(user))
        assert not [one for one in labels(user) if one.startswith(("Envoyer", "Continuer"))]


async def test_wrong_lines_are_counted_by_reason_and_listed_with_what_to_do(enter: Any, desk: Desk) -> None:
    seen = desk.look_at(MIXED)
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{seen.batch.bulk_id}")
        await until(lambda: "1 ligne à corriger" in texts(user))
        assert "Décimales (1)" in texts(user)
        assert "Continuer avec les 2 lignes valables" in labels(user)
        await user.open(f"/pensions/fichiers/{seen.file.id}")
        await until(lambda: shown(user, ui.table) and len(shown(user, ui.table)[0].rows) == 1)
        (row,) = shown(user, ui.table)[0].rows
        assert (row["line"], row["column"], row["value"]) == ("3", "montant", "12.5")
        assert row["reason"].startswith("Trop de décimales")


async def test_the_lines_to_correct_come_as_a_file_that_can_be_sent_again(enter: Any, desk: Desk) -> None:
    seen = desk.look_at(MIXED)
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/fichiers/{seen.file.id}")
        press(user, "Télécharger les lignes à corriger")
        answer = await user.download.next(timeout=5)
    text = answer.content.decode("utf-8-sig")
    assert text.splitlines()[0] == "type_id,valeur_id,devise,montant,ligne,colonne,motif"
    assert text.splitlines()[1].startswith("MSISDN,22997000002,XOF,12.5,3,montant,")
    corrected = text.replace("12.5", "12500")
    assert desk.look_at(corrected).batch.total.amount_minor == 12_500


async def test_model_files_are_taken_as_they_are(enter: Any, desk: Desk) -> None:
    async with enter(desk.caisse.manager) as user:
        await user.open("/pensions/nouveau")
        totals = {"Modèle simple": 125_000, "Modèle complet": 137_500, "Modèle transferId": 125_000}
        for month, (name, total) in enumerate(totals.items(), start=1):
            press(user, name)
            answer = await user.download.next(timeout=5)
            seen = desk.look_at(answer.content, cycle=f"2025-{month:02}")
            assert (seen.file.invalid, seen.batch.total.amount_minor) == (0, total)


async def test_a_supervisor_brings_no_file_and_reads_no_faults(enter: Any, desk: Desk) -> None:
    seen = desk.look_at(MIXED)
    async with enter(desk.caisse.supervisor) as user:
        assert await refused(user, "/pensions/nouveau") == 403
        assert await refused(user, f"/pensions/fichiers/{seen.file.id}") == 403
        await user.open("/pensions")
        assert "Nouveau lot" not in labels(user)
    async with enter(desk.world.foreign.manager) as user:
        assert await refused(user, f"/pensions/fichiers/{seen.file.id}") == 404
