"""A batch on its way: the bar, the sum that must be right, the stops, and the payments one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from nicegui import ui

from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from services.pensions import counters
from tests.builders.batches import Desk
from tests.builders.pension_batches import Pay, paid, put, some
from tests.ui.hands import field, narrow, press, rows, shown, until
from tests.ui.pensions.conftest import francs, labels, pick, refused, texts
from ui import live
from ui.pages.pensions.pace import Pace

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)


def running(desk: Desk, stage: BatchStage = BatchStage.PROCESSING, **columns: Any) -> PensionBatch:
    """Write a batch of ten: 4 paid, 1 sent, 1 unknown, 1 held, 1 failed, 2 to send; 50 000 francs each but one."""
    lines = [
        *paid(3),
        Pay(amount_minor=60_000, identifier="+2290197099999", name="Rachidi Alapini"),
        *some(PaymentStage.SENT, 1, first=61_000_000),
        *some(PaymentStage.UNKNOWN, 1, first=62_000_000),
        *some(PaymentStage.HELD, 1, first=63_000_000, name_verdict="different", name_found="KOFFI"),
        *some(PaymentStage.FAILED, 1, first=64_000_000, code="5200", reason="payee_limit", is_retryable=True),
        *some(PaymentStage.WAITING, 2, first=65_000_000),
    ]
    return put(desk.database, desk.caisse, lines, stage, **columns)


async def test_one_bar_and_a_sum_that_is_right_to_the_franc(enter: Any, desk: Desk) -> None:
    batch = running(desk)
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        said = texts(user)
        assert "40,0\u00a0%" in said
        assert "payés, 5 réponses sur 10" in said
        terms = [(210_000, "payés"), (50_000, "en cours"), (50_000, "incertains"), (50_000, "à vérifier")]
        terms += [(50_000, "échoués"), (100_000, "à envoyer")]
        whole = " + ".join(f"{francs(amount)} {label}" for amount, label in terms)
        assert f"{francs(510_000)} déposés = {whole}" in said
        assert "Pensions de novembre 2026" in said
        counts = [one.content for one in shown(user, ui.html) if "tab-count" in str(one.content)]
        assert [str(one).split(">")[1].split("<")[0] for one in counts] == ["10", "1", "1", "1", "1", "2", "4"]


async def test_the_list_narrows_by_tab_name_and_line(enter: Any, desk: Desk) -> None:
    batch = running(desk)
    async with enter(desk.caisse.supervisor) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        found = await rows(user, 10)
        assert found[0]["identifier"].endswith("00\u00a001")
        assert "97000001" not in str(found)
        narrow(user, "Nom, numéro, ligne, référence", "alapini")
        (row,) = await rows(user, 1)
        assert (row["name"], row["amount"]) == ("Rachidi Alapini", "60\u202f000")
        assert row["_href"] == f"/pensions/lots/{batch.bulk_id}/paiements/{batch.bulk_id}-0000005"
        narrow(user, "Nom, numéro, ligne, référence", "")
        await rows(user, 10)
        with user:
            shown(user, ui.tabs)[0].value = "failed"
        (row,) = await rows(user, 1)
        assert (row["state"]["word"], row["next"]) == ("Échoué", "Plafond du compte du bénéficiaire atteint")


async def test_a_manager_pauses_and_resumes(enter: Any, desk: Desk) -> None:
    batch = running(desk)
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        press(user, "Mettre en pause")
        await user.should_see("6 paiements sont déjà partis")
        field(user, "Motif").value = "Contrôle des montants"
        press(user, "Mettre le lot en pause")
        await user.should_see("rien de nouveau ne part")
        assert desk.batch(batch.bulk_id).stage == "PAUSED"
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        await user.should_see("Contrôle des montants")
        press(user, "Reprendre l’envoi")
        await user.should_see("Chaque personne n’est payée qu’une fois.")
        press(user, "Reprendre l’envoi")
        await user.should_see("L’envoi reprend.")
    assert desk.batch(batch.bulk_id).stage == "PROCESSING"


async def test_after_a_stop_of_ours_a_resume_says_what_was_mended(enter: Any, desk: Desk) -> None:
    batch = running(desk, BatchStage.PAUSED, pause_reason="position")
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        await user.should_see("Position insuffisante au switch")
        press(user, "Reprendre l’envoi")
        await user.should_see("Dites ce qui a été réglé.")
        press(user, "Reprendre l’envoi")
        await user.should_see("Écrivez un motif de trois lettres au moins.")
        field(user, "Motif").value = "Position approvisionnée ce matin"
        press(user, "Reprendre l’envoi")
        await user.should_see("L’envoi reprend.")
    assert desk.batch(batch.bulk_id).stage == "PROCESSING"


async def test_cancelling_says_what_can_no_longer_be_cancelled(enter: Any, desk: Desk) -> None:
    batch = running(desk)
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        press(user, "Annuler le reste")
        await user.should_see("6 paiements déjà partis ne peuvent plus être annulés.")
        field(user, "Motif").value = "Liste périmée"
        press(user, "Annuler 3 paiements")
        await user.should_see("6 paiements déjà partis sont suivis jusqu’à leur fin.")
    after = desk.batch(batch.bulk_id)
    assert (after.stage, after.sums[PaymentStage.CANCELLED].count) == ("CANCELLING", 3)


async def test_a_supervisor_pauses_only_and_an_administrator_too(enter: Any, desk: Desk) -> None:
    batch = running(desk)
    for who in (desk.caisse.supervisor, desk.world.administrator):
        async with enter(who) as user:
            await user.open(f"/pensions/lots/{batch.bulk_id}")
            assert "Mettre en pause" in labels(user)
            assert not labels(user) & {"Annuler le reste", "Relancer les échecs", "Reprendre l’envoi"}
    async with enter(desk.world.foreign.supervisor) as user:
        assert await refused(user, f"/pensions/lots/{batch.bulk_id}") == 404


async def test_a_broken_seal_offers_no_resume(enter: Any, desk: Desk) -> None:
    batch = running(desk, BatchStage.PAUSED, pause_reason="seal_broken")
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        await user.should_see("Le sceau ne correspond plus aux lignes")
        assert "Reprendre l’envoi" not in labels(user)


async def test_failures_of_an_ended_batch_become_a_draft_of_their_own(enter: Any, desk: Desk) -> None:
    lines = [*paid(2), *some(PaymentStage.FAILED, 1, code="5200", is_retryable=True)]
    lines += some(PaymentStage.FAILED, 1, first=70_000, code="3204")
    batch = put(desk.database, desk.caisse, lines, BatchStage.PARTIALLY_COMPLETED)
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        await user.should_see("Peut être relancé")
        await user.should_see("À corriger, puis à renvoyer dans un autre fichier")
        press(user, "Relancer les échecs")
        await user.should_see("il a son propre sceau")
        press(user, "Préparer la relance")
        await user.should_see(f"relance de {batch.bulk_id}")
        assert f"1 paiement, {francs(50_000)}" in texts(user)


async def test_when_only_doubt_is_left_the_page_says_so(enter: Any, desk: Desk) -> None:
    batch = put(desk.database, desk.caisse, [*paid(3), *some(PaymentStage.UNKNOWN, 2)], BatchStage.PROCESSING)
    async with enter(desk.caisse.supervisor) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        await user.should_see("Il ne reste que 2 paiements à éclaircir.")
        link = next(one for one in shown(user, ui.button) if one.text == "Éclaircir")
        assert link.props["href"] == f"/pensions/a-eclaircir?lot={batch.bulk_id}"


async def test_news_of_the_batch_moves_its_figures_and_leaves_the_dialog_open(enter: Any, desk: Desk) -> None:
    batch = running(desk)
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        press(user, "Mettre en pause")
        await user.should_see("Plus aucun envoi d’ici deux secondes.")
        await until(lambda: counters.batch_topic(batch.id) in live.hub._by_topic)
        desk.move(batch.bulk_id, [10], PaymentStage.FAILED)
        live.hub.deliver({"topic": counters.batch_topic(batch.id)})
        await until(lambda: "payés, 6 réponses sur 10" in texts(user))
        await user.should_see("Plus aucun envoi d’ici deux secondes.")


async def test_its_report_is_given_in_three_forms(enter: Any, desk: Desk) -> None:
    batch = running(desk)
    async with enter(desk.caisse.supervisor) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        for form in ("Résumé signé (PDF)", "Classeur (XLSX)", "Texte (CSV)"):
            await user.should_see(form)
        pick(user, "Texte (CSV)")
        answer = await user.download.next(timeout=10)
    text = answer.content.decode("utf-8-sig")
    assert batch.bulk_id in text
    assert "Rachidi Alapini" in text


def test_the_pace_is_that_of_the_last_minute() -> None:
    pace = Pace()
    assert (pace.per_s, pace.end(100)) == (0.0, None)
    for second, done in ((0, 0), (30, 300), (90, 2_100)):
        pace.see(NOW + timedelta(seconds=second), done)
    assert pace.per_s == 30.0
    assert pace.end(600) == NOW + timedelta(seconds=110)
    pace.see(NOW + timedelta(seconds=200), 2_100)
    assert pace.per_s == 0.0
    assert pace.end(600) is None


async def test_the_search_of_the_header_finds_a_batch_and_a_payment(enter: Any, desk: Desk) -> None:
    batch = running(desk)
    payment = f"{batch.bulk_id}-0000005"
    async with enter(desk.caisse.supervisor) as user:
        await user.open("/pensions/comptes")
        box = user.find("Numéro, nom, référence…")
        box.type(batch.bulk_id)
        await until(lambda: f'href="/pensions/lots/{batch.bulk_id}"' in texts(user))
        box.clear().type(payment)
        await until(lambda: f"{payment}" in texts(user) and "Rachidi Alapini" in texts(user))
    async with enter(desk.world.foreign.supervisor) as user:
        await user.open("/pensions/comptes")
        user.find("Numéro, nom, référence…").type(payment)
        await user.should_see("Rien de tel.")
