"""Accounts, their money and their settings: read by their people, changed by administrators alone."""

from typing import Any

from nicegui import ui

from services.pensions import settings
from tests.builders.batches import Desk
from tests.ui.hands import field, press, rows, shown, until
from tests.ui.pensions.conftest import francs, labels, refused, texts

ACCOUNT = "/pensions/comptes/ACC-CNSS-BJ-001"
SETTINGS = "/pensions/reglages/CNSS-BJ"


async def test_an_account_shows_what_is_available_reserved_and_why(enter: Any, desk: Desk) -> None:
    desk.send()
    async with enter(desk.caisse.manager) as user:
        await user.open("/pensions/comptes")
        await until(lambda: "ACC-CNSS-BJ-001" in texts(user))
        assert "ACC-CNPS-CI-001" not in texts(user)
        assert f"{francs(125_000)} réservés" in texts(user)
        await user.open(ACCOUNT)
        found = await rows(user, 2)
        assert [(row["what"], row["amount"], row["after"]) for row in found] == [
            ("Réservation d’un lot", "−125\u202f000", "875\u202f000"),
            ("Approvisionnement", "+1\u202f000\u202f000", "1\u202f000\u202f000"),
        ]
        assert found[0]["about"] == "Pensions de décembre 2025"
        assert "Approvisionner" not in labels(user)


async def test_a_neighbour_and_a_stranger_find_no_account(enter: Any, desk: Desk) -> None:
    async with enter(desk.world.foreign.manager) as user:
        assert await refused(user, ACCOUNT) == 404
    async with enter(desk.world.stranger) as user:
        assert await refused(user, ACCOUNT) == 403
        assert await refused(user, "/pensions") == 403


async def test_up_to_a_million_one_administrator_funds(enter: Any, desk: Desk) -> None:
    async with enter(desk.world.administrator) as user:
        await user.open(ACCOUNT)
        press(user, "Approvisionner")
        field(user, "Montant, en XOF").value = "250 000"
        await user.should_see("deux cent cinquante mille francs CFA")
        field(user, "Référence de la banque").value = "BOA-1"
        press(user, f"Créditer {francs(250_000)}")
        await until(lambda: "1\u202f250\u202f000" in texts(user))
        assert "1\u202f000\u202f000" not in texts(user)
    assert desk.money() == (1_250_000, 0)


async def test_above_it_a_second_administrator_agrees(enter: Any, desk: Desk) -> None:
    async with enter(desk.world.administrator) as user:
        await user.open(ACCOUNT)
        press(user, "Approvisionner")
        field(user, "Montant, en XOF").value = "9000000"
        field(user, "Référence de la banque").value = "BOA-2"
        press(user, f"Créditer {francs(9_000_000)}")
        await user.should_see("une deuxième personne décidera")
    assert desk.money() == (1_000_000, 0)
    async with enter(desk.world.colleague) as user:
        await user.open("/approbations")
        await user.should_see("Approvisionnement d’un compte payeur")
        press(user, "Approuver")
        press(user, "Approuver et faire")
        await user.should_see("Approuvé, et fait.")
    assert desk.money() == (10_000_000, 0)


async def test_settings_are_kept_whole_and_say_what_is_wrong(enter: Any, desk: Desk) -> None:
    async with enter(desk.world.administrator) as user:
        await user.open(SETTINGS)
        field(user, "Approbation").value = "above"
        field(user, "À partir de, en XOF").value = "500 000"
        field(user, "Maximum par paiement").value = "beaucoup"
        press(user, "Enregistrer les réglages")
        await until(lambda: field(user, "Maximum par paiement").props.get("error"))
        field(user, "Maximum par paiement").value = "2 000 000"
        field(user, "Quand un nom diffère").value = "hold"
        press(user, "Enregistrer les réglages")
        await user.should_see("Réglages enregistrés.")
    with desk.database.transaction() as session:
        kept = settings.find_settings(session, desk.caisse.organisation_id)
    assert (kept.four_eyes_from_minor, kept.max_amount_minor, kept.name_policy) == (500_000, 2_000_000, "hold")


async def test_an_account_is_opened_and_closed_with_a_reason(enter: Any, desk: Desk) -> None:
    async with enter(desk.world.administrator) as user:
        await user.open(SETTINGS)
        press(user, "Ouvrir un compte")
        await user.should_see("Désigné au switch par")
        press(user, "Ouvrir le compte")
        await user.should_see("Un autre compte payeur porte déjà ce code")
        field(user, "Code du compte").value = "acc-cnss-bj-002"
        field(user, "Identifiant au switch").value = "CNSS-BJ-2"
        press(user, "Ouvrir le compte")
        await until(lambda: "ACC-CNSS-BJ-002" in texts(user))
        assert desk.count("pension_account") == 3
        press(user, "Fermer le compte")
        field(user, "Motif").value = "Doublon"
        press(user, "Fermer le compte")
        await until(lambda: "Rouvrir" in labels(user))
    assert len(desk.rows("select id from pension_account where not is_active")) == 1


async def test_the_rail_says_what_is_proven_and_what_to_ask_for(enter: Any, desk: Desk) -> None:
    async with enter(desk.world.administrator) as user:
        await user.open(SETTINGS)
        await user.should_see("Rien n’est encore prouvé")
        await user.should_see("AUTO_ACCEPT_PARTY et AUTO_ACCEPT_QUOTES allumés.")
        press(user, "Éprouver maintenant")
        await user.should_see("aucun argent ne bouge")
    (gate,) = desk.rows("select next_probe_at <= now() as is_due from rail_gate")
    assert gate["is_due"]


async def test_settings_are_for_administrators_alone(enter: Any, desk: Desk) -> None:
    for who in (desk.caisse.manager, desk.caisse.supervisor):
        async with enter(who) as user:
            assert await refused(user, "/pensions/reglages") == 403
            assert await refused(user, SETTINGS) == 403
            await user.open("/pensions")
            rail = next(one.content for one in shown(user, ui.html) if "rail-item" in str(one.content))
            assert "/pensions/reglages" not in rail


async def test_figures_hold_to_the_franc_on_the_reports_page(enter: Any, desk: Desk) -> None:
    desk.send()
    async with enter(desk.caisse.supervisor) as user:
        await user.open("/pensions/rapports")
        await until(lambda: "Décembre 2025" in texts(user))
        said = texts(user)
        assert "125\u202f000" in said
        assert "0 sur 0 finis" in said
