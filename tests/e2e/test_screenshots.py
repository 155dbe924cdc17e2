"""A picture of every page, for somebody to look at: `./dev test -m slow tests/e2e/test_screenshots.py`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e import console

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOLDER = Path(__file__).parents[2] / "screenshots"
SIZES = ((360, 740), (768, 1024), (1440, 900))


def test_every_page_is_pictured_at_three_widths_in_light_and_dark(
    signed_in: Callable[[str], BrowserContext],
) -> None:
    pictured: set[str] = set()
    for role in console.MAY:
        context = signed_in(role)
        page = context.new_page()
        for path, address in console.addresses(page, role).items():
            picture(page, path, address)
            pictured.add(path)
        context.close()
    assert pictured == set(console.SCREENS)


def picture(page: Page, path: str, address: str) -> None:
    name = path.strip("/").replace("/", "-").replace("{", "").replace("}", "") or "accueil"
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        console.open_page(page, address)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png", full_page=True)
