"""A caisse on the screen: its manager, its supervisor, a neighbour, an administrator, and what each may open."""

from collections.abc import Callable
from typing import Any

import pytest
from nicegui import ui
from nicegui.testing import User

from core.database import Database
from core.permissions import Actor
from tests.builders import batches
from tests.builders.batches import EXAMPLE, Desk
from tests.ui.hands import shown, sign_in, until

NARROW, NO_BREAK = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


@pytest.fixture
def desk(house: Database) -> Desk:
    """Give a desk with a million francs in each caisse, on the database of the console."""
    return batches.open_desk(house)


@pytest.fixture
def enter(open_console: Any, desk: Desk) -> Callable[[Actor], Any]:
    """Open the console as one of the desk's people."""

    def as_(actor: Actor) -> Any:
        assert actor.user_id is not None
        return open_console(sign_in(desk.database, actor.user_id))

    return as_


def francs(amount: int) -> str:
    """Return an amount as the screen writes it."""
    return f"{amount:,}".replace(",", NARROW) + f"{NO_BREAK}F{NO_BREAK}CFA"


def texts(user: User) -> str:
    """Return all that the page says as markup, on one line."""
    return " ".join(str(one.content) for one in shown(user, ui.html))


def labels(user: User) -> set[str]:
    """Return what the buttons of the page say."""
    return {one.text or str(one.props.get("aria-label", "")) for one in shown(user, ui.button)}


def pick(user: User, words: str) -> None:
    """Choose a line of a menu."""
    line = next(
        one for one in shown(user, ui.menu_item) if any(words in str(getattr(part, "text", "")) for part in one)
    )
    with user:
        for listener in list(line._event_listeners.values()):
            line._handle_event({"id": line.id, "listener_id": listener.id, "args": {}})


async def filled(user: User) -> None:
    """Wait until a draft, or a batch to approve, shows what was counted over its rows."""
    await until(lambda: "Qui a fait quoi" in texts(user))


async def refused(user: User, path: str) -> int:
    """Return the status with which a page is refused."""
    answer = await user.http_client.get(path)
    return answer.status_code


async def drop(user: User, content: str | bytes = EXAMPLE, name: str = "pensions.csv") -> None:
    """Drop a file on the page."""
    zone = shown(user, ui.upload)[-1]
    octets = content.encode() if isinstance(content, str) else content
    answer = await user.http_client.post(zone._registered_url, files={"file": (name, octets, "text/csv")})
    assert answer.status_code == 200


__all__ = ["desk", "drop", "enter", "filled", "francs", "labels", "pick", "refused", "texts"]
