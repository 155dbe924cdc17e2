"""Calls to pawaPay, signed where the account signs, and what it says once an hour of its own limits and keys."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from core import clock
from core.money import Money
from providers import signatures
from providers.answers import Account, Order, Rejected, Unknown
from providers.http import PROVIDER_READ_TIMEOUT_S
from providers.mobile_money import calls
from providers.signatures import Message
from providers.wire import Answered, Silence, Wire

KEYS_TIMEOUT_S = 3.0  # a callback waits for them
KEPT_S = 3_600.0
ASKED_AGAIN_AFTER_S = 30.0
_JSON = {"Content-Type": "application/json"}


def ask(
    wire: Wire,
    subject: Order | Account,
    operation: str,
    method: str,
    path: str,
    document: Mapping[str, Any] | None = None,
    read_timeout_s: float = PROVIDER_READ_TIMEOUT_S,
) -> Answered | Rejected | Unknown:
    """Make one call with the account's token."""
    account = subject if isinstance(subject, Account) else subject.account
    calls.guard(wire, account, subject if isinstance(subject, Order) else None)
    content = b""
    headers = {"Authorization": f"Bearer {calls.secret(account, 'api_token')}"}
    if document is not None:
        content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers.update(_JSON)

    def send() -> Answered | Silence:
        signed = _signed(account, method, path, headers, content)
        return wire.call(
            operation,
            method,
            f"{account.base_url}{path}",
            headers=signed,
            content=content or None,
            read_timeout_s=read_timeout_s,
        )

    return calls.with_key(send)


def _signed(account: Account, method: str, path: str, headers: Mapping[str, str], content: bytes) -> dict[str, str]:
    """Return the headers, signed with the account's own key where pawaPay holds the other half of one."""
    # One secret of several lines, a PEM: never read as two keys of a rotation.
    key = account.secrets.get("signing_key", "")
    if not key:
        return dict(headers)
    address = urlsplit(account.base_url)
    message = Message(method, address.netloc, f"{address.path}{path}", headers, content)
    key_id = str(account.settings.get("signing_key_id") or account.code)
    try:
        return signatures.sign_message(message, key, key_id, clock.now().timestamp())
    except (TypeError, ValueError):
        return dict(headers)  # an unusable key: pawaPay answers HTTP_SIGNATURE_ERROR, which says what is wrong


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network takes for one operation, as far as pawaPay said."""

    authentication: str = ""
    decimals: str | None = None
    smallest: Money | None = None
    largest: Money | None = None

    def allow(self, amount: Money) -> bool:
        """Say whether an amount is within what was said."""
        is_enough = self.smallest is None or self.smallest.currency is not amount.currency or self.smallest <= amount
        is_too_much = self.largest is not None and self.largest.currency is amount.currency and self.largest < amount
        return is_enough and not is_too_much


@dataclass
class Kept:
    """Documents kept for an hour, by address; a failed call is tried again half a minute later."""

    _documents: dict[str, tuple[float, Any]] = field(default_factory=dict)
    _tried: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str) -> Any:
        """Return what is kept and young enough; None otherwise."""
        with self._lock:
            at, document = self._documents.get(key, (float("-inf"), None))
        return document if time.monotonic() - at < KEPT_S else None

    def put(self, key: str, document: Any) -> None:
        """Keep a document for an hour."""
        with self._lock:
            self._documents[key] = (time.monotonic(), document)

    def may_ask(self, key: str) -> bool:
        """Say whether it is time to ask again, and note that it is done."""
        with self._lock:
            is_time = time.monotonic() - self._tried.get(key, float("-inf")) >= ASKED_AGAIN_AFTER_S
            if is_time:
                self._tried[key] = time.monotonic()
            return is_time

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._documents.clear()
            self._tried.clear()


configurations = Kept()
public_keys = Kept()
_fetching = threading.Lock()


def limits_of(order: Order, network: str, wire: Wire) -> Limits:
    """Return what `network` takes for such an order; where pawaPay did not say, it decides when it is asked."""
    account = order.account
    document = configurations.get(account.base_url)
    if document is None and configurations.may_ask(account.base_url):
        answer = ask(wire, account, "active configuration", "GET", "/v2/active-conf")
        document = answer.document() if isinstance(answer, Answered) and answer.is_success else None
        if document:
            configurations.put(account.base_url, document)
    for country in _rows(calls.section(document).get("countries")):
        for provider in _rows(country.get("providers")):
            if provider.get("provider") == network:
                return _limits(provider, order.amount.currency, "DEPOSIT" if order.direction == "collect" else "PAYOUT")
    return Limits()


def _limits(provider: Mapping[str, Any], currency: str, operation: str) -> Limits:
    for row in _rows(provider.get("currencies")):
        told = kinds_of(row).get(operation, {})
        if row.get("currency") == currency and told:
            return Limits(
                authentication=calls.text_of(told.get("authType")),
                decimals=calls.text_of(told.get("decimalsInAmount")) or None,
                smallest=calls.money(told.get("minAmount"), currency),
                largest=calls.money(told.get("maxAmount"), currency),
            )
    return Limits()


def kinds_of(row: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what is told of each operation: an object by name, or a list whose rows carry the name."""
    told = row.get("operationTypes")
    if isinstance(told, dict):
        return {name: kind if isinstance(kind, dict) else {"status": kind} for name, kind in told.items()}
    return {calls.text_of(kind.get("operationType")): kind for kind in _rows(told)}


def keys_of(account: Account, key_id: str, wire: Wire) -> Mapping[str, str]:
    """Return pawaPay's public keys by id; one it does not know yet makes them be fetched again, once in a while."""
    known: Mapping[str, str] = public_keys.get(account.base_url) or {}
    if key_id in known:
        return known
    with _fetching:  # a burst of callbacks waits for the first one's question, instead of being taken for forged
        return _fetched_keys(account, key_id, wire)


def _fetched_keys(account: Account, key_id: str, wire: Wire) -> Mapping[str, str]:
    known: Mapping[str, str] = public_keys.get(account.base_url) or {}
    if key_id not in known and public_keys.may_ask(account.base_url):
        answer = ask(wire, account, "public keys", "GET", "/v2/public-key/http", read_timeout_s=KEYS_TIMEOUT_S)
        listed = answer.json() if isinstance(answer, Answered) and answer.is_success else None
        rows = _rows(listed)
        if rows:
            known = {calls.text_of(row.get("id")): calls.text_of(row.get("key")) for row in rows}
            public_keys.put(account.base_url, known)
    return known


def _rows(raw: Any) -> list[Mapping[str, Any]]:
    return [row for row in raw if isinstance(row, dict)] if isinstance(raw, list) else []
