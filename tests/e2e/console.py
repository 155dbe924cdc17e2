"""What the tests do with a page: open it, wait for it, go on with the keyboard, find every page there is."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from playwright.sync_api import BrowserContext, Page, expect

from core.permissions import GRANTS, OF_AN_ORGANISATION, Role, Scope
from ui import auth, pages, shell

pages.load()
SCREENS = {path: screen for path, screen in shell.SCREENS.items() if not screen.in_development_only}
MOST_THINGS = 8  # the first subscriber may have no operation, the next has
MAY = {"admin": GRANTS[Scope.PLATFORM, Role.ADMIN], "GESTIONNAIRE": GRANTS[Scope.ORGANISATION, Role.GESTIONNAIRE]}
expect.set_options(timeout=15_000)  # a machine that runs every test at once is slow


@dataclass(frozen=True)
class Sandbox:
    """Where it runs, and one person of each role with a password."""

    url: str
    people: dict[str, dict[str, str]]


def sign_in(page: Page, sandbox: Sandbox, role: str, path: str = "/connexion") -> None:
    """Sign in without touching the mouse: the first field has the focus, Enter sends."""
    open_page(page, path)
    expect(page.get_by_label("E-mail ou téléphone")).to_be_focused()
    page.keyboard.type(sandbox.people[role]["email"])
    page.keyboard.press("Tab")
    page.keyboard.type(sandbox.people[role]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/connexion" not in url)
    wait(page)


def open_page(page: Page, path: str) -> None:
    """Open a page and wait until it is whole."""
    page.goto(path)
    wait(page)


def wait(page: Page) -> None:
    """Wait until the page hears the server and shows no skeleton."""
    page.wait_for_function("window.did_handshake === true")
    expect(page.locator("main")).to_be_visible()
    expect(page.locator(".bones:visible")).to_have_count(0)


def tab_to(page: Page, selector: str, most: int = 60) -> None:
    """Press Tab until the element that has the focus matches."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not on the way of the Tab key")


def complaints_of(page: Page) -> list[str]:
    """Collect from now on what goes wrong in a page: errors, and requests to anywhere else."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on("console", lambda said: found.append(f"console: {said.text}") if said.type == "error" else None)
    page.on("request", lambda request: found.append(f"left: {request.url}") if is_foreign(page, request.url) else None)
    return found


@contextmanager
def calm_page(context: BrowserContext) -> Iterator[Page]:
    """Give a page of this context; what the browser complains of meanwhile fails the test."""
    page = context.new_page()
    complaints = complaints_of(page)
    yield page
    context.close()
    assert complaints == [], complaints


def is_foreign(page: Page, url: str) -> bool:
    """Say whether an address is of another origin than the page's console."""
    origin = re.match(r"https?://[^/]+", page.url)
    return (
        url.startswith(("http", "ws")) and origin is not None and not re.sub("^ws", "http", url).startswith(origin[0])
    )


def opener(path: str) -> str:
    """Return the role that opens a page: the administrator, unless only the people of an organisation may."""
    return "GESTIONNAIRE" if SCREENS[path].needs in OF_AN_ORGANISATION else "admin"


def addresses(page: Page, role: str) -> dict[str, str]:
    """Return an address for every page that this role opens: those of things are found by following links."""
    open_to = {path: one for path, one in SCREENS.items() if one.needs is None or one.needs in MAY[role]}
    found = {path: [path] if "{" not in path else [] for path in open_to}
    to_visit = [path for path, one in open_to.items() if found[path] and not one.is_open]
    to_visit = [path for path in to_visit if path != auth.CHANGE_PASSWORD]
    wanted = {path for path in open_to if opener(path) == role}
    while missing := {path for path in wanted if not found[path]}:
        if not to_visit:
            break
        address = next((one for one in to_visit if any(map(partial(_leads, one), missing))), to_visit[0])
        to_visit.remove(address)
        open_page(page, address)
        links: list[str] = page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))")
        for link in links:
            path = _path_of(link)
            if path in found and link not in found[path] and len(found[path]) < MOST_THINGS:
                found[path].append(link)
                to_visit.append(link)
    return {path: found[path][0] for path in wanted if found[path]}


def _leads(address: str, path: str) -> bool:
    """Say whether the page of a thing would lie beneath this address."""
    parts, wanted = address.split("/"), path.split("/")
    return len(parts) < len(wanted) and all(a == b or "{" in b for a, b in zip(parts, wanted, strict=False))


def _path_of(link: str) -> str | None:
    """Return the path of the page of a thing that a link leads to."""
    patterns = {path: re.sub(r"\{\w+\}", "[^/?#]+", path) for path in SCREENS if "{" in path}
    return next(
        (path for path, pattern in patterns.items() if re.fullmatch(pattern, link) and link not in SCREENS), None
    )
