"""How a person is written on an operator's screens."""

from core.permissions import Actor, Permission
from core.phone import mask_phone

LARGEST_PAGE = 200


def full_name(first_name: str, last_name: str) -> str:
    """Return the name as registered."""
    return f"{first_name} {last_name}".strip()


def phone_for(actor: Actor, phone: str | None) -> str:
    """Return the number in full to who may act on the person, masked to everybody else."""
    if phone is None:
        return ""
    return phone if actor.may(Permission.SUBSCRIBERS_WRITE) else mask_phone(phone)


def outside_name(actor: Actor, party: str, party_name: str) -> str:
    """Return who was paid outside the house: a biller with its customer's reference, or a number; empty for nobody."""
    if not party:
        return ""
    return phone_for(actor, party) if party.startswith("+") else f"{party_name} {party.partition(' ')[2]}".strip()
