"""Who holds a number, as its operator says, where it says: the look-up of the rail of mobile money."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.database import Database, Session
from core.errors import Refusal
from core.money import Currency
from core.orders import made_storable
from core.phone import PhoneNumber
from models.transfers import Direction
from providers import registry
from providers.answers import Account, Name
from providers.answers import NotFound as NoSuchNumber
from providers.answers import Unknown as NobodyKnows
from providers.mojaloop.contract import Found, LookupAnswer, NotFound, Unknown
from providers.wire import Wire
from services import provider_accounts, routes
from services.pensions.dispatch.mobile import method_of

NAME = "name"
# Where nobody says a name there is nothing to compare, and nothing against the payment.
UNNAMED = Found(fsp_id="")


def find(database: Database, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, LookupAnswer]:
    """Ask each payee's operator for his name, outside any transaction; one that offers no names says nothing."""
    accounts: dict[tuple[str, str], Account | None] = {}
    found: dict[UUID, LookupAnswer] = {}
    for row in rows:
        method, phone = method_of(row["id_type"], row["identifier"])
        if phone is None or not method:
            found[row["id"]] = UNNAMED
            continue
        place = (method, phone.country)
        if place not in accounts:
            with database.transaction() as session:
                accounts[place] = _account(session, row, *place)
        account = accounts[place]
        found[row["id"]] = UNNAMED if account is None else _ask(account, phone)
    return found


def _account(session: Session, row: Mapping[str, Any], method: str, country: str) -> Account | None:
    """Return the account that would pay by this method, if its operator says names."""
    owner = ("organisation", row["organisation_id"])
    try:
        route = routes.choose(session, method, country, Direction.PAYOUT, Currency(row["currency"]), owner)
    except Refusal:
        return None
    is_offered = NAME in registry.adapter(route.adapter).offers
    return provider_accounts.view(session, route.account_id) if is_offered else None


def _ask(account: Account, phone: PhoneNumber) -> LookupAnswer:
    wire = Wire()
    wire.hide(*(value for name in account.secrets for value in account.secret_values(name)))
    match registry.adapter(account.adapter).name_of(account, phone, wire):
        case Name() as name:
            return Found(fsp_id="", names=(made_storable(name.full_name),))
        case NoSuchNumber():
            return NotFound("")
        case NobodyKnows() as doubt:
            return Unknown(is_sent=doubt.is_sent, detail=doubt.detail)
    return UNNAMED
