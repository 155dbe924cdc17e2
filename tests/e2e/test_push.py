"""Notifications in a real browser: its worker registers. Subscribing itself asks the browser's own service, outside."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import console

pytestmark = pytest.mark.browser


def test_the_worker_registers_for_every_page(admin: Page) -> None:
    console.open_page(admin, "/mon-compte")
    switch = admin.get_by_role("switch", name="Me notifier sur ce navigateur")
    expect(switch).to_be_enabled()  # the browser has told what it can
    registered = admin.evaluate("""async () => {
        await navigator.serviceWorker.register("/push-worker.js");
        const worker = await navigator.serviceWorker.ready;
        return [worker.active.scriptURL, worker.scope].map((address) => new URL(address).pathname);
    }""")
    assert registered == ["/push-worker.js", "/"]
    assert admin.evaluate("palabre.subscription()") is None


def test_a_refused_permission_is_said_and_nothing_is_kept(admin: Page) -> None:
    admin.add_init_script("Notification.requestPermission = async () => 'denied'")
    console.open_page(admin, "/mon-compte")
    switch = admin.get_by_role("switch", name="Me notifier sur ce navigateur")
    expect(switch).to_be_enabled()
    switch.click()
    expect(admin.get_by_text("permettez-les dans ses réglages")).to_be_visible()
    expect(switch).not_to_be_checked()
