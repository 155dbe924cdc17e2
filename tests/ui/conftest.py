"""A browser without a browser: NiceGUI's simulated user on our own application."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from nicegui import Client, ui
from nicegui.functions.download import download
from nicegui.functions.navigate import Navigate
from nicegui.functions.notify import notify
from nicegui.storage import Storage
from nicegui.testing import User
from nicegui.testing.general import nicegui_reset_globals

from core.database import Database
from core.permissions import Actor, Grant, Role, Scope
from core.settings import get_settings
from services import users
from tests.builders import people
from ui import auth, live, navigation, pages, shell

ADMIN = Actor(None, "Mireille Bongo", (Grant(Scope.PLATFORM, Role.ADMIN),))
REAL_RESOLVE, REAL_STANDING = auth.resolve, navigation.standing
READER = Actor(None, "Awa Diop", (Grant(Scope.USSD, Role.LECTEUR),))


@dataclass
class Door:
    """Identity as the screen sees it: tokens and whom they stand for; the transactions behind it are empty."""

    people: dict[str, Actor] = field(default_factory=dict)
    committed: int = 0
    rolled_back: int = 0

    @contextmanager
    def transaction(self) -> Iterator[object]:
        try:
            yield object()
        except BaseException:
            self.rolled_back += 1
            raise
        self.committed += 1

    def resolve(self, _session: object, token: str, _address: str) -> Actor | None:
        return self.people.get(token)


class Patient(User):
    """A simulated user who waits for what he expects to see as long as a loaded machine needs to draw it."""

    async def should_see(self, *args: Any, retries: int = 80, **kwargs: Any) -> None:
        """Look again every tenth of a second; what is there already costs nothing."""
        await super().should_see(*args, retries=retries, **kwargs)


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    opened = Door()
    monkeypatch.setattr(shell, "get_database", lambda: opened)
    monkeypatch.setattr(auth, "resolve", opened.resolve)
    monkeypatch.setattr(navigation, "standing", lambda *_: navigation.NOTHING)
    return opened


@pytest.fixture
def screens(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Let a test add pages of its own with `screens("/path", title=…)`; they are gone afterwards."""
    pages.load()
    monkeypatch.setattr(shell, "SCREENS", dict(shell.SCREENS))
    return shell.screen


@pytest.fixture
async def open_console(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[Callable[..., Any]]:
    """Return a context manager that serves the console and gives its simulated user; any ERROR log fails the test."""
    monkeypatch.setenv("ENVIRONMENT", "development")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(Storage, "path", tmp_path / "browsers")
    monkeypatch.setattr(live.Hub, "start", lambda *_: None)
    get_settings.cache_clear()

    @asynccontextmanager
    async def serve(token: str = "") -> AsyncIterator[User]:
        monkeypatch.setattr(auth, "token", lambda: token)
        gc.freeze()  # what is there already is no garbage of this page's, and is looked through twice
        with nicegui_reset_globals():
            os.environ["NICEGUI_USER_SIMULATION"] = "true"
            server = FastAPI()
            shell.install(server)
            lifespan = server.router.lifespan_context(server)
            await lifespan.__aenter__()
            try:
                transport = httpx.ASGITransport(server)
                async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                    yield Patient(client)
            finally:
                for page in list(Client.instances.values()):
                    page.delete()  # an outbox with a message left can miss its cancellation (Python 3.11)
                await lifespan.__aexit__(None, None, None)  # also when the test failed: the next one starts anew
                os.environ.pop("NICEGUI_USER_SIMULATION", None)
                ui.navigate, ui.notify, ui.download = Navigate(), notify, download

    yield serve
    get_settings.cache_clear()
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelname == "ERROR"] == []


@pytest.fixture
def house(database: Database, monkeypatch: pytest.MonkeyPatch, door: Door) -> Database:
    """Put the real database, real sessions and the real standing of things behind the door."""
    assert door.committed == 0  # asked for so that it is replaced, and not the other way round
    monkeypatch.setattr(shell, "get_database", lambda: database)
    monkeypatch.setattr(auth, "resolve", REAL_RESOLVE)
    monkeypatch.setattr(navigation, "standing", REAL_STANDING)
    return database


def signed_in(database: Database, name: str, scope: Scope, role: Role) -> str:
    """Write a person with one role and return the token of his console."""
    first, _, last = name.partition(" ")
    email = f"{first.casefold()}@palabre.example"
    if scope is Scope.PLATFORM:
        people.person(database, email, first_name=first, last_name=last, global_role=role.value)
    else:
        holder = people.person(database, email, first_name=first, last_name=last)
        organisation = people.organisation(database) if scope is Scope.ORGANISATION else None
        people.holds(database, holder, scope, role, organisation)
    with database.transaction() as session:
        return users.sign_in_console(session, users.SignIn(email=email, password=people.PASSWORD, address="")).token
