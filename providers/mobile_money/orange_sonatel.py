"""Orange Sonatel (Senegal): a QR code or a typed code takes money in, a cash-in sends it out.

Facts that bite: `Content-Type` on every call, else 415; a QR nobody paid is in no list, so that nothing found is no
failure; several records may carry one reference and the paid one wins; a cash-in is never sent again.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from core import clock
from core.money import Money
from providers import signatures
from providers.amounts import format_amount
from providers.answers import (
    Accepted,
    Account,
    Hint,
    InboundCall,
    NextStep,
    NotOffered,
    NotSeen,
    Order,
    Page,
    Reason,
    Refusal,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.mobile_money import orange_calls as calls
from providers.mobile_money.orange_pin import encrypt_pin
from providers.mobile_money.orange_sonatel_words import (
    COUNTRY,
    KEY_REVOKED,
    best_record,
    customer_of,
    line_of,
    rejection,
    seen_record,
    seen_state,
    seen_word,
)
from providers.tokens import Token
from providers.wire import Answered, Silence, Wire

LEAST_MINOR = 10
QR_LIFE_S = 900
LOOK_BACK = timedelta(seconds=120)  # `fromDateTime` is strict
LARGEST_LIST_BYTES = 32 << 20
LONGEST_PNG = 500_000  # characters of base64
WALLET = "/api/eWallet"
JSON = "application/json"

__all__ = ["ADAPTER", "OrangeSonatel", "seen_state"]


class OrangeSonatel(calls.OrangeAdapter):
    """The adapter; `settings.mode` says whether a payer scans (`qr`) or types a code (`otp`)."""

    name = "orange_sonatel"
    offers = frozenset({"collect", "payout", "list", "otp"})

    def collect(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Ask for a QR code, or take the money at once with the code the payer was given."""
        problem = _problem(order, "client_id", "client_secret")
        if problem is not None:
            return problem
        return _with_code(order, wire) if _is_by_code(order) and order.otp else _by_qr(order, wire)

    def payout(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Send money to a wallet; the PIN is encrypted for each call. A revoked key is fetched once more."""
        problem = _problem(order, "client_id", "client_secret", "payout_msisdn", "payout_pin")
        if problem is not None:
            return problem
        if not calls.national_digits(order.party, COUNTRY):
            return Rejected(Reason.INVALID_PHONE)
        answer = _cash_in(order, wire)
        if isinstance(answer, Rejected) and answer.code == KEY_REVOKED:
            answer = _cash_in(order, wire)
        return answer

    def status(self, order: Order, wire: Wire) -> Seen | NotSeen | Unknown:
        """Ask by id, else search by reference. The status has no amount, so that a success is read from its record."""
        _mask_party(order, wire)
        if order.provider_ref:
            seen = _by_id(order, order.provider_ref, wire)
            if not isinstance(seen, Seen) or seen.state is not SeenState.SUCCEEDED:
                return seen
        records = _search(order.account, wire, "status", {"reference": order.reference})
        if isinstance(records, Unknown):
            return records
        _mask_customers(wire, records)
        record = best_record(records, order)
        if record is not None:
            return seen_record(record, is_party_named=not order.handles.get("qr_id"))
        if order.provider_ref:
            # Paid, they say, but there is no record to compare the amount with: not yet money.
            return Seen(SeenState.PENDING, "SUCCESS", provider_ref=order.provider_ref)
        return _nothing_found(order)

    def list(self, account: Account, day: date, cursor: str | None, wire: Wire) -> Page | NotOffered | Unknown:  # noqa: ARG002
        """Return the account's own day in one page; kinds are told apart here, their filter does not work."""
        zone = ZoneInfo(account.timezone)
        start = datetime.combine(day, time(), zone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        query = {"fromDateTime": (start - LOOK_BACK).strftime("%Y-%m-%dT%H:%M:%SZ"), "status": "SUCCESS"}
        records = _search(account, wire, "list", query)
        if isinstance(records, Unknown):
            return records
        _mask_customers(wire, records)
        lines = [line_of(record) for record in records]
        return Page([line for line in lines if line is not None and start <= line.at < end])

    def verify_callback(self, call: InboundCall, accounts: Sequence[Account]) -> Hint | Refusal:
        """Believe a record that an account's signing secret signed, or that brings back the key we registered."""
        body = calls.read_body(call)
        if isinstance(body, Refusal):
            return body
        own = [account for account in calls.own_accounts(accounts, self.name) if _has_callback_secret(account)]
        if not own:
            return calls.nobody_here()
        named = calls.references(
            callback_token=call.token, reference=body.get("reference"), provider_ref=body.get("transactionId")
        )
        key = call.headers.get("x-sonatel-idempotency-key") or calls.digest(call)
        state = calls.said(body.get("status"))
        for account in own:
            authenticity = _authenticity(call, account)
            if authenticity is not None:
                return Hint(key, authenticity, named, state, account.id)
        if "transactionId" in body or all(account.environment == "live" for account in own):
            return calls.not_authentic()
        named |= calls.references(order_id=body.get("order_id"), notif_token=body.get("notif_token"))
        return Hint(key, "none", named, state)

    def register_callback(self, account: Account, address: str, wire: Wire) -> bool:
        """Tell Orange, once per environment, where callbacks go and which key they bring; 2xx is yes, even empty."""
        document = {
            "code": account.settings.get("code"),
            "name": account.settings.get("name"),
            "callbackUrl": address,
            "apiKey": calls.secret(account, "callback_api_key"),
        }
        path = "/api/notification/v1/merchantcallback"
        answer = _call(account, wire, "register", "POST", path, document=document, is_empty_fine=True)
        return isinstance(answer, Answered) and answer.is_success

    def probe(self, account: Account, wire: Wire) -> bool:
        """Ask for a token."""
        calls.hide_secrets(wire, account)
        return isinstance(_token(account, wire), Token)


def _problem(order: Order, *secrets: str) -> Rejected | None:
    if order.amount.currency != order.account.currency:
        return Rejected(Reason.CURRENCY_NOT_SUPPORTED, order.amount.currency)
    if order.amount.minor < LEAST_MINOR:
        return Rejected(Reason.AMOUNT_OUT_OF_BOUNDS, "amount", f"under {LEAST_MINOR}")
    return calls.missing_secret(order.account, *secrets)


def _is_by_code(order: Order) -> bool:
    return order.account.settings.get("mode") == "otp"


def _by_qr(order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
    life_s = _qr_life_s(order.account)
    document = {
        "code": order.account.settings.get("code"),
        "name": order.account.settings.get("name"),
        "amount": _amount(order.amount),
        "validity": life_s,
        "reference": order.reference,
        "callbackSuccessUrl": order.return_url,
        "callbackCancelUrl": order.cancel_url,
        "restrictions": {"isSingleUse": True},
        "metadata": {"t": order.reference},
    }
    answer = _submit(order, wire, "collect", f"{WALLET}/v4/qrcode", document)
    if not isinstance(answer, Answered):
        return answer
    given = answer.document()
    qr_id = calls.identifier(given.get("qrId"))
    if not qr_id:
        return Unknown(is_sent=True, detail="no QR code in the answer")
    valid_for = given.get("validFor")
    end = calls.read_instant(valid_for.get("endDateTime")) if isinstance(valid_for, dict) else None
    until = end or clock.now() + timedelta(seconds=life_s)
    links = [calls.identifier(given.get(name)) for name in ("shortLink", "deepLink")]
    link = next((one for one in links if one.startswith(("https://", "http://"))), "")
    png = calls.identifier(given.get("qrCode"), LONGEST_PNG)
    return Accepted(
        handles={"qr_id": qr_id, "until": until.isoformat()},
        next=NextStep("show_qr", url=link, png=png, until=until),
    )


def _with_code(order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
    payer = calls.national_digits(order.party, COUNTRY)
    if not payer:
        return Rejected(Reason.INVALID_PHONE)
    wire.hide(order.otp)
    document = {
        "customer": {"idType": "MSISDN", "id": payer, "otp": order.otp},
        "partner": {"idType": "CODE", "id": order.account.settings.get("code")},
        "amount": _amount(order.amount),
        "reference": order.reference,
    }
    answer = _submit(order, wire, "collect", f"{WALLET}/v1/payments/onestep", document)
    return _accepted(answer) if isinstance(answer, Answered) else answer


def _cash_in(order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
    """Fetch the key, encrypt, send. Until the last call nothing of the order has left, so that no doubt is possible."""
    answer = _call(order.account, wire, "public_key", "GET", "/api/account/v1/publicKeys")
    if isinstance(answer, Unknown):
        return Unknown(is_sent=False, detail=f"public key: {answer.detail}", slows=answer.slows)
    if isinstance(answer, Rejected):
        return answer
    encrypted = encrypt_pin(calls.secret(order.account, "payout_pin"), answer.document().get("key"))
    if not encrypted:
        return Unknown(is_sent=False, detail="no usable public key")
    wire.hide(encrypted)
    document = {
        "partner": {
            "idType": "MSISDN",
            "id": calls.own_digits(calls.secret(order.account, "payout_msisdn"), COUNTRY),
            "encryptedPinCode": encrypted,
        },
        "customer": {"idType": "MSISDN", "id": calls.national_digits(order.party, COUNTRY)},
        "amount": _amount(order.amount),
        "reference": order.reference,
        "receiveNotification": True,
    }
    sent = _submit(order, wire, "payout", f"{WALLET}/v1/cashins", document)
    return _accepted(sent) if isinstance(sent, Answered) else sent


def _accepted(answer: Answered) -> Accepted | Unknown:
    """Read the answer of a payment made at once: a status without an amount, so that a success waits for its record."""
    document = answer.document()
    word = calls.said(document.get("status"))
    identity = calls.identifier(document.get("transactionId")) or None
    if not word:
        return Unknown(is_sent=True, detail="no status in the answer")
    seen = seen_word(word, identity)
    if seen.state is SeenState.SUCCEEDED:
        seen = replace(seen, state=SeenState.PENDING)
    return Accepted(identity, {"transaction_id": identity} if identity else {}, seen=seen)


def _by_id(order: Order, identity: str, wire: Wire) -> Seen | NotSeen | Unknown:
    path = f"{WALLET}/v1/transactions/{quote(identity, safe='')}/status"
    answer = calls.unread(_call(order.account, wire, "status", "GET", path))
    if not isinstance(answer, Answered):
        return answer
    word = calls.said(answer.document().get("status"))
    if not word:
        return Unknown(is_sent=True, detail="no status in the answer")
    return seen_word(word, identity)


def _search(account: Account, wire: Wire, operation: str, query: dict[str, str]) -> list[dict[str, Any]] | Unknown:
    answer = calls.unread(_call(account, wire, operation, "GET", f"{WALLET}/v1/transactions", query=query))
    if isinstance(answer, Unknown):
        return answer
    records = answer.json() if isinstance(answer, Answered) else []
    if not isinstance(records, list):
        return Unknown(is_sent=True, detail="no list in the answer")
    return [record for record in records if isinstance(record, dict)]


def _nothing_found(order: Order) -> Seen | NotSeen:
    """Say what an empty search means: a QR that is still open waits, one closed for ten minutes was never paid.

    Of a cash-in, and of a payment by code, it proves nothing.
    """
    until = order.handles.get("until")
    if order.direction != "collect" or (_is_by_code(order) and not until):
        return NotSeen("no record carries the reference")
    if until is None and order.submitted_at is not None:
        until = (order.submitted_at + timedelta(seconds=_qr_life_s(order.account))).isoformat()
    if calls.is_past(until, clock.now()):
        return Seen(SeenState.EXPIRED, "", reason=Reason.LINK_EXPIRED)
    return Seen(SeenState.PENDING, "") if order.handles.get("qr_id") else NotSeen("no record carries the reference")


def _submit(
    order: Order, wire: Wire, operation: str, path: str, document: dict[str, Any]
) -> Answered | Rejected | Unknown:
    _mask_party(order, wire)
    answer = _call(order.account, wire, operation, "POST", path, document=document)
    if isinstance(answer, Answered) and not answer.is_success:
        return rejection(answer, order.direction, is_by_code=bool(order.otp))
    return answer


def _call(
    account: Account,
    wire: Wire,
    operation: str,
    method: str,
    path: str,
    *,
    document: dict[str, Any] | None = None,
    query: dict[str, str] | None = None,
    is_empty_fine: bool = False,
) -> Answered | Rejected | Unknown:
    def send(token: str) -> Answered | Silence:
        return wire.call(
            operation,
            method,
            f"{account.base_url}{path}",
            headers={"Authorization": f"Bearer {token}", "Content-Type": JSON, "Accept": JSON},
            document=document,
            query=query,
            largest_answer_bytes=LARGEST_LIST_BYTES,
        )

    def fetch() -> Token | Rejected | Unknown:
        return _token(account, wire)

    return calls.call_with_token(wire, account, "ewallet", fetch, send, is_empty_fine=is_empty_fine)


def _token(account: Account, wire: Wire) -> Token | Rejected | Unknown:
    return calls.ask_token(
        wire,
        f"{account.base_url}/oauth/v1/token",
        form={
            "grant_type": "client_credentials",
            "client_id": calls.secret(account, "client_id"),
            "client_secret": calls.secret(account, "client_secret"),
        },
    )


def _amount(amount: Money) -> dict[str, object]:
    return {"value": int(format_amount(amount)), "unit": amount.currency.value}


def _qr_life_s(account: Account) -> int:
    return int(account.settings.get("validity_s") or QR_LIFE_S)


def _mask_party(order: Order, wire: Wire) -> None:
    if order.party is not None:
        wire.cover(masked={order.party.national: order.party.masked})


def _mask_customers(wire: Wire, records: list[dict[str, Any]]) -> None:
    """Mask whoever the records name: of a QR code we learn only now who paid it."""
    phones = [customer_of(record) for record in records]
    wire.cover(masked={phone.national: phone.masked for phone in phones if phone is not None})


def _has_callback_secret(account: Account) -> bool:
    return bool(account.secret_values("callback_secret") or account.secret_values("callback_api_key"))


def _authenticity(call: InboundCall, account: Account) -> calls.Authenticity | None:
    """Say how a callback proves that it is this account's: the endpoint secret where there is one, else the key."""
    secrets = account.secret_values("callback_secret")
    if secrets:
        is_signed = signatures.verify_hmac(signatures.SONATEL, secrets, call.headers, call.body, call.now)
        return "signed" if is_signed else None
    keys = account.secret_values("callback_api_key")
    return "secret" if signatures.verify_key(signatures.SONATEL_API_KEY, keys, call.headers) else None


ADAPTER = OrangeSonatel()
