"""A payment as the rail takes it, and what is kept of it between two calls (`transfer.handles`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.money import Currency, Money
from providers.instants import parse_instant
from providers.mojaloop.contract import Fulfilment, Operation, Party, PayoutOrder, Quote
from services.pensions.dispatch.rails import Rail

Handles = dict[str, Any]

# What an order is made of, with `p` the payment, `b` its batch, `a` its payer account and `t` its transfer.
ORDER_COLUMNS = """
t.external_id, t.base_url, t.handles, t.submitted_at, p.line, p.id_type, p.identifier, p.rail_identifier, p.fsp_id,
p.amount_minor, p.purpose, b.bulk_id, b.cycle, b.currency, b.account_id, a.account_id as account_code,
a.party_id_type, a.party_identifier, a.display_name, a.amount_type, a.number_form
"""


def home_id(bulk_id: str, line: int) -> str:
    """Return the name of a payment for the adapter; the same for every transfer of it."""
    return f"{bulk_id}/{line:07d}"


def build(rail: Rail, record: Mapping[str, Any]) -> PayoutOrder:
    """Return a payment as it is sent or asked about, with the call that was committed to come next."""
    handles = record["handles"]
    return PayoutOrder(
        account=rail.payer(record, record["base_url"]),
        transfer_id=str(record["external_id"]),
        home_id=home_id(record["bulk_id"], record["line"]),
        party=Party(record["id_type"], record["identifier"], record["rail_identifier"], record["fsp_id"]),
        amount=Money(record["amount_minor"], Currency(record["currency"])),
        note=f"{record['purpose']} {record['cycle']}",
        operation=Operation(handles.get("operation", Operation.POST_TRANSFERS)),
        their_transfer_id=handles.get("their_transfer_id") or "",
        quote=_quote(handles),
        sent_at=sent_at(handles) or record["submitted_at"],
    )


def papers(order: PayoutOrder) -> Handles:
    """Return what must be committed of an order before its next call is made."""
    quote = order.quote
    kept = {
        "their_transfer_id": order.their_transfer_id,
        "transfer_amount": _stated(quote.transfer_amount),
        "receive_amount": _stated(quote.receive_amount),
        "condition": quote.condition,
        "expiration": quote.expiration,
        "amount_type": order.account.amount_type if order.account.amount_type != "RECEIVE" else "",
    }
    return {"operation": order.operation.value, **{name: value for name, value in kept.items() if value}}


def fresh_papers(order: PayoutOrder) -> Handles:
    """Return what is kept of an order that begins again under its id: nothing of the quote it had."""
    dropped = ("their_transfer_id", "transfer_amount", "receive_amount", "condition", "expiration")
    return {**dict.fromkeys(dropped), **papers(order.restarted())}


def proof(fulfilment: Fulfilment) -> Handles:
    """Return what is kept of the payee institution's proof; nothing where there is none."""
    if not fulfilment.fulfilment:
        return {}
    kept: Handles = {"fulfilment": fulfilment.fulfilment, "is_proof_verified": fulfilment.is_verified}
    if fulfilment.condition:
        kept["condition"] = fulfilment.condition
    if fulfilment.completed_at is not None:
        kept["completed_timestamp"] = fulfilment.completed_at.isoformat()
    return kept


def sent_at(handles: Mapping[str, Any]) -> datetime | None:
    """Return when the last byte of a POST or PUT left, or may have left at the latest."""
    return instant(handles, "sent_at")


def instant(handles: Mapping[str, Any], name: str) -> datetime | None:
    """Return an instant kept among the handles."""
    return parse_instant(handles.get(name))


def _quote(handles: Mapping[str, Any]) -> Quote:
    return Quote(
        transfer_amount=_money(handles.get("transfer_amount")),
        receive_amount=_money(handles.get("receive_amount")),
        condition=handles.get("condition") or "",
        expiration=handles.get("expiration") or "",
    )


def _stated(amount: Money | None) -> list[Any] | None:
    return None if amount is None else [amount.minor, amount.currency.value]


def _money(kept: list[Any] | None) -> Money | None:
    return Money(kept[0], Currency(kept[1])) if kept else None
