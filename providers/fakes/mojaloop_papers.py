"""The papers of the fake adapter: its record of a transfer, its errors in both of their styles, its parties."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from starlette.responses import HTMLResponse, JSONResponse, Response

from core.money import Currency, Money
from providers.fakes.mojaloop_tales import Tale
from providers.mojaloop.bodies import amount_text

FSPS = ("mtnbj", "moovbj", "celtiisbj", "banquebj")
NO_CONTENT, BAD_REQUEST, NOT_FOUND, TOO_MANY, SERVER_ERROR, BAD_GATEWAY, LATE = 204, 400, 404, 429, 500, 502, 504
_FIRST = ("Adjoa", "Rémi", "Aïcha", "Paul", "Séverin", "Brigitte", "Codjo", "Alice", "Parfait", "Reine")
_LAST = ("Kossou", "Hounsou", "Dègbé", "Ahouansou", "Zinsou", "Dossou", "Agossou", "Tchibozo", "Gbaguidi", "Sossa")
_STRANGER = ("Mahoutin", "Vodounon")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DESCRIPTIONS = {
    "2003": "Service currently unavailable",
    "3106": "Modified request",
    "3204": "Party not found",
    "3208": "Transfer ID not found",
    "3302": "Quote expired",
    "3303": "Transfer expired",
    "4001": "Payer FSP insufficient liquidity",
    "5001": "Payee FSP insufficient liquidity",
    "5103": "Account dormant",
    "5200": "Wallet limit exceeded",
    "5400": "Payee blocked",
}


Document = dict[str, Any]

# How the adapter says that something broke after the quote, by the tale's reply.
FAILURES: dict[str, tuple[str, int]] = {
    "late": ("Timeout waiting for fulfil for transfer {id}", LATE),
    "hang_up": ("socket hang up", SERVER_ERROR),
    "undefined": ("Cannot read properties of undefined (reading 'toString')", SERVER_ERROR),
    "bad_proof": ("Invalid fulfilment received from peer DFSP.", SERVER_ERROR),
}


@dataclass
class Record:
    """What the adapter keeps of one transfer: how far it is, and what it was told."""

    transfer_id: str
    home_id: str
    request: dict[str, Any]
    tale: Tale
    amount: Money
    current_state: str = ""
    party: dict[str, Any] = field(default_factory=dict)
    quote: dict[str, Any] = field(default_factory=dict)
    fulfilment: str = ""
    fulfil: dict[str, Any] = field(default_factory=dict)
    is_prepared: bool = False
    last_error: dict[str, Any] = field(default_factory=dict)

    @property
    def payee(self) -> str:
        """Return whom it pays, as the switch knows him."""
        return str(self.request["to"]["idValue"])

    def as_document(self) -> dict[str, Any]:
        """Return it as the adapter shows it."""
        inner = {
            "getPartiesResponse": {"body": {"party": self.party}, "headers": {}} if self.party else None,
            "quoteResponse": {"body": self.quote, "headers": {}} if self.quote else None,
            "prepare": {"body": {"transferId": self.transfer_id}, "headers": {}} if self.is_prepared else None,
            "fulfil": {"body": self.fulfil, "headers": {}} if self.fulfil else None,
            "lastError": self.last_error or None,
        }
        fsp_id = self.request["to"].get("fspId") or self.party.get("partyIdInfo", {}).get("fspId")
        return {
            **{name: value for name, value in self.request.items() if name != "skipPartyLookup"},
            "transferId": self.transfer_id,
            "direction": "OUTBOUND",
            "to": {**self.request["to"], **({"fspId": fsp_id} if fsp_id else {})},
            "currentState": self.current_state,
            **{name: value for name, value in inner.items() if value is not None},
        }


def party_of(id_type: str, value: str, tale: Tale, currencies: tuple[str, ...]) -> dict[str, Any]:
    """Return who the switch says holds an identifier: the same person each time."""
    first, last = name_of(value)
    if tale.party == "other_name":
        first, last = _STRANGER
    shown = f"{first[0]}. {_accented(last)}" if tale.party == "close_name" else f"{first} {last}"
    names = {} if tale.party == "close_name" else {"complexName": {"firstName": first, "lastName": last}}
    return {
        "partyIdInfo": {"partyIdType": id_type, "partyIdentifier": value, "fspId": FSPS[_drawn(value) % len(FSPS)]},
        "name": shown,
        "personalInfo": {**names, "dateOfBirth": "1951-03-02"},
        "supportedCurrencies": list(currencies),
    }


def name_of(value: str) -> tuple[str, str]:
    """Return the first and last name of whoever the fake directory knows under an identifier."""
    drawn = _drawn(value)
    return _FIRST[drawn % len(_FIRST)], _LAST[drawn // len(_FIRST) % len(_LAST)]


def quote_of(record: Record, condition: str, expiration: datetime) -> dict[str, Any]:
    """Return what the payee's institution quotes: the fee on top where the payee receives the amount whole."""
    tale, money = record.tale, record.amount
    is_whole = record.request["amountType"] == "RECEIVE"
    fee = Money(tale.fee_minor, money.currency)
    received = money if is_whole else money - fee
    return {
        "transferAmount": _amount(money + fee if is_whole else money),
        "payeeReceiveAmount": _amount(received - Money(tale.short_by_minor, money.currency)),
        "payeeFspFee": _amount(fee),
        "expiration": stamp(expiration),
        "ilpPacket": "AYIBgQAAAAAAAASwNGxldmVsb25lLmRmc3AxLm1lci45T2RTOF81MDdqUUZERmZlakgyOVc4bXFmNEpLMHlGTFGC",
        "condition": condition,
    }


