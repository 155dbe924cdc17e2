"""How a Kannel does, in its own words, and the password it wants: sealed, sent to its own address and nowhere else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from core.database import Database, Session
from core.errors import Forbidden, InvalidInput
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from services import gateway_notes, kannel_status
from services import gateways as verbs
from services.gateway_notes import SetStatusAddress
from services.gateways import GatewayRow, OpenGateway
from services.kannel_status import KannelStatus, Link, Silence
from tests.builders import world

ORDER = OpenGateway(
    key="kannel-op", name="Kannel", profile="kannel_ussd", country="CM", codes=("*777#",), service="wallet"
)
DENIED = b'<?xml version="1.0"?>\n<gateway>\nDenied</gateway>\n'
# As Kannel 1.4.5 writes it.
STATUS = b"""<?xml version="1.0"?>
<gateway>
<version>Kannel bearerbox version `1.4.5'.
Compiler `12.2.0'.
</version>
<status>running, uptime 0d 0h 0m 2s</status>
\t<sms>
\t\t<received><total>12</total><queued>0</queued></received>
\t\t<sent><total>11</total><queued>0</queued></sent>
\t\t<storesize>-1</storesize>
\t\t</sms>
<boxes>
\t\t<box>
\t\t\t<type>smsbox</type>
\t\t\t<id></id>
\t\t\t<IP>127.0.0.1</IP>
\t\t\t<queue>0</queue>
\t\t\t<status>on-line 0d 0h 0m 2s</status>
\t\t\t<ssl>no</ssl>
\t\t</box>
\t</boxes>
<smscs><count>1</count>
\t<smsc>
\t\t<name>FAKE:10000</name>
\t\t<admin-id>SMS1</admin-id>
\t\t<id>SMS1</id>
\t\t<status>connecting</status>
\t\t<failed>0</failed>
\t\t<queued>3</queued>
\t</smsc>
</smscs>
</gateway>
"""


@contextmanager
def bearerbox(password: str = "") -> Iterator[str]:
    """Answer as Kannel does: 200 and «Denied» to whoever does not know its status password."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_known = self.path == (f"/status.xml?password={password}" if password else "/status.xml")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(STATUS if is_known else DENIED)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/status.xml"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def row(database: Database) -> GatewayRow:
    world.build(database)
    with database.transaction() as session:
        return verbs.open_gateway(session, SYSTEM, ORDER).row


def place(database: Database, row: GatewayRow, address: str, password: str = "") -> str:
    """Say where the status is, and return what is then asked."""
    with database.transaction() as session:
        order = SetStatusAddress(gateway_id=row.id, address=address, password=password)
        gateway_notes.set_status_address(session, SYSTEM, order)
        return gateway_notes.get_status_request(session, SYSTEM, row.id).address


def test_a_kannel_denies_who_does_not_know_its_password(database: Database, row: GatewayRow) -> None:
    with bearerbox("t16") as address:
        for given in ("", "wrong"):
            found = kannel_status.read(place(database, row, address, given))
            assert found == Silence(is_heard=True, status=200, is_denied=True)


def test_a_status_is_read_as_kannel_writes_it(database: Database, row: GatewayRow) -> None:
    with bearerbox("t16") as address:
        found = kannel_status.read(place(database, row, address, "t16"))
    assert found == KannelStatus(
        version="Kannel bearerbox version `1.4.5'.",
        status="running, uptime 0d 0h 0m 2s",
        received="12",
        sent="11",
        waiting="",
        boxes=(Link("smsbox", "on-line 0d 0h 0m 2s", "0"),),
        lines=(Link("SMS1", "connecting", "3", "0"),),
    )
    assert (found.is_running, found.boxes[0].is_up, found.lines[0].is_up) == (True, True, False)


def test_a_bearerbox_that_is_down_is_told_from_something_else(database: Database, row: GatewayRow) -> None:
    with bearerbox() as address:
        pass
    assert kannel_status.read(place(database, row, address)) == Silence(is_heard=False)
    assert kannel_status.parse(b"<html/>") is None
    assert kannel_status.parse(b'<!DOCTYPE a [<!ENTITY b "c">]><gateway><status>&b;</status></gateway>') is None


def test_the_password_is_sealed_and_never_follows_to_another_address(database: Database, row: GatewayRow) -> None:
    first = "http://127.0.0.1:13000/status.xml"
    assert place(database, row, first, "mot-de-passe") == f"{first}?password=mot-de-passe"
    assert place(database, row, first) == f"{first}?password=mot-de-passe", "empty keeps it"
    assert "mot-de-passe" not in world.everything(database)
    other = "http://127.0.0.1:13001/status.xml"
    assert place(database, row, other) == other
    for wrong in ("ftp://x/status.xml", "http://x/status.txt", "http://u:p@x/status.xml", "http://x/status.xml?a=1"):
        with pytest.raises(InvalidInput):
            place(database, row, wrong)


def test_who_is_not_of_the_section_asks_nothing(rolled_back: Session, row: GatewayRow) -> None:
    nobody = Actor(user_id=None, name="x", grants=())
    with pytest.raises(Forbidden):
        gateway_notes.get_status_request(rolled_back, nobody, row.id)
    operator = Actor(user_id=None, name="x", grants=(Grant(Scope.USSD, Role.OPERATEUR),))
    order = SetStatusAddress(gateway_id=row.id, address="http://127.0.0.1:13000/status.xml")
    with pytest.raises(Forbidden):
        gateway_notes.set_status_address(rolled_back, operator, order)
