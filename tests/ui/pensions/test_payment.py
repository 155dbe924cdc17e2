"""One payment: what was done about it, its two names, its receipt, and what a person decides when it is held."""

import json
from datetime import timedelta
from typing import Any

from nicegui import ui

from core import clock
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from tests.builders.batches import Desk
from tests.builders.pension_batches import Pay, paid, put, some
from tests.ui.hands import field, press, shown, until
from tests.ui.pensions.conftest import francs, labels, refused, texts

HELD = Pay(
    PaymentStage.HELD,
    identifier="+2290197000077",
    name="Pascaline Dossou",
    name_found="KOFFI MENSAH",
    name_verdict="different",
    code="name_differs",
)


def of(batch: PensionBatch, line: int) -> str:
    return f"/pensions/lots/{batch.bulk_id}/paiements/{batch.bulk_id}-{line:07d}"


async def test_a_paid_one_shows_its_proof_its_entries_and_gives_its_receipt(enter: Any, desk: Desk) -> None:
    batch = put(desk.database, desk.caisse, paid(2, name="Awa Diop", name_found="DIOP AWA"))
    async with enter(desk.caisse.supervisor) as user:
        await user.open(of(batch, 2))
        said = texts(user)
        assert "+2290197000001" in said
        assert "DIOP AWA" in said
        assert "Même nom" in said
        assert "transferId" in said
        assert f"Pensions, réservé · {desk.caisse.account.account_id}" in said
        assert said.count(francs(50_000)) >= 2
        press(user, "Reçu signé (JSON)")
        answer = await user.download.next(timeout=10)
        receipt = json.loads(answer.content)
        assert (receipt["amount"], receipt["proof"]) == (50_000, "verified")
        assert "signature" in receipt
        press(user, "Reçu (PDF)")
        await until(lambda: len(user.download.http_responses) == 2)
        assert user.download.http_responses[-1].content.startswith(b"%PDF")


async def test_a_failed_one_says_what_to_do(enter: Any, desk: Desk) -> None:
    batch = put(desk.database, desk.caisse, [*paid(1), *some(PaymentStage.FAILED, 1, code="3204")])
    async with enter(desk.caisse.manager) as user:
        await user.open(of(batch, 3))
        await user.should_see("Bénéficiaire inconnu")
        account = desk.caisse.account.account_id
        entries = next(str(one.content) for one in shown(user, ui.html) if "Débit" in str(one.content))
        assert f"Pensions, réservé · {account}" in entries
        assert f"Pensions, disponible · {account}" in entries
        assert not labels(user) & {"Reçu (PDF)", "Interroger maintenant", "Régler avec une preuve"}


async def test_a_held_one_shows_both_names_and_is_let_go_with_a_word(enter: Any, desk: Desk) -> None:
    batch = put(desk.database, desk.caisse, [*paid(1), HELD], BatchStage.PROCESSING)
    act = f"Laisser partir {francs(50_000)}"
    async with enter(desk.caisse.manager) as user:
        await user.open(of(batch, 3))
        said = texts(user)
        assert "Pascaline Dossou" in said
        assert "KOFFI MENSAH" in said
        press(user, act)
        await user.should_see("Dites comment vous l’avez vérifié.")
        field(user, "Motif").value = "Nom de jeune fille, carte vue"
        press(user, f"{act} vers Pascaline Dossou")
        await user.should_see("Le paiement part à son tour.")
    after = desk.batch(batch.bulk_id)
    assert (after.held.count, after.waiting.count) == (0, 1)


async def test_a_held_one_is_refused_and_its_money_comes_back(enter: Any, desk: Desk) -> None:
    desk.settle(lookup="off", four_eyes_from_minor=0)
    batch = put(desk.database, desk.caisse, [*paid(1), HELD], BatchStage.PROCESSING)
    available = desk.money()[0]
    async with enter(desk.caisse.supervisor) as user:
        await user.open(of(batch, 3))
        press(user, "Refuser")
        await user.should_see("Rien ne partira vers Pascaline Dossou.")
        field(user, "Motif").value = "Ce n'est pas elle"
        press(user, f"Refuser {francs(50_000)}")
        await user.should_see("la somme est rendue au compte")
    assert desk.money() == (available + 50_000, 0)
    assert desk.batch(batch.bulk_id).stage == "PARTIALLY_COMPLETED"


async def test_with_four_eyes_the_uploader_decides_nothing_about_it(enter: Any, desk: Desk) -> None:
    desk.settle(lookup="off", four_eyes_from_minor=0)
    batch = put(desk.database, desk.caisse, [HELD], BatchStage.PROCESSING)
    async with enter(desk.caisse.manager) as user:
        await user.open(of(batch, 2))
        await user.should_see("KOFFI MENSAH")
        assert not [one for one in labels(user) if one.startswith(("Laisser partir", "Refuser"))]
    desk.settle(lookup="off")
    async with enter(desk.caisse.supervisor) as user:
        await user.open(of(batch, 2))
        await user.should_see("KOFFI MENSAH")
        assert not [one for one in labels(user) if one.startswith(("Laisser partir", "Refuser"))]


async def test_a_neighbour_finds_neither_payment_nor_batch(enter: Any, desk: Desk) -> None:
    batch = put(desk.database, desk.caisse, paid(1))
    async with enter(desk.world.foreign.manager) as user:
        assert await refused(user, of(batch, 2)) == 404
    async with enter(desk.caisse.manager) as user:
        assert await refused(user, of(batch, 9)) == 404


async def test_a_doubt_is_settled_by_two_who_say_the_same_with_a_proof(enter: Any, desk: Desk) -> None:
    batch = put(desk.database, desk.caisse, [*paid(1), *some(PaymentStage.UNKNOWN, 1)], BatchStage.PROCESSING)
    long_ago = clock.now() - timedelta(hours=25)
    desk.rows("update transfer set submitted_at = %s where state = 'unknown' returning id", long_ago)
    async with enter(desk.caisse.manager) as user:
        await user.open(of(batch, 3))
        await user.should_see("Ne renvoyez pas")
        press(user, "Régler avec une preuve")
        await user.should_see("Une deuxième personne doit dire la même chose.")
        field(user, "Ce que dit la preuve").value = "Relevé du switch, ligne 12"
        press(user, "Dire\u00a0: payé")
        await user.should_see("Joignez une preuve")
        await attach(user)
        press(user, "Dire\u00a0: payé")
        await user.should_see("Votre preuve est gardée")
    assert desk.batch(batch.bulk_id).unknown.count == 1
    async with enter(desk.caisse.supervisor) as user:
        await user.open(of(batch, 3))
        press(user, "Régler avec une preuve")
        await user.should_see("Relevé du switch, ligne 12")
        await user.should_see("Vous signez en second.")
        field(user, "Ce que dit la preuve").value = "Relevé vu, d'accord"
        press(user, "Régler\u00a0: payé")
        await user.should_see("Réglé à deux.")
    assert desk.batch(batch.bulk_id).stage == "COMPLETED"
    assert desk.money()[1] == 0


async def attach(user: Any) -> None:
    zone = shown(user, ui.upload)[-1]
    answer = await user.http_client.post(
        zone._registered_url, files={"file": ("releve.csv", b"12;OK;50000", "text/csv")}
    )
    assert answer.status_code == 200
    await user.should_see("releve.csv")
