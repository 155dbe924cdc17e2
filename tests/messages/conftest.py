"""The house with every network connected to a fake, and our own address answering their reports."""

import socket
import threading
from collections.abc import Iterator
from typing import cast

import pytest
import uvicorn
from fastapi import FastAPI

from api import delivery_reports, gateways, whatsapp
from core import clock
from core.database import Database
from core.settings import get_settings
from providers.fakes.push import PushFake
from providers.fakes.server import FakeServer
from providers.fakes.smtp import SmtpFake
from tests.messages.house import NOON, House
from tests.providers.conftest import Fakes, _fake_server, fakes

__all__ = ["_fake_server", "fakes"]


@pytest.fixture(scope="session")
def our_address() -> Iterator[str]:
    """Give the address at which networks find us."""
    app = FastAPI(redirect_slashes=False)
    app.include_router(gateways.router)
    app.include_router(delivery_reports.router)
    app.include_router(whatsapp.router)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture
def house(
    database: Database,
    fakes: Fakes,  # pytest's way to share a fixture
    _fake_server: FakeServer,  # as above
    our_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    """Give the house at noon of a Saturday, with one account of each network."""
    monkeypatch.setattr(get_settings(), "public_base_url", our_address)
    named = {fake.name: fake for fake in _fake_server.fakes}
    browsers, mail = cast("PushFake", named["web_push"]), cast("SmtpFake", named["smtp"])
    with clock.travel(NOON) as traveller:
        yield House(database, fakes, traveller, our_address, browsers, mail.base_url("")).connected()
