"""A second person reads what matters first, and approves the exact rows under the seal, or says why not."""

from typing import Any

import pytest
from nicegui import ui

from models.pension_stages import BatchStage, PaymentStage
from tests.builders.batches import HEADER, Desk
from tests.builders.pension_batches import Pay, put
from tests.ui.hands import field, press, shown, until
from tests.ui.pensions.conftest import filled, francs, labels, texts

APPROVE = f"Approuver l’envoi de {francs(125_000)}"


@pytest.fixture
def waiting(desk: Desk) -> str:
    """Give a batch of 125 000 francs that waits for its second person."""
    desk.settle(lookup="off", four_eyes_from_minor=0)
    return desk.send().batch.bulk_id


async def test_the_approver_reads_the_whole_seal_and_approves_in_words(enter: Any, desk: Desk, waiting: str) -> None:
    seal = desk.batch(waiting).seal
    async with enter(desk.caisse.supervisor) as user:
        await user.open(f"/pensions/lots/{waiting}")
        await filled(user)
        assert seal in texts(user)
        press(user, APPROVE)
        await user.should_see(APPROVE)
        assert "cent vingt-cinq mille francs CFA" in texts(user)
        press(user, APPROVE)
        await user.should_see("l’envoi commence dès que le switch est prêt")
    batch = desk.batch(waiting)
    assert batch.stage == "QUEUED"
    assert batch.approved_by is not None
    assert batch.approved_by.user_id == desk.caisse.supervisor.user_id


async def test_names_that_differ_come_before_everything_else(enter: Any, desk: Desk, waiting: str) -> None:
    desk.rows(
        "update pension_payment set name_found = 'KOFFI MENSAH', name_verdict = 'different'"
        " where line = 3 and batch_id = (select id from pension_batch where bulk_id = %s) returning id",
        waiting,
    )
    async with enter(desk.caisse.supervisor) as user:
        await user.open(f"/pensions/lots/{waiting}")
        await filled(user)
        said = texts(user)
        assert said.index("Noms qui diffèrent") < said.index("Comparaison avec") < said.index("Les plus gros montants")
        table = next(str(one.content) for one in shown(user, ui.html) if "Nom connu du switch" in str(one.content))
        assert "KOFFI MENSAH" in table
        assert "Autre nom" in table


async def test_the_last_cycle_stands_beside_new_gone_and_changed(enter: Any, desk: Desk) -> None:
    desk.settle(lookup="off")
    desk.send(f"{HEADER}\nMSISDN,22997000001,XOF,50000\nMSISDN,22997000002,XOF,70000\nMSISDN,22997000003,XOF,1000\n")
    desk.settle(lookup="off", four_eyes_from_minor=0)
    now = f"{HEADER}\nMSISDN,22997000001,XOF,50000\nMSISDN,22997000002,XOF,75000\nMSISDN,22997000004,XOF,3000\n"
    bulk_id = desk.send(now, cycle="2026-01").batch.bulk_id
    async with enter(desk.caisse.supervisor) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        await filled(user)
        await user.should_see("Comparaison avec décembre 2025")
        measures = next(str(one.content) for one in shown(user, ui.html) if "Inchangés" in str(one.content))
        counts = [part.split("<")[0] for part in measures.split('figure-number">')[1:]]
        assert counts == ["1", "1", "1", "1"]
        assert f"+{francs(5_000)}" in measures
        table = next(str(one.content) for one in shown(user, ui.html) if "Montant changé<" in str(one.content))
        assert table.index("Montant changé") < table.index("Nouveau<") < table.index("Sorti<")


async def test_who_uploaded_may_not_approve_and_is_told_who_may(enter: Any, desk: Desk, waiting: str) -> None:
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{waiting}")
        await user.should_see("Une autre personne de l’organisation doit approuver ce lot")
        assert APPROVE not in labels(user)
        assert "Refuser" not in labels(user)
    async with enter(desk.world.administrator) as user:
        await user.open(f"/pensions/lots/{waiting}")
        assert not labels(user) & {APPROVE, "Refuser", "Annuler le lot"}


async def test_a_refusal_says_why_and_gives_the_money_back(enter: Any, desk: Desk, waiting: str) -> None:
    assert desk.money() == (875_000, 125_000)
    async with enter(desk.caisse.supervisor) as user:
        await user.open(f"/pensions/lots/{waiting}")
        press(user, "Refuser")
        await user.should_see("Rien ne partira.")
        press(user, "Refuser le lot")
        await user.should_see("Écrivez un motif de trois lettres au moins.")
        field(user, "Motif").value = "Montants de novembre"
        press(user, "Refuser le lot")
        await user.should_see("la somme réservée est rendue au compte")
        await user.open(f"/pensions/lots/{waiting}")
        await user.should_see("Montants de novembre")
    assert (desk.batch(waiting).stage, desk.money()) == ("REJECTED", (1_000_000, 0))


async def test_the_home_of_the_second_person_leads_to_it(enter: Any, desk: Desk, waiting: str) -> None:
    async with enter(desk.caisse.supervisor) as user:
        await user.open("/")
        await user.should_see("Un lot de pensions est à approuver.")
        said = texts(user)
        assert f'href="/pensions/lots/{waiting}"' in said
        assert "2 pensions, confirmé par" in said
        await until(lambda: "1\u202f000\u202f000" not in texts(user))
        assert "875\u202f000" in texts(user)


async def test_a_batch_that_ended_by_itself_shows_its_end(enter: Any, desk: Desk) -> None:
    batch = put(desk.database, desk.caisse, [Pay(PaymentStage.FAILED, code="5200")], BatchStage.FAILED)
    async with enter(desk.caisse.supervisor) as user:
        await user.open(f"/pensions/lots/{batch.bulk_id}")
        await user.should_see("Plafond du compte du bénéficiaire atteint.")
