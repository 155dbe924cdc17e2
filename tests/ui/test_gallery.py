"""A designer looks at every component."""

import asyncio
from typing import Any

from nicegui import ui

from core.settings import get_settings
from ui.components import money_dialog
from ui.pages.gallery import PARTS, acting


async def test_every_component_is_shown_twice(open_console: Any) -> None:
    async with open_console() as user:
        await user.open("/_galerie")
        for title, _ in PARTS:
            await user.should_see(title)
        await user.should_see("Les pensions du lot paraîtront ici.", retries=10)
        await user.should_see("Grand livre équilibré")
        full = next(e for e in user.client.elements.values() if isinstance(e, ui.table) and e.rows)
        assert [row["name"] for row in full.rows][:2] == ["Adjovi Hounkpatin", "Pascaline Hounsou"]
        assert full.props["pagination"]["rowsNumber"] == 99_988
        panes = [element for element in user.client.elements.values() if "specimen" in element.classes]
        assert len(panes) == 2 * len(PARTS)


async def test_a_dialog_of_money_says_who_how_much_in_words_the_fee_and_acts_once_with_its_key(
    open_console: Any, monkeypatch: Any
) -> None:
    keys = []

    async def confirm(key: object) -> bool:
        keys.append(key)
        return True

    monkeypatch.setattr(acting, "_confirm", confirm)
    async with open_console() as user:
        await user.open("/_galerie")
        button = next(e for e in user.find("Verser de l'argent").elements)
        with user:
            dialog = money_dialog.money_dialog(acting.MOVE, confirm)
        assert button.text == "Verser de l'argent"
        await user.should_see("cent vingt mille francs CFA")
        await user.should_see("1\u202f200")
        await user.should_see("121\u202f200")
        user.find("Verser 120\u202f000\u00a0F\u00a0CFA à Awa Diop").click()
        await asyncio.wait_for(dialog.submitted.wait(), 2)
        assert len(keys) == 1
        assert not dialog.value


async def test_a_dialog_that_destroys_wakes_only_for_the_exact_name(open_console: Any) -> None:
    async with open_console() as user:
        await user.open("/_galerie")
        with user:
            acting._destroy()
        await user.should_see("Supprimer Pharmacie")
        button = next(iter(user.find("Supprimer Pharmacie").elements))
        boxes = [e for e in user.client.elements.values() if isinstance(e, ui.input)]
        assert not button.enabled
        with user:
            boxes[-1].value = "pharmacie"
            assert not button.enabled
            boxes[-1].value = "Pharmacie"
            assert button.enabled


async def test_the_gallery_does_not_exist_outside_development(open_console: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("ENVIRONMENT", "test")
    get_settings.cache_clear()
    async with open_console() as user:
        answer = await user.http_client.get("/_galerie")
        assert answer.headers["location"] == "/connexion?retour=/_galerie"
