"""The fake of Orange Cameroon: `init` gives a token and moves nothing, `pay` prompts, the notification is unsigned."""

import hashlib
import itertools
import json
import re
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.money import Currency, Money
from providers.answers import Reason, SeenState
from providers.fakes.base import Call, Notice, route
from providers.fakes.kernel import Kernel, Operation, Payment, serial
from providers.fakes.orange_desk import OrangeFake, invalid_client, is_json

ROOT = "/omcoreapis/1.0.2"
LONGEST_ORDER_ID = 20
REFUSED_AT_ONCE = frozenset({"014", "015"})
WORDS = {
    SeenState.PENDING: "PENDING",
    SeenState.SUCCEEDED: "SUCCESSFULL",
    SeenState.FAILED: "FAILED",
    SeenState.CANCELLED: "CANCELLED",
    SeenState.EXPIRED: "EXPIRED",
}
OPERATIONS: dict[str, Operation] = {"mp": "collect", "cashin": "payout"}
SENTENCES = {
    Reason.INSUFFICIENT_FUNDS: ("60019", "Le solde du compte du payeur est insuffisant"),
    Reason.OUR_WALLET_EMPTY: ("60019", "Le solde du compte du payeur est insuffisant"),
    Reason.PAYER_NOT_FOUND: ("417", "Beneficiaire introuvable"),
    Reason.PAYEE_NOT_FOUND: ("417", "Beneficiaire introuvable"),
    Reason.NOT_APPROVED: ("417", "Transaction refusee par le client"),
    Reason.PAYEE_NOT_ALLOWED: ("417", "Transaction refusee par le client"),
}
_MSISDN = re.compile(r"\d{9}", re.ASCII)
_AMOUNT = re.compile(r"[1-9]\d*", re.ASCII)


