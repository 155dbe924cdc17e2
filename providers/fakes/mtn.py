"""MTN MoMo on loopback: collections and disbursements, each with its own user, key and subscription."""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.money import Currency, Money
from providers.amounts import format_amount, parse_amount
from providers.answers import Reason, SeenState
from providers.fakes.base import Call, Fake, Notice, route
from providers.fakes.behaviour import Story, code_of_party
from providers.fakes.kernel import Kernel, Operation, Payment
from providers.fakes.links import refunded

TOKEN_LIFE_S = 3_600
OPENING_BALANCE_UNITS = 100_000_000
LONGEST_MESSAGE = 60
CURRENCIES: Mapping[str, Currency] = {
    "sandbox": Currency.EUR,
    "mtnbenin": Currency.XOF,
    "mtnivorycoast": Currency.XOF,
    "mtncameroon": Currency.XAF,
    "mtncongo": Currency.XAF,
    "mtnguineaconakry": Currency.GNF,
}
_MESSAGE = re.compile(r"[A-Za-z0-9 ]*", re.ASCII)
_DIGITS = re.compile(r"[0-9]{8,15}", re.ASCII)
_UUID_VERSION = 4


@dataclass(frozen=True, slots=True)
class _Kind:
    operation: Operation
    product: str
    path: str
    party: str


_KINDS = (
    _Kind("collect", "collection", "/collection/v1_0/requesttopay", "payer"),
    _Kind("payout", "disbursement", "/disbursement/v1_0/transfer", "payee"),
    _Kind("refund", "disbursement", "/disbursement/v1_0/refund", ""),
)
_WORDS = {
    SeenState.PENDING: "PENDING",
    SeenState.SUCCEEDED: "SUCCESSFUL",
    SeenState.FAILED: "FAILED",
    SeenState.EXPIRED: "TIMEOUT",
    SeenState.CANCELLED: "REJECTED",
}
_CODES = {
    Reason.INSUFFICIENT_FUNDS: "NOT_ENOUGH_FUNDS",
    Reason.OUR_WALLET_EMPTY: "NOT_ENOUGH_FUNDS",
    Reason.PAYER_NOT_FOUND: "PAYER_NOT_FOUND",
    Reason.PAYEE_NOT_FOUND: "PAYEE_NOT_FOUND",
    Reason.PAYEE_NOT_ALLOWED: "PAYEE_NOT_ALLOWED_TO_RECEIVE",
    Reason.NOT_APPROVED: "APPROVAL_REJECTED",
}


def _ends(word: str, code: str = "", state: SeenState = SeenState.FAILED) -> Story:
    """Return the story of a sandbox number; its code is MTN's own words."""
    return Story(code=f"{word}:{code}", final=state, callbacks=())


_ONGOING = Story(code="ONGOING:", final=None, callbacks=())
_DELAYED = Story(code="DELAYED:", final_after_s=60.0, callbacks=())
_COMMON = {
    "46733123450": _ends("FAILED"),
    "46733123451": _ends("REJECTED", "APPROVAL_REJECTED"),
    "46733123452": _ends("TIMEOUT", "EXPIRED", SeenState.EXPIRED),
    "46733123453": _ONGOING,
    "46733123454": _DELAYED,
}
_PAYER_CODES = (
    "PAYER_NOT_FOUND",
    "PAYEE_NOT_ALLOWED_TO_RECEIVE",
    "NOT_ALLOWED",
    "NOT_ALLOWED_TARGET_ENVIRONMENT",
    "INVALID_CALLBACK_URL_HOST",
    "INVALID_CURRENCY",
    "INTERNAL_PROCESSING_ERROR",
    "SERVICE_UNAVAILABLE",
    "COULD_NOT_PERFORM_TRANSACTION",
    "TRANSFER_TYPE_NOT_SUPPORTED",
)
_PAYEE_CODES = (
    "NOT_ENOUGH_FUNDS",
    "PAYER_LIMIT_REACHED",
    "PAYEE_NOT_FOUND",
    "NOT_ALLOWED",
    "NOT_ALLOWED_TARGET_ENVIRONMENT",
    "INVALID_CALLBACK_URL_HOST",
    "INVALID_CURRENCY",
    "INTERNAL_PROCESSING_ERROR",
    "SERVICE_UNAVAILABLE",
)
_FIRST_CODE = 46733123455
PAYERS = _COMMON | {str(_FIRST_CODE + n): _ends("FAILED", code) for n, code in enumerate(_PAYER_CODES)}
PAYEES = _COMMON | {str(_FIRST_CODE + n): _ends("FAILED", code) for n, code in enumerate(_PAYEE_CODES)}


