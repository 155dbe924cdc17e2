"""What leaves for the adapter: everything is validated by us first, as its own refusal does not name the field."""

import re
import unicodedata
from typing import Any
from urllib.parse import quote

from core.money import Money
from providers.mojaloop.contract import BeninForm, Identity, Operation, PayoutOrder, RailAccount

LONGEST_NAME = 128
_AMOUNT = re.compile(r"([0]|([1-9][0-9]{0,17}))([.][0-9]{0,3}[1-9])?", re.ASCII)
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.,' -]+", re.ASCII)
_SPELLED = str.maketrans({"&": " et ", "’": "'", "œ": "oe", "Œ": "Oe", "æ": "ae", "Æ": "Ae", "ß": "ss"})
_BENIN_TEN = re.compile(r"229(01)([0-9]{8})", re.ASCII)
_BENIN_EIGHT = re.compile(r"229([0-9]{8})", re.ASCII)


class UnfitAmountError(ValueError):
    """An amount that the API cannot write: nothing, or a negative one. A bug of whoever let it through."""


def display_name(text: str) -> str | None:
    """Return `text` in the letters the API allows (`Caisse Nationale de Securite Sociale`); None when none is left."""
    folded = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    bare = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return " ".join(_NOT_IN_A_NAME.sub(" ", bare).split())[:LONGEST_NAME].strip() or None


def amount_text(money: Money) -> str:
    """Return `"50000"` for 50 000 XOF, `"1250.5"` for 1 250,50 USD; refuse what is not more than nothing."""
    whole, rest = divmod(money.minor, 10**money.currency.exponent)
    text = f"{whole}.{rest:0{money.currency.exponent}}".rstrip("0") if rest else str(whole)
    if money.minor <= 0 or not _AMOUNT.fullmatch(text):
        raise UnfitAmountError(f"{money.plain} {money.currency}")
    return text


def id_value(id_type: str, identifier: str, form: BeninForm = "ten") -> str:
    """Return how the switch knows an identifier: digits only for MSISDN, Benin's in the account's form."""
    if id_type != "MSISDN":
        return identifier
    digits = identifier.removeprefix("+")
    return benin_eight(digits) if form == "eight" else digits


def benin_eight(digits: str) -> str:
    """Return a number of Benin without the `01` of its ten digits; any other number as it is."""
    match = _BENIN_TEN.fullmatch(digits)
    return f"229{match[2]}" if match else digits


def other_forms(id_type: str, value: str, form: BeninForm) -> tuple[str, ...]:
    """Return the values under which a look-up asks, in order: `directory` tries ten digits, then eight."""
    shorter = benin_eight(value) if id_type == "MSISDN" and form == "directory" else value
    return (value,) if shorter == value else (value, shorter)


def order_document(order: PayoutOrder) -> dict[str, Any]:
    """Return the body of `POST /transfers`: these fields and no other."""
    account = order.account
    document: dict[str, Any] = {
        "homeTransactionId": order.home_id,
        "from": _payer(account),
        "to": _payee(order),
        "amountType": account.amount_type,
        "currency": order.amount.currency.value,
        "amount": amount_text(order.amount),
        "transactionType": "TRANSFER",
    }
    if account.identity is not Identity.ID_CLOSED:
        document["transferId"] = order.transfer_id
    if order.note.strip():
        document["note"] = order.note.strip()[:LONGEST_NAME]
    if order.party.fsp_id and account.mode == "one_step":
        document["skipPartyLookup"] = True
    return document


def probe_document(account: RailAccount, transfer_id: str, id_type: str, value: str) -> dict[str, Any]:
    """Return a transfer of `"1"` to somebody who cannot exist: the payee fails to resolve, nothing can move."""
    return {
        "homeTransactionId": f"probe/{transfer_id}",
        "transferId": transfer_id,
        "from": _payer(account),
        "to": {"idType": id_type, "idValue": value},
        "amountType": account.amount_type,
        "currency": account.currency,
        "amount": "1",
        "transactionType": "TRANSFER",
    }


def acceptance(operation: Operation) -> dict[str, bool]:
    """Return the body of a PUT: one object of one field, as the adapter merges others into the order."""
    return {"acceptParty": True} if operation is Operation.PUT_ACCEPT_PARTY else {"acceptQuote": True}


def party_path(id_type: str, value: str) -> str:
    """Return where a look-up asks, percent-encoded."""
    return f"/parties/{quote(id_type, safe='')}/{quote(value, safe='')}"


def transfer_path(transfer_id: str) -> str:
    """Return where one transfer is accepted and asked about."""
    return f"/transfers/{quote(transfer_id, safe='')}"


def _payer(account: RailAccount) -> dict[str, str]:
    payer = {
        "type": "BUSINESS",
        "idType": account.party_id_type,
        "idValue": id_value(account.party_id_type, account.party_identifier, account.benin_form),
    }
    name = display_name(account.display_name)
    return {**payer, "displayName": name} if name else payer


def _payee(order: PayoutOrder) -> dict[str, str]:
    party = order.party
    value = party.rail_identifier or id_value(party.id_type, party.identifier, order.account.benin_form)
    payee = {"idType": party.id_type, "idValue": value}
    return {**payee, "fspId": party.fsp_id} if party.fsp_id else payee
