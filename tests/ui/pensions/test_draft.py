"""A draft is read, then confirmed: how much in figures and in words, and what is left out is typed."""

from typing import Any

from nicegui import ui

from services.pensions import batches
from services.pensions.batches import ConfirmBatch
from tests.builders.batches import EXAMPLE, HEADER, Desk, lines
from tests.ui.hands import field, press, shown, until
from tests.ui.pensions.conftest import filled, francs, labels, refused, texts

MIXED = lines("MSISDN,22997000001,XOF,50000", "MSISDN,22997000002,XOF,12.5", "MSISDN,22997000003,XOF,30000")
SEND = f"Envoyer {francs(125_000)} à 2 bénéficiaires"
RESERVE = f"Réserver {francs(125_000)} pour 2 paiements"


async def test_without_four_eyes_the_button_sends_and_says_to_how_many(enter: Any, desk: Desk) -> None:
    bulk_id = desk.look_at().batch.bulk_id
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        press(user, SEND)
        await user.should_see("L’envoi commence dès que le switch est prêt.")
        assert "cent vingt-cinq mille francs CFA" in texts(user)
        press(user, SEND)
        await user.should_see("Lot en file")
    assert (desk.batch(bulk_id).stage, desk.money()) == ("QUEUED", (875_000, 125_000))


async def test_with_four_eyes_the_button_reserves_and_a_second_person_is_announced(enter: Any, desk: Desk) -> None:
    desk.settle(lookup="off", four_eyes_from_minor=0)
    bulk_id = desk.look_at().batch.bulk_id
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        press(user, RESERVE)
        await user.should_see("Une deuxième personne devra approuver avant que rien ne parte.")
        press(user, RESERVE)
        await user.should_see("une deuxième personne doit approuver")
        await user.open(f"/pensions/lots/{bulk_id}")
        assert not [one for one in labels(user) if one.startswith("Approuver")]
    assert (desk.batch(bulk_id).stage, desk.money()) == ("AWAITING_APPROVAL", (875_000, 125_000))


async def test_going_on_without_wrong_lines_asks_for_the_count(enter: Any, desk: Desk) -> None:
    bulk_id = desk.look_at(MIXED).batch.bulk_id
    act = f"Envoyer {francs(80_000)} à 2 bénéficiaires"
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        press(user, "Continuer avec les 2 lignes valables")
        await user.should_see("Laissées de côté")
        button = [one for one in shown(user, ui.button) if one.text == act][-1]
        assert not button.enabled
        field(user, "écrivez le nombre de paiements").value = "3"
        assert not button.enabled
        field(user, "écrivez le nombre de paiements").value = "2"
        await until(lambda: button.enabled)
        press(user, act)
        await user.should_see("Lot en file")
    batch = desk.batch(bulk_id)
    assert (batch.stage, batch.skipped_count, desk.money()) == ("QUEUED", 1, (920_000, 80_000))


async def test_repaired_numbers_stand_before_and_after(enter: Any, desk: Desk) -> None:
    bulk_id = desk.look_at(lines("MSISDN,22997000001,XOF,50000", "MSISDN,0197000009,XOF,1000")).batch.bulk_id
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        await filled(user)
        table = next(str(one.content) for one in shown(user, ui.html) if "Dans le fichier" in str(one.content))
        assert "22997000001" in table
        assert "+2290197000001" in table
        assert "0197000009" not in table


async def test_a_person_paid_already_is_left_out_until_somebody_ticks_the_line(enter: Any, desk: Desk) -> None:
    desk.send()
    again = f"{HEADER}\nMSISDN,22997000001,XOF,9000\nMSISDN,22997000005,XOF,1000\n"
    bulk_id = desk.look_at(again).batch.bulk_id
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        await filled(user)
        await user.should_see("Déjà payées ce mois")
        with user:
            next(box for box in shown(user, ui.checkbox) if box.text == "Payer quand même").value = True
        press(user, "Continuer avec 1 ligne valable")
        act = f"Réserver {francs(10_000)} pour 2 paiements"
        await user.should_see("Payées une deuxième fois")
        press(user, act)
        await user.should_see("une deuxième personne doit approuver")
    batch = desk.batch(bulk_id)
    assert (batch.stage, batch.total.count, batch.has_accepted_duplicates) == ("AWAITING_APPROVAL", 2, True)


async def test_nothing_is_confirmed_while_names_are_asked_for(enter: Any, desk: Desk) -> None:
    bulk_id = desk.look_at().batch.bulk_id
    desk.settle(lookup="before")
    desk.rows("update pension_batch set lookups_left = 1 where bulk_id = %s returning id", bulk_id)
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        await filled(user)
        await user.should_see("1 sur 2 vérifiés")
        assert not next(one for one in shown(user, ui.button) if one.text == SEND).enabled


async def test_what_the_account_lacks_is_said_and_nothing_is_reserved(enter: Any, desk: Desk) -> None:
    bulk_id = desk.look_at(lines("MSISDN,22997000001,XOF,1200000")).batch.bulk_id
    act = f"Envoyer {francs(1_200_000)} à 1 bénéficiaire"
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        press(user, act)
        await user.should_see("un million deux cent mille francs CFA")
        press(user, act)
        await user.should_see(f"Il manque 200{chr(0x202F)}000")
    assert (desk.batch(bulk_id).stage, desk.money()) == ("DRAFT", (1_000_000, 0))


async def test_a_draft_is_dropped_with_a_reason(enter: Any, desk: Desk) -> None:
    bulk_id = desk.look_at().batch.bulk_id
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        press(user, "Annuler le brouillon")
        await user.should_see("Rien n’était réservé.")
        field(user, "Motif").value = "Mauvais mois"
        press(user, "Annuler 2 paiements")
        await user.should_see("Rien n’était parti.")
    assert desk.batch(bulk_id).stage == "CANCELLED"


async def test_a_supervisor_and_an_administrator_read_a_draft_and_change_nothing(enter: Any, desk: Desk) -> None:
    bulk_id = desk.look_at().batch.bulk_id
    for who in (desk.caisse.supervisor, desk.world.administrator):
        async with enter(who) as user:
            await user.open(f"/pensions/lots/{bulk_id}")
            await user.should_see("Rien n’est réservé.")
            assert not [one for one in labels(user) if one.startswith(("Envoyer", "Annuler le b", "Continuer"))]


async def test_a_neighbour_does_not_know_of_it(enter: Any, desk: Desk) -> None:
    bulk_id = desk.look_at().batch.bulk_id
    async with enter(desk.world.foreign.manager) as user:
        assert await refused(user, f"/pensions/lots/{bulk_id}") == 404
        assert await refused(user, "/pensions/lots/bulk-000000000000") == 404


async def test_a_draft_that_another_confirmed_shows_its_next_face(enter: Any, desk: Desk) -> None:
    bulk_id = desk.look_at(EXAMPLE).batch.bulk_id
    desk.do(batches.confirm, ConfirmBatch(bulk_id=bulk_id))
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/lots/{bulk_id}")
        await user.should_see("Le lot attend son tour")
