"""A real console in a real browser: one throw-away Palabre with demonstration data, and Chromium before it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e import console
from tests.e2e.console import Sandbox

ROOT = Path(__file__).parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Give a running Palabre; closing its standard input removes it."""
    # NiceGUI serves otherwise, and uncompressed, where it believes that it is tested.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NICEGUI_"))}
    process = subprocess.Popen(
        [sys.executable, "main.py", "sandbox"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        yield Sandbox(said["base_url"], {user["role"]: user for user in reversed(said["users"])})
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """Give Chromium; it leaves with the module, for its loop and that of other tests cannot share a thread."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(chromium), args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, sandbox: Sandbox) -> Callable[[str], BrowserContext]:
    """Open a context where somebody of a role is signed in; each role signs in once a module."""
    kept: dict[str, Any] = {}

    def open_context(role: str) -> BrowserContext:
        if role not in kept:
            first = browser.new_context(base_url=sandbox.url, locale="fr-FR")
            console.sign_in(first.new_page(), sandbox, role)
            kept[role] = first.storage_state()
            first.close()
        return browser.new_context(
            base_url=sandbox.url, locale="fr-FR", storage_state=kept[role], viewport={"width": 1440, "height": 900}
        )

    return open_context


@pytest.fixture
def admin(signed_in: Callable[[str], BrowserContext]) -> Iterator[Page]:
    """Give a page where the administrator is signed in; what the browser complains of fails the test."""
    with console.calm_page(signed_in("admin")) as page:
        yield page