class MtnFake(Fake):
    """Both products; a token is good for one of them and says itself until when."""

    name = "mtn"
    cannot_show = frozenset({"013"})  # no word of theirs says that a transfer came back

    def __init__(self) -> None:
        self._users: dict[str, str] = {}

    def reset(self) -> None:
        """Forget the API users that were made."""
        self._users.clear()

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the documented addresses; a token call without its last slash finds nothing, as there."""
        desk = _Desk(self, kernel, self._users)
        routes = [
            route("/v1_0/apiuser", desk.make_user),
            route("/v1_0/apiuser/{user}/apikey", desk.make_key),
            route("/collection/v1_0/accountholder/msisdn/{msisdn}/basicuserinfo", desk.name_of, "GET"),
            route("/collection/v1_0/accountholder/msisdn/{msisdn}/active", desk.is_active, "GET"),
        ]
        for product in ("collection", "disbursement"):
            routes.append(route(f"/{product}/token/", partial(desk.token, product=product)))
            routes.append(route(f"/{product}/v1_0/account/balance", partial(desk.balance, product=product), "GET"))
        for kind in _KINDS:
            routes.append(route(kind.path, partial(desk.submit, kind=kind)))
            routes.append(route(kind.path + "/{id}", partial(desk.read, kind=kind), "GET"))
        return routes

    def notice(self, kernel: Kernel, payment: Payment, says: SeenState, *, is_forged: bool) -> Notice | None:  # noqa: ARG002
        """Return a callback: unsigned, so that a forged one only says something else. Disbursements use PUT."""
        url = kernel.callback_url(self.name, payment.callback_url)
        body = json.dumps(_document(payment, says), separators=(",", ":")).encode()
        method = "POST" if payment.operation == "collect" else "PUT"
        return Notice(url, body, {"Content-Type": "application/json"}, method) if url else None

    def refusal(self, status: int) -> Response:
        """Answer as MTN's gateway does."""
        return _gateway(status, "Service unavailable" if status >= 500 else "Access denied")  # noqa: PLR2004


