"""A menu is live on every process with the commit that publishes it, and the dialogues under way keep theirs."""

import copy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from channels import publishing
from core import ids
from core.database import Database
from core.permissions import Actor, Grant, Role, Scope
from models.users import User
from models.ussd import UssdService
from services import flows
from services.flows import PublishVersion, RollBack, SaveDraft
from tests.builders import world
from tests.channels.test_menus import SHIPPED
from tests.database import ROOT
from tests.kannel.boxes import free_ports, listens, until

START_S = 60.0
PHONE = "+237699000001"


def url_of(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def processes(database: Database) -> Iterator[list[str]]:
    """Give the addresses of two processes on the same database."""
    world.build(database)
    with ExitStack() as stack:
        ports = free_ports(2)
        for port in ports:
            command = [sys.executable, "-m", "tests.faults.door", url_of(database.engine), str(port)]
            process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603
            stack.callback(process.wait)
            stack.callback(process.kill)
        for port in ports:
            until(partial(listens, port), "un processus ne répond pas", START_S)
        yield [f"http://127.0.0.1:{port}" for port in ports]


def ask(url: str, text: str = "", session: str = "") -> str:
    """Send one turn; a new dialogue unless told which."""
    body = {"sessionId": session or ids.new_id().hex[-12:], "phoneNumber": PHONE, "text": text, "serviceCode": "*123#"}
    answer = httpx.post(f"{url}/ussd", json=body, headers={"X-API-Key": world.API_KEY})
    assert answer.status_code == 200
    return answer.text


def greeting(text: str) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(SHIPPED["service"])
    body["screens"]["home"]["text"]["fr"] = text
    return body


def publish(database: Database, actor: Actor, text: str) -> UUID:
    with database.transaction() as session:
        version = publishing.save_draft(session, actor, SaveDraft(flow_key="service", body=greeting(text)))
    with database.transaction() as session:
        order = PublishVersion(service_key="service", version_id=version.id, checksum=version.checksum)
        publishing.publish(session, actor, order)
    return version.id


def greetings(urls: list[str]) -> set[str]:
    """Return how new dialogues begin, three at each process."""
    return {ask(url).partition("\n")[0] for url in urls * 3}


def test_a_menu_is_live_on_two_processes_as_soon_as_it_is_published(database: Database, processes: list[str]) -> None:
    with database.transaction() as session:
        user = User(email="awa@exemple.cm", first_name="Awa")
        session.add(user)
        session.flush()
        actor = Actor(user.id, "Awa", (Grant(Scope.USSD, Role.OPERATEUR),))
    first = publish(database, actor, "Mbote")
    assert greetings(processes) == {"CON Mbote"}
    for url in processes:
        assert ask(url, session=f"open-{url[-5:]}").startswith("CON Mbote\n")

    publish(database, actor, "Bonjour")
    assert greetings(processes) == {"CON Bonjour"}
    for url in reversed(processes):  # one process goes on with what another began
        for other in processes:
            assert ask(url, "9", f"open-{other[-5:]}").startswith("CON Choix invalide.\nMbote\n")

    with database.transaction() as session:
        flows.roll_back(session, actor, RollBack(service_key="service", version_id=first, reason="texte faux"))
    assert greetings(processes) == {"CON Mbote"}
    with database.transaction() as session:
        assert session.exec(select(UssdService.live_version_id).where(UssdService.key == "service")).one() == first
