"""A clinic with a number on WhatsApp: what people write to it through Twilio and Meta, signed, over real HTTP."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from html import unescape
from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx
from twilio.request_validator import RequestValidator

from core.database import Database, fetch_all
from core.permissions import SYSTEM
from jobs import ciu as worker
from jobs import messages as outbox
from models.transfers import ProviderEnvironment
from models.whatsapp import WhatsappChannel
from providers.fakes.accounts import account_of
from providers.fakes.keys import secret_of
from services import provider_accounts, routes
from services.ciu.store import cleaning, programmes
from services.provider_accounts import CreateAccount
from services.routes import ChangeRoute, RouteEntry

FORM = "application/x-www-form-urlencoded"
TOKEN = "0123456789abcdef0123456789abcdef"
APP_SECRET = "meta-app-secret-for-tests"
SID = "AC00000000000000000000000000000001"
OURS = "+14155238886"
PHONE_ID = "106540352242922"
SALT = "test_salt_for_testing"
AWA = "+243810000001"
KABILA = ("1985", "Kinshasa", "Jean", "15", "Kabila")
CODE = "985-KINS-15-JEA-KABI-DA6A7"

_numbers = count(1)


@dataclass
class Clinic:
    """One installation under test."""

    database: Database
    address: str
    accounts: dict[str, Any] = field(default_factory=dict)

    def connect(self, fakes_url: str = "http://127.0.0.1:9") -> "Clinic":
        """Open the two accounts, and let the default programme answer at both numbers."""
        with self.database.transaction() as session:
            for adapter, secrets in (
                ("twilio_whatsapp", {"auth_token": TOKEN}),
                (
                    "meta_whatsapp",
                    {"token": secret_of("meta_whatsapp", "token"), "app_secret": APP_SECRET, "verify_token": "agreed"},
                ),
            ):
                fake = account_of(adapter)
                order = CreateAccount(
                    code=f"{adapter}-test",
                    label=adapter,
                    adapter=adapter,
                    environment=ProviderEnvironment.FAKE,
                    base_url=f"{fakes_url}/{adapter}",
                    settings={**fake.settings, "account_sid": SID} if adapter.startswith("tw") else dict(fake.settings),
                    secrets=secrets,
                    offers=("send",),
                    rate_per_s=1_000,
                )
                made = provider_accounts.create_account(session, SYSTEM, order)
                provider_accounts.resume_account(session, SYSTEM, made.id)
                self.accounts[adapter] = made.id
            entry = (RouteEntry(account_id=self.accounts["meta_whatsapp"]),)
            routes.set_route(
                session, SYSTEM, ChangeRoute(method="whatsapp", country="", direction="send", entries=entry)
            )
            programme = programmes.get_default(session)
            programmes.open_sender(session, WhatsappChannel.TWILIO, OURS, programme.id)
            programmes.open_sender(session, WhatsappChannel.META, PHONE_ID, programme.id)
        return self

    # What people write

    def post(self, pairs: list[tuple[str, str]], *, token: str = TOKEN, signature: str | None = None) -> httpx.Response:
        url = f"{self.address}/whatsapp/webhook"
        signed = signature or RequestValidator(token).compute_signature(url, dict(pairs))
        headers = {"Content-Type": FORM, "X-Twilio-Signature": signed}
        return httpx.post(url, content=urlencode(pairs), headers=headers, timeout=30)

    def form(self, body: str, sender: str = AWA, **more: str) -> list[tuple[str, str]]:
        fields = {
            "AccountSid": SID,
            "MessageSid": f"SM{next(_numbers):032}",
            "From": f"whatsapp:{sender}",
            "To": f"whatsapp:{OURS}",
            "Body": body,
            "NumMedia": "0",
            "MessageType": "text",
        }
        return [*(fields | more).items()]

    def say(self, body: str, sender: str = AWA, **more: str) -> str:
        """Write a message through Twilio and return what is read as the answer."""
        answer = self.post(self.form(body, sender, **more))
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return text_of(answer.text)

    def tell(self, answers: tuple[str, ...] = KABILA, sender: str = AWA, hello: str = "RESTART") -> str:
        """Go through the five questions and confirm; return the last answer."""
        for word in (hello, *answers):
            self.say(word, sender)
        return self.say("1", sender)

    def code(self, answers: tuple[str, ...] = KABILA, sender: str = AWA) -> str:
        found = re.search(r"[A-Z0-9]{3}-[A-Z0-9]{4}-\S+", self.tell(answers, sender))
        assert found is not None
        return found[0]

    def meta(
        self, *messages: dict[str, Any], statuses: tuple[dict[str, Any], ...] = (), secret: str = APP_SECRET
    ) -> int:
        """Bring messages through Meta."""
        value = {"metadata": {"phone_number_id": PHONE_ID}, "messages": messages, "statuses": statuses}
        entry = [{"id": "1", "changes": [{"field": "messages", "value": value}]}]
        body = json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature}
        url = f"{self.address}/whatsapp/webhook"
        return httpx.post(url, content=body, headers=headers, timeout=30).status_code

    def work(self) -> int:
        """Let the worker answer what waits, then let the outbox send it."""
        done = worker.answer_due(self.database)
        while outbox.send_due(self.database):
            pass
        return done

    def pause(self, sender: str = "") -> None:
        """Let everybody, or one, take breath: nobody has written in this minute."""
        self.rows("update ciu_identity set minute_count = 0 where %(one)s in ('', value) returning id", {"one": sender})

    def clean(self) -> int:
        return cleaning.clean(self.database)

    # What one sees

    def rows(self, query: str, parameters: Any = ()) -> list[dict[str, Any]]:
        with self.database.transaction() as session:
            return fetch_all(session, query, parameters)

    def number(self, query: str, parameters: Any = ()) -> int:
        return int(next(iter(self.rows(query, parameters)[0].values())))

    def events(self) -> list[str]:
        return [row["name"] for row in self.rows("select name from ciu_event order by created_at, id")]

    def dump(self) -> str:
        """Return everything the database holds, octets as they are and as base64."""
        tables = self.rows(
            "select table_name from information_schema.tables where table_schema = 'public'"
            " and table_type = 'BASE TABLE' and table_name not like 'ledger%%'"
        )
        text = []
        for table in tables:
            for row in self.rows(f"select * from {table['table_name']}"):
                for value in row.values():
                    octets = bytes(value) if isinstance(value, bytes | memoryview) else b""
                    text += [octets.decode("latin-1"), base64.b64encode(octets).decode()] if octets else [str(value)]
        return "\n".join(text)


def text_of(xml: str) -> str:
    """Return what a person reads of an answer."""
    return unescape("\n".join(re.findall(r"<(?:Message|Body)>([^<]*)</", xml)))


def meta_text(body: str, number: int, sender: str = "243810000001", sent_at: int = 0) -> dict[str, Any]:
    """Return a text as Meta brings it."""
    return {
        "id": f"wamid.{sender}.{number}",
        "from": sender,
        "timestamp": str(sent_at),
        "type": "text",
        "text": {"body": body},
    }
