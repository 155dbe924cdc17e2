"""The USSD pages under test: a real database, the real endpoint on loopback, and a thumb on the phone."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from nicegui import Client, ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api import gateways
from api import ussd as endpoint
from core.database import Database
from tests.builders import world
from tests.services.wallet_world import ADMIN, COLLEAGUE, OPERATOR, READER, hire
from tests.ui.conftest import Door
from ui import shell

PIN = "48213"
NARROW, NO_BREAK = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"

Open = Callable[..., Any]


@pytest.fixture
def endpoint_port() -> Iterator[int]:
    """Serve the gateways' addresses on loopback, as the process that draws the page does."""
    app = FastAPI(redirect_slashes=False)
    app.include_router(endpoint.router)
    app.include_router(gateways.router)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(5)
    listener.close()


@pytest.fixture
def bank(
    database: Database, open_console: Open, endpoint_port: int, door: Door, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """Give the world of the dialogues to a console whose people are an operator, a reader and an administrator."""
    assert open_console is not None  # it makes the settings of this test first
    monkeypatch.setenv("PORT", str(endpoint_port))
    monkeypatch.setenv("API_KEY", world.API_KEY)
    monkeypatch.setattr(shell, "get_database", lambda: database)
    door.people |= {"operateur": OPERATOR, "collegue": COLLEAGUE, "lecteur": READER, "admin": ADMIN}
    world.build(database)
    hire(database)
    return database


@pytest.fixture
def as_operator(open_console: Open, bank: Database) -> Open:
    assert bank

    @asynccontextmanager
    async def opened(path: str, who: str = "operateur") -> AsyncIterator[User]:
        async with open_console(who) as user:
            await user.open(path)
            yield user

    return opened


class Handset:
    """The phone on the page, as a thumb uses it."""

    def __init__(self, user: User) -> None:
        self.user = user
        boxes = (each for each in elements(user) if isinstance(each, ui.input))
        self.line = next(box for box in boxes if box.props.get("aria-label") == "Saisie du téléphone")

    async def call(self, expected: str) -> None:
        press(self.user, "Appeler")
        await self.user.should_see(expected, retries=30)

    async def answer(self, typed: str, expected: str, button: str = "Envoyer") -> None:
        self.line.value = typed
        press(self.user, button)
        await self.user.should_see(expected, retries=30)

    async def send(self, amount: str = "5000") -> None:
        """Send money to Jean, up to the PIN."""
        await self.call("1. Transfert")
        await self.answer("1", "Entrez le numéro du bénéficiaire")
        await self.answer("677000002", "Montant à envoyer à Jean Nkolo")
        await self.answer(amount, "1. Confirmer")
        await self.answer("1", "Code PIN pour confirmer:")


def page(user: User) -> str:
    """Return everything the page holds."""
    return "\n".join(f"{getattr(each, 'content', '')} {each.props} {each._text}" for each in elements(user))


def elements(user: User) -> list[ui.element]:
    """Return what the page is made of."""
    client: Client | None = user.client
    assert client is not None
    return list(client.elements.values())


def rows(user: User, name: str) -> list[dict[str, Any]]:
    tables = (each for each in elements(user) if isinstance(each, ui.table))
    return next(table.rows for table in tables if any(column["name"] == name for column in table.columns))


async def until_rows(user: User, name: str, key: str, expected: list[str]) -> None:
    """Wait until the table that has the column `name` shows these values of `key`, in any order."""
    for _ in range(60):
        if sorted(row[key] for row in rows(user, name)) == expected:
            return
        await asyncio.sleep(0.05)
    assert sorted(row[key] for row in rows(user, name)) == expected


def press(user: User, text: str) -> None:
    """Press the button of these words; where a dialog repeats them, the one in the dialog, which came last."""
    buttons = [each for each in elements(user) if isinstance(each, ui.button) and each.text == text]
    UserInteraction(user, {buttons[-1]}, text).click()


async def give_reason(user: User, act: str) -> None:
    await user.should_see("Motif", retries=30)
    boxes = [each for each in elements(user) if isinstance(each, ui.input)]
    boxes[-1].value = "demande de la personne"
    press(user, act)
