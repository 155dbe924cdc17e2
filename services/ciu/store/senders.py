"""Numbers of ours: which programme answers at each. One number answers for one programme."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import select

from core.database import Session, fetch_all, fetch_one
from core.errors import Conflict, FieldRefusal, NotFound
from core.orders import Order
from core.permissions import Actor, Permission
from models.whatsapp import WhatsappChannel, WhatsappSender
from services import audit
from services.ciu.identities import read_identity


class SenderRefused(FieldRefusal):
    """The address is no telephone number, or no id of one at Meta."""

    code = "numero_refuse"
    status = 422
    sentence = "Un numéro international pour Twilio (+243…), l'identifiant du numéro pour Meta (des chiffres)."
    field = "address"


class SenderTaken(FieldRefusal):
    """A programme answers at this number already."""

    code = "numero_pris"
    status = 409
    sentence = "Le programme « {programme} » répond déjà à ce numéro."
    field = "address"


class SenderBusy(Conflict):
    """Messages to this number wait to be answered."""

    code = "numero_occupe"
    sentence = "Messages qui attendent une réponse à ce numéro : {number}. Réessayez dans un instant."


class OpenSender(Order):
    """A number of ours and the programme that answers there."""

    channel: WhatsappChannel
    address: str = Field(min_length=5, max_length=40)
    programme: str


class MoveSender(Order):
    """Another programme answers at a number from now on."""

    sender_id: UUID
    programme: str


class CloseSender(Order):
    """Nobody answers at a number any more, and why."""

    sender_id: UUID
    reason: str = Field(min_length=3, max_length=200)


@dataclass(frozen=True, slots=True)
class SenderRow:
    """A number of ours; `waiting` messages are not answered yet."""

    id: UUID
    channel: WhatsappChannel
    address: str
    programme: str
    waiting: int


def open_sender(session: Session, actor: Actor, order: OpenSender) -> SenderRow:
    """Let a programme answer at a number of ours."""
    actor.require(Permission.CIU_ADMINISTER)
    programme, address = _programme(session, order.programme), _address(order.channel, order.address)
    holder = fetch_one(
        session,
        "select p.name from whatsapp_sender s join ciu_programme p on p.id = s.programme_id"
        " where s.channel = %s and s.address = %s",
        (order.channel, address),
    )
    if holder is not None:
        raise SenderTaken(programme=holder["name"])
    row = WhatsappSender(channel=order.channel, address=address, programme_id=programme["id"])
    session.add(row)
    session.flush()
    changes = {"channel": order.channel, "programme": programme["code"]}
    audit.record(session, actor, "whatsapp_sender.open", "whatsapp_sender", row.id, address, changes)
    return SenderRow(row.id, order.channel, address, programme["code"], 0)


def move_sender(session: Session, actor: Actor, order: MoveSender) -> SenderRow:
    """Let another programme answer at a number: a conversation of the one before goes no further there, and expires."""
    actor.require(Permission.CIU_ADMINISTER)
    row, programme = _locked(session, order.sender_id), _programme(session, order.programme)
    row.programme_id = programme["id"]
    session.add(row)
    session.flush()
    changes = {"programme": programme["code"]}
    audit.record(session, actor, "whatsapp_sender.move", "whatsapp_sender", row.id, row.address, changes)
    return _sender(session, row, programme["code"])


def close_sender(session: Session, actor: Actor, order: CloseSender) -> SenderRow:
    """Let nobody answer at a number any more, once nothing waits there."""
    actor.require(Permission.CIU_ADMINISTER)
    row = _locked(session, order.sender_id)
    gone = _sender(session, row, "")
    if gone.waiting:
        raise SenderBusy(number=gone.waiting)
    session.delete(row)
    session.flush()
    audit.record(session, actor, "whatsapp_sender.close", "whatsapp_sender", row.id, order.reason)
    return gone


def _address(channel: WhatsappChannel, address: str) -> str:
    bare = address.removeprefix("whatsapp:").replace(" ", "")
    if channel is WhatsappChannel.META and bare.isdecimal() and bare.isascii():
        return bare
    identity = read_identity(bare) if channel is WhatsappChannel.TWILIO else None
    if identity is None or identity.kind != "phone":
        raise SenderRefused
    return f"+{bare.removeprefix('+')}"


def _programme(session: Session, code: str) -> dict[str, Any]:
    row = fetch_one(session, "select id, code from ciu_programme where code = %s", (code,))
    if row is None:
        raise NotFound(thing="ciu_programme")
    return row


def _locked(session: Session, sender_id: UUID) -> WhatsappSender:
    row = session.exec(select(WhatsappSender).where(WhatsappSender.id == sender_id).with_for_update()).first()
    if row is None:
        raise NotFound(thing="whatsapp_sender")
    return row


def _sender(session: Session, row: WhatsappSender, programme: str) -> SenderRow:
    found = fetch_one(session, _WAITING, (row.id,))
    return SenderRow(row.id, WhatsappChannel(row.channel), row.address, programme, found["number"] if found else 0)


# Reads


_WAITING = "select count(*) as number from whatsapp_inbound where sender_id = %s and payload_enc is not null"
_SENDERS = """
select s.id, s.channel, s.address, p.code as programme,
    (select count(*) from whatsapp_inbound i where i.sender_id = s.id and i.payload_enc is not null) as waiting
from whatsapp_sender s join ciu_programme p on p.id = s.programme_id order by s.channel, s.address
"""


def read_senders(session: Session) -> list[SenderRow]:
    """Return every number of ours; whoever calls has looked at the right."""
    return [
        SenderRow(row["id"], WhatsappChannel(row["channel"]), row["address"], row["programme"], row["waiting"])
        for row in fetch_all(session, _SENDERS)
    ]
