"""pawaPay's callbacks: signed by RFC 9421 for the public address, one URL for all operations."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from providers import signatures
from providers.answers import Account, Hint, InboundCall, Refusal, SeenState
from providers.mobile_money.calls import section, text_of
from providers.mobile_money.pawapay_conf import keys_of
from providers.mobile_money.pawapay_words import MANUALLY_CANCELLED, seen_state
from providers.signatures import Message
from providers.wire import Wire

# A refund also names its deposit: it is looked for first.
_OPERATIONS = ("refundId", "payoutId", "depositId")
_STATEMENT = "statementId"


def verify(call: InboundCall, accounts: Sequence[Account]) -> Hint | Refusal:
    """Say whether pawaPay signed this for one of `accounts`; unsigned only where an account expects it so."""
    if not accounts:
        return Refusal(404)
    signers: list[Account] = []
    is_signed = "signature" in call.headers or "signature-input" in call.headers
    if is_signed:
        signers = _signers(call, accounts)
    else:
        signers = [account for account in accounts if account.settings.get("signed_callbacks", True) is False]
    if not signers:
        return Refusal(401)
    document = _document(call.body)
    if document is None:
        return Refusal(400)
    return _hint(call, document, signers, is_signed=is_signed)


def _signers(call: InboundCall, accounts: Sequence[Account]) -> list[Account]:
    """Return the accounts whose platform signed: its keys are those of the account's own address."""
    given = signatures.read_input(call.headers)
    if given is None:
        return []
    message = Message(call.method, call.authority, call.path, call.headers, call.body)
    by_address = {account.base_url: account for account in accounts}
    true_addresses = {
        address
        for address, account in by_address.items()
        if signatures.verify_message(message, keys_of(account, given.key_id, Wire()), call.now)
    }
    return [account for account in accounts if account.base_url in true_addresses]


def _hint(call: InboundCall, document: Mapping[str, Any], signers: Sequence[Account], *, is_signed: bool) -> Hint:
    operation = next((name for name in (*_OPERATIONS, _STATEMENT) if text_of(document.get(name))), "")
    word, subject = text_of(document.get("status")), text_of(document.get(operation))
    state = seen_state(word)[0]
    code = text_of(section(document.get("failureReason")).get("failureCode"))
    if state is SeenState.FAILED and code == MANUALLY_CANCELLED:
        state = SeenState.CANCELLED
    is_statement = operation == _STATEMENT
    references = {
        "statement_id" if is_statement else "external_id": subject,
        "provider_ref": text_of(document.get("providerTransactionId")),
    }
    return Hint(
        dedupe_key=f"{operation}:{subject}:{word}" if subject else sha256(call.body).hexdigest(),
        authenticity="signed" if is_signed else "none",
        references={name: value for name, value in references.items() if value},
        claimed_state="" if is_statement else state,
        account_id=signers[0].id if len(signers) == 1 else None,
        kind="statement" if is_statement else "transfer",
    )


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
