"""Wave's events: signed, or carrying the shared secret, by the account's strategy."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from providers import signatures
from providers.answers import Account, Hint, InboundCall, Refusal, SeenState
from providers.mobile_money.calls import section, text_of
from providers.mobile_money.wave_words import checkout_state, simple_state

_UNASKED = frozenset({"merchant.payment_received", "b2b.payment_received", "b2b.payment_failed"})
_TEST = "test.test_event"
_ONE_TRY_FAILED = "checkout.session.payment_failed"
_SIMPLE_FIELDS = frozenset({"id", "amount", "currency", "checkout_status", "client_reference"})


def verify(call: InboundCall, accounts: Sequence[Account]) -> Hint | Refusal:
    """Say for which account an event is authentic; the secret decides, never what the body says."""
    if not accounts:
        return Refusal(404)
    keyed = [account for account in accounts if account.secret_values("webhook_secret")]
    signers = [account for account in keyed if _is_from(call, account)]
    document = _document(call.body)
    is_simple = document is not None and document.keys() >= _SIMPLE_FIELDS and "type" not in document
    if not signers:
        is_claimed = "wave-signature" in call.headers or "authorization" in call.headers
        is_play = all(account.environment != "live" for account in accounts)
        if not (is_simple and is_play and not is_claimed):
            return Refusal(401 if keyed else 404)
    elif is_simple and any(account.environment == "live" for account in signers):
        return Refusal(401)
    if document is None:
        return Refusal(400)
    return _simple(call, document, signers) if is_simple else _event(call, document, signers)


def _is_from(call: InboundCall, account: Account) -> bool:
    secrets = account.secret_values("webhook_secret")
    if account.settings.get("strategy") == "bearer":
        return signatures.verify_key(signatures.WAVE_BEARER, secrets, call.headers)
    return signatures.verify_hmac(signatures.WAVE, secrets, call.headers, call.body, call.now)


def _event(call: InboundCall, document: Mapping[str, Any], signers: Sequence[Account]) -> Hint:
    kind, data = text_of(document.get("type")), section(document.get("data"))
    claimed = checkout_state(text_of(data.get("checkout_status")), text_of(data.get("payment_status")))[0]
    if kind == _ONE_TRY_FAILED:
        claimed = SeenState.PENDING  # the link is still payable
    own, reference = text_of(data.get("id")), text_of(data.get("transaction_id"))
    if kind in _UNASKED:
        references = {"provider_ref": reference or own}
    else:
        external = text_of(data.get("client_reference"))
        references = {"external_id": external, "checkout_id": own, "provider_ref": reference}
    return Hint(
        dedupe_key=text_of(document.get("id")) or sha256(call.body).hexdigest(),
        authenticity=_authenticity(signers),
        references={name: value for name, value in references.items() if value},
        claimed_state="" if kind in _UNASKED or kind == _TEST else claimed,
        account_id=signers[0].id if len(signers) == 1 else None,
        kind="unasked_money" if kind in _UNASKED else "test" if kind == _TEST else "transfer",
    )


def _simple(call: InboundCall, document: Mapping[str, Any], signers: Sequence[Account]) -> Hint:
    references = {
        "external_id": text_of(document.get("client_reference")),
        "checkout_id": text_of(document.get("id")),
    }
    return Hint(
        dedupe_key=sha256(call.body).hexdigest(),
        authenticity=_authenticity(signers),
        references={name: value for name, value in references.items() if value},
        claimed_state=simple_state(text_of(document.get("checkout_status")))[0],
        account_id=signers[0].id if len(signers) == 1 else None,
    )


def _authenticity(signers: Sequence[Account]) -> Any:
    if not signers:
        return "none"
    return "secret" if signers[0].settings.get("strategy") == "bearer" else "signed"


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
