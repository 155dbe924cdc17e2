"""Which account serves a method in a country: a table of preferences, chosen once, when the transfer is created.

A method is what the person chooses; an adapter is whose wire format it takes. Changing the table needs two persons.
"""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field
from sqlmodel import col, delete, select

from core.database import Session, fetch_all
from core.errors import Forbidden, InvalidInput, Refusal
from core.i18n import t
from core.money import Currency
from core.orders import Order
from core.permissions import Actor, Permission
from models.transfers import AccountState, BreakerState, Direction, ProviderAccount, ProviderEnvironment, ProviderRoute
from services import approvals, audit
from services.approvals import ApprovalRow, AskApproval
from services.breaker import ProviderResting

Owner = tuple[str, UUID]
Way = Literal["collect", "payout", "refund", "send"]

METHODS = {
    "orange_money": "Orange Money",
    "mtn_momo": "MTN MoMo",
    "wave": "Wave",
    "free_money": "Mixx by Yas (ex Free Money)",
    "moov_money": "Moov Money",
    "especes": "Espèces",
    "bank_transfer": "Virement",
}
# What is routed without being a way to pay.
OTHER_METHODS = {
    "airtime": "Crédit téléphonique",
    "biller": "Factures",
    "email": "Courriel",
    "push": "Notifications",
    "sms": "SMS",
    "ussd": "Message flash USSD",
    "whatsapp": "WhatsApp",
}
WITHOUT_ADAPTER = frozenset({"especes", "bank_transfer"})
SYNONYMS = {"virement": "bank_transfer"}


class NoRoute(Refusal):
    """No account serves this method, in this country, that way."""

    code = "moyen_indisponible"
    status = 409
    sentence = "{moyen} n'est pas disponible ici pour cette opération."


class RouteEntry(Order):
    """One account of a route; `party_code` is the provider's own code of the network."""

    account_id: UUID
    party_code: str = Field(default="", max_length=40)


class ChangeRoute(Order):
    """The accounts of one cell of the table, in order of preference; none closes it."""

    method: str
    country: str = Field(default="", pattern="^([A-Z]{2})?$")
    direction: Way
    entries: tuple[RouteEntry, ...] = ()
    reason: str = Field(default="", max_length=500)


@dataclass(frozen=True, slots=True)
class Route:
    """The account that will carry a transfer, with what the transfer copies for ever."""

    account_id: UUID
    adapter: str
    environment: str
    base_url: str
    party_code: str


@dataclass(frozen=True, slots=True)
class MethodOffer:
    """One method as a person is offered it: greyed with the reason when nothing carries it."""

    method: str
    label: str
    is_available: bool
    is_recorded_by_hand: bool
    environment: str
    reason: str


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One line of the table."""

    id: UUID
    method: str
    country: str
    direction: str
    rank: int
    party_code: str
    account_id: UUID
    account_code: str
    account_label: str
    environment: str
    state: str
    breaker: str


def choose(  # what a route depends on
    session: Session,
    method: str,
    country: str,
    direction: Direction | Way,
    currency: Currency,
    owner: Owner | None = None,
) -> Route:
    """Return the first active account with a closed breaker; the owner's own accounts come first.

    `NoRoute` when nothing serves, `ProviderResting` when only breakers are in the way. A payout may wait: with every
    breaker open it still gets its account, and stays `created` until that one closes.
    """
    found = _candidates(session, method, country, direction, currency, owner)
    if not found:
        raise NoRoute(moyen=label_of(method))
    ready = [row for row in found if row["breaker"] == BreakerState.CLOSED and not _is_held(row, direction)]
    if not ready and direction in {Direction.COLLECT, "send"}:
        raise ProviderResting(operateur=found[0]["label"])
    chosen = (ready or found)[0]
    return Route(chosen["id"], chosen["adapter"], chosen["environment"], chosen["base_url"], chosen["party_code"])


def request_change(session: Session, actor: Actor, order: ChangeRoute) -> ApprovalRow:
    """Ask a second person to agree on new accounts for one cell; nothing changes before."""
    actor.require(Permission.PAYMENTS_ACCOUNTS)
    _require_sound(session, order)
    return approvals.ask(
        session,
        actor,
        AskApproval(
            kind=CHANGE.name,
            subject_type="provider_route",
            subject_id=cell_id(order.method, order.country, order.direction),
            summary=_summary(session, order),
            payload=order.model_dump(mode="json"),
            reason=order.reason,
        ),
    )


def set_route(session: Session, actor: Actor, order: ChangeRoute) -> None:
    """Write one cell at once: only the installation's first start does so."""
    if not actor.is_system:
        raise Forbidden
    _require_sound(session, order)
    _write(session, actor, order)


def label_of(method: str) -> str:
    """Return a method's French name; its code when it is none of ours."""
    return t((METHODS | OTHER_METHODS).get(SYNONYMS.get(method, method), method))


def cell_id(method: str, country: str, direction: str) -> UUID:
    """Return the id under which a cell of the table is asked about and audited."""
    return uuid5(NAMESPACE_URL, f"palabre:route:{method}:{country}:{direction}")


