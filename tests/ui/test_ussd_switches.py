"""The red switches and the services, as an operator uses them and a reader sees them."""

from nicegui import ui

from core.database import Database, fetch_all, fetch_one
from tests.ui.hands import field, shown, until
from tests.ui.ussd_world import NO_BREAK, Open, as_operator, bank, elements, endpoint_port, give_reason, press

__all__ = ["as_operator", "bank", "endpoint_port"]


def state(bank: Database, key: str = "wallet") -> str:
    with bank.transaction() as session:
        row = fetch_one(session, "select state from ussd_service where key = %s", (key,))
    assert row is not None
    return str(row["state"])


def codes(bank: Database) -> list[str]:
    with bank.transaction() as session:
        return [row["code"] for row in fetch_all(session, "select code from ussd_route order by code")]


def beside(user: object, name: str, label: str) -> ui.button:
    """Return the button of that label on the line of that name."""
    lines = [each for each in elements(user) if "waiting-line" in each.classes]  # type: ignore[arg-type]
    line = next(each for each in lines if name in str([part.content for part in each if isinstance(part, ui.html)]))
    return next(part for part in line.descendants() if isinstance(part, ui.button) and part.text == label)


def click(user: object, button: ui.button) -> None:
    from nicegui.testing.user_interaction import UserInteraction

    UserInteraction(user, {button}, button.text).click()  # type: ignore[arg-type]


async def test_one_person_stops_a_service_by_typing_its_name_and_two_open_it(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/arret") as user:
        await user.should_see("Toute la plateforme", retries=30)
        click(user, beside(user, "wallet", "Arrêter"))
        await user.should_see("déjà engagé suit son cours", retries=30)
        stop = next(button for button in shown(user, ui.button) if button.text == "Arrêter maintenant")
        assert not stop.enabled, "the name is typed first"
        field(user, f"Pour confirmer, écrivez «{NO_BREAK}wallet{NO_BREAK}»").value = "wallet"
        await until(lambda: stop.enabled)
        press(user, "Arrêter maintenant")
        await user.should_see(f"wallet{NO_BREAK}: arrêté.", retries=30)
        await user.should_see(f"ou en maintenance{NO_BREAK}: wallet.", retries=30)
        assert state(bank) == "stopped"
        click(user, beside(user, "wallet", "Rouvrir"))
        await give_reason(user, "Demander la réouverture")
        await user.should_see("Retirer ma demande", retries=30)
        assert state(bank) == "stopped"
    async with as_operator("/ussd-console/arret", "collegue") as user:
        await user.should_see("Approuver", retries=30)
        press(user, "Approuver")
        await user.should_see("Vous signez en second.", retries=30)
        press(user, "Approuver et faire")
        await user.should_see("Approuvé, et fait.", retries=30)
    assert state(bank) == "live"


async def test_maintenance_has_its_text_and_ends_with_one_word(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/arret") as user:
        await user.should_see("Toute la plateforme", retries=30)
        click(user, beside(user, "wallet", "Maintenance"))
        await user.should_see(f"Mettre en maintenance{NO_BREAK}: wallet", retries=30)
        field(user, "Texte que les gens lisent, en Français").value = "De retour à 14 h."
        field(user, "Motif").value = "Mise à jour"
        press(user, "Mettre en maintenance")
        await until(lambda: state(bank) == "maintenance")
        await user.should_see("Rouvrir", retries=30)
        click(user, beside(user, "wallet", "Rouvrir"))
        await give_reason(user, "Rouvrir")
        await user.should_see(f"wallet{NO_BREAK}: rouvert.", retries=30)
    assert state(bank) == "live"
    with bank.transaction() as session:
        trail = fetch_all(session, "select action from audit_entry where action not like 'survey.%%' order by id")
    assert [row["action"] for row in trail] == ["ussd_switch.stop", "ussd_switch.reopen"]


async def test_a_reader_sees_the_switches_and_touches_none(as_operator: Open) -> None:
    async with as_operator("/ussd-console/arret", "lecteur") as user:
        await user.should_see("Toute la plateforme", retries=30)
        for act in ("Arrêter", "Maintenance", "Rouvrir"):
            await user.should_not_see(act)
    async with as_operator("/ussd-console/services/wallet", "lecteur") as user:
        await user.should_see("*155#", retries=30)
        for act in ("Enregistrer", "Ajouter un code"):
            await user.should_not_see(act)


async def test_an_operator_changes_a_service_and_gives_it_a_code(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/services") as user:
        await user.should_see("*155#", retries=30)
    async with as_operator("/ussd-console/services/wallet") as user:
        await user.should_see("Comportement", retries=30)
        field(user, "Touche suite").value = "0"
        field(user, "Motif").value = "Demande du réseau"
        press(user, "Enregistrer")
        await user.should_see("Suite, retour et accueil demandent trois touches différentes.", retries=30)
        field(user, "Touche suite").value = "99"
        press(user, "Enregistrer")
        await user.should_see("Enregistré. La prochaine étape le suit.", retries=30)
        press(user, "Ajouter un code")
        await user.should_see("Code composé", retries=30)
        field(user, "Code composé").value = "155"
        press(user, "Ajouter")
        await user.should_see("écrit comme on le compose", retries=30)
        field(user, "Code composé").value = "*155#"
        press(user, "Ajouter")
        await user.should_see("Ce code mène déjà à un service sur cette passerelle.", retries=30)
        field(user, "Code composé").value = "*156#"
        press(user, "Ajouter")
        await until(lambda: codes(bank) == ["*123#", "*155#", "*156#", "*237*100#"])
    with bank.transaction() as session:
        row = fetch_one(session, "select settings -> 'nav' ->> 'next' as next from ussd_service where key = 'wallet'")
        assert row == {"next": "99"}
        trail = fetch_all(session, "select action from audit_entry where action not like 'survey.%%' order by id")
    assert [entry["action"] for entry in trail] == ["ussd_service.change", "ussd_route.add"]
