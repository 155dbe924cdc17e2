"""Who is paid at a point of sale: a person with an active wallet, at one point of sale at a time."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.database import Session, fetch_one
from core.errors import FieldRefusal
from core.money import Currency
from core.phone import PhoneRefusal, normalise
from services.shown import full_name


class OwnerUnknown(FieldRefusal):
    """This number has no active wallet: nobody could be paid."""

    code = "titulaire_inconnu"
    status = 422
    sentence = "Ce numéro n'a pas de portefeuille actif : la personne doit d'abord s'inscrire."
    field: ClassVar[str] = "phone"


class OwnerTaken(FieldRefusal):
    """This person has a point of sale already."""

    code = "titulaire_pris"
    status = 409
    sentence = "Cette personne tient déjà le point de vente {merchant}."
    field: ClassVar[str] = "phone"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who would be paid, and on which wallet."""

    user_id: UUID
    currency: Currency
    name: str
    phone: str
    language: str


def find_owner(session: Session, phone: str, country: str, currency: Currency | None = None) -> Owner:
    """Return who has this number, on his first wallet or the one in `currency`; refuses with `OwnerUnknown`."""
    try:
        number = normalise(phone, country).e164
    except PhoneRefusal as refusal:
        raise OwnerUnknown from refusal
    return _owner(session, "u.phone = %(value)s", number, currency)


def owner_by_id(session: Session, user_id: UUID, currency: Currency) -> Owner:
    """Return a person as he stands now; refuses with `OwnerUnknown`."""
    return _owner(session, "u.id = %(value)s", user_id, currency)


def _owner(session: Session, condition: str, value: object, currency: Currency | None) -> Owner:
    row = fetch_one(
        session,
        f"""
        select u.id, w.currency, u.first_name, u.last_name, u.phone, u.language
        from users u join wallet w on w.user_id = u.id
        where {condition} and u.state = 'active' and w.state = 'active' and u.phone is not null
          and (%(currency)s::text is null or w.currency = %(currency)s) order by w.created_at limit 1
        """,
        {"value": value, "currency": currency},
    )
    if row is None:
        raise OwnerUnknown
    name = full_name(row["first_name"], row["last_name"])
    return Owner(row["id"], Currency(row["currency"]), name, row["phone"], row["language"])


def guard_free(session: Session, owner: Owner) -> None:
    """Refuse with `OwnerTaken` who has a point of sale in this currency."""
    taken = fetch_one(
        session,
        "select name from merchant where owner_id = %s and currency = %s"
        " and state in ('pending', 'active', 'suspended')",
        (owner.user_id, owner.currency),
    )
    if taken is not None:
        raise OwnerTaken(merchant=taken["name"])
