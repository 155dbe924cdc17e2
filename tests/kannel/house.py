"""The application behind Kannel: the world of the vectors, its two accounts, and what one sees of them."""

import re
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from api import gateways as door
from channels.ussd import gateways, recorder
from commands.vectors import remains
from core.database import Database, fetch_all
from core.security import digest_token
from models.ussd import UssdGateway, UssdRoute
from services.ussd_credentials import digest_credential
from tests.builders import world
from tests.kannel.conftest import BASIC, SMS_SECRET, USSD_SECRET, Line

AWA, JEAN = "+237699000001", "+237677000002"
WALLET, SERVICE, SMS_CODE = "*155#", "*123#", "8080"

_MESSAGE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class House:
    """One installation behind a line."""

    database: Database
    line: Line

    def rows(self, query: str, parameters: Any = ()) -> list[dict[str, Any]]:
        with self.database.transaction() as session:
            return fetch_all(session, query, parameters)

    def balance(self, phone: str) -> int:
        with self.database.transaction() as session:
            return world.balance(session, phone)

    def states(self) -> list[str]:
        """Return the states of the sessions, in the order they began."""
        return [row["state"] for row in self.rows("select state from ussd_session order by created_at, id")]

    def outcomes(self) -> list[str]:
        """Return what became of every request, as the recorder noted it."""
        recorder.flush()
        return [row["outcome"] for row in self.rows("select outcome from wire_record order by created_at, id")]

    def everything(self) -> str:
        """Return all that is kept and all that Kannel wrote."""
        recorder.flush()
        # Kannel's own ids of messages are left out: in thirty-two random digits any five may stand by chance.
        return remains.kept(self.database) + _MESSAGE_ID.sub("", self.line.boxes.written())


def open_house(database: Database, line: Line, own: dict[str, Any] | None = None) -> House:
    """Build the world, open its two accounts at Kannel, and put the application at the end of the line."""
    world.build(database, own)
    with database.transaction() as session:
        services = {row["key"]: row["id"] for row in fetch_all(session, "select key, id from ussd_service")}
        for key, secret, routes in (
            ("kannel-ussd", USSD_SECRET, {WALLET: "wallet", SERVICE: "service"}),
            ("kannel-sms", SMS_SECRET, {SMS_CODE: "service", "8081": "wallet"}),
        ):
            row = UssdGateway(
                key=key,
                name=key,
                profile=key.replace("-", "_"),
                country="CM",
                secret_digests=[digest_token(secret)],
                options={"credentials": {"basic": digest_credential(key, "basic", BASIC)}},
                networks=["127.0.0.1/32"],
            )
            session.add(row)
            session.flush()
            for code, service in routes.items():
                session.add(UssdRoute(gateway_id=row.id, code=code, service_id=services[service]))
    gateways.forget()
    app = FastAPI(redirect_slashes=False)
    app.include_router(door.router)
    line.place.app = app
    return House(database, line)
