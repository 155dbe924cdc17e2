"""An operator of the identifiers adds a question in three languages, alone, in the time of a coffee."""

import time

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import console
from tests.e2e.console import Sandbox, open_page

pytestmark = pytest.mark.browser

OPERATOR = "aissatou.barry@palabre.example"
MOST_S = 300
ASKED = {
    "français": "Dans quelle commune habitez-vous ? Exemple : Gombe",
    "anglais": "Which commune do you live in? Example: Gombe",
    "lingala": "Ofandi na komini nini? Ndakisa: Gombe",
}


def test_a_question_in_three_languages_takes_less_than_five_minutes(browser: Browser, sandbox: Sandbox) -> None:
    context = browser.new_context(base_url=sandbox.url, locale="fr-FR", viewport={"width": 1440, "height": 900})
    with console.calm_page(context) as page:
        one = {"email": OPERATOR, "password": sandbox.people["operateur"]["password"]}
        console.sign_in(page, Sandbox(sandbox.url, {"operateur": one}), "operateur")
        begun = time.monotonic()
        open_page(page, "/ciu/recettes")
        page.get_by_role("button", name="Nouveau brouillon").click()
        page.wait_for_url("**/ciu/recettes/ciu/document/*")
        console.wait(page)
        page.get_by_role("button", name="Ajouter une question").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Lecture").click()
        page.get_by_role("option", name="Lieu", exact=True).click()
        for language, sentence in ASKED.items():
            dialog.get_by_label(f"Question en {language}").press_sequentially(sentence)
        dialog.get_by_role("button", name="Ajouter la question").click()
        expect(page.get_by_text("commune_habitez").first).to_be_visible()
        page.get_by_role("tab", name="Contrôle").click()
        expect(page.get_by_text("Aucune faute", exact=False).first).to_be_visible()
        page.get_by_role("tab", name="Aperçu").click()
        expect(page.get_by_text("6/6 Ofandi na komini nini?")).to_be_visible()
        expect(page.get_by_text("Gardé", exact=True)).to_be_visible()
        assert time.monotonic() - begun < MOST_S
        expect(page.get_by_role("button", name="Publier")).to_have_count(0)