def fulfil_of(state: str, fulfilment: str, at: datetime | None) -> dict[str, Any]:
    """Return the switch's word on a transfer, with its proof once it is committed."""
    if state != "COMMITTED" or at is None:
        return {"transferState": state}
    return {"transferState": state, "completedTimestamp": stamp(at), "fulfilment": fulfilment}


def error(
    record: Record,
    stage: str,
    code: str = "",
    *,
    message: str = "",
    status: int = SERVER_ERROR,
) -> Response:
    """Return an error with the record, in one of the adapter's two styles, and keep it in the record."""
    record.current_state = "ERROR_OCCURRED"
    information = {"errorInformation": {"errorCode": code, "errorDescription": _DESCRIPTIONS.get(code, "Refused")}}
    record.last_error = {"httpStatusCode": status, **({"mojaloopError": information} if code else {"message": message})}
    said = message or f"Got an error response {stage}: {_printed(information, record.transfer_id)}"
    status_code = code or str(status)
    return JSONResponse(
        {
            "message": said,
            "statusCode": int(status_code) if _drawn(record.transfer_id) % 3 == 0 else status_code,
            "transferState": record.as_document(),
        },
        status,
    )


def read_error(transfer_id: str, code: str, *, is_hidden: bool = False) -> Response:
    """Return an inquiry's error; `is_hidden`: the code stands only inside the message."""
    information = {"errorInformation": {"errorCode": code, "errorDescription": _DESCRIPTIONS[code]}}
    message = f"Got an error response retrieving transfer: {_printed(information, transfer_id)}"
    return JSONResponse({"message": message, "statusCode": str(SERVER_ERROR) if is_hidden else code}, SERVER_ERROR)


def plain(status: int, message: str) -> Response:
    """Return an error without a record."""
    return JSONResponse({"message": message, "statusCode": status if status == BAD_REQUEST else str(status)}, status)


def answer(record: Record) -> Response:
    """Return the record as a success."""
    return JSONResponse(record.as_document())


def cut(record: Record) -> Response:
    """Return a success of which only the beginning arrives."""
    whole = json.dumps(record.as_document()).encode()
    return Response(whole[: len(whole) // 3], media_type="application/json")


def page() -> Response:
    """Return what a proxy shows when the adapter behind it is away."""
    return HTMLResponse("<html><body>Bad Gateway</body></html>", BAD_GATEWAY)


def ulid(seed: str) -> str:
    """Return an id of the adapter's own, the same for the same seed."""
    number = int(hashlib.sha256(seed.encode()).hexdigest()[:32], 16) >> 3
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def stamp(at: datetime) -> str:
    """Return an instant as the API writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def currencies_of(settings: str) -> tuple[str, ...]:
    """Return the currencies an adapter is set up for."""
    return tuple(settings.split(",")) if settings else tuple(Currency)


def _amount(money: Money) -> dict[str, str]:
    return {"amount": amount_text(money) if money.minor else "0", "currency": money.currency.value}


def _printed(information: dict[str, Any], transfer_id: str, style: Literal["", "json", "js"] = "") -> str:
    """Return an object as JSON, or as JavaScript prints one."""
    inner = information["errorInformation"]
    if style == "js" or (not style and _drawn(transfer_id) % 2):
        lines = ",\n    ".join(f"{name}: '{value}'" for name, value in inner.items())
        return "{\n  errorInformation: {\n    " + lines + "\n  }\n}"
    return json.dumps(information)


def _accented(name: str) -> str:
    plain_signs, accented = "aeo", "àéô"
    found = next((n for n, sign in enumerate(name) if sign in plain_signs), 0)
    return name[:found] + name[found].translate(str.maketrans(plain_signs, accented)) + name[found + 1 :]


def _drawn(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
