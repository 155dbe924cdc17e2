"""What is known of a gateway beside its wire: what its vendor answered, and where its Kannel tells how it does."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote, urlsplit
from uuid import UUID

from pydantic import Field

from core import clock
from core.database import Session
from core.errors import InvalidInput
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.security import open_secret, seal_secret
from models.ussd import UssdGateway
from services import gateways
from services.gateways import GatewayNotFound, GatewayRow

STATUS_PATH = "/status.xml"
STATUS_PASSWORD = "status_password"  # noqa: S105  # the name of the option that holds it, sealed

# What vendors do not publish, asked before going live (`docs/ussd.md`, 17): of everybody, then of each kind.
OF_ALL = {
    "sources": "Adresses d'où viennent les requêtes",
    "concurrency": "Sessions simultanées au plus",
    "networks": "Codes de réseau (MCC et MNC) envoyés",
    "retries": "Qui paie quand une requête est répétée",
}
_PLAIN = {"session": "Durée d'une session", "numbers": "Numéros nationaux ou internationaux"}
OF_KIND: dict[str, dict[str, str]] = {
    "africastalking": {
        "direct_dial": "Composition directe : ce que porte « text »",
        "star": "Une étoile dans une réponse du client",
        "repetition": "Répétition après un délai dépassé",
        "prefix": "Le préfixe compte-t-il dans la longueur",
        "cost": "Forme du champ « cost »",
    },
    "orange_xhtml": {
        "headers": "En-têtes exacts",
        "form": "Attributs du formulaire",
        "links": "Liens absolus ou relatifs",
        "content_type": "Type de contenu attendu",
        "masking": "Masquage des secrets à la saisie",
    },
    "myriad": {
        "session_state": "Valeurs de « session-state »",
        "links": "Méthode des liens",
        "absolute_url": "Adresse absolue des liens",
    },
    "airtel_freeflow": {
        "msisdn": "Forme de « MSISDN »",
        "direct_dial": "Séparateurs gardés en composition directe",
        "charset": "Jeu de caractères",
    },
    "hubtel": {
        "data_type": "Valeurs de « DataType »",
        "field_type": "Valeurs de « FieldType »",
        "idle": "Délai d'inactivité",
        "release": "Réponse attendue à une libération",
    },
    "infobip": {"verb": "Verbe employé, POST ou PUT", "charset": "Jeu de caractères"},
    "mtn_madapi": {
        "message_type": "Valeurs de « messageType » dans nos réponses",
        "notification": "Sens d'une notification (3)",
        "retry": "Répétition des requêtes",
    },
    "truroute": {"charset": "Jeu de caractères", "charge": "Sens du type 10"},
    "kannel_ussd": {
        "dialect": "Dialecte SMPP",
        "data_coding": "« data_coding » voulu",
        "dialled": "Où est le code composé",
        "length": "Longueur d'un écran, 182 ou 160",
    },
    "nalo": _PLAIN,
    "arkesel": _PLAIN,
    "moolre": _PLAIN,
}


class RecordVendorAnswer(Order):
    """What a vendor answered, who said it and when; an empty answer takes it away."""

    gateway_id: UUID
    question: str = Field(max_length=40)
    answer: str = Field(default="", max_length=500)
    contact: str = Field(default="", max_length=120)
    on: date


class SetStatusAddress(Order):
    """Where the account's Kannel tells how it does; empty: nowhere. An empty password keeps the one of that address."""

    gateway_id: UUID
    address: str = Field(default="", max_length=200)
    password: str = Field(default="", max_length=100, repr=False)


@dataclass(frozen=True, slots=True)
class VendorAnswer:
    """One question and what its vendor said; an unanswered one has no text."""

    key: str
    question: str
    answer: str
    contact: str
    on: date | None


@dataclass(frozen=True, slots=True)
class GatewayNotes:
    """The notes of one account."""

    answers: tuple[VendorAnswer, ...]
    status_address: str
    has_status_password: bool = False


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """What to ask a Kannel; its address carries the password, and is for no screen and no log."""

    address: str = field(repr=False)


def record_vendor_answer(session: Session, actor: Actor, order: RecordVendorAnswer) -> GatewayRow:
    """Keep what a vendor answered, with its date and its contact."""
    row = gateways.locked(session, actor, order.gateway_id)
    answer, contact = order.answer.strip(), order.contact.strip()
    if order.question not in _questions(row.profile):
        raise InvalidInput({"question": t("question inconnue")})
    if answer and not contact:
        raise InvalidInput({"contact": t("écrivez qui a répondu")})
    if order.on > clock.now().date():
        raise InvalidInput({"on": t("cette date n'est pas encore venue")})
    kept = dict(row.options.get("vendor_answers", {}))
    kept.pop(order.question, None)
    if answer:
        kept[order.question] = {"answer": answer, "contact": contact, "on": order.on.isoformat()}
    row.options = {**row.options, "vendor_answers": kept}
    changes = {"question": order.question, "answer": answer, "contact": contact}
    return gateways.keep(session, actor, row, "vendor_answer", changes)


def set_status_address(session: Session, actor: Actor, order: SetStatusAddress) -> GatewayRow:
    """Say where the account's Kannel tells how it does; its password is sealed, and goes to no other address."""
    row = gateways.locked(session, actor, order.gateway_id)
    address = order.address.strip()
    if address and not _is_status_address(address):
        raise InvalidInput({"address": t("une adresse http qui finit par /status.xml, sans mot de passe")})
    options = {**row.options, "status_address": address}
    if address != row.options.get("status_address"):
        options.pop(STATUS_PASSWORD, None)
    if order.password and address:
        options[STATUS_PASSWORD] = b64encode(seal_secret(order.password, _context(row.id))).decode()
    row.options = options
    changes = {"address": address, "has_password": STATUS_PASSWORD in options}
    return gateways.keep(session, actor, row, "status_address", changes)


def _context(gateway_id: UUID) -> str:
    return f"ussd_gateway:{gateway_id}"


def _is_status_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return has_place and is_plain and parts.scheme in {"http", "https"} and parts.path == STATUS_PATH


def _questions(kind: str) -> dict[str, str]:
    return {**OF_KIND.get(kind, {}), **OF_ALL}


# Reads


def get_notes(session: Session, actor: Actor, gateway_id: UUID) -> GatewayNotes:
    """Return what is known of an account beside its wire."""
    actor.require(Permission.USSD_READ)
    row = session.get(UssdGateway, gateway_id)
    if row is None:
        raise GatewayNotFound
    kept = row.options.get("vendor_answers", {})
    answers = tuple(_answer(key, question, kept.get(key, {})) for key, question in _questions(row.profile).items())
    return GatewayNotes(answers, str(row.options.get("status_address", "")), STATUS_PASSWORD in row.options)


def get_status_request(session: Session, actor: Actor, gateway_id: UUID) -> StatusRequest:
    """Return what to ask the account's Kannel, its password in it."""
    actor.require(Permission.USSD_READ)
    row = session.get(UssdGateway, gateway_id)
    if row is None or not row.options.get("status_address"):
        raise GatewayNotFound
    address, sealed = str(row.options["status_address"]), row.options.get(STATUS_PASSWORD)
    if not sealed:
        return StatusRequest(address)
    return StatusRequest(f"{address}?password={quote(open_secret(b64decode(sealed), _context(row.id)), safe='')}")


def _answer(key: str, question: str, said: dict[str, str]) -> VendorAnswer:
    on = date.fromisoformat(said["on"]) if said else None
    return VendorAnswer(key, question, said.get("answer", ""), said.get("contact", ""), on)
