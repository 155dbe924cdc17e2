"""Phones ready to dial: the documented wallet, or a small menu made for one test."""

from typing import Any

from channels.dialogue import Reply
from channels.flow import Flow, parse_flow
from tests.channels.fakes import FLOWS, Phone, World

WALLET, SERVICE = FLOWS["wallet"], FLOWS["service"]
PIN = "48213"


def wallet(**parts: Any) -> Phone:
    return Phone(WALLET, World.fresh(), **parts)


def flow(screens: dict[str, Any], **parts: Any) -> Flow:
    """Return a small flow that begins at its first screen."""
    head = {"flow": "small", "languages": ["fr"], "default_language": "fr", "entry": next(iter(screens))}
    return parse_flow({**head, "screens": screens, **parts})


def menu(text: str, *to: str, **parts: Any) -> dict[str, Any]:
    options = [{"key": str(at), "label": f"Choix {at}", "to": target} for at, target in enumerate(to, start=1)]
    return {"kind": "menu", "text": text, "options": options, **parts}


def small(screens: dict[str, Any], **parts: Any) -> Phone:
    return Phone(flow({**screens, "done": {"kind": "end", "text": "Fin."}}, **parts), World.fresh())


def reply_of(phone: Phone) -> Reply:
    assert phone.reply is not None
    return phone.reply


def to_pin(phone: Phone, amount: str = "5000") -> None:
    phone.dial("1", "677000002", amount)
    phone.answer("1")