class _Desk:
    """What each address does."""

    def __init__(self, fake: MtnFake, kernel: Kernel, users: dict[str, str]) -> None:
        self.fake = fake
        self.kernel = kernel
        self.users = users

    def make_user(self, call: Call) -> Response:
        user = call.headers.get("x-reference-id", "")
        if not self._has_subscription(call, "collection") and not self._has_subscription(call, "disbursement"):
            return _gateway(401, "Access denied due to invalid subscription key.")
        if not _is_uuid4(user) or not call.document().get("providerCallbackHost"):
            return _error(400, "BAD_REQUEST", "Validation error")
        if user in self.users:
            return _error(409, "RESOURCE_ALREADY_EXIST", "Duplicated reference id. Creation of resource failed.")
        self.users[user] = ""
        return Response(status_code=201)

    def make_key(self, call: Call) -> Response:
        user = call.params["user"]
        if user not in self.users:
            return _error(404, "RESOURCE_NOT_FOUND", "Requested resource was not found.")
        self.users[user] = self._sign(user)
        return JSONResponse({"apiKey": self.users[user]}, 201)

    def token(self, call: Call, product: str) -> Response:
        if not self._has_subscription(call, product):
            return _gateway(401, "Access denied due to invalid subscription key.")
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        made = [f"{user}:{key}" for user, key in self.users.items() if key]
        own = f"{self._secret(product, 'user')}:{self._secret(product, 'key')}"
        if scheme != "Basic" or given not in {base64.b64encode(pair.encode()).decode() for pair in (own, *made)}:
            return JSONResponse({"error": "login_failed"}, 401)
        until = f"{int(self.kernel.now().timestamp()) + TOKEN_LIFE_S:x}"
        token = f"{product}.{until}.{self._sign(product + until)}"
        return JSONResponse({"access_token": token, "token_type": "access_token", "expires_in": TOKEN_LIFE_S})

    def submit(self, call: Call, kind: _Kind) -> Response:
        refused = self._refused(call, kind.product) or self._misshaped(call)
        if refused is not None:
            return refused
        own_id, document = call.headers["x-reference-id"], call.document()
        if self.kernel.find(self.fake.name, own_id) is not None:
            return _error(409, "RESOURCE_ALREADY_EXIST", "Duplicated reference id. Creation of resource failed.")
        currency = CURRENCIES[call.headers["x-target-environment"]]
        amount = _amount(document.get("amount"), currency)
        original = self.kernel.find(self.fake.name, str(document.get("referenceIdToRefund", "")))
        party = self._party(kind, document, amount, original)
        if document.get("currency") != currency:
            return _error(400, "INVALID_CURRENCY", "Currency not supported.")
        if amount is None or not isinstance(party, str):
            return party if isinstance(party, Response) else _error(400, "BAD_REQUEST", "Validation error")
        self.kernel.open(
            self.fake,
            kind.operation,
            own_id,
            amount,
            reference=str(document.get("externalId", "")),
            party=party,
            callback_url=call.headers.get("x-callback-url", ""),
            sandbox=PAYERS if kind.operation == "collect" else PAYEES,
            original=original if kind.operation == "refund" else None,
        )
        return Response(status_code=202)

    def _party(
        self, kind: _Kind, document: Mapping[str, Any], amount: Money | None, original: Payment | None
    ) -> str | Response:
        """Return whose money it is: who is named, or who paid what is given back."""
        if kind.operation != "refund":
            return _msisdn(document.get(kind.party)) or _error(400, "BAD_REQUEST", "Validation error")
        if original is None or original.state is not SeenState.SUCCEEDED:
            return _error(404, "RESOURCE_NOT_FOUND", "Requested resource was not found.")
        if amount is not None and refunded(self.kernel, original) + amount.minor > original.amount.minor:
            return _error(400, "NOT_ALLOWED", "More than what was paid.")
        return original.party

    def read(self, call: Call, kind: _Kind) -> Response:
        refused = self._refused(call, kind.product)
        if refused is not None:
            return refused
        payment = self.kernel.read(self.fake.name, call.params["id"])
        if payment is None or payment.operation != kind.operation:
            return _error(404, "RESOURCE_NOT_FOUND", "Requested resource was not found.")
        return JSONResponse(_document(payment, payment.state))

    def name_of(self, call: Call) -> Response:
        refused = self._refused(call, "collection")
        if refused is not None:
            return refused
        if code_of_party(call.params["msisdn"]) == "015":
            return _error(404, "RESOURCE_NOT_FOUND", "Requested resource was not found.")
        return JSONResponse({"given_name": "Fatou", "family_name": "Diop", "name": "Fatou Diop", "status": "ACTIVE"})

    def is_active(self, call: Call) -> Response:
        refused = self._refused(call, "collection")
        return refused or JSONResponse({"result": code_of_party(call.params["msisdn"]) != "015"})

    def balance(self, call: Call, product: str) -> Response:
        refused = self._refused(call, product)
        if refused is not None:
            return refused
        currency = CURRENCIES[call.headers["x-target-environment"]]
        total = OPENING_BALANCE_UNITS * 10**currency.exponent
        for row in self.kernel.book:
            if row.adapter == self.fake.name and row.currency == currency:
                is_in = row.kind in {"collect", "unasked"}
                if is_in == (product == "collection"):
                    total += row.amount_minor if row.kind in {"collect", "unasked", "reversal"} else -row.amount_minor
        shown = format_amount(Money(total, currency), decimals="TWO_PLACES")
        return JSONResponse({"availableBalance": shown, "currency": currency.value})

    def _refused(self, call: Call, product: str) -> Response | None:
        """Check what the gateway checks: subscription, token, environment."""
        if not self._has_subscription(call, product):
            return _gateway(401, "Access denied due to invalid subscription key.")
        owner, _, rest = call.bearer.partition(".")
        until, _, signature = rest.partition(".")
        is_ours = owner == product and hmac.compare_digest(signature.encode(), self._sign(product + until).encode())
        if not is_ours or int(until, 16) <= self.kernel.now().timestamp():
            return JSONResponse(
                {"error": "invalid_token", "error_description": "Access token is invalid or expired"}, 401
            )
        if call.headers.get("x-target-environment") not in CURRENCIES:
            return _error(400, "NOT_ALLOWED_TARGET_ENVIRONMENT", "Access to target environment is forbidden.")
        return None

    def _misshaped(self, call: Call) -> Response | None:
        """Check the form of a submission."""
        document = call.document()
        if call.headers.get("content-type", "").partition(";")[0] != "application/json":
            return _error(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type application/json is expected")
        if not _is_uuid4(call.headers.get("x-reference-id", "")):
            return _error(400, "BAD_REQUEST", "Reference id is not in UUID format")
        if not call.headers.get("x-callback-url", "http").startswith("http"):
            return _error(400, "INVALID_CALLBACK_URL_HOST", "Callback URL with unknown host.")
        for name in ("payerMessage", "payeeNote"):
            text = str(document.get(name, ""))
            if len(text) > LONGEST_MESSAGE or not _MESSAGE.fullmatch(text):
                return _error(400, "BAD_REQUEST", f"{name} has characters that are not allowed")
        return None

    def _has_subscription(self, call: Call, product: str) -> bool:
        return call.headers.get("ocp-apim-subscription-key") == self._secret(product, "subscription")

    def _secret(self, product: str, kind: str) -> str:
        return self.kernel.secret(self.fake.name, f"{product}_{kind}")

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret("collection", "key").encode(), text.encode(), "sha256").hexdigest()[:32]