def _candidates(  # as `choose`
    session: Session, method: str, country: str, direction: str, currency: Currency, owner: Owner | None
) -> list[dict[str, Any]]:
    owner_type, owner_id = owner or ("platform", None)
    rows = fetch_all(
        session,
        """
        select a.id, a.adapter, a.environment, a.base_url, a.label, a.breaker, a.are_payouts_paused, r.party_code,
               a.owner_type = %(owner_type)s and a.owner_id is not distinct from %(owner_id)s as is_own
        from provider_route r join provider_account a on a.id = r.account_id
        where r.method = %(method)s and r.direction = %(direction)s and r.country in (%(country)s, '')
          and a.state = 'active' and a.currency in (%(currency)s, '')
          and (a.owner_type = %(owner_type)s and a.owner_id is not distinct from %(owner_id)s
               or a.owner_type = 'platform'
                  and coalesce((a.settings ->> 'shared')::boolean, a.environment <> 'live'))
        order by is_own desc, r.country desc, r.rank, a.code
        """,
        {
            "method": SYNONYMS.get(method, method),
            "country": country,
            "direction": str(direction),
            "currency": currency,
            "owner_type": owner_type,
            "owner_id": owner_id,
        },
    )
    # Nobody who pays real money is ever sent to a test platform because the real one rests.
    has_live = any(row["environment"] == ProviderEnvironment.LIVE for row in rows)
    return [row for row in rows if row["environment"] == ProviderEnvironment.LIVE or not has_live]


def _is_held(row: dict[str, Any], direction: str) -> bool:
    return bool(row["are_payouts_paused"]) and direction in {Direction.PAYOUT, Direction.REFUND}


def _require_sound(session: Session, order: ChangeRoute) -> None:
    if order.method in WITHOUT_ADAPTER:
        raise InvalidInput({"method": t("ce moyen n'a pas d'opérateur")})
    wanted = [entry.account_id for entry in order.entries]
    if len(set(wanted)) != len(wanted):
        raise InvalidInput({"entries": t("un compte y est deux fois")})
    for account_id in wanted:
        account = session.get(ProviderAccount, account_id)
        if account is None or account.state == AccountState.RETIRED:
            raise InvalidInput({"entries": t("compte inconnu ou retiré")})
        if order.direction not in account.offers:
            raise InvalidInput({"entries": t("{label} ne sait pas faire cela").format(label=account.label)})


def _write(session: Session, actor: Actor, order: ChangeRoute) -> None:
    cell = (
        col(ProviderRoute.method) == order.method,
        col(ProviderRoute.country) == order.country,
        col(ProviderRoute.direction) == order.direction,
    )
    before = [str(row.account_id) for row in session.exec(select(ProviderRoute).where(*cell))]
    session.exec(delete(ProviderRoute).where(*cell))
    for rank, entry in enumerate(order.entries, start=1):
        session.add(
            ProviderRoute(
                method=order.method,
                country=order.country,
                direction=order.direction,
                account_id=entry.account_id,
                rank=rank,
                party_code=entry.party_code,
            )
        )
    session.flush()
    changes = {"accounts": [before, [str(entry.account_id) for entry in order.entries]]}
    subject = cell_id(order.method, order.country, order.direction)
    summary = _summary(session, order)
    audit.record(session, actor, "provider_route.change", "provider_route", subject, summary, changes)


def _summary(session: Session, order: ChangeRoute) -> str:
    labels = [account.label for entry in order.entries if (account := session.get(ProviderAccount, entry.account_id))]
    place = " · ".join(filter(None, (label_of(order.method), order.country, order.direction)))
    return f"{place} → {', '.join(labels) or '—'}"


def _apply(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    order = ChangeRoute.model_validate(approval.payload)
    _require_sound(session, order)  # an account may have been retired while the question waited
    _write(session, actor, order)


CHANGE = approvals.register(
    approvals.Kind(
        name="route_change",
        title="Changer une route",
        asks=Permission.PAYMENTS_ACCOUNTS,
        decides=Permission.PAYMENTS_ACCOUNTS,
        on_approved=_apply,
    )
)


# Reads


def list_routes(session: Session, actor: Actor) -> list[RouteRow]:
    """Return the whole table, by method, country, direction and preference."""
    actor.require(Permission.PAYMENTS_READ)
    rows = fetch_all(
        session,
        """
        select r.id, r.method, r.country, r.direction, r.rank, r.party_code, r.account_id, a.code as account_code,
               a.label as account_label, a.environment, a.state, a.breaker
        from provider_route r join provider_account a on a.id = r.account_id
        order by r.method, r.country, r.direction, r.rank
        """,
    )
    return [RouteRow(**row) for row in rows]


def list_offers(
    session: Session, country: str, direction: Direction | Way, currency: Currency, owner: Owner | None = None
) -> list[MethodOffer]:
    """Return every method as it is offered here: what has no route is greyed with its reason."""
    return [_offer(session, method, country, direction, currency, owner) for method in METHODS]


def _offer(  # as `choose`
    session: Session, method: str, country: str, direction: Direction | Way, currency: Currency, owner: Owner | None
) -> MethodOffer:
    label, is_by_hand = label_of(method), method in WITHOUT_ADAPTER
    if is_by_hand:
        return MethodOffer(method, label, is_available=True, is_recorded_by_hand=True, environment="", reason="")
    try:
        route = choose(session, method, country, direction, currency, owner)
    except (NoRoute, ProviderResting) as refusal:
        return MethodOffer(method, label, False, False, "", str(refusal))
    return MethodOffer(method, label, True, False, route.environment, "")
