"""The fake of Orange Sonatel: QR codes, payments by code, cash-ins with an encrypted PIN, records, signed callbacks."""

import base64
import hashlib
import json
import re
from datetime import datetime, timedelta
from functools import cached_property
from io import BytesIO
from typing import Any

import segno
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.money import Currency, Money
from providers import signatures
from providers.answers import Reason, SeenState
from providers.fakes import links
from providers.fakes.base import Call, Notice, route
from providers.fakes.kernel import Kernel, Operation, Payment, serial
from providers.fakes.orange_desk import COLOUR, OrangeFake, is_json

LEAST = 10
TITLE = "Orange Money"
KEY_BITS = 2_048
WALLET = "/api/eWallet"
REFUSED_AT_ONCE = frozenset({"014", "015", "016"})
WORDS = {
    SeenState.PENDING: "PENDING",
    SeenState.SUCCEEDED: "SUCCESS",
    SeenState.FAILED: "FAILED",
    SeenState.CANCELLED: "CANCELLED",
    SeenState.EXPIRED: "CANCELLED",
}
CODES = {
    Reason.PAYER_NOT_FOUND: "2000",
    Reason.PAYEE_NOT_FOUND: "2001",
    Reason.INSUFFICIENT_FUNDS: "2020",
    Reason.OUR_WALLET_EMPTY: "2020",
    Reason.PAYEE_NOT_ALLOWED: "2041",
    Reason.NOT_APPROVED: "2041",
}
_MSISDN = re.compile(r"\d{9}", re.ASCII)
_CODE = re.compile(r"\d{6}", re.ASCII)
_ONE_TIME = re.compile(r"\d{4,8}", re.ASCII)


