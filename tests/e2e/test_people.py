"""People at work in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import console
from tests.e2e.console import Sandbox, open_page, tab_to

pytestmark = pytest.mark.browser


def test_mireille_goes_from_the_door_to_one_transaction_without_a_mouse(browser: Browser, sandbox: Sandbox) -> None:
    page = browser.new_context(base_url=sandbox.url, locale="fr-FR").new_page()
    complaints = console.complaints_of(page)
    console.sign_in(page, sandbox, "admin")
    expect(page.get_by_role("heading", name="Bonjour Mireille")).to_be_visible()
    tab_to(page, ".nicegui-skip-link", most=2)
    tab_to(page, "a.rail-item[href='/grand-livre']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/grand-livre")
    console.wait(page)
    tab_to(page, "a.row-anchor")
    reference = str(page.evaluate("document.activeElement.textContent")).strip()
    page.keyboard.press("Enter")
    page.wait_for_url("**/grand-livre/operations/*")
    console.wait(page)
    expect(page.get_by_role("heading", name=reference)).to_be_visible()
    expect(page.get_by_role("columnheader", name="Débit")).to_be_visible()
    # The slash leads to the search, and Enter to what it finds first, however fast one types.
    open_page(page, "/")
    page.keyboard.press("/")
    page.keyboard.type(reference)
    page.keyboard.press("Enter")
    page.wait_for_url("**/grand-livre/operations/*")
    page.context.close()
    assert complaints == []


def test_what_is_found_is_walked_through_with_arrows_and_left_with_escape(admin: Page) -> None:
    open_page(admin, "/")
    admin.keyboard.press("/")
    admin.keyboard.type("awa")
    hits = admin.get_by_role("option")
    expect(hits.first).to_be_visible()
    admin.keyboard.press("ArrowDown")
    admin.keyboard.press("ArrowDown")
    expect(hits.nth(1)).to_have_attribute("aria-selected", "true")
    admin.keyboard.press("ArrowUp")
    expect(hits.first).to_have_attribute("aria-selected", "true")
    expect(hits.nth(1)).to_have_attribute("aria-selected", "false")
    admin.keyboard.press("Escape")
    expect(hits).to_have_count(0)


def test_the_dark_stays_after_a_reload(admin: Page) -> None:
    open_page(admin, "/")
    admin.get_by_role("button", name="Thème").click()
    admin.get_by_text("Sombre", exact=True).first.click()
    expect(admin.locator("html")).to_have_attribute("data-scheme", "dark")
    admin.reload()
    expect(admin.locator("html")).to_have_attribute("data-scheme", "dark")
    assert admin.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 20, 18)"
    console.wait(admin)
    admin.get_by_role("button", name="Thème").click()
    admin.get_by_text("Système", exact=True).first.click()
    expect(admin.locator("html")).not_to_have_attribute("data-scheme", "dark")


def test_a_dialogue_on_a_phone_is_seen_at_once_on_the_home_page(admin: Page, sandbox: Sandbox) -> None:
    open_page(admin, "/")
    figure = admin.locator("a.tile[href='/ussd-console'] .figure-number")
    before = figure.inner_text()
    body = {"sessionid": "vu-de-l-accueil", "msisdn": "+237699000001", "message": "*155#"}
    answer = admin.request.post(f"{sandbox.url}/ussd/", data=body)
    assert answer.ok
    expect(figure).not_to_have_text(before, timeout=10_000)


def test_a_reader_and_a_manager_see_what_is_theirs(signed_in: Callable[[str], BrowserContext]) -> None:
    reader = signed_in("lecteur")
    page = reader.new_page()
    open_page(page, "/")
    expect(page.get_by_text("Argent déplacé")).to_be_visible()
    expect(page.get_by_text("Frais perçus")).to_have_count(0)
    expect(page.locator("a[href^='/grand-livre']")).to_have_count(0)
    page.goto("/grand-livre")
    expect(page.get_by_text("Votre rôle ne permet pas cet acte.")).to_be_visible()
    reader.close()
    manager = signed_in("GESTIONNAIRE")
    page = manager.new_page()
    open_page(page, "/")
    expect(page.get_by_role("heading", name="Bonjour Bénédicte")).to_be_visible()
    expect(page.get_by_role("button", name="Mon compte, Bénédicte Hounkpatin")).to_contain_text("Gestionnaire")
    expect(page.locator("main").get_by_text("Disponible")).to_be_visible()
    expect(page.get_by_text("En direct")).to_have_count(0)
    expect(page.get_by_text("Argent déplacé")).to_have_count(0)
    for elsewhere in ("/ussd", "/paiements", "/grand-livre", "/administration"):
        expect(page.locator(f"a[href^='{elsewhere}']")).to_have_count(0)
    page.get_by_role("link", name="Nouveau lot").click()
    page.wait_for_url("**/pensions/nouveau")
    console.wait(page)
    expect(page.get_by_role("heading", name="Nouveau lot")).to_be_visible()
    page.goto("/grand-livre")
    expect(page.get_by_text("Votre rôle ne permet pas cet acte.")).to_be_visible()
    manager.close()


def test_signing_out_closes_every_page(signed_in: Callable[[str], BrowserContext], sandbox: Sandbox) -> None:
    context = signed_in("operateur")
    page = context.new_page()
    open_page(page, "/")
    page.get_by_role("button", name="Mon compte").click()
    page.get_by_text("Se déconnecter").click()
    page.wait_for_url("**/connexion")
    page.goto("/grand-livre")
    page.wait_for_url("**/connexion?retour=/grand-livre")
    context.close()
    assert sandbox.people["operateur"]


def test_what_is_said_in_the_last_moment_of_a_page_is_said_on_the_next_and_no_further(admin: Page) -> None:
    open_page(admin, "/mon-compte")
    admin.evaluate("void Quasar.Notify.create({ message: 'Compte ouvert.' })")
    admin.reload()
    console.wait(admin)
    expect(admin.get_by_text("Compte ouvert.")).to_be_visible()
    open_page(admin, "/")
    expect(admin.get_by_text("Compte ouvert.")).to_have_count(0)
