"""Two operators write a menu in French, find it too long, repair it, publish it with four eyes, and take it back."""

import asyncio
from typing import Any

import httpx
import pytest
from nicegui import ui
from nicegui.testing import User

from core.database import Database, fetch_all, fetch_one
from core.permissions import Role, Scope
from core.settings import get_settings
from services import installation
from tests.ui.conftest import Door, signed_in
from tests.ui.hands import field, press, shown, stored, until
from tests.ui.ussd_world import Open, endpoint_port
from ui import live

__all__ = ["endpoint_port"]

MENUS = "/ussd-console/menus"
LONG = "Choisissez ce que vous voulez faire avec votre compte aujourd'hui et tapez son numéro. "


@pytest.fixture
def consoles(house: Database, open_console: Open, door: Door) -> dict[str, str]:
    """Install Palabre; Awa and Jean operate the channel, Rita reads it. The wallet wants four eyes."""
    assert open_console is not None
    assert door is not None
    with house.transaction() as session:
        installation.install(session, get_settings())
        session.connection().exec_driver_sql("update ussd_service set needs_four_eyes = true where key = 'wallet'")
    operators = {name: signed_in(house, name, Scope.USSD, Role.OPERATEUR) for name in ("Awa Diop", "Jean Nkolo")}
    return {**operators, "Rita Biya": signed_in(house, "Rita Biya", Scope.USSD, Role.LECTEUR)}


def content(user: User) -> str:
    """Return all markup of the page."""
    return "\n".join(each.content for each in shown(user, ui.html))


def choose(user: User, screen: str) -> None:
    """Press a screen in the tree."""
    tree = next(each for each in shown(user, ui.html) if "leaves" in each.content)
    with user:
        listener = next(one for one in tree._event_listeners.values() if one.type == "click")
        tree._handle_event({"id": tree.id, "listener_id": listener.id, "args": screen})


def french(user: User) -> list[ui.textarea]:
    """Return the field of the chosen screen's French text, when it is drawn."""
    return [box for box in shown(user, ui.textarea) if box.props.get("lang") == "fr"][:1]


def write(user: User, text: str) -> None:
    """Write the French text of the chosen screen."""
    with user:
        french(user)[0].value = text


async def saved(database: Database, number: int, words: str) -> dict[str, Any]:
    """Wait until a version holds these words, and return it."""
    query = "select v.* from flow_version v join flow f on f.id = v.flow_id where f.key = 'wallet' and number = %s"
    for _ in range(500):
        with database.transaction() as session:
            row = fetch_one(session, query, (number,))
        if row is not None and words in str(row["body"]):
            return row
        await asyncio.sleep(0.02)
    raise AssertionError(f"not saved: {words}")


async def new_draft(user: User, house: Database) -> None:
    """Begin a draft of the wallet, and be led to it."""
    await user.open(f"{MENUS}/wallet")
    press(user, "Nouveau brouillon")
    await saved(house, 2, "welcome")
    await until(lambda: "Portefeuille, version 2</h1>" in content(user))


def dial(port: int, session: str) -> str:
    """Dial the wallet as a gateway does, and return its first screen."""
    turn = {"sessionid": session, "msisdn": "+237699123456", "message": "*155#"}
    return str(httpx.post(f"http://127.0.0.1:{port}/ussd/", json=turn).json()["message"])


async def test_a_menu_is_drafted_repaired_reviewed_published_and_rolled_back(  # one story
    open_console: Open, house: Database, consoles: dict[str, str], endpoint_port: int
) -> None:
    before = dial(endpoint_port, "first")
    assert before.startswith("Bienvenue sur ")

    async with open_console(consoles["Awa Diop"]) as awa:
        await new_draft(awa, house)
        await awa.open(f"{MENUS}/wallet/2?ecran=r_name")
        write(awa, LONG * 2)
        row = await saved(house, 2, LONG)
        await until(lambda: "de trop" in content(awa))
        assert {f["rule"] for f in row["lint"]["findings"] if f["is_error"]} == {"L09"}
        step = next(each for each in shown(awa, ui.button) if each.text == "Envoyer en relecture")
        assert not step.enabled

        write(awa, "Votre prénom et votre nom:")
        await saved(house, 2, "Votre prénom et votre nom:")
        choose(awa, "welcome")
        await until(lambda: any("Bienvenue" in box.value for box in french(awa)))
        write(awa, "Bonjour ! « {brand} » est là")
        await saved(house, 2, "est là")
        await until(lambda: "part en" in content(awa))
        await until(lambda: step.enabled)
        assert "Publier" not in [each.text for each in shown(awa, ui.button)]
        press(awa, "Envoyer en relecture")
        await until(lambda: stored(house, "select state from flow_version where note like 'D%%'")["state"] == "review")
        await awa.open(f"{MENUS}/wallet/2")
        assert "Publier" not in [each.text for each in shown(awa, ui.button)]  # she wrote it

    async with open_console(consoles["Jean Nkolo"]) as jean:
        await jean.open(f"{MENUS}/wallet/2")
        press(jean, "Publier")
        await jean.should_see("Publier la version 2", retries=20)
        await until(lambda: "2\N{NO-BREAK SPACE}changés" in content(jean) or "2 changés" in content(jean))
        assert "1 session ouverte" in content(jean)  # the call that began on the first version
        field(jean, "Motif").value = "Plus chaleureux"
        press(jean, "Mettre en ligne la version 2")
        live_number = (
            "select v.number from ussd_service s join flow_version v on v.id = s.live_version_id where s.key = 'wallet'"
        )
        await until(lambda: stored(house, live_number)["number"] == 2)
        assert dial(endpoint_port, "second").startswith('Bonjour ! "')  # at once, in another thread and connection

        await until(lambda: "Revenir à celle-ci" in [each.text for each in shown(jean, ui.button)])
        press(jean, "Revenir à celle-ci")  # publishing led back to the versions
        await jean.should_see("Revenir à la version 1", retries=20)
        press(jean, "Revenir à la version 1")
        await jean.should_see("Écrivez un motif.", retries=20)
        assert stored(house, live_number)["number"] == 2
        field(jean, "Motif").value = "Une faute au téléphone"
        press(jean, "Revenir à la version 1")
        await until(lambda: stored(house, live_number)["number"] == 1)
        assert dial(endpoint_port, "third") == before
        await jean.should_see("Une faute au téléphone", retries=20)

    with house.transaction() as session:
        trail = fetch_all(
            session, "select action, actor_name from audit_entry where action ~ '^(flow|ussd)[.]' order by id"
        )
    told = [(row["action"], row["actor_name"]) for row in trail if row["actor_name"] in consoles]
    assert told == [
        ("flow.request_review", "Awa Diop"),
        ("ussd.publish", "Jean Nkolo"),
        ("ussd.roll_back", "Jean Nkolo"),
    ]