def _document(payment: Payment, says: SeenState) -> dict[str, Any]:
    """Return the status body, which is the callback's too; a failure has no `financialTransactionId`."""
    word, colon, code = payment.story.code.partition(":")
    is_own_word = bool(colon) and (says is payment.state or says is SeenState.PENDING)
    if colon and payment.state is SeenState.SUCCEEDED:
        is_own_word = False
    document: dict[str, Any] = {
        "externalId": payment.reference,
        "amount": format_amount(payment.amount, decimals="TWO_PLACES"),
        "currency": payment.amount.currency.value,
        ("payer" if payment.operation == "collect" else "payee"): {"partyIdType": "MSISDN", "partyId": payment.party},
        "payerMessage": "",
        "payeeNote": "",
        "status": word if is_own_word else _WORDS[says],
    }
    if says is SeenState.SUCCEEDED:
        document["financialTransactionId"] = payment.provider_ref
    elif says is not SeenState.PENDING:
        told = code if colon else _CODES.get(payment.reason, "INTERNAL_PROCESSING_ERROR") if payment.reason else ""
        # MTN writes an object or a plain text, as the market has it.
        if told:
            document["reason"] = (
                {"code": told, "message": told.replace("_", " ")} if payment.operation == "collect" else told
            )
    return document


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status)


def _gateway(status: int, message: str) -> JSONResponse:
    return JSONResponse({"statusCode": status, "message": message}, status)


def _amount(raw: Any, currency: Currency) -> Money | None:
    amount = parse_amount(raw, currency) if isinstance(raw, str) else None
    has_decimals = isinstance(raw, str) and "." in raw and currency.exponent == 0
    return amount if amount is not None and amount.minor > 0 and not has_decimals else None


def _msisdn(raw: Any) -> str:
    number = raw.get("partyId") if isinstance(raw, dict) and raw.get("partyIdType") == "MSISDN" else ""
    return number if isinstance(number, str) and _DIGITS.fullmatch(number) else ""


def _is_uuid4(text: str) -> bool:
    try:
        return UUID(text).version == _UUID_VERSION and str(UUID(text)) == text.lower()
    except ValueError:
        return False


FAKES = (MtnFake,)
