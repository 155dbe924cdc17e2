"""What the adapter refuses at its door: a number and a sentence, the field not named. It takes `"0"` without a word."""

import re
from collections.abc import Mapping
from typing import Any

_AMOUNT = re.compile(r"([0]|([1-9][0-9]{0,17}))([.][0-9]{0,3}[1-9])?", re.ASCII)
_DISPLAY_NAME = re.compile(r"(?!\s*$)[\w .,'-]{1,128}", re.ASCII)
_PERSON_NAME = re.compile(r"(?!\s*$)[\w .,'-]{1,128}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_ID_TYPES = frozenset({"MSISDN", "EMAIL", "PERSONAL_ID", "BUSINESS", "DEVICE", "ACCOUNT_ID", "IBAN", "ALIAS"})
_REQUIRED = ("homeTransactionId", "from", "to", "amountType", "currency", "amount", "transactionType")
_OPTIONAL = ("note", "skipPartyLookup")
_PARTY = frozenset({"type", "idType", "idValue", "idSubValue", "displayName", "firstName", "lastName", "fspId"})
_LONGEST = 128
TOO_MANY_FIELDS = "must NOT have additional properties"


def refusal(document: Mapping[str, Any], currencies: tuple[str, ...], *, takes_id: bool) -> str:
    """Return why a transfer is refused before anything is done with it, in the adapter's words, or nothing."""
    allowed = {*_REQUIRED, *_OPTIONAL, *(("transferId",) if takes_id else ())}
    if set(document) - allowed:
        return TOO_MANY_FIELDS
    missing = next((name for name in _REQUIRED if name not in document), "")
    if missing:
        return f"must have required property '{missing}'"
    for name in ("from", "to"):
        wrong = _of_party(document[name])
        if wrong:
            return wrong
    return _of_terms(document, currencies)


def acceptance_refusal(document: Mapping[str, Any]) -> str:
    """Return why the body of a PUT is refused: it must be one acceptance, and a yes."""
    known = ({"acceptParty": True}, {"acceptQuote": True})
    return "" if dict(document) in known else "must match exactly one schema in oneOf"


def _of_party(party: Any) -> str:
    if not isinstance(party, dict) or not isinstance(party.get("idValue"), str) or not party["idValue"]:
        return "must have required property 'idValue'"
    if set(party) - _PARTY:
        return TOO_MANY_FIELDS
    if party.get("idType") not in _ID_TYPES:
        return "must be equal to one of the allowed values"
    for name, form in (("displayName", _DISPLAY_NAME), ("firstName", _PERSON_NAME), ("lastName", _PERSON_NAME)):
        if name in party and not form.fullmatch(str(party[name])):
            return f'must match pattern "^{form.pattern}$"'
    return ""


def _of_terms(document: Mapping[str, Any], currencies: tuple[str, ...]) -> str:
    if not isinstance(document["amount"], str) or not _AMOUNT.fullmatch(document["amount"]):
        return f'must match pattern "^{_AMOUNT.pattern}$"'
    if document["amountType"] not in {"RECEIVE", "SEND"} or document["transactionType"] != "TRANSFER":
        return "must be equal to one of the allowed values"
    if document["currency"] not in currencies:
        return "must be equal to one of the allowed values"
    if "transferId" in document and not _UUID.fullmatch(str(document["transferId"])):
        return f'must match pattern "^{_UUID.pattern}$"'
    note = document.get("note", "-")
    if not isinstance(note, str) or not 1 <= len(note) <= _LONGEST:
        return "must NOT have fewer than 1 characters"
    return ""