async def test_two_who_write_at_once_lose_nothing(
    open_console: Open, house: Database, consoles: dict[str, str]
) -> None:
    async with open_console(consoles["Awa Diop"]) as awa:
        await new_draft(awa, house)
        await awa.open(f"{MENUS}/wallet/2?ecran=q_ok")
        with house.transaction() as session:  # Jean saves his words from another desk
            session.connection().exec_driver_sql(
                "update flow_version set checksum = 'jean', saved_at = now(),"
                " saved_by = (select id from users where first_name = 'Jean') where number = 2"
            )
        write(awa, "Il vous reste {balance|money}")
        await until(lambda: any("Jean Nkolo a enregistré ce brouillon" in each.text for each in shown(awa, ui.label)))
        assert "Il vous reste" not in str(
            stored(house, "select body from flow_version where number = 2 and note <> ''")
        )
        press(awa, "Garder le mien comme nouveau brouillon")
        await saved(house, 3, "Il vous reste {balance|money}")


async def test_another_save_is_told_before_anything_is_typed(
    open_console: Open, house: Database, consoles: dict[str, str]
) -> None:
    async with open_console(consoles["Awa Diop"]) as awa:
        await new_draft(awa, house)
        await awa.open(f"{MENUS}/wallet/2")
        with house.transaction() as session:
            session.connection().exec_driver_sql("update flow_version set checksum = 'x' where number = 2")
        live.hub.deliver({"topic": "flows"})
        await until(lambda: any("a enregistré ce brouillon" in each.text for each in shown(awa, ui.label)))


async def test_screens_are_made_undone_and_written_as_text(
    open_console: Open, house: Database, consoles: dict[str, str]
) -> None:
    async with open_console(consoles["Awa Diop"]) as awa:
        await new_draft(awa, house)
        await awa.open(f"{MENUS}/wallet/2")
        press(awa, "Nouvel écran")
        field(awa, "Nom").value = "aide"
        press(awa, "Créer l\N{RIGHT SINGLE QUOTATION MARK}écran")
        await saved(house, 2, "'aide'")
        await until(lambda: "jamais atteint" in content(awa) and ">aide</h2>" in content(awa))
        press(awa, "Supprimer cet écran")
        await until(
            lambda: "'aide'" not in str(stored(house, "select body from flow_version where number = 2 and note <> ''"))
        )
        press(awa, "Annuler le dernier changement")
        await saved(house, 2, "'aide'")
        text = next(box for box in shown(awa, ui.textarea) if box.props.get("aria-label") == "Le parcours en YAML")
        row = next(each for each in shown(awa, ui.tabs))
        with awa:
            row.value = "text"
        await until(lambda: "flow: wallet" in text.value)
        good = text.value
        with awa:
            text.value = good.replace("flow: wallet", "flow: wallet\nflow: wallet", 1)
        await until(lambda: "champ en double" in content(awa))
        with awa:
            text.value = good.replace("Votre solde est de {balance|money}", "Vous avez {balance|money}")
        await saved(house, 2, "Vous avez {balance|money}")


async def test_a_reader_reads_and_changes_nothing(
    open_console: Open, house: Database, consoles: dict[str, str]
) -> None:
    assert house is not None
    async with open_console(consoles["Rita Biya"]) as rita:
        await rita.open(MENUS)
        await rita.should_see("Portefeuille", retries=20)
        await rita.open(f"{MENUS}/wallet")
        assert "Nouveau brouillon" not in [each.text for each in shown(rita, ui.button)]
        await rita.open(f"{MENUS}/wallet/1?ecran=q_ok")
        assert all(not box.enabled for box in shown(rita, ui.textarea) if box.props.get("lang"))
        acts = {each.text for each in shown(rita, ui.button)}
        assert acts.isdisjoint({"Publier", "Envoyer en relecture", "Nouvel écran", "Revenir à celle-ci"})
        await rita.open(f"{MENUS}/wallet/99")
        await rita.should_see("introuvable", retries=20)
