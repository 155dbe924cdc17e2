"""The clinic, with our own address answering over real HTTP."""

import socket
import threading
from collections.abc import Iterator

import pytest
import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from api import whatsapp
from core.database import Database
from core.settings import get_settings
from providers.fakes.server import FakeServer
from services.ciu.store import programmes
from services.messages import accounts
from tests.ciu.clinic import SALT, Clinic
from tests.providers.conftest import Fakes, _fake_server, fakes

__all__ = ["_fake_server", "fakes"]


@pytest.fixture(autouse=True)
def _short_log() -> Iterator[None]:
    """Tell failures in a line: a whole traceback with its variables takes longer than the test."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def our_address() -> Iterator[str]:
    app = FastAPI(redirect_slashes=False, version="0.1.0")
    app.include_router(whatsapp.router)
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture
def clinic(database: Database, our_address: str, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    settings = get_settings()
    monkeypatch.setattr(settings, "public_base_url", our_address)
    monkeypatch.setattr(settings, "uic_salt", SecretStr(SALT))
    accounts._known.clear()
    programmes._recipes.clear()
    with database.transaction() as session:
        programmes.install(session, settings)
    return Clinic(database, our_address).connect()


@pytest.fixture
def clinic_and_meta(clinic: Clinic, fakes: Fakes, _fake_server: FakeServer) -> Clinic:
    """Give the clinic whose replies to Meta reach telephones."""
    urls = {fake.name: fake.base_url(fakes.url) for fake in _fake_server.fakes}
    with clinic.database.transaction() as session:
        for adapter, account_id in clinic.accounts.items():
            session.connection().exec_driver_sql(
                "update provider_account set base_url = %s where id = %s", (urls[adapter], account_id)
            )
    return clinic
