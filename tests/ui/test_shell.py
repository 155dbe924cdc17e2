"""Nothing is drawn and nothing is done for who may not."""

import asyncio
from dataclasses import replace
from typing import Any

from nicegui import ui

from core.errors import Refusal
from core.permissions import Actor, Permission
from tests.ui.conftest import ADMIN, READER, Door
from ui import shell
from ui.labels import t


class TooPoor(Refusal):
    sentence = "Solde insuffisant : il manque {manque} F."


async def test_a_stranger_is_led_to_the_sign_in_and_comes_back(open_console: Any, screens: Any) -> None:
    drawn = []
    screens("/grand-livre", title="Grand livre", needs=Permission.LEDGER_READ)(lambda: drawn.append(1))
    async with open_console() as user:
        answer = await user.http_client.get("/grand-livre?compte=7")
        assert answer.status_code == 307
        assert answer.headers["location"] == "/connexion?retour=/grand-livre%3Fcompte%3D7"
    assert drawn == []


async def test_who_lacks_the_right_gets_a_sentence_and_nothing_is_drawn(
    open_console: Any, screens: Any, door: Door
) -> None:
    drawn = []
    door.people["jeton"] = READER
    screens("/grand-livre", title="Grand livre", needs=Permission.LEDGER_READ)(lambda: drawn.append(1))
    async with open_console("jeton") as user:
        answer = await user.http_client.get("/grand-livre")
        assert answer.status_code == 403
        assert "Votre rôle ne permet pas cet acte." in answer.text
    assert drawn == []


async def test_the_rail_holds_only_what_the_role_may_open(open_console: Any, screens: Any, door: Door) -> None:
    for path, needs in (("/", None), ("/ussd-console", Permission.USSD_READ), ("/grand-livre", Permission.LEDGER_READ)):
        screens(path, title="Page", needs=needs)(lambda: ui.label("Bonjour"))
    door.people["jeton"] = READER
    async with open_console("jeton") as user:
        await user.open("/")
        await user.should_see("Bonjour")
        await user.should_see('href="/ussd-console"')
        await user.should_not_see('href="/grand-livre"')
        await user.should_not_see('href="/administration/audit"')


async def test_an_unknown_address_is_said_so_inside_the_frame(open_console: Any, door: Door) -> None:
    door.people["jeton"] = ADMIN
    async with open_console("jeton") as user:
        answer = await user.http_client.get("/nulle-part")
        assert answer.status_code == 404
        assert "Introuvable." in answer.text


async def test_a_verb_runs_as_whoever_the_session_says_is_here_now(open_console: Any, screens: Any, door: Door) -> None:
    door.people["jeton"] = READER
    seen: list[Any] = []
    is_done = asyncio.Event()

    def record_hello(_session: Any, actor: Actor, word: str) -> str:
        seen.append((actor.name, word))
        return word.upper()

    async def click() -> None:
        seen.append(await shell.act(record_hello, "bonjour"))
        is_done.set()

    screens("/essai", title="Essai")(lambda: ui.button("Dire", on_click=click))
    async with open_console("jeton") as user:
        await user.open("/essai")
        door.people["jeton"] = ADMIN
        before = door.committed
        user.find("Dire").click()
        await asyncio.wait_for(is_done.wait(), 2)
        assert seen == [("Mireille Bongo", "bonjour"), "BONJOUR"]
        assert door.committed == before + 1


async def test_a_refusal_is_shown_in_french_and_rolls_back(open_console: Any, screens: Any, door: Door) -> None:
    door.people["jeton"] = ADMIN
    outcomes: list[Any] = []

    def pay(_session: Any, _actor: Actor) -> None:
        raise TooPoor(manque="5 000")

    async def click() -> None:
        outcomes.append(await shell.act(pay))

    screens("/essai", title="Essai")(lambda: ui.button("Payer", on_click=click))
    async with open_console("jeton") as user:
        await user.open("/essai")
        user.find("Payer").click()
        await user.should_see("Solde insuffisant\u00a0: il manque 5 000 F.")
        assert outcomes == [None]
        assert door.rolled_back == 1


async def test_an_ended_session_does_nothing_and_leads_to_the_sign_in(
    open_console: Any, screens: Any, door: Door
) -> None:
    door.people["jeton"] = ADMIN
    done: list[int] = []

    async def click() -> None:
        await shell.act(lambda _session, _actor: done.append(1))

    screens("/essai", title="Essai")(lambda: ui.button("Payer", on_click=click))
    screens("/connexion", title="Connexion", is_open=True)(lambda: ui.label("Connexion requise"))
    async with open_console("jeton") as user:
        await user.open("/essai")
        door.people.clear()
        user.find("Payer").click()
        await user.should_see("Connexion requise")
        assert done == []


async def test_a_page_speaks_french_until_somebody_chooses(open_console: Any) -> None:
    async with open_console() as user:
        user.http_client.headers["accept-language"] = "en-GB,en"
        await user.open("/_galerie")
        await user.should_see("Grand livre équilibré")


async def test_a_page_speaks_the_language_of_its_reader(open_console: Any, screens: Any, door: Door) -> None:
    door.people["jeton"] = replace(ADMIN, language="en")
    screens("/essai", title="Essai")(lambda: ui.label(t("Grand livre équilibré")))
    async with open_console("jeton") as user:
        await user.open("/essai")
        await user.should_see("Ledger balanced")
