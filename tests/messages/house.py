"""What the tests of messages do: connect networks, write, send, let time pass, look at phones."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.clock import Traveller
from core.database import Database, Session, fetch_all, fetch_one
from core.permissions import SYSTEM
from jobs import messages as job
from models.messages import Channel
from models.transfers import ProviderEnvironment
from models.users import User
from providers.fakes.accounts import MESSAGE_ADAPTERS, FakeAccount, account_of
from providers.fakes.phones import PHONES, Letter
from providers.fakes.push import PushFake
from services import messages, provider_accounts, routes
from services.messages.accounts import report_secrets
from services.messages.outbox import OutgoingMessage
from services.provider_accounts import CreateAccount
from services.routes import ChangeRoute, RouteEntry
from tests.providers.conftest import Fakes

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FAST = 1_000


def number(code: str = "500") -> str:
    """Return a number whose end chooses what becomes of its messages."""
    return f"+2290197000{code}"


@dataclass
class House:
    """One installation under test."""

    database: Database
    fakes: Fakes
    traveller: Traveller
    address: str
    browsers: PushFake
    mail_url: str
    accounts: dict[str, UUID] = field(default_factory=dict)

    def connected(self) -> "House":
        """Make every account; SMS go through Kannel, WhatsApp through Twilio."""
        with self.database.transaction() as session:
            for adapter in MESSAGE_ADAPTERS:
                self.accounts[adapter] = self._open(session, account_of(adapter))
        self.route("sms", "kannel")
        self.route("whatsapp", "twilio_whatsapp")
        self.route("ussd", "mtn_madapi", "kannel_ussd")
        self.route("email", "smtp")
        self.route("push", "web_push")
        self.fakes.kernel.configure(
            callbacks={
                "africas_talking": self.report_address("africas_talking"),
                "meta_whatsapp": f"{self.address}/whatsapp/webhook",
                "twilio_whatsapp": f"{self.address}/whatsapp/webhook",
            }
        )
        return self

    def _open(self, session: Session, fake: FakeAccount) -> UUID:
        order = CreateAccount(
            code=fake.code,
            label=fake.label,
            adapter=fake.adapter,
            environment=ProviderEnvironment.FAKE,
            base_url=self.mail_url if fake.adapter == "smtp" else f"{self.fakes.url}/{fake.adapter}",
            settings=dict(fake.settings),
            secrets=fake.secrets,
            offers=("send",),
            rate_per_s=FAST,
        )
        made = provider_accounts.create_account(session, SYSTEM, order)
        provider_accounts.resume_account(session, SYSTEM, made.id)
        return made.id

    def route(self, channel: str, *adapters: str) -> None:
        self.route_in("", channel, *adapters)

    def route_in(self, country: str, channel: str, *adapters: str) -> None:
        entries = tuple(RouteEntry(account_id=self.accounts[name]) for name in adapters)
        order = ChangeRoute(method=channel, country=country, direction="send", entries=entries)
        with self.database.transaction() as session:
            routes.set_route(session, SYSTEM, order)

    def report_address(self, adapter: str) -> str:
        with self.database.transaction() as session:
            account = provider_accounts.view(session, self.accounts[adapter])
        return f"{self.address}/g/{account.code}/{report_secrets(account)[0]}"

    # What people do

    def person(self, phone: str = "", email: str | None = None, language: str = "fr") -> UUID:
        user = User(phone=phone or None, email=email, first_name="Awa", language=language, country="BJ")
        with self.database.transaction() as session:
            session.add(user)
        return user.id

    def write(self, key: str = "a", **changes: Any) -> UUID:
        with self.database.transaction() as session:
            return messages.enqueue(session, sms(key, **changes))

    def send(self) -> int:
        """Let the worker work until nothing is due."""
        done = 0
        while taken := job.send_due(self.database):
            done += taken
        return done

    def wait(self, seconds: float) -> None:
        """Let time pass for everybody, and the networks report."""
        self.traveller.advance(seconds)
        self.fakes.kernel.catch_up()

    # What one sees

    def message(self, message_id: UUID) -> dict[str, Any]:
        with self.database.transaction() as session:
            row = fetch_one(session, "select * from message where id = %s", (message_id,))
        assert row is not None
        return row

    def state(self, message_id: UUID) -> str:
        return str(self.message(message_id)["state"])

    def rows(self, query: str, parameters: Any = ()) -> list[dict[str, Any]]:
        with self.database.transaction() as session:
            return fetch_all(session, query, parameters)

    def letters(self, to: str = "", adapter: str = "") -> list[Letter]:
        return PHONES.letters(adapter, to)

    def texts(self, to: str) -> list[str]:
        return [letter.text for letter in PHONES.letters(to=to)]


def sms(key: str = "a", **changes: Any) -> OutgoingMessage:
    """Return a message as a verb would write it: a locked PIN, unless told otherwise."""
    base: dict[str, Any] = {
        "dedupe_key": key,
        "type": "pin_bloque",
        "channel": Channel.SMS,
        "address": number(),
        "template_code": "pin_bloque",
        "variables": {"minutes": 15},
    }
    return OutgoingMessage(**(base | changes))


def reminder(key: str = "rappel:1", **changes: Any) -> dict[str, Any]:
    """Return what makes a message a reminder, the kind that may wait and be refused."""
    return {
        "key": key,
        "type": "rappel_cotisation",
        "template_code": "rappel_cotisation",
        "variables": {
            "tontine": "Les Amies",
            "montant": "5 000 FCFA",
            "date": "21/11/2026",
            "reste": "5 000 FCFA",
            "lien": "https://p.example/x",
        },
        "priority": 2,
    } | changes