class OrangeSonatelFake(OrangeFake):
    """Senegal. Nothing is de-duplicated: a reference sent twice is paid twice, as they do not promise better."""

    name = "orange_sonatel"
    cannot_show = frozenset({"013"})  # no word of theirs says that a cash-in came back
    token_life_s = 300

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._registered: dict[str, dict[str, Any]] = {}
        self._revoked: list[rsa.RSAPrivateKey] = []
        self.revokes_next = False  # the key given next is revoked before it can be used

    def reset(self) -> None:
        """Forget whose transaction an id is, and who was registered."""
        self._ids.clear()
        self._registered.clear()

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return what the portal documents, and the page of a QR code's link."""
        checked = {
            ("POST", f"{WALLET}/v4/qrcode"): self._qr,
            ("POST", f"{WALLET}/v1/payments/onestep"): self._onestep,
            ("POST", f"{WALLET}/v1/cashins"): self._cash_in,
            ("GET", "/api/account/v1/publicKeys"): self._public_key,
            ("GET", f"{WALLET}/v1/transactions/{{id}}/status"): self._status,
            ("GET", f"{WALLET}/v1/transactions"): self._search,
            ("POST", "/api/notification/v1/merchantcallback"): self._register,
            ("GET", "/api/notification/v1/merchantcallback"): self._registration,
        }
        return [
            route("/oauth/v1/token", lambda call: self._token(kernel, call)),
            *(
                route(path, lambda call, act=act: self._refused(kernel, call) or act(kernel, call), method)  # type: ignore[misc]
                for (method, path), act in checked.items()
            ),
            route("/pay/{id}", lambda call: self._page(kernel, call), "GET", "POST"),
        ]

    def refusal(self, status: int) -> Response:
        """Return a problem of theirs."""
        return problem(status, "50" if status >= 500 else str(status), "refused")  # noqa: PLR2004

    def notice(self, kernel: Kernel, payment: Payment, says: SeenState, *, is_forged: bool) -> Notice | None:
        """Return the record, signed, with the registered key beside; a forged one has neither right."""
        registered = next(iter(self._registered.values()), {})
        url = kernel.callback_url(self.name, str(registered.get("callbackUrl") or payment.callback_url))
        if not url:
            return None
        body = json.dumps(record_of(payment, WORDS.get(says, "FAILED"))).encode()
        secret = "forged" if is_forged else kernel.secret(self.name, "callback_secret")
        key = "forged" if is_forged else registered.get("apiKey") or kernel.secret(self.name, "callback_api_key")
        headers = {
            **signatures.sign_hmac(signatures.SONATEL, [secret], body, kernel.now().timestamp()),
            "X-Sonatel-Idempotency-Key": hashlib.sha256(f"{payment.provider_ref}:{says}".encode()).hexdigest()[:32],
            "Authorization": f"Basic {key}",
            "Content-Type": "application/json",
        }
        return Notice(url, body, headers)

    def _revoke_key(self) -> None:
        """Publish another key; PINs encrypted with the old one are refused with 4003."""
        self._revoked.append(self._private_key)
        del self._private_key

    @cached_property
    def _private_key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)

    def _token(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        form = call.form()
        expected = {name: kernel.secret(self.name, name) for name in ("client_id", "client_secret")}
        if form != {"grant_type": "client_credentials", **expected}:
            return problem(401, "41", "invalid client")
        return self.give_token(kernel)

    def _refused(self, kernel: Kernel, call: Call) -> Response | None:
        """Refuse a call, a GET too, without JSON's content type, and one without a good token."""
        if not is_json(call):
            return problem(415, "4015", "Content-Type must be application/json")
        return None if self.is_token_good(kernel, call) else problem(401, "42", "expired token")

    def _qr(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        asked = call.document()
        amount, life_s = _amount(asked), asked.get("validity")
        if amount is None or not _CODE.fullmatch(str(asked.get("code"))) or not asked.get("name"):
            return problem(400, "4099", "bad request")
        if type(life_s) is not int or not asked.get("reference"):
            return problem(400, "4099", "bad request")
        payment = self._open(kernel, "collect", asked, amount, is_link_needed=True, is_by_link=True)
        payment.document["until"] = (kernel.now() + timedelta(seconds=life_s)).isoformat()
        link = f"{call.root}/pay/{payment.provider_ref}"
        return {
            "qrId": serial(self.name, payment.id),
            "qrCode": base64.b64encode(_png(link)).decode(),
            "deepLink": link,
            "deepLinks": {"OM": link, "MAXIT": link},
            "shortLink": link,
            "validFor": {"startDateTime": kernel.now().isoformat(), "endDateTime": payment.document["until"]},
        }

    def _onestep(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        asked = call.document()
        amount, customer = _amount(asked), _part(asked, "customer")
        if amount is None or not _MSISDN.fullmatch(str(customer.get("id"))) or not asked.get("reference"):
            return problem(400, "4099", "bad request")
        if not _ONE_TIME.fullmatch(str(customer.get("otp"))):
            return problem(400, "2011", "wrong code")
        return _at_once(self._open(kernel, "collect", asked, amount, party=customer["id"], is_immediate=True))

    def _cash_in(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        asked = call.document()
        amount, customer, partner = _amount(asked), _part(asked, "customer"), _part(asked, "partner")
        if amount is None or not _MSISDN.fullmatch(str(customer.get("id"))) or not asked.get("reference"):
            return problem(400, "4099", "bad request")
        if partner.get("id") != kernel.secret(self.name, "payout_msisdn"):
            return problem(403, "403", "not your wallet")
        refusal = self._wrong_pin(kernel, str(partner.get("encryptedPinCode")))
        if refusal is not None:
            return refusal
        return _at_once(self._open(kernel, "payout", asked, amount, party=customer["id"], is_immediate=True))

    def _wrong_pin(self, kernel: Kernel, encrypted: str) -> Response | None:
        pin = kernel.secret(self.name, "payout_pin")
        if decrypt(self._private_key, encrypted) == pin:
            return None
        if any(decrypt(key, encrypted) == pin for key in self._revoked):
            return problem(400, "4003", "key revoked")
        return problem(400, "2011", "wrong PIN")

    def _open(  # what an order says
        self,
        kernel: Kernel,
        operation: Operation,
        asked: dict[str, Any],
        amount: Money,
        *,
        party: str = "",
        is_link_needed: bool = False,
        is_by_link: bool = False,
        is_immediate: bool = False,
    ) -> Payment:
        """Take an order, under a new id each time: the same reference again is another payment."""
        times = 1
        while kernel.find(self.name, payment_id := _id(asked["reference"], times)) is not None:
            times += 1
        letters = "MP" if operation == "collect" else "CI"
        transaction_id = f"{letters}{kernel.now():%y%m%d.%H%M}.A{serial(self.name, payment_id)}"
        self._ids[transaction_id] = payment_id
        return kernel.open(
            self,
            operation,
            payment_id,
            amount,
            reference=asked["reference"],
            party=party,
            provider_ref=transaction_id,
            is_link_needed=is_link_needed,
            is_by_link=is_by_link,
            is_immediate=is_immediate,
            document=asked,
        )

    def _public_key(self, kernel: Kernel, call: Call) -> dict[str, Any]:  # noqa: ARG002
        octets = self._private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        key_id = hashlib.sha256(octets).hexdigest()[:16]
        if self.revokes_next:
            self.revokes_next = False
            self._revoke_key()
        return {"keyId": key_id, "keyType": "RSA", "keySize": KEY_BITS, "key": base64.b64encode(octets).decode()}

    def _status(self, kernel: Kernel, call: Call) -> Response | dict[str, Any]:
        payment = kernel.read(self.name, self._ids.get(call.params["id"], ""))
        return problem(404, "404", "not found") if payment is None else {"status": WORDS.get(payment.state, "FAILED")}

    def _search(self, kernel: Kernel, call: Call) -> Response:
        """Return a bare array. Their `type` filter answers nothing; `fromDateTime` is strict."""
        if "type" in call.query:
            return JSONResponse([])
        reference = call.query.get("reference")
        found = self._of_reference(kernel, reference) if reference else kernel.listed(self.name)
        records = [
            record_of(payment, WORDS.get(payment.state, "FAILED")) for payment in found if _is_on_record(payment)
        ]
        start = call.query.get("fromDateTime")
        if start:
            records = [
                one for one in records if datetime.fromisoformat(one["createdAt"]) > datetime.fromisoformat(start)
            ]
        wanted = call.query.get("status")
        return JSONResponse([one for one in records if wanted in {None, one["status"]}])

    def _of_reference(self, kernel: Kernel, reference: str) -> list[Payment]:
        found: list[Payment] = []
        while (payment := kernel.read(self.name, _id(reference, len(found) + 1))) is not None:
            found.append(payment)
        return found

    def _register(self, kernel: Kernel, call: Call) -> Response:  # noqa: ARG002
        asked = call.document()
        if not all(asked.get(name) for name in ("code", "name", "callbackUrl", "apiKey")):
            return problem(400, "4099", "bad request")
        self._registered[str(asked["code"])] = asked
        return Response(status_code=201)

    def _registration(self, kernel: Kernel, call: Call) -> Response:  # noqa: ARG002
        known = self._registered.get(call.query.get("code", ""))
        return JSONResponse(known) if known else problem(404, "404", "not found")

    def _page(self, kernel: Kernel, call: Call) -> Response:
        payment = kernel.find(self.name, self._ids.get(call.params["id"], ""))
        if payment is None or "until" not in payment.document:
            return links.show(TITLE, COLOUR, None)
        if payment.is_pending and kernel.now() > datetime.fromisoformat(payment.document["until"]):
            kernel.end(payment, SeenState.EXPIRED)
        asked = payment.document
        pressed = None
        if call.method == "POST":
            back = (str(asked.get(f"callback{outcome}Url") or "") for outcome in ("Success", "Cancel"))
            pressed = links.press(kernel, call, payment, *back)
        return pressed or links.show(str(asked["name"]), COLOUR, payment)


def problem(status: int, code: str, detail: str) -> Response:
    """Return an error as their portal documents it."""
    body = {"type": "about:blank", "title": detail, "status": status, "code": code, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")


def record_of(payment: Payment, word: str) -> dict[str, Any]:
    """Return the record of a payment; of a QR code, the payer is known once he has paid. Amounts are floats."""
    is_collect = payment.operation == "collect"
    partner = {"id": str(payment.document.get("code") or "000000"), "idType": "CODE"}
    return {
        "transactionId": payment.provider_ref,
        "reference": payment.reference,
        "type": "MERCHANT_PAYMENT" if is_collect else "CASHIN",
        "status": word,
        "channel": "MAXIT",
        "amount": {"value": float(payment.amount.plain), "unit": payment.amount.currency.value},
        "customer": {"id": payment.party or f"77{serial('payer', payment.id, 7)}", "idType": "MSISDN"},
        "partner": partner if is_collect else {"id": payment.document["partner"]["id"], "idType": "MSISDN"},
        "createdAt": (payment.ended_at or payment.opened_at).isoformat(),
        "updatedAt": (payment.ended_at or payment.opened_at).isoformat(),
        "metadata": payment.document.get("metadata", {}),
    }


def decrypt(key: rsa.RSAPrivateKey, encrypted: str) -> str:
    """Return the PIN; anything else when it was encrypted for another key."""
    try:
        return key.decrypt(base64.b64decode(encrypted, validate=True), padding.PKCS1v15()).decode("utf-8", "replace")
    except ValueError:
        return ""


def _at_once(payment: Payment) -> Response | dict[str, Any]:
    """Return the answer of a payment made at once; some refusals are certain already here."""
    if payment.state is SeenState.FAILED and payment.story.code in REFUSED_AT_ONCE and payment.reason in CODES:
        return problem(400, CODES[payment.reason], payment.reason)
    return {
        "transactionId": payment.provider_ref,
        "status": WORDS.get(payment.state, "FAILED"),
        "reference": payment.reference,
        "requestId": serial("request", payment.id),
    }


def _is_on_record(payment: Payment) -> bool:
    """Say whether there is a record: of a QR code only once somebody began to pay."""
    is_by_qr = payment.operation == "collect" and "validity" in payment.document
    is_untouched = payment.state is SeenState.EXPIRED or (payment.is_pending and payment.story.final is not None)
    return not (is_by_qr and is_untouched)


def _amount(asked: dict[str, Any]) -> Money | None:
    amount = _part(asked, "amount")
    value = amount.get("value")
    is_fit = type(value) is int and value >= LEAST and amount.get("unit") == "XOF"
    return Money(value, Currency.XOF) if type(value) is int and is_fit else None


def _part(asked: dict[str, Any], name: str) -> dict[str, Any]:
    part = asked.get(name)
    return part if isinstance(part, dict) else {}


def _id(reference: str, times: int) -> str:
    return reference if times == 1 else f"{reference}#{times}"


def _png(link: str) -> bytes:
    image = BytesIO()
    segno.make(link, error="m").save(image, kind="png", scale=6)
    return image.getvalue()


FAKES = (OrangeSonatelFake,)
