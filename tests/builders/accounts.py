"""One live account for each profile, in the vectors' world, and a phone that speaks through it over HTTP."""

from dataclasses import dataclass, field, replace
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import select

from channels.ussd import gateways
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.calling import Said, write
from channels.ussd.profiles.hearing import Heard
from channels.ussd.profiles.wire import WireRequest
from core import clock, ids
from core.database import Database
from core.security import digest_token
from models.ussd import UssdGateway, UssdRoute, UssdService

SECRET = "s3cret-of-the-address"
CODES = {"kannel_sms": "8080"}
CODE = "*777#"
AWA = "+237699000001"
PROFILES = sorted(set(BUILT_IN) - {"doc_a", "doc_b"})


def open_accounts(database: Database, **own: Any) -> None:
    """Open a wallet account of every profile."""
    with database.transaction() as session:
        wallet = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
        for profile in PROFILES:
            account = UssdGateway(
                key=profile.replace("_", "-"),
                name=profile,
                profile=profile,
                country="CM",
                secret_digests=[digest_token(SECRET)],
                default_service_id=wallet.id,
                **own,
            )
            session.add(account)
            session.flush()
            code = CODES.get(profile, CODE)
            session.add(UssdRoute(gateway_id=account.id, code=code, service_id=wallet.id))
    gateways.forget()


@dataclass
class Handset:
    """A phone at a gateway."""

    client: TestClient
    profile: str
    phone: str = AWA
    code: str = ""
    session: str = field(default_factory=lambda: ids.new_id().hex[-12:])
    typed: tuple[str, ...] = ()
    turn: int = 0
    last: Response | None = None

    def said(self, kind: str, **changes: Any) -> Said:
        code = self.code or CODES.get(self.profile, CODE)
        said = Said(kind, self.session, self.phone, code, clock.now(), self.typed, self.turn)
        return replace(said, **changes)

    def request(self, kind: str, **changes: Any) -> WireRequest:
        return write(BUILT_IN[self.profile].profile, self.said(kind, **changes))

    def send(self, request: WireRequest, secret: str = SECRET, **extra: Any) -> Response:
        address = f"/g/{self.profile.replace('_', '-')}/{secret}"
        below = f"/{request.path}" if request.path else ""
        query = f"?{request.query}" if request.query else ""
        headers = {**request.headers, **extra.pop("headers", {})}
        self.last = self.client.request(
            extra.pop("method", request.method), address + below + query, headers=headers, content=request.body
        )
        return self.last

    def dial(self, tail: str = "") -> Heard:
        return self.heard(self.send(self.request("begin", tail=tail)))

    def answer(self, text: str) -> Heard:
        self.turn += 1
        self.typed = (*self.typed, text)
        return self.heard(self.send(self.request("continue")))

    def heard(self, response: Response) -> Heard:
        assert response.status_code == 200, response.text
        contract = BUILT_IN[self.profile]
        heard = contract.hear(response.content, dict(response.headers))
        assert heard is not None, response.text
        if self.profile == "kannel_ussd":
            return replace(heard, has_more="ussd_service_op=2&" in response.headers["x-kannel-meta-data"])
        if self.profile == "myriad":
            links = [f"{link['id']}. {link['content']}" for link in response.json().get("links", [])]
            return replace(heard, text="\n".join([heard.text, *links]))
        return heard