class OrangeCameroonFake(OrangeFake):
    """Cameroon: `mp` and `cashin` have the same calls."""

    name = "orange_cm"
    cannot_show = frozenset({"009", "013"})  # no answer names a currency, none says that a cash-in came back

    def __init__(self) -> None:
        self._prepared: dict[str, str] = {}
        self._n = itertools.count(1)
        self.pushed: list[str] = []

    def reset(self) -> None:
        """Forget what was prepared."""
        self._prepared.clear()
        self.pushed.clear()

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the token call and the four calls of each product."""
        return [
            route("/token", lambda call: self._token(kernel, call)),
            route(f"{ROOT}/{{product}}/init", lambda call: self._init(kernel, call)),
            route(f"{ROOT}/{{product}}/pay", lambda call: self._pay(kernel, call)),
            route(f"{ROOT}/{{product}}/paymentstatus/{{token}}", lambda call: self._status(kernel, call), "GET"),
            route(f"{ROOT}/mp/push/{{token}}", lambda call: self._push(kernel, call), "GET"),
        ]

    def refusal(self, status: int) -> Response:
        """Return the gateway's fault."""
        return fault(status, {401: "900901", 403: "900908", 429: "900802"}.get(status, "101500"), "refused")

    def notice(self, kernel: Kernel, payment: Payment, says: SeenState, *, is_forged: bool) -> Notice | None:  # noqa: ARG002
        """Return the unsigned notification: a forged one looks like any other, and only a read tells."""
        url = kernel.callback_url(self.name, payment.callback_url)
        body = {"payToken": payment.id, "status": WORDS.get(says, "FAILED"), "txnid": payment.provider_ref}
        return Notice(url, json.dumps(body).encode(), {"Content-Type": "application/json"}) if url else None

    def _token(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        if not self.is_basic_right(kernel, call) or call.form().get("grant_type") != "client_credentials":
            return invalid_client()
        return self.give_token(kernel) | {"scope": "am_application_scope default"}

    def _refused(self, kernel: Kernel, call: Call) -> Response | None:
        if not self.is_token_good(kernel, call):
            return self.refusal(401)
        if call.headers.get("x-auth-token") != kernel.secret(self.name, "x_auth_token"):
            return self.refusal(401)
        return None if call.params.get("product", "mp") in OPERATIONS else self.refusal(404)

    def _init(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        refusal = self._refused(kernel, call)
        if refusal is not None:
            return refusal
        drawn = hashlib.sha256(f"{kernel.chooser.seed}:{next(self._n)}".encode()).hexdigest()[:20].upper()
        token = f"MP{kernel.now():%y%m%d}{drawn}"
        self._prepared[token] = call.params["product"]
        return {"message": "Payment request successfully initiated", "data": {"payToken": token}}

    def _pay(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        asked = call.document()
        refusal = self._refused(kernel, call) or self._wrong_order(kernel, call, asked)
        if refusal is not None:
            return refusal
        operation = OPERATIONS[call.params["product"]]
        amount, party = Money(int(asked["amount"]), Currency.XAF), asked["subscriberMsisdn"]
        story = kernel.behaviour(self.name, operation, asked["orderId"], party, amount)
        payment = kernel.open(
            self,
            operation,
            asked["payToken"],
            amount,
            reference=asked["orderId"],
            party=party,
            callback_url=asked["notifUrl"],
            provider_ref=f"MP{kernel.now():%y%m%d.%H%M}.B{serial(self.name, asked['payToken'])}",
            is_immediate=story.code in REFUSED_AT_ONCE,
            document={name: value for name, value in asked.items() if name != "pin"},
        )
        data = data_of(payment)
        if payment.state is SeenState.FAILED:
            code, sentence = SENTENCES[payment.reason or Reason.NOT_APPROVED]
            return JSONResponse({"message": f"{code} :: {sentence}", "data": data}, 417)
        return {"message": "Merchant payment successfully initiated", "data": data}

    def _wrong_order(self, kernel: Kernel, call: Call, asked: dict[str, Any]) -> Response | None:
        """Refuse what they refuse; a fault comes with HTTP 200."""
        if not is_json(call):
            return fault(415, "101503", "Unsupported media type")
        token, order_id, amount = str(asked.get("payToken")), asked.get("orderId"), asked.get("amount")
        is_new = self._prepared.get(token) == call.params["product"] and kernel.find(self.name, token) is None
        is_fit = isinstance(order_id, str) and 0 < len(order_id) <= LONGEST_ORDER_ID and bool(asked.get("notifUrl"))
        checks = {
            "payToken invalide ou deja utilise": is_new,
            "Canal inconnu": asked.get("channelUserMsisdn") == kernel.secret(self.name, "channel_msisdn"),
            "PIN incorrect": asked.get("pin") == kernel.secret(self.name, "channel_pin"),
            "Abonne introuvable": _MSISDN.fullmatch(str(asked.get("subscriberMsisdn"))),
            "Requete invalide": is_fit and isinstance(amount, str) and _AMOUNT.fullmatch(amount),
        }
        wrong = next((description for description, is_right in checks.items() if not is_right), None)
        return None if wrong is None else fault(200, "5000", wrong)

    def _status(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        refusal = self._refused(kernel, call)
        if refusal is not None:
            return refusal
        token = call.params["token"]
        payment = kernel.read(self.name, token)
        if payment is not None:
            return {"message": "Transaction retrieved successfully", "data": data_of(payment)}
        if token not in self._prepared:
            return JSONResponse({"message": "Transaction not found", "data": None}, 404)
        prepared = {"payToken": token, "status": "INITIATED", "amount": None, "subscriberMsisdn": None, "txnid": None}
        return {"message": "Transaction retrieved successfully", "data": prepared}

    def _push(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        refusal = self._refused(kernel, call)
        payment = kernel.find(self.name, call.params["token"])
        if refusal is not None or payment is None:
            return refusal or self.refusal(404)
        self.pushed.append(payment.id)
        return {"message": "Push sent to customer", "data": data_of(payment)}


def data_of(payment: Payment) -> dict[str, Any]:
    """Return the transaction's record as every answer shows it."""
    code, sentence = SENTENCES.get(payment.reason, ("", "")) if payment.reason else ("", "")
    is_early = payment.state is SeenState.FAILED and payment.story.code in REFUSED_AT_ONCE
    is_ended = not payment.is_pending
    return {
        "id": int(serial(payment.adapter, payment.id, 8)),
        "createtime": str(int(payment.opened_at.timestamp())),
        "subscriberMsisdn": payment.party,
        "amount": payment.amount.plain,
        "payToken": payment.id,
        "txnid": None if is_early else payment.provider_ref,
        "txnmode": payment.reference,
        "inittxnmessage": sentence if is_early else "Paiement initie. Veuillez confirmer en composant #150*50#",
        "inittxnstatus": code if is_early else "200",
        "confirmtxnstatus": None if is_early or not is_ended else code or "200",
        "confirmtxnmessage": None if is_early or not is_ended else sentence or "Paiement effectue",
        "status": WORDS.get(payment.state, "FAILED"),
        "notifUrl": payment.callback_url,
        "description": payment.document.get("description", ""),
        "channelUserMsisdn": payment.document.get("channelUserMsisdn", ""),
    }


def fault(status: int, code: str, description: str) -> Response:
    """Return an error; many come with HTTP 200."""
    return JSONResponse({"fault": {"code": code, "message": "Runtime Error", "description": description}}, status)


FAKES = (OrangeCameroonFake,)
