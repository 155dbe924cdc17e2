"""An operator adds a question in three languages; an administrator publishes it, takes a risk, and takes it back."""

import asyncio
from typing import Any

import pytest
from nicegui import ui
from nicegui.testing import User

from core.database import Database, fetch_one
from core.permissions import Role, Scope
from core.settings import get_settings
from services.ciu.store import programmes
from tests.ui.conftest import Door, signed_in
from tests.ui.hands import field, press, shown, stored, until
from tests.ui.ussd_world import NO_BREAK, Open

RECIPES = "/ciu/recettes"
ASKED = {
    "Français": "Dans quelle commune habitez-vous ? Exemple : Gombe",
    "Anglais": "Which commune do you live in? Example: Gombe",
    "Lingala": "Ofandi na komini nini? Ndakisa: Gombe",
}


@pytest.fixture
def people(house: Database, open_console: Open, door: Door) -> dict[str, str]:
    """Install the identifiers; Awa writes, Rita reads, Mireille administers."""
    assert open_console is not None
    assert door is not None
    with house.transaction() as session:
        programmes.install(session, get_settings())
    return {
        "Awa": signed_in(house, "Awa Diop", Scope.CIU, Role.OPERATEUR),
        "Rita": signed_in(house, "Rita Biya", Scope.CIU, Role.LECTEUR),
        "Mireille": signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN),
    }


def content(user: User) -> str:
    """Return all markup of the page."""
    return "\n".join(each.content for each in shown(user, ui.html) if each.visible)


def write(user: User, label: str, text: str) -> None:
    with user:
        field(user, label).value = text


def tab(user: User, name: str) -> None:
    with user:
        shown(user, ui.tabs)[0].value = name


async def draft(house: Database, words: str, key: str = "document", version: int = 2) -> dict[str, Any]:
    """Wait until a version holds these words, and return it."""
    for _ in range(500):
        with house.transaction() as session:
            row = fetch_one(session, "select * from ciu_recipe where key = %s and version = %s", (key, version))
        if row is not None and words in str(row["body"]):
            return row
        await asyncio.sleep(0.02)
    raise AssertionError(f"not saved: {words}")


async def new_draft(user: User, house: Database, key: str = "document") -> dict[str, Any]:
    await user.open(RECIPES)
    press(user, f"Copier en brouillon{NO_BREAK}: {title(key)}, version 1")
    row = await draft(house, "welcome", key)
    await until(lambda: f"{title(key)}, version 2</h1>" in content(user))
    return row


def title(key: str) -> str:
    return {"document": "Code du document", "compact": "Code compact", "random": "Code tiré au sort"}[key]


async def add_question(user: User, house: Database) -> dict[str, Any]:
    press(user, "Ajouter une question")
    await until(lambda: any("Question en lingala" in each.content for each in shown(user, ui.html)))
    with user:
        field(user, "Lecture").value = "place"
    for language, text in ASKED.items():
        write(user, f"Question en {language.lower()}", text)
    press(user, "Ajouter la question")
    return await draft(house, "Gombe")


async def test_an_operator_adds_a_question_in_three_languages(
    people: dict[str, str], house: Database, open_console: Open
) -> None:
    async with open_console(people["Awa"]) as user:
        await new_draft(user, house)
        assert "985-KINS-15-JEA-KABI-" in content(user)
        assert not any(button.text == "Publier" for button in shown(user, ui.button))
        row = await add_question(user, house)
        asked = row["body"]["questions"][-1]
        assert (asked["id"], asked["kind"], len(row["body"]["questions"])) == ("commune_habitez", "place", 6)
        assert [row["body"]["texts"][code][asked["id"]] for code in ("fr", "en", "ln")] == list(ASKED.values())
        assert row["canon"] == "document.2"
        await until(lambda: "Codes déjà donnés" in content(user) or "plus retrouvées" in words_of(user))
        tab(user, "preview")
        await until(lambda: "6/6 Ofandi na komini nini?" in content(user))
        tab(user, "checks")
        await until(lambda: "Aucune faute" in content(user))
        tab(user, "changes")
        await until(lambda: "commune_habitez" in content(user) and "Ajouté" in content(user))


async def test_a_fault_is_shown_where_it_is_and_forbids_publishing(
    people: dict[str, str], house: Database, open_console: Open
) -> None:
    async with open_console(people["Mireille"]) as user:
        await new_draft(user, house)
        tab(user, "texts")
        await until(lambda: box(user, "Aide, Lingala"))
        with user:
            box(user, "Aide, Lingala")[0].value = ""
        await until(lambda: stored(house, "select body -> 'texts' -> 'ln' ->> 'help' as help from ciu_recipe"
                                   " where version = 2")["help"] == "")  # fmt: skip
        await until(lambda: not button(user, "Publier").enabled)
        tab(user, "checks")
        await until(lambda: "Ce texte manque." in content(user) and "Aide · Lingala" in content(user))
        tab(user, "preview")
        await until(lambda: "Des textes manquent encore" in content(user))
        press(user, "Annuler le dernier changement")
        await until(lambda: button(user, "Publier").enabled)


async def test_an_administrator_publishes_and_takes_it_back(
    people: dict[str, str], house: Database, open_console: Open
) -> None:
    async with open_console(people["Mireille"]) as user:
        await new_draft(user, house)
        await add_question(user, house)
        await until(lambda: button(user, "Publier").enabled)
        press(user, "Publier")
        await until(lambda: "Mettre en service" in [each.text for each in shown(user, ui.button)])
        assert "celles qui sont ouvertes finissent sur la leur" in content(user)
        write(user, "Motif", "la commune aide à distinguer")
        press(user, "Mettre en service")
        await until(lambda: state(house, 2) == "published")
        assert state(house, 1) == "retired"
        await until(lambda: "document 2 en service" in content(user))
        press(user, "Revenir à celle-ci")
        await until(lambda: "Remettre en service" in [each.text for each in shown(user, ui.button)])
        press(user, "Remettre en service")
        await until(lambda: (state(house, 1), state(house, 2)) == ("published", "retired"))


