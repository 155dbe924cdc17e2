"""The caisse of the document at our doors: people who sign in, files they send, a server that streams."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from httpx import Response

import main
from core import listening, live
from core.database import Database
from services.pensions import settings
from services.pensions.settings import ChangeSettings
from tests.builders import pensions
from tests.builders.pensions import PensionWorld
from tests.builders.people import PASSWORD

ROOT = "/api/bulk-transfers"
EXAMPLE = b"type_id,valeur_id,devise,montant\nMSISDN,22997000001,XOF,50000\nMSISDN,22997000002,XOF,75000\n"

MANAGER = "gestionnaire@cnss-bj.example"
SUPERVISOR = "superviseur@cnss-bj.example"
FOREIGNER = "gestionnaire@cnps-ci.example"
ADMIN = "chef@palabre.org"
NOBODY = "personne@palabre.example"


@dataclass
class Client:
    """Somebody at the API, signed in or not."""

    http: httpx.Client
    access: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **more: Any) -> Response:
        """Send one request with the token, if any."""
        headers = {**self.headers, **more.pop("headers", {})}
        if self.access:
            headers.setdefault("Authorization", f"Bearer {self.access}")
        return self.http.request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Response:
        """Read."""
        return self.call("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Response:
        """Act."""
        return self.call("POST", path, **({} if json is None else {"json": json}), **more)

    def upload(self, content: bytes = EXAMPLE, name: str = "pensions.csv", *, to: str = "", **words: Any) -> Response:
        """Send a file and the words beside it."""
        headers = words.pop("headers", {})
        return self.call(
            "POST", ROOT + to, files={"file": (name, content, "text/csv")}, data=words or None, headers=headers
        )


SignIn = Callable[[str], Client]


@pytest.fixture
def world(database: Database) -> PensionWorld:
    """Write the caisse of the document, another one, who administers the platform; each pays from its account."""
    built = pensions.build(database)
    with database.transaction() as session:
        for caisse in (built.own, built.foreign):
            settings.change_settings(
                session,
                built.administrator,
                ChangeSettings(organisation_id=caisse.organisation_id, default_account_id=caisse.account.id),
            )
    return built


@pytest.fixture
def http(database: Database) -> Iterator[TestClient]:
    """Give all our doors."""
    assert database.engine
    client = TestClient(
        main.create_doors(), client=("127.0.0.1", 50_000), raise_server_exceptions=False, follow_redirects=False
    )
    yield client
    listening.stop()


@pytest.fixture
def sign_in(world: PensionWorld, http: TestClient) -> SignIn:
    """Sign somebody in, as the document does."""
    assert world.own
    return lambda email: signed_in(http, email)


@pytest.fixture
def manager(sign_in: SignIn) -> Client:
    """Give the manager of the document's caisse."""
    return sign_in(MANAGER)


def signed_in(http: httpx.Client, email: str, password: str = PASSWORD) -> Client:
    """Sign in by the document's address."""
    answer = http.post("/api/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    return Client(http, answer.json()["access"])


@dataclass(frozen=True)
class Server:
    """A process's doors on a real socket, in a thread of the test."""

    url: str
    uvicorn: uvicorn.Server


@pytest.fixture
def server(database: Database) -> Iterator[Server]:
    """Serve on loopback, with the bell and the ear of a real process."""
    assert database.engine
    live.start()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    config = uvicorn.Config(main.create_doors(), log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", server)
    server.should_exit = True
    server.force_exit = True
    thread.join(10)
    listener.close()
    live.stop()
    listening.stop()
