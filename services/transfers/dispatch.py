"""Speaking to a provider about one transfer: the order its adapter takes, and an answer whatever happens."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import structlog

from core.database import Session
from core.orders import made_storable
from core.phone import PhoneNumber, normalise
from core.settings import get_settings
from providers import registry
from providers.answers import Accepted, MoneyProvider, NotSeen, Order, Prepared, Rejected, Seen, Unknown
from providers.wire import Wire
from services import provider_accounts
from services.provider_accounts import SHAPES
from services.transfers.rows import TransferRow, find

LONGEST_REFERENCE, LONGEST_WORD = 200, 100
# Where a provider's page sends the payer when he has paid, or gave up.
RETURN_PATH = "/paiement/retour"
CANCEL_PATH = "/paiement/annule"

_WITH_TOKEN = frozenset({"orange", "mtn"})

Answer = TypeVar("Answer", bound=Prepared | Accepted | Rejected | Unknown | Seen | NotSeen)

_log = structlog.get_logger(__name__)


def adapter_of(row: TransferRow) -> MoneyProvider:
    """Return the adapter of a transfer: the one it was created with."""
    return registry.adapter(row.adapter)


def schedule_of(row: TransferRow) -> str:
    """Return the name of the schedule by which a transfer is read."""
    return adapter_of(row).schedule.get(row.direction, "S1" if row.is_collect else "S3")


def build_order(session: Session, row: TransferRow) -> Order:
    """Return a transfer as its adapter sends or asks about it, with the account's secrets in clear."""
    account = provider_accounts.view(session, row.account_id, row.base_url)
    public = get_settings().public_base_url
    return Order(
        account=replace(account, adapter=row.adapter, environment=row.environment),
        direction=row.direction.value,
        external_id=row.external_id,
        reference=row.reference,
        amount=row.amount,
        callback_url=callback_url(row),
        party=_phone(row.party_phone),
        party_code=row.party_code,
        party_name=row.party_name,
        party_reference=row.party_reference,
        label=row.label,
        language=row.language,
        return_url=f"{public}{RETURN_PATH}",
        cancel_url=f"{public}{CANCEL_PATH}",
        handles=row.handles,
        provider_ref=row.provider_ref,
        submitted_at=row.submitted_at,
        original=None if row.parent_id is None else build_order(session, find(session, row.parent_id)),
    )


def callback_url(row: TransferRow) -> str:
    """Return the address the provider calls about a transfer; with our token where its callbacks prove nothing else."""
    address = provider_accounts.callback_url(row.adapter)
    is_named = row.adapter in SHAPES and SHAPES[row.adapter].callback in _WITH_TOKEN
    return f"{address}/{row.callback_token}" if is_named else address


def new_wire(order: Order) -> Wire:
    """Return a wire that keeps no secret of the account and no full number of the party."""
    wire = Wire()
    for name in order.account.secrets:
        wire.hide(*order.account.secret_values(name))
    party = order.party
    if party is not None:
        wire.masked = {party.e164: party.masked, party.e164[1:]: party.masked[1:], party.national: party.masked}
    return wire


def ask(call: Callable[[Order, Wire], Answer], order: Order, wire: Wire, transfer_id: UUID) -> Answer | Unknown:
    """Make one call of an adapter. One that raises has a bug: what it did nobody knows, and nobody is lost for it."""
    try:
        return _fit(call(order, wire))
    except Exception as error:  # noqa: BLE001  # a bug in an adapter is one more thing that nobody knows
        _log.exception("transfer.adapter_failed", transfer_id=str(transfer_id), adapter=order.account.adapter)
        return Unknown(is_sent=True, detail=type(error).__name__)


def _fit(answer: Answer) -> Answer:
    """Return an answer whose words a row can hold and an index can find, whatever the provider wrote in them."""
    match answer:
        case Seen():
            state = made_storable(answer.provider_state)[:LONGEST_WORD]
            return replace(answer, provider_ref=_reference(answer.provider_ref), provider_state=state)
        case Accepted():
            seen = None if answer.seen is None else _fit(answer.seen)
            handles = made_storable(dict(answer.handles))
            return replace(answer, provider_ref=_reference(answer.provider_ref), handles=handles, seen=seen)
        case Rejected():
            return replace(answer, code=made_storable(answer.code), text=made_storable(answer.text))
        case Prepared():
            return replace(answer, handles=made_storable(dict(answer.handles)))
        case NotSeen() | Unknown():
            return replace(answer, detail=made_storable(answer.detail))
    return answer


def _reference(given: str | None) -> str | None:
    """Return the provider's reference; one that is none of any length we could look for is no reference."""
    return made_storable(given) if given and len(given) <= LONGEST_REFERENCE else None


def close_link(row: TransferRow, order: Order, wire: Wire) -> None:
    """Close an unpaid link where the provider can; the read that follows tells what came of it."""
    try:
        adapter_of(row).expire(order, wire)
    except Exception:  # noqa: BLE001  # idem
        _log.exception("transfer.adapter_failed", transfer_id=str(row.id), adapter=row.adapter)


def _phone(e164: str) -> PhoneNumber | None:
    return normalise(e164, None) if e164 else None
