"""The fake of Orange Money WebPay: a link, a page, a notification without order, amount or signature."""

import hashlib
import json
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.money import Currency, Money
from providers.answers import SeenState
from providers.fakes import links
from providers.fakes.base import Call, Notice, route
from providers.fakes.kernel import Kernel, Payment, serial
from providers.fakes.orange_desk import COLOUR, OrangeFake, invalid_client, is_json

LINK_LIFE_S = 600
LONGEST_ID = 30
LONGEST_URL = 120
TITLE = "Orange Money"
CURRENCY_OF_MARKET = {"dev": "OUV", "cm": "XAF", "gn": "GNF", "cd": "CDF"}
WORDS = {
    SeenState.PENDING: "PENDING",
    SeenState.SUCCEEDED: "SUCCESS",
    SeenState.FAILED: "FAILED",
    SeenState.EXPIRED: "EXPIRED",
}


class OrangeWebPayFake(OrangeFake):
    """Every market at once; `dev` counts in OUV."""

    name = "orange_webpay"
    cannot_show = frozenset({"008", "009", "010"})  # a status without amount, currency or party cannot lie about them

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return tokens (both versions), the two calls of each market, and the page."""
        return [
            route("/oauth/v3/token", lambda call: self._token(kernel, call)),
            route("/oauth/v2/token", lambda call: self._token(kernel, call)),
            route("/orange-money-webpay/{market}/v1/webpayment", lambda call: self._pay(kernel, call)),
            route("/orange-money-webpay/{market}/v1/transactionstatus", lambda call: self._status(kernel, call)),
            route("/payment/{pay_token}", lambda call: self._page(kernel, call), "GET", "POST"),
        ]

    def refusal(self, status: int) -> Response:
        """Return Orange's error: a code of its own, a message, a description."""
        code = {401: 42, 403: 50, 404: 60, 415: 68, 429: 53}.get(status, 1)
        return JSONResponse({"code": code, "message": "refused", "description": "The request was refused."}, status)

    def notice(self, kernel: Kernel, payment: Payment, says: SeenState, *, is_forged: bool) -> Notice | None:
        """Return the notification; a forged one has a token that Orange never gave."""
        url = kernel.callback_url(self.name, payment.callback_url)
        if not url:
            return None
        token = _token_of(payment.id, "forged" if is_forged else "notif")
        body = {"status": WORDS.get(says, "FAILED"), "notif_token": token, "txnid": payment.provider_ref}
        return Notice(url, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _token(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        if not self.is_basic_right(kernel, call) or call.form().get("grant_type") != "client_credentials":
            return invalid_client()
        return self.give_token(kernel)

    def _pay(self, kernel: Kernel, call: Call) -> Response:
        asked = call.document()
        refusal = self._refused(kernel, call) or self._wrong_order(kernel, call, asked)
        if refusal is not None:
            return refusal
        order_id = asked["order_id"]
        currency = Currency(asked["currency"]) if asked["currency"] in set(Currency) else Currency.XOF
        pay_token = _token_of(order_id, "pay")
        kernel.open(
            self,
            "collect",
            order_id,
            Money(asked["amount"] * 10**currency.exponent, currency),
            reference=order_id,
            callback_url=asked["notif_url"],
            provider_ref=f"MP{kernel.now():%y%m%d.%H%M}.A{serial(self.name, order_id)}",
            is_link_needed=True,
            is_by_link=True,
            document=asked,
        )
        return JSONResponse(
            {
                "status": 201,
                "message": "OK",
                "pay_token": pay_token,
                "payment_url": f"{call.root}/payment/{order_id}.{pay_token}",
                "notif_token": _token_of(order_id, "notif"),
            },
            201,
        )

    def _status(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        refusal = self._refused(kernel, call)
        if refusal is not None:
            return refusal
        asked = call.document()
        payment = kernel.read(self.name, str(asked.get("order_id")))
        is_known = (
            payment is not None
            and asked.get("pay_token") == _token_of(payment.id, "pay")
            and asked.get("amount") == payment.document["amount"]
        )
        if payment is None or not is_known:
            return self.refusal(404)
        answer = {"status": _word(payment), "order_id": payment.id}
        return answer | ({"txnid": payment.provider_ref} if payment.state is SeenState.SUCCEEDED else {})

    def _page(self, kernel: Kernel, call: Call) -> Response:
        order_id, _, token = call.params["pay_token"].partition(".")
        payment = kernel.find(self.name, order_id) if token == _token_of(order_id, "pay") else None
        if payment is None:
            return links.show(TITLE, COLOUR, None)
        if payment.is_pending and (kernel.now() - payment.opened_at).total_seconds() > LINK_LIFE_S:
            kernel.end(payment, SeenState.EXPIRED)
        asked = payment.document
        pressed = None
        if call.method == "POST":
            pressed = links.press(kernel, call, payment, str(asked["return_url"]), str(asked["cancel_url"]))
        return pressed or links.show(str(asked["reference"]), COLOUR, payment)

    def _refused(self, kernel: Kernel, call: Call) -> Response | None:
        """Refuse a call without a good token or without JSON."""
        if not self.is_token_good(kernel, call):
            return self.refusal(401)
        return None if is_json(call) else self.refusal(415)

    def _wrong_order(self, kernel: Kernel, call: Call, asked: dict[str, Any]) -> Response | None:
        """Refuse what Orange refuses: another key, currency, an id too long or used, a fraction, no address."""
        market = call.params["market"]
        order_id, amount, reference = asked.get("order_id"), asked.get("amount"), asked.get("reference")
        urls = [asked.get(name) for name in ("return_url", "cancel_url", "notif_url")]
        checks = {
            "Invalid merchant_key": asked.get("merchant_key") == kernel.secret(self.name, "merchant_key"),
            f"Invalid currency for {market}": asked.get("currency") == CURRENCY_OF_MARKET.get(market, "XOF"),
            "Invalid order_id": isinstance(order_id, str) and 0 < len(order_id) <= LONGEST_ID,
            "Invalid amount": type(amount) is int and amount > 0,
            "Invalid url": all(isinstance(url, str) and url.startswith("http") for url in urls),
            "Invalid notif_url": len(str(asked.get("notif_url"))) <= LONGEST_URL,
            "Invalid reference": isinstance(reference, str) and len(reference) <= LONGEST_ID,
            "order_id already used": kernel.find(self.name, str(order_id)) is None,
        }
        wrong = next((description for description, is_right in checks.items() if not is_right), None)
        return None if wrong is None else _wrong(wrong)


def _word(payment: Payment) -> str:
    """Return the status; before anybody typed anything it is INITIATED, and for ever PENDING where it never ends."""
    if payment.is_pending and payment.story.final is not None:
        return "INITIATED"
    return WORDS.get(payment.state, "FAILED")


def _token_of(order_id: str, purpose: str) -> str:
    return "v1" + hashlib.sha256(f"orange_webpay:{order_id}:{purpose}".encode()).hexdigest()[:40]


def _wrong(description: str) -> JSONResponse:
    return JSONResponse({"code": 20, "message": "Invalid body", "description": description}, 400)


FAKES = (OrangeWebPayFake,)
