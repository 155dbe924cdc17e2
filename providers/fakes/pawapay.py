"""pawaPay on loopback, three times: `pawapay`, and `mixx` and `moov` with the networks they are."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import clock
from core.money import Currency, Money
from providers import signatures
from providers.answers import SeenState
from providers.fakes import links
from providers.fakes.base import Call, Fake, Notice, route
from providers.fakes.book import Movement
from providers.fakes.kernel import Kernel, Operation, Payment
from providers.fakes.pawapay_papers import (
    CURRENCIES,
    KEY_ID,
    LARGEST_UNITS,
    NETWORKS,
    SANDBOX,
    check,
    failure,
    forger_key,
    network_of,
    number_of,
    payment_document,
    private_key,
    public_key,
)
from providers.mobile_money.pawapay_words import COUNTRIES, NETWORKS_WITH_CODE, NETWORKS_WITH_LINK
from providers.signatures import Message

OPENING_BALANCE_UNITS = 100_000_000
COLOUR = "#4b2e83"
_UUID_VERSION = 4


@dataclass(frozen=True, slots=True)
class _Kind:
    operation: Operation
    path: str
    id_name: str


_KINDS = (
    _Kind("collect", "/v2/deposits", "depositId"),
    _Kind("payout", "/v2/payouts", "payoutId"),
    _Kind("refund", "/v2/refunds", "refundId"),
)
_ID_NAMES = {kind.operation: kind.id_name for kind in _KINDS}
_TYPES = {
    "collect": "DEPOSIT",
    "unasked": "DEPOSIT",
    "payout": "PAYOUT",
    "refund": "REFUND",
    "reversal": "PAYOUT_REVERSAL",
}
_OWN_NETWORKS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "pawapay": NETWORKS,
    "mixx": {"SEN": ("FREE_SEN",)},
    "moov": {"BEN": ("MOOV_BEN",), "BFA": ("MOOV_BFA",)},
}


class PawaPayFake(Fake):
    """One merchant's side of pawaPay. Callbacks go to one registered address and are signed with its own key."""

    cannot_show = frozenset({"013"})  # no word of theirs says that a payout came back

    def __init__(self, name: str) -> None:
        self.name = name
        self.statements: dict[str, Mapping[str, Any]] = {}

    def reset(self) -> None:
        """Forget the statements that were ordered."""
        self.statements.clear()

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the documented addresses, the file of a statement and the page of an operator with links."""
        desk, extras = _Desk(self, kernel), _Extras(self, kernel)
        routes = [
            route("/v2/payouts/fail-enqueued/{id}", desk.fail_enqueued),
            route("/v2/active-conf", extras.active_configuration, "GET"),
            route("/v2/availability", extras.availability, "GET"),
            route("/v2/predict-provider", extras.predict),
            route("/v2/public-key/http", extras.public_keys, "GET"),
            route("/v2/wallet-balances", extras.balances, "GET"),
            route("/v2/statements", extras.order_statement),
            route("/v2/statements/{id}", extras.read_statement, "GET"),
            route("/files/{id}", extras.statement_file, "GET"),
            route("/pay/{id}", desk.show_link, "GET"),
            route("/pay/{id}", desk.press_link, "POST"),
        ]
        for kind in _KINDS:
            routes.append(route(kind.path, partial(desk.submit, kind=kind)))
            routes.append(route(kind.path + "/resend-callback/{id}", partial(desk.resend, kind=kind)))
            routes.append(route(kind.path + "/{id}", partial(desk.read, kind=kind), "GET"))
        return routes

    def notice(self, kernel: Kernel, payment: Payment, says: SeenState, *, is_forged: bool) -> Notice | None:
        """Return a callback signed for the address it goes to, or for the public one where it was configured."""
        url = kernel.callback_url(self.name)
        if not url:
            return None
        document = payment_document(payment, says, _ID_NAMES[payment.operation])
        document["metadata"] = {"t": payment.reference}
        document.pop("clientReferenceId", None)
        body = json.dumps(document, separators=(",", ":")).encode()
        address = urlsplit(url)
        authority = kernel.secrets.get(self.name, {}).get("authority") or address.netloc
        message = Message("POST", authority, address.path, {"Content-Type": "application/json"}, body)
        key = forger_key() if is_forged else private_key()
        return Notice(url, body, signatures.sign_message(message, key, KEY_ID, clock.now().timestamp()))

    def refusal(self, status: int) -> Response:
        """Answer as pawaPay does."""
        codes = {401: "AUTHENTICATION_ERROR", 403: "AUTHORISATION_ERROR"}
        return failure(status, codes.get(status, "UNKNOWN_ERROR"))

    def refused(self, kernel: Kernel, call: Call) -> Response | None:
        """Check the token, and the form of what is sent."""
        if not call.bearer:
            return failure(401, "NO_AUTHENTICATION")
        if call.bearer != kernel.secret(self.name, "api_token"):
            return failure(401, "AUTHENTICATION_ERROR")
        if call.body and call.headers.get("content-type", "").partition(";")[0] != "application/json":
            return failure(400, "INVALID_INPUT", "Content-Type application/json is expected")
        return None


class _Desk:
    """Deposits, payouts, refunds."""

    def __init__(self, fake: PawaPayFake, kernel: Kernel) -> None:
        self.fake = fake
        self.kernel = kernel

    def submit(self, call: Call, kind: _Kind) -> Response:
        refused, document = self.fake.refused(self.kernel, call), call.document()
        own_id = str(document.get(kind.id_name, ""))
        if refused is not None or not _is_uuid4(own_id):
            return refused or failure(400, "INVALID_PARAMETER", kind.id_name)
        answer = {kind.id_name: own_id, "created": self.kernel.now().isoformat()}
        if self.kernel.find(self.fake.name, own_id) is not None:
            return JSONResponse({**answer, "status": "DUPLICATE_IGNORED"})
        original = self._original(document)
        problem = check(document, kind.operation, original, links.refunded(self.kernel, original) if original else 0)
        if isinstance(problem, Response):
            return problem
        if isinstance(problem, str):
            reason = {"failureCode": problem, "failureMessage": problem}
            return JSONResponse({**answer, "status": "REJECTED", "failureReason": reason})
        network = network_of(document)
        self.kernel.open(
            self.fake,
            kind.operation,
            own_id,
            problem,
            reference=_reference(document),
            party=original.party if original else number_of(document),
            sandbox=SANDBOX,
            original=original,
            is_by_link=network in NETWORKS_WITH_LINK,
            document={
                "network": network or (original.document.get("network", "") if original else ""),
                "link": f"{call.root}/pay/{own_id}" if network in NETWORKS_WITH_LINK else "",
                "urls": [str(document.get(name, "")) for name in ("successfulUrl", "failedUrl")],
            },
        )
        step = "GET_AUTH_URL" if network in NETWORKS_WITH_LINK else "FINAL_STATUS"
        return JSONResponse(
            {**answer, "status": "ACCEPTED", **({"nextStep": step} if kind.operation == "collect" else {})}
        )

    def read(self, call: Call, kind: _Kind) -> Response:
        refused = self.fake.refused(self.kernel, call)
        if refused is not None:
            return refused
        payment = self.kernel.read(self.fake.name, call.params["id"])
        if payment is None or payment.operation != kind.operation:
            return JSONResponse({"status": "NOT_FOUND"})
        return JSONResponse({"status": "FOUND", "data": payment_document(payment, payment.state, kind.id_name)})

    def resend(self, call: Call, kind: _Kind) -> Response:
        refused = self.fake.refused(self.kernel, call)
        payment = self.kernel.find(self.fake.name, call.params["id"])
        if refused is not None or payment is None or payment.operation != kind.operation:
            return refused or failure(404, "NOT_FOUND")
        self.kernel.tell(payment)
        return JSONResponse({kind.id_name: payment.id, "status": "ACCEPTED"})

    def fail_enqueued(self, call: Call) -> Response:
        refused = self.fake.refused(self.kernel, call)
        payment = self.kernel.find(self.fake.name, call.params["id"])
        if refused is not None or payment is None:
            return refused or failure(404, "NOT_FOUND")
        is_waiting = payment_document(payment, payment.state, "payoutId")["status"] == "ENQUEUED"
        if not is_waiting:
            return failure(400, "INVALID_STATE")
        self.kernel.end(payment, SeenState.CANCELLED)
        return JSONResponse({"payoutId": payment.id, "status": "ACCEPTED"})

    def show_link(self, call: Call) -> Response:
        return links.show("pawaPay", COLOUR, self.kernel.find(self.fake.name, call.params["id"]))

    def press_link(self, call: Call) -> Response:
        payment = self.kernel.find(self.fake.name, call.params["id"])
        success_url, error_url = payment.document["urls"] if payment else ("", "")
        return links.press(self.kernel, call, payment, success_url, error_url) or self.show_link(call)

    def _original(self, document: Mapping[str, Any]) -> Payment | None:
        is_refund = "refundId" in document
        return self.kernel.find(self.fake.name, str(document.get("depositId", ""))) if is_refund else None


class _Extras:
    """What pawaPay tells beside payments."""

    def __init__(self, fake: PawaPayFake, kernel: Kernel) -> None:
        self.fake = fake
        self.kernel = kernel
        self.networks = _OWN_NETWORKS[fake.name]

    def active_configuration(self, call: Call) -> Response:
        refused = self.fake.refused(self.kernel, call)
        countries = [
            {"country": country, "providers": [_configuration(country, network) for network in networks]}
            for country, networks in self.networks.items()
        ]
        return refused or JSONResponse({"companyName": "Palabre", "countries": countries})

    def availability(self, call: Call) -> Response:
        refused = self.fake.refused(self.kernel, call)
        kinds = [{"operationType": kind, "status": "OPERATIONAL"} for kind in ("DEPOSIT", "PAYOUT")]
        rows = [
            {"country": country, "providers": [{"provider": network, "operationTypes": kinds} for network in networks]}
            for country, networks in self.networks.items()
        ]
        return refused or JSONResponse(rows)

    def predict(self, call: Call) -> Response:
        refused, number = self.fake.refused(self.kernel, call), str(call.document().get("phoneNumber", ""))
        if refused is not None:
            return refused
        prefixes = {"229": "BEN", "226": "BFA", "237": "CMR", "225": "CIV", "243": "COD", "221": "SEN"}
        country = prefixes.get(number[:3])
        if country is None:
            return failure(400, "INVALID_INPUT", "phoneNumber")
        return JSONResponse({"country": country, "provider": NETWORKS[country][0], "phoneNumber": number})

    def public_keys(self, _call: Call) -> Response:
        return JSONResponse([{"id": KEY_ID, "key": public_key()}])

    def balances(self, call: Call) -> Response:
        rows = [
            {"country": country, "balance": self._held(country).plain, "currency": CURRENCIES[country], "provider": ""}
            for country in self.networks
        ]
        return self.fake.refused(self.kernel, call) or JSONResponse({"balances": rows})

    def order_statement(self, call: Call) -> Response:
        refused, document = self.fake.refused(self.kernel, call), call.document()
        wallet = document.get("wallet")
        if refused is not None or not isinstance(wallet, dict):
            return refused or failure(400, "MISSING_PARAMETER", "wallet")
        try:
            start, end = (datetime.fromisoformat(str(document[name])) for name in ("startDate", "endDate"))
        except (KeyError, ValueError):
            return failure(400, "INVALID_PARAMETER", "startDate, endDate")
        key = str(uuid5(NAMESPACE_URL, f"{len(self.fake.statements)}:{start}:{end}:{wallet}"))
        self.fake.statements[key] = {**wallet, "start": start, "end": end}
        return JSONResponse({"statementId": key, "status": "ACCEPTED"})

    def read_statement(self, call: Call) -> Response:
        refused, key = self.fake.refused(self.kernel, call), call.params["id"]
        if refused is not None or key not in self.fake.statements:
            return refused or JSONResponse({"status": "NOT_FOUND"})
        data = {"statementId": key, "status": "COMPLETED", "downloadUrl": f"{call.root}/files/{key}"}
        return JSONResponse({"status": "FOUND", "data": data})

    def statement_file(self, call: Call) -> Response:
        asked = self.fake.statements.get(call.params["id"])
        if asked is None:
            return failure(404, "NOT_FOUND")
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, _COLUMNS)
        writer.writeheader()
        for row, payment in self._movements():
            is_then = asked["start"] <= row.at < asked["end"]
            is_there = asked.get("currency") == row.currency and asked.get("country") == _country(payment)
            if is_then and is_there and (payment is None or payment.story.is_listed):
                writer.writerow(_line(row, payment))
        return Response(sheet.getvalue(), media_type="text/csv")

    def _held(self, country: str) -> Money:
        currency = CURRENCIES[country]
        opening = Money(OPENING_BALANCE_UNITS * 10**currency.exponent, currency)
        return links.held((row for row, payment in self._movements() if _country(payment) == country), opening)

    def _movements(self) -> Iterator[tuple[Movement, Payment | None]]:
        for row in self.kernel.book:
            if row.adapter == self.fake.name:
                yield row, self.kernel.find(self.fake.name, row.payment_id)


_COLUMNS = (
    "transactionType",
    "transactionId",
    "status",
    "amount",
    "currency",
    "country",
    "provider",
    "phoneNumber",
    "providerTransactionId",
    "completed",
    "fee",
)


def _line(row: Movement, payment: Payment | None) -> dict[str, Any]:
    return {
        "transactionType": _TYPES.get(row.kind, row.kind.upper()),
        "transactionId": row.payment_id,
        "status": "COMPLETED",
        "amount": Money(row.amount_minor, Currency(row.currency)).plain,
        "currency": row.currency,
        "country": _country(payment),
        "provider": payment.document.get("network", "") if payment else "",
        "phoneNumber": row.party,
        "providerTransactionId": row.provider_ref,
        "completed": row.at.isoformat(),
        "fee": str(row.fee_minor),
    }


def _country(payment: Payment | None) -> str:
    """Return the country of a payment: that of its number where nothing names a network (a payment never asked for)."""
    network = payment.document.get("network", "") if payment else ""
    named = next((country for country, networks in NETWORKS.items() if network in networks), "")
    dialled = {"229": "BJ", "226": "BF", "237": "CM", "225": "CI", "243": "CD", "221": "SN"}
    return named or COUNTRIES.get(dialled.get(payment.party[:3] if payment else "", ""), "")


def _configuration(country: str, network: str) -> dict[str, Any]:
    authentication = "PREAUTH" if network in NETWORKS_WITH_CODE else "PROVIDER_AUTH"
    if network in NETWORKS_WITH_LINK:
        authentication = "REDIRECT_AUTH"
    currency = CURRENCIES[country]
    bounds = {
        "minAmount": "1",
        "maxAmount": str(LARGEST_UNITS),
        "decimalsInAmount": "TWO_PLACES" if currency.exponent else "NONE",
    }
    kinds = {"DEPOSIT": {**bounds, "authType": authentication}, "PAYOUT": bounds}
    return {"provider": network, "currencies": [{"currency": currency.value, "operationTypes": kinds}]}


def _reference(document: Mapping[str, Any]) -> str:
    """Return our reference: of a refund, which has no field for it, from its metadata."""
    given = document.get("clientReferenceId")
    if isinstance(given, str) and given:
        return given
    rows = document.get("metadata")
    told = [str(row["t"]) for row in rows if isinstance(row, dict) and "t" in row] if isinstance(rows, list) else []
    return told[0] if told else ""


def _is_uuid4(text: str) -> bool:
    try:
        return UUID(text).version == _UUID_VERSION
    except ValueError:
        return False


FAKES = tuple(partial(PawaPayFake, name) for name in ("pawapay", "mixx", "moov"))
