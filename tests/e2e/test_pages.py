"""Every page there is: readable by everybody, on a phone too, light, and from nowhere else."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Error, Page, ViewportSize

from tests.e2e import console
from tests.e2e.console import SCREENS, open_page

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 360, "height": 740}
# How wide a page is, and the first that reach beyond it.
WIDTH = """() => [document.documentElement.scrollWidth, [...document.querySelectorAll("main *")]
    .filter(one => one.getBoundingClientRect().right > 360).slice(0, 5).map(one => one.outerHTML.slice(0, 160))]"""
HEAVY = {"serious", "critical"}
WARM_LIMIT = 50_000
FIRST_LIMIT = 450_000


@pytest.fixture(scope="module")
def addresses(signed_in: Callable[[str], BrowserContext]) -> dict[str, str]:
    found: dict[str, str] = {}
    for role in console.MAY:
        context = signed_in(role)
        found |= console.addresses(context.new_page(), role)
        context.close()
    return found


@pytest.fixture
def page(signed_in: Callable[[str], BrowserContext], path: str) -> Iterator[Page]:
    """Give a page where somebody who may open this path is signed in; complaints of the browser fail the test."""
    with console.calm_page(signed_in(console.opener(path))) as opened:
        yield opened


@pytest.mark.parametrize("path", SCREENS)
def test_a_page_fits_a_phone_and_axe_finds_nothing_serious(page: Page, addresses: dict[str, str], path: str) -> None:
    assert path in addresses, f"no link leads to {path}"
    open_page(page, addresses[path])
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert serious(page) == [], "light"
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert serious(page, "color-contrast") == [], "dark"  # all that the dark changes
    page.set_viewport_size(PHONE)
    with contextlib.suppress(Error):  # charts follow the window in their own time
        page.wait_for_function("document.documentElement.scrollWidth === 360", timeout=5_000)
    width, beyond = page.evaluate(WIDTH)
    assert width == 360, beyond


def test_what_only_a_phone_shows_is_readable_too(admin: Page) -> None:
    admin.set_viewport_size(PHONE)
    open_page(admin, "/")
    assert serious(admin) == []


def test_every_link_of_the_home_page_leads_somewhere(admin: Page) -> None:
    open_page(admin, "/")
    links: list[str] = admin.eval_on_selector_all("a[href^='/']", "all => all.map(one => one.getAttribute('href'))")
    answers = {link: admin.request.get(link).status for link in set(links)}
    assert len(answers) > 10
    assert {link for link, status in answers.items() if status != 200} == set()


def serious(page: Page, *rules: str) -> list[str]:
    """Return what axe calls serious or worse, with the elements."""
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:300]}"
        for one in violations
        if one["impact"] in HEAVY
    ]


@pytest.mark.parametrize("path", ["/", "/grand-livre", "/grand-livre/balance"])
def test_a_page_is_light(admin: Page, path: str) -> None:
    network = admin.context.new_cdp_session(admin)
    network.send("Network.enable")
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    open_page(admin, path)
    first, sizes[:] = sum(sizes), []
    open_page(admin, path)
    assert (first < FIRST_LIMIT, sum(sizes) < WARM_LIMIT) == (True, True), (first, sum(sizes))
