"""What a hand does on a page of the simulated browser: find a field, press, choose, wait."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui
from nicegui.testing import User as Visitor

from core.database import Database, fetch_one
from models.users import User
from services.users import consoles
from tests.builders import people

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def sign_in(database: Database, user_id: UUID, agent: str = FIREFOX) -> str:
    with database.transaction() as session:
        return consoles.open_console(session, session.get_one(User, user_id), "127.0.0.1", agent)


def chief(database: Database) -> str:
    return sign_in(database, people.admin(database, first_name="Mireille", last_name="Bongo"))


def shown(user: Visitor, kind: Any) -> list[Any]:
    assert user.client is not None
    return [e for e in user.client.elements.values() if isinstance(e, kind) and not e.is_deleted]


def field(user: Visitor, label: str) -> Any:
    """Return the newest field under this label."""
    boxes = shown(user, (ui.input, ui.textarea, ui.select))
    return next(
        box
        for box in reversed(boxes)
        if box.parent_slot is not None and label in str(getattr(box.parent_slot.children[0], "content", ""))
    )


def press(user: Visitor, label: str) -> None:
    """Press the newest button with this label."""
    button = [e for e in shown(user, ui.button) if label in (e.text, e.props.get("aria-label"))][-1]
    assert button.enabled
    with user:
        for listener in list(button._event_listeners.values()):
            if listener.type == "click":
                button._handle_event({"id": button.id, "listener_id": listener.id, "args": {}})


async def until(true: Callable[[], Any]) -> None:
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


async def rows(user: Visitor, count: int) -> list[dict[str, Any]]:
    """Wait until the table of the page holds this many rows."""
    await until(lambda: shown(user, ui.table) and len(shown(user, ui.table)[0].rows) == count)
    return list(shown(user, ui.table)[0].rows)


def narrow(user: Visitor, name: str, value: str) -> None:
    """Choose a value in a filter, or type in the search box."""
    boxes = shown(user, (ui.input, ui.select))
    box = next(box for box in boxes if box.props.get("aria-label") == name)
    with user:
        box.value = value


def open_row(user: Visitor, key: str) -> None:
    table = shown(user, ui.table)[0]
    with user:
        listener = next(one for one in table._event_listeners.values() if one.type == "open")
        table._handle_event({"id": table.id, "listener_id": listener.id, "args": key})


def stored(database: Database, query: str, *values: Any) -> dict[str, Any]:
    with database.transaction() as session:
        row = fetch_one(session, query, values)
    assert row is not None
    return row
