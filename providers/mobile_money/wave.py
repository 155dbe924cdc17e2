"""Wave: checkout by link, immediate payouts, whole refunds, its own list of every day.

Source: *Wave Business API* (Checkout, Payout, Balance, Webhooks). Two different keys with one body are two payments;
the same key with another body is refused.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from core import clock
from providers import signatures
from providers.answers import (
    Accepted,
    Account,
    Balance,
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
    Unknown,
)
from providers.mobile_money import calls, wave_callbacks
from providers.mobile_money.calls import MoneyAdapter
from providers.mobile_money.wave_records import line_of, seen_checkout, seen_payout, seen_refund
from providers.mobile_money.wave_words import newest_or_succeeded, reason_of_checkout, reason_of_payout
from providers.wire import Answered, Wire

LINK_MINUTES = 30
CHECKED_FROM_MINOR = 50_000
LONGEST_REASON = 40
MOST_REFUND_PAGES = 20
CLOCKS_APART = timedelta(minutes=10)  # a list is a day's: by their clock, and we ask by ours
_JSON = {"Content-Type": "application/json"}


class Wave(MoneyAdapter):
    """The adapter. A payout is answered with its full status; a refund is looked up in the list."""

    name = "wave"
    offers = frozenset({"collect", "payout", "refund", "list", "balance"})
    not_seen_is_proof = False
    is_resend_safe = True  # a payout by its key; a checkout after a search, as nobody was given the lost link
    schedule: Mapping[str, str] = MappingProxyType({"collect": "S2", "payout": "S3", "refund": "S3"})

    def collect(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Make a link; the payer opens it in the system's browser."""
        amount = calls.amount_text(order, "NONE")
        if isinstance(amount, Rejected):
            return amount
        document = {
            "amount": amount,
            "currency": order.amount.currency.value,
            "success_url": order.return_url,
            "error_url": order.cancel_url,
            "client_reference": str(order.external_id),
        }
        if order.party is not None and order.account.settings.get("restrict_payer_mobile"):
            document["restrict_payer_mobile"] = order.party.for_provider("wave")
        answer = _ask(wire, order, "collect", "POST", "/v1/checkout/sessions", document)
        if not isinstance(answer, Answered):
            return answer
        session = answer.document()
        address, key = calls.text_of(session.get("wave_launch_url")), calls.text_of(session.get("id"))
        if not answer.is_success:
            return _refused(answer, reason_of_checkout)
        if not key or not address:
            return calls.unreadable(answer)
        until = clock.now() + timedelta(minutes=float(order.account.settings.get("link_minutes") or LINK_MINUTES))
        return Accepted(
            provider_ref=calls.text_of(session.get("transaction_id")) or None,
            handles={"checkout_id": key},
            next=NextStep("open_link", url=address, until=until),
        )

    def payout(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Send money at once; a large sum only after Wave has checked the recipient."""
        amount = calls.amount_text(order, "NONE")
        if isinstance(amount, Rejected):
            return amount
        if order.party is None:
            return Rejected(Reason.INVALID_PHONE, "party", "a payout names a phone")
        doubt = self._check_recipient(order, wire, amount)
        if doubt is not None:
            return doubt
        document = {
            "currency": order.amount.currency.value,
            "receive_amount": amount,
            "mobile": order.party.for_provider("wave"),
            "name": order.party_name,
            "client_reference": str(order.external_id),
            "payment_reason": order.label[:LONGEST_REASON],
        }
        headers = {"Idempotency-Key": str(order.external_id)}
        document = {name: value for name, value in document.items() if value}
        answer = _ask(wire, order, "payout", "POST", "/v1/payout", document, headers)
        if not isinstance(answer, Answered):
            return answer
        if not answer.is_success:
            return _refused(answer, reason_of_payout)
        payout = answer.document()
        key = calls.text_of(payout.get("id"))
        seen = seen_payout(payout)
        return calls.accepted(seen, {"payout_id": key}) if key and seen else calls.unreadable(answer)

    def refund(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Give back a whole checkout; asking twice gives it back once."""
        if order.original is None or order.amount != order.original.amount:
            return Rejected(Reason.NOT_OFFERED, "partial", "Wave gives back the whole amount only")
        session = self._session(order.original, wire)
        if not isinstance(session, Mapping):
            # The search moved nothing: asked again, it costs nothing.
            return Unknown(is_sent=False, detail=session.detail)
        key = calls.text_of(session.get("id"))
        answer = _ask(wire, order, "refund", "POST", f"/v1/checkout/sessions/{quote(key, safe='')}/refund")
        if not isinstance(answer, Answered):
            return answer
        if not answer.is_success:
            return _refused(answer, reason_of_checkout)
        if answer.body.strip() and answer.json() is None:
            return Unknown(is_sent=True, detail="neither empty nor JSON")
        return Accepted(handles={"checkout_id": key})

    def status(self, order: Order, wire: Wire) -> Seen | NotSeen | Unknown:
        """Read by Wave's id, or search by ours when its answer was lost."""
        if order.direction == "refund":
            return self._find_refund(order, wire)
        found = self._session(order, wire) if order.direction == "collect" else self._payout(order, wire)
        if not isinstance(found, Mapping):
            return found
        seen = seen_checkout(found) if order.direction == "collect" else seen_payout(found)
        return seen or Unknown(is_sent=True, detail="a record without a status")

    def expire(self, order: Order, wire: Wire) -> None:
        """Close an unpaid link; 409 says it is closed or paid, and the next read tells which."""
        session = self._session(order, wire) if order.direction == "collect" else NotSeen()
        if isinstance(session, Mapping):
            key = quote(calls.text_of(session.get("id")), safe="")
            _ask(wire, order, "expire", "POST", f"/v1/checkout/sessions/{key}/expire")

    def reverse(self, order: Order, wire: Wire) -> bool:
        """Call a payout back, within three days, and say whether Wave took it; repeatable, the next read tells."""
        found = self._payout(order, wire)
        if not isinstance(found, Mapping):
            return False
        key = quote(calls.text_of(found.get("id")), safe="")
        answer = _ask(wire, order, "reverse", "POST", f"/v1/payout/{key}/reverse")
        return isinstance(answer, Answered) and answer.is_success

    def list(self, account: Account, day: date, cursor: str | None, wire: Wire) -> Page | NotOffered | Unknown:
        """Return a page of Wave's movements of a day."""
        items = _transactions(wire, account, day, cursor)
        if isinstance(items, Unknown):
            return items
        lines = [line_of(item) for item in items.rows]
        if any(line is None for line in lines):
            return Unknown(is_sent=True, detail="a line that cannot be read")
        return Page([line for line in lines if line is not None], items.cursor)

    def balance(self, account: Account, wire: Wire) -> Balance | NotOffered | Unknown:
        """Ask what our wallet holds."""
        answer = _ask(wire, account, "balance", "GET", "/v1/balance")
        if not isinstance(answer, Answered):
            return calls.as_read(answer)
        document = answer.document()
        amount = calls.money(document.get("amount"), document.get("currency"))
        return Balance(amount, clock.now()) if answer.is_success and amount else calls.unreadable(answer)

    def verify_callback(self, call: InboundCall, accounts: Sequence[Account]) -> Hint | Refusal:
        """Believe an event signed for one of the accounts; a simplified body only where no real money is."""
        return wave_callbacks.verify(call, accounts)

    def _check_recipient(self, order: Order, wire: Wire, amount: str) -> Rejected | Unknown | None:
        """Ask Wave about limits and name before a large payout; no answer holds the payout back, unsent."""
        if order.party is None or order.amount.minor < CHECKED_FROM_MINOR * 10**order.amount.currency.exponent:
            return None
        document = {
            "amount": amount,
            "currency": order.amount.currency.value,
            "mobile": order.party.for_provider("wave"),
            "name": order.party_name,
        }
        document = {name: value for name, value in document.items() if value}
        answer = _ask(wire, order, "check", "POST", "/v1/verify_recipient/", document)
        if isinstance(answer, Unknown):
            return Unknown(is_sent=False, detail=answer.detail, slows=answer.slows)
        if isinstance(answer, Rejected):
            return answer
        return _verdict(answer, order.account)

    def _session(self, order: Order, wire: Wire) -> Mapping[str, Any] | NotSeen | Unknown:
        key = calls.text_of(order.handles.get("checkout_id"))
        if key:
            return _record(wire, order, f"/v1/checkout/sessions/{quote(key, safe='')}")
        return _search(wire, order, "/v1/checkout/sessions/search")

    def _payout(self, order: Order, wire: Wire) -> Mapping[str, Any] | NotSeen | Unknown:
        key = calls.text_of(order.handles.get("payout_id"))
        if key:
            return _record(wire, order, f"/v1/payout/{quote(key, safe='')}")
        return _search(wire, order, "/v1/payouts/search")

    def _find_refund(self, order: Order, wire: Wire) -> Seen | NotSeen | Unknown:
        """Look for the refund of this checkout in the lists since it was asked for."""
        original = order.original
        key = calls.text_of(order.handles.get("checkout_id")) or (
            calls.text_of(original.handles.get("checkout_id")) if original else ""
        )
        reference = str(original.external_id) if original else ""
        day = ((order.submitted_at or clock.now()) - CLOCKS_APART).date()
        last = (clock.now() + CLOCKS_APART).date()
        cursor: str | None = None
        for _ in range(MOST_REFUND_PAGES):
            page = _transactions(wire, order.account, day, cursor)
            if isinstance(page, Unknown):
                return page
            for item in page.rows:
                is_ours = (
                    item.get("checkout_api_session_id") == key if key else item.get("client_reference") == reference
                )
                if is_ours and item.get("transaction_type") == "api_checkout_refund":
                    return seen_refund(item)
            cursor = page.cursor
            if cursor is None:
                if day >= last:
                    return NotSeen("no refund in the lists")
                day += timedelta(days=1)
        return Unknown(is_sent=True, detail="too many pages")


@dataclass(frozen=True, slots=True)
class _Rows:
    """One page of the list as it came."""

    rows: Sequence[Mapping[str, Any]]
    cursor: str | None


def _ask(  # one call is made of these
    wire: Wire,
    subject: Order | Account,
    operation: str,
    method: str,
    path: str,
    document: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Answered | Rejected | Unknown:
    """Make one call with the wallet's key, signed where the account signs: the exact bytes that leave, or none."""
    account = subject if isinstance(subject, Account) else subject.account
    calls.guard(wire, account, subject if isinstance(subject, Order) else None)
    content = None
    common = {"Authorization": f"Bearer {calls.secret(account, 'api_key')}", **headers}
    if document is not None:
        content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        common.update(_JSON)
    key = calls.secret(account, "signing_secret")

    def send() -> Any:
        signed = signatures.sign_hmac(signatures.WAVE, [key], content or b"", clock.now().timestamp()) if key else {}
        return wire.call(operation, method, f"{account.base_url}{path}", headers={**common, **signed}, content=content)

    return calls.with_key(send)


def _verdict(answer: Answered, account: Account) -> Rejected | Unknown | None:
    """Read what Wave says of a recipient; None when nothing holds the payout back."""
    if not answer.is_success:
        return _refused(answer, reason_of_payout)
    told = answer.document()
    if told.get("within_limits") is False:
        return Rejected(Reason.PAYEE_LIMIT, "within_limits")
    if told.get("name_match") == "NO_MATCH" and not account.settings.get("accepts_other_names"):
        return Rejected(Reason.PAYEE_NOT_ALLOWED, "name_match", "the wallet is in another name")
    return None


def _refused(answer: Answered, reason_of: Any) -> Rejected | Unknown:
    """Read an error of Wave's; a key used for another body is a bug of ours, and nobody knows what it did."""
    document = answer.document()
    code = calls.text_of(document.get("code")) or calls.text_of(document.get("error_code"))
    if answer.status == calls.CONFLICT:
        return Unknown(is_sent=True, detail=code or "conflict")
    if answer.status == calls.NOT_FOUND:
        return Rejected(Reason.CONFIGURATION, code or str(answer.status), calls.kept_text(answer))
    return Rejected(reason_of(code), code or str(answer.status), calls.kept_text(answer))


def _record(wire: Wire, order: Order, path: str) -> Mapping[str, Any] | NotSeen | Unknown:
    answer = _ask(wire, order, "status", "GET", path)
    if not isinstance(answer, Answered):
        return calls.as_read(answer)
    if answer.status == calls.NOT_FOUND:
        return NotSeen("not found")
    return answer.document() if answer.is_success and answer.document() else calls.unreadable(answer)


def _search(wire: Wire, order: Order, path: str) -> Mapping[str, Any] | NotSeen | Unknown:
    """Find by our own id: of several, the succeeded one wins, else the newest."""
    answer = _ask(wire, order, "status", "GET", f"{path}?client_reference={order.external_id}")
    if not isinstance(answer, Answered):
        return calls.as_read(answer)
    found = answer.document().get("result")
    if not answer.is_success or not isinstance(found, list):
        return calls.unreadable(answer)
    records = [record for record in found if isinstance(record, dict)]
    return newest_or_succeeded(records) if records else NotSeen("nothing carries this reference")


def _transactions(wire: Wire, account: Account, day: date, cursor: str | None) -> _Rows | Unknown:
    path = f"/v1/transactions?date={day.isoformat()}" + (f"&after={quote(cursor, safe='')}" if cursor else "")
    answer = _ask(wire, account, "list", "GET", path)
    if not isinstance(answer, Answered):
        return calls.as_read(answer)
    document = answer.document()
    info, items = document.get("page_info"), document.get("items")
    if not answer.is_success or not isinstance(info, dict) or not isinstance(items, list):
        return calls.unreadable(answer)
    after = calls.text_of(info.get("end_cursor")) if info.get("has_next_page") else ""
    if info.get("has_next_page") and after in {"", cursor}:
        return Unknown(is_sent=True, detail="a list that does not go on")
    return _Rows([item for item in items if isinstance(item, dict)], after or None)


ADAPTER = Wave()
