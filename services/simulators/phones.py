"""What the people of the fakes see: the question on a payer's phone, the messages that reached phones and mailboxes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all
from core.money import Currency, Money
from core.permissions import Actor
from core.phone import mask_phone
from core.settings import get_settings
from providers.fakes import client
from services.simulators.desk import asked, require_trial_people

CHANNELS = {
    "africas_talking": "sms",
    "kannel": "sms",
    "kannel_ussd": "ussd",
    "mtn_madapi": "ussd",
    "twilio_sms": "sms",
    "twilio_whatsapp": "whatsapp",
    "meta_whatsapp": "whatsapp",
    "smtp": "email",
    "web_push": "push",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One order as the other side has it: what it asks of its payer, and the page of a link where there is one.

    `name` is what it is called by when something is asked about it.
    """

    adapter: str
    name: str
    reference: str
    operation: str
    party: str
    amount: Money
    state: str
    code: str
    at: datetime
    link: str
    transfer_id: UUID | None


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that somebody got."""

    adapter: str
    channel: str
    to: str
    subject: str
    text: str
    at: datetime


def list_prompts(session: Session, actor: Actor, adapter: str = "") -> list[Prompt]:
    """Return the newest orders the fakes hold, whatever became of them."""
    found = asked(session, actor, lambda root: client.read(root, "payments", adapter))["payments"]
    known = _known(session, [str(one[name]) for one in found for name in ("id", "reference")])
    return [_prompt(one, known.get(one["id"]) or known.get(one["reference"]) or {}) for one in found]


def list_letters(session: Session, actor: Actor) -> list[Letter]:
    """Return the newest messages that arrived at the fakes' phones, mailboxes and browsers."""
    require_trial_people(actor)
    found = asked(session, actor, lambda root: client.read(root, "letters"))["letters"]
    return [
        Letter(
            adapter=one["adapter"],
            channel=CHANNELS.get(one["adapter"], "sms"),
            to=one["to"],
            subject=one["subject"],
            text=one["text"],
            at=datetime.fromisoformat(one["at"]),
        )
        for one in found
    ]


def _prompt(one: dict[str, Any], known: dict[str, Any]) -> Prompt:
    return Prompt(
        adapter=one["adapter"],
        name=one["id"],
        reference=known.get("reference", one["reference"]),
        operation=one["operation"],
        party=one["party"] if get_settings().is_forgiving else mask_phone(one["party"]),
        amount=Money(one["amount_minor"], Currency(one["currency"])),
        state=one["state"],
        code=one["code"],
        at=datetime.fromisoformat(one["at"]),
        link=(known.get("url") or "") if one["state"] == "pending" else "",
        transfer_id=known.get("transfer_id"),
    )


def _known(session: Session, names: list[str]) -> dict[str, dict[str, Any]]:
    """Return our transfers by either name an order has at its provider, with the page their payer was sent to."""
    rows = fetch_all(
        session,
        """
        select id as transfer_id, external_id::text as external_id, reference, next_step ->> 'url' as url from transfer
        where environment = 'fake' and (external_id::text = any(%(names)s) or reference = any(%(names)s))
        """,
        {"names": names},
    )
    return {row[name]: row for row in rows for name in ("external_id", "reference")}
