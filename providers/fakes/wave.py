"""Wave on loopback: checkout links, immediate payouts, the list of a day. One wallet, one key, one webhook."""

import itertools
import json
import re
from datetime import date
from hashlib import sha256
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import clock
from core.money import Currency, Money
from providers import http, signatures
from providers.answers import Reason, SeenState
from providers.fakes import links
from providers.fakes.base import Call, Fake, Notice, route
from providers.fakes.behaviour import code_of_party
from providers.fakes.book import Movement
from providers.fakes.kernel import Kernel, Payment
from providers.fakes.wave_papers import LINK_LIFE, error, event_of, payout_of, session_of, short, whole_amount

PAGE_LENGTH = 100
PAYOUT_FEE_BPS = 100
LONGEST_REASON = 40
OPENING_BALANCE = Money(100_000_000, Currency.XOF)
COLOUR = "#1dc8ff"
_E164 = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
_KINDS = {
    "collect": "api_checkout",
    "refund": "api_checkout_refund",
    "payout": "api_payout",
    "reversal": "api_payout_reversal",
    "unasked": "merchant_payment",
}
_LEAVING = frozenset({"refund", "payout"})


class WaveFake(Fake):
    """Checkouts are kept under our `client_reference`, payouts under the idempotency key."""

    name = "wave"

    def __init__(self) -> None:
        self.by_wave_id: dict[str, Payment] = {}

    def reset(self) -> None:
        """Forget which ids were given."""
        self.by_wave_id.clear()

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the documented addresses, and the page behind a link."""
        desk = _Desk(self, kernel)
        sessions, payouts = "/v1/checkout/sessions", "/v1/payout"
        return [
            route(sessions, desk.checkout),
            route(f"{sessions}/search", desk.search_checkouts, "GET"),
            route(sessions + "/{id}", desk.read_checkout, "GET"),
            route(sessions + "/{id}/expire", desk.expire),
            route(sessions + "/{id}/refund", desk.refund),
            route(payouts, desk.payout),
            route("/v1/payouts/search", desk.search_payouts, "GET"),
            route(payouts + "/{id}", desk.read_payout, "GET"),
            route(payouts + "/{id}/reverse", desk.reverse),
            route("/v1/verify_recipient/", desk.verify_recipient),
            route("/v1/transactions", desk.transactions, "GET"),
            route("/v1/balance", desk.balance, "GET"),
            route("/c/{id}", desk.show_link, "GET"),
            route("/c/{id}", desk.press_link, "POST"),
        ]

    def notice(self, kernel: Kernel, payment: Payment, says: SeenState, *, is_forged: bool) -> Notice | None:
        """Return an event; Wave sends none for payouts and refunds, and calls one address for all."""
        url = kernel.callback_url(self.name)
        if payment.operation != "collect" or not url:
            return None
        body = json.dumps(event_of(payment, says), ensure_ascii=False, separators=(",", ":")).encode()
        secret = "wave_sn_WHS_forged" if is_forged else kernel.secret(self.name, "webhook_secret")
        if kernel.secrets.get(self.name, {}).get("strategy") == "bearer":
            headers = {"Authorization": f"Bearer {secret}"}
        else:
            headers = signatures.sign_hmac(signatures.WAVE, [secret], body, clock.now().timestamp())
        return Notice(url, body, {"Content-Type": "application/json", **headers})

    def refusal(self, status: int) -> Response:
        """Answer as Wave does."""
        codes = {401: "authentication-failed", 403: "api-key-not-allowed", 429: "too-many-requests"}
        return error(status, codes.get(status, "internal-server-error"))


class _Desk:
    """What each address does."""

    def __init__(self, fake: WaveFake, kernel: Kernel) -> None:
        self.fake = fake
        self.kernel = kernel

    def checkout(self, call: Call) -> Response:
        refused = self._refused(call)
        document = call.document()
        amount = whole_amount(document, "amount")
        restricted = document.get("restrict_payer_mobile", "")
        urls = [str(document.get(name, "")) for name in ("success_url", "error_url")]
        is_sound = amount is not None and (not restricted or _E164.fullmatch(str(restricted)))
        if refused is not None or amount is None:
            return refused or error(400, "request-validation-error")
        if not is_sound or not all(map(http.is_safe_url, urls)):
            return error(400, "request-validation-error")
        reference = str(document.get("client_reference") or "")
        own_id = self._free_id(reference)
        wave_id = "cos-" + short(own_id)
        kept = {"id": wave_id, "root": call.root, "restricted": restricted, "urls": urls, "is_open": True}
        payment = self.kernel.open(
            self.fake,
            "collect",
            own_id,
            amount,
            reference=reference,
            party=str(restricted),
            provider_ref="T" + short("t" + own_id).upper(),
            is_by_link=True,
            document=kept,
        )
        return JSONResponse(session_of(payment, payment.state))

    def read_checkout(self, call: Call) -> Response:
        payment = self._known(call, "collect")
        return payment if isinstance(payment, Response) else JSONResponse(session_of(payment, payment.state))

    def search_checkouts(self, call: Call) -> Response:
        return self._search(call, "collect")

    def expire(self, call: Call) -> Response:
        payment = self._known(call, "collect")
        if isinstance(payment, Response):
            return payment
        if not payment.is_pending:
            return error(409, "checkout-session-not-open")
        self.kernel.end(payment, SeenState.EXPIRED, Reason.LINK_EXPIRED)
        return Response(status_code=200)

    def refund(self, call: Call) -> Response:
        payment = self._known(call, "collect")
        if isinstance(payment, Response):
            return payment
        own_id = f"{payment.id}:refund"
        if self.kernel.find(self.fake.name, own_id) is not None:
            return Response(status_code=200)
        if payment.state is not SeenState.SUCCEEDED:
            return error(409, "checkout-refund-failed")
        given_back = self.kernel.open(
            self.fake,
            "refund",
            own_id,
            payment.amount,
            reference=own_id,
            party=payment.party,
            original=payment,
            is_immediate=True,
            provider_ref="T" + short("t" + own_id).upper(),
        )
        if given_back.state is SeenState.FAILED:
            return error(400, "checkout-refund-failed")
        return Response(status_code=200)

    def payout(self, call: Call) -> Response:
        refused, document = self._refused(call), call.document()
        amount, key = whole_amount(document, "receive_amount"), call.headers.get("idempotency-key", "")
        mobile = str(document.get("mobile", ""))
        if refused is not None or amount is None:
            return refused or error(400, "request-validation-error")
        reason = str(document.get("payment_reason", ""))
        if not key or not _E164.fullmatch(mobile) or len(reason) > LONGEST_REASON:
            return error(400, "request-validation-error")
        digest = sha256(call.body).hexdigest()
        known = self.kernel.find(self.fake.name, key)
        if known is not None:
            is_same = known.document.get("digest") == digest
            return JSONResponse(payout_of(known)) if is_same else error(409, "idempotency-mismatch")
        payment = self.kernel.open(
            self.fake,
            "payout",
            key,
            amount,
            reference=str(document.get("client_reference") or ""),
            party=mobile,
            provider_ref="pt-" + short(key),
            is_immediate=True,
            fee_bps=PAYOUT_FEE_BPS,
            document={"id": "pt-" + short(key), "digest": digest},
        )
        return JSONResponse(payout_of(payment))

    def read_payout(self, call: Call) -> Response:
        payment = self._known(call, "payout")
        return payment if isinstance(payment, Response) else JSONResponse(payout_of(payment))

    def search_payouts(self, call: Call) -> Response:
        return self._search(call, "payout")

    def reverse(self, call: Call) -> Response:
        payment = self._known(call, "payout")
        if isinstance(payment, Response):
            return payment
        if payment.state is SeenState.SUCCEEDED:
            self.kernel.reverse(payment)
        is_back = payment.state is SeenState.REVERSED
        return Response(status_code=200) if is_back else error(409, "payout-reversal-failed")

    def verify_recipient(self, call: Call) -> Response:
        refused, document = self._refused(call), call.document()
        if refused is not None:
            return refused
        if not _E164.fullmatch(str(document.get("mobile", ""))) or whole_amount(document, "amount") is None:
            return error(400, "request-validation-error")
        is_known = code_of_party(str(document["mobile"])) != "015"
        return JSONResponse({"within_limits": True, "name_match": "MATCH" if is_known else "NAME_NOT_AVAILABLE"})

    def transactions(self, call: Call) -> Response:
        refused = self._refused(call)
        try:
            day = date.fromisoformat(call.query.get("date", ""))
            start = int(call.query.get("after", "0"))
        except ValueError:
            return refused or error(400, "request-validation-error")
        if refused is not None:
            return refused
        rows = [row for row in self.kernel.book if row.adapter == self.fake.name and row.at.date() == day]
        items = [self._item(row) for row in rows if self._is_listed(row)]
        end = start + PAGE_LENGTH
        info = {"start_cursor": str(start), "end_cursor": str(end), "has_next_page": end < len(items)}
        return JSONResponse({"page_info": info, "date": day.isoformat(), "items": items[start:end]})

    def balance(self, call: Call) -> Response:
        held = links.held((row for row in self.kernel.book if row.adapter == self.fake.name), OPENING_BALANCE)
        return self._refused(call) or JSONResponse({"amount": held.plain, "currency": held.currency.value})

    def show_link(self, call: Call) -> Response:
        return links.show("Wave", COLOUR, self._find(call.params["id"]))

    def press_link(self, call: Call) -> Response:
        payment = self._find(call.params["id"])
        success_url, error_url = payment.document["urls"] if payment else ("", "")
        return links.press(self.kernel, call, payment, success_url, error_url) or self.show_link(call)

    def _refused(self, call: Call) -> Response | None:
        """Check the key, and the signature that Wave was asked to demand of our calls."""
        if call.bearer != self.kernel.secret(self.fake.name, "api_key"):
            return error(401, "authentication-failed")
        secret = self.kernel.secret(self.fake.name, "signing_secret")
        if not signatures.verify_hmac(signatures.WAVE, [secret], call.headers, call.body, clock.now().timestamp()):
            return error(401, "invalid-signature")
        if call.body and call.headers.get("content-type", "").partition(";")[0] != "application/json":
            return error(400, "request-validation-error")
        return None

    def _free_id(self, reference: str) -> str:
        """Return an id for one more checkout: several may carry one reference."""
        ids = itertools.chain([reference] if reference else [], (f"{reference}#{n}" for n in itertools.count(2)))
        return next(own_id for own_id in ids if self.kernel.find(self.fake.name, own_id) is None)

    def _find(self, wave_id: str) -> Payment | None:
        """Return a payment by Wave's id, its link ended if its day is over."""
        if wave_id not in self.fake.by_wave_id:
            known = self.kernel.search(self.fake.name)
            self.fake.by_wave_id.update({one.document.get("id", ""): one for one in known})
        payment = self.fake.by_wave_id.get(wave_id)
        if (
            payment is not None
            and payment.operation == "collect"
            and payment.opened_at + LINK_LIFE <= self.kernel.now()
        ):
            self.kernel.end(payment, SeenState.EXPIRED, Reason.LINK_EXPIRED)
        return payment

    def _known(self, call: Call, operation: str) -> Payment | Response:
        refused = self._refused(call)
        if refused is not None:
            return refused
        payment = self._find(call.params["id"])
        if payment is None or payment.operation != operation:
            return error(404, "not-found")
        self.kernel.read(self.fake.name, payment.id)
        return payment

    def _search(self, call: Call, operation: str) -> Response:
        refused = self._refused(call)
        if refused is not None:
            return refused
        found = [
            one for one in self.kernel.search(self.fake.name, call.query.get("client_reference", "")) if one.reference
        ]
        mine = [one for one in found if one.operation == operation]
        for payment in mine:
            self.kernel.read(self.fake.name, payment.id)
        shown = [session_of(one, one.state) if operation == "collect" else payout_of(one) for one in mine]
        return JSONResponse({"result": shown})

    def _is_listed(self, row: Movement) -> bool:
        payment = self.kernel.find(self.fake.name, row.payment_id)
        return payment is None or payment.story.is_listed

    def _item(self, row: Movement) -> dict[str, Any]:
        payment = self.kernel.find(self.fake.name, row.payment_id)
        checkout = payment.original or payment if payment else None
        return {
            "timestamp": row.at.isoformat().replace("+00:00", "Z"),
            "transaction_id": row.provider_ref,
            "transaction_type": _KINDS[row.kind],
            "amount": f"{'-' if row.kind in _LEAVING else ''}{row.amount_minor}",
            "fee": str(row.fee_minor),
            "currency": row.currency,
            "counterparty_mobile": row.party,
            "client_reference": row.reference if row.kind != "refund" else "",
            "checkout_api_session_id": checkout.document.get("id", "") if checkout and row.kind != "payout" else "",
        }


FAKES = (WaveFake,)