async def test_a_weak_recipe_asks_for_the_risk(people: dict[str, str], house: Database, open_console: Open) -> None:
    async with open_console(people["Mireille"]) as user:
        await new_draft(user, house, "compact")
        press(user, "Publier")
        await until(lambda: "Mettre en service" in [each.text for each in shown(user, ui.button)])
        press(user, "Mettre en service")
        await user.should_see("cochez que vous acceptez ce risque")
        assert state(house, 2, "compact") == "draft"
        risk = next(each for each in shown(user, ui.checkbox) if "J’accepte" in each.text)
        with user:
            risk.value = True
        press(user, "Mettre en service")
        await until(lambda: state(house, 2, "compact") == "published")


async def test_a_simulation_runs_and_is_found_again(people: dict[str, str], open_console: Open) -> None:
    async with open_console(people["Awa"]) as user:
        await user.open(f"{RECIPES}/ciu/document/1")
        await until(lambda: "Code du document, version 1</h1>" in content(user))
        tab(user, "simulation")
        await until(lambda: any("Graine" in each.content for each in shown(user, ui.html)))
        write(user, "Personnes", "499")
        press(user, "Simuler")
        await until(lambda: "De 500 à" in str(field(user, "Personnes").props.get("error-message")))
        write(user, "Personnes", "500")
        press(user, "Simuler")
        await until(lambda: "Code entier partagé" in content(user))
        assert "20" in content(user)
        assert len(shown(user, ui.plotly)) == 1
        figure = shown(user, ui.plotly)[0].figure
        assert [trace["name"] for trace in figure["data"] if trace.get("name")] == ["Confondues", "Séparées"]
        await user.open(f"{RECIPES}/ciu/document/1")
        tab(user, "simulation")
        await until(lambda: "Code entier partagé" in content(user))


async def test_a_reader_sees_no_recipe_an_operator_no_setting(
    people: dict[str, str], house: Database, open_console: Open
) -> None:
    assert house is not None
    async with open_console(people["Rita"]) as user:
        for path in (RECIPES, f"{RECIPES}/ciu/document/1", "/ciu/reglages"):
            assert (await user.http_client.get(path)).status_code == 403
    async with open_console(people["Awa"]) as user:
        assert (await user.http_client.get("/ciu/reglages")).status_code == 403
        assert (await user.http_client.get(f"{RECIPES}/ciu/document/9")).status_code == 404


async def test_two_at_one_draft_lose_nothing(people: dict[str, str], house: Database, open_console: Open) -> None:
    async with open_console(people["Awa"]) as user:
        row = await new_draft(user, house)
        with house.transaction() as session:
            session.connection().exec_driver_sql("update ciu_recipe set checksum = 'autre' where id = %s", (row["id"],))
        await add_in_vain(user)
        await until(lambda: any("n’est plus gardé dedans" in str(each.text) for each in shown(user, ui.label)))
        press(user, "Garder le mien comme nouveau brouillon")
        kept = await draft(house, "Compris.", version=3)
        assert kept["created_by"] is not None


async def add_in_vain(user: User) -> None:
    tab(user, "texts")
    await until(lambda: box(user, "Réponse comprise, Français"))
    with user:
        box(user, "Réponse comprise, Français")[0].value = "Compris."


async def test_an_administrator_sets_a_programme_and_its_numbers(
    people: dict[str, str], house: Database, open_console: Open
) -> None:
    async with open_console(people["Mireille"]) as user:
        await user.open("/ciu/reglages")
        await until(lambda: "Recette en service" in content(user))
        write(user, "Nom lu par les personnes", "PNLS Kinshasa")
        write(user, "Session, en minutes", "90")
        press(user, "Enregistrer")
        await until(lambda: field(user, "Session, en minutes").props.get("error"))
        write(user, "Session, en minutes", "20")
        write(user, "Numéros sans cette limite", "+243810000001\n+243810000002")
        press(user, "Enregistrer")
        query = "select name, settings from ciu_programme"
        await until(lambda: stored(house, query)["name"] == "PNLS Kinshasa")
        kept = stored(house, query)["settings"]
        assert (kept["timeout_minutes"], kept["exempt_numbers"]) == (20, ["+243810000001", "+243810000002"])
        press(user, "Ouvrir un numéro")
        await until(lambda: any(each.text == "Ouvrir le numéro" for each in shown(user, ui.button)))
        write(user, "Numéro", "+243 820 000 001")
        press(user, "Ouvrir le numéro")
        query = "select count(*) as number from whatsapp_sender where address = '+243820000001'"
        await until(lambda: stored(house, query)["number"] == 1)


def words_of(user: User) -> str:
    return "\n".join(each.text for each in shown(user, ui.label))


def box(user: User, label: str) -> list[ui.textarea]:
    return [each for each in shown(user, ui.textarea) if each.props.get("aria-label") == label]


def button(user: User, label: str) -> ui.button:
    found: ui.button = next(each for each in shown(user, ui.button) if each.text == label)
    return found


def state(house: Database, version: int, key: str = "document") -> str:
    query = "select state from ciu_recipe where key = %s and version = %s"
    return str(stored(house, query, key, version)["state"])
