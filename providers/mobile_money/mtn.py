"""MTN MoMo: collections by prompt, transfers, refunds. Callbacks are unsigned: the token in their address, then a read.

Source: *MTN MoMo Developer*. A status can be read only on the platform that processed it: the row's own address.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from core import clock
from core.phone import PhoneNumber
from providers.answers import (
    Accepted,
    Account,
    Balance,
    Hint,
    InboundCall,
    Name,
    NextStep,
    NotFound,
    NotOffered,
    NotSeen,
    Order,
    Reason,
    Refusal,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.mobile_money import calls
from providers.mobile_money.calls import MoneyAdapter, Word
from providers.tokens import Token
from providers.wire import Answered, Wire

LONGEST_MESSAGE = 60
_EXISTS = "RESOURCE_ALREADY_EXIST"
_ABSENT = "RESOURCE_NOT_FOUND"
_ACCEPTED, _CREATED = 202, 201

_STATES: Mapping[str, SeenState] = MappingProxyType(
    {
        "PENDING": SeenState.PENDING,
        "ONGOING": SeenState.PENDING,
        "CREATED": SeenState.PENDING,
        "DELAYED": SeenState.PENDING,
        "SUCCESSFUL": SeenState.SUCCEEDED,
        "FAILED": SeenState.FAILED,
        "REJECTED": SeenState.FAILED,
        "TIMEOUT": SeenState.EXPIRED,
        "EXPIRED": SeenState.EXPIRED,
    }
)
REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "PAYER_NOT_FOUND": Reason.PAYER_NOT_FOUND,
        "PAYEE_NOT_FOUND": Reason.PAYEE_NOT_FOUND,
        "NOT_ENOUGH_FUNDS": Reason.INSUFFICIENT_FUNDS,
        "PAYER_LIMIT_REACHED": Reason.PAYER_LIMIT,
        "PAYEE_NOT_ALLOWED_TO_RECEIVE": Reason.PAYEE_NOT_ALLOWED,
        "APPROVAL_REJECTED": Reason.NOT_APPROVED,
        "EXPIRED": Reason.PROMPT_EXPIRED,
        "COULD_NOT_PERFORM_TRANSACTION": Reason.PROMPT_EXPIRED,
        "INTERNAL_PROCESSING_ERROR": Reason.UNSPECIFIED,
        "NOT_ALLOWED": Reason.CONFIGURATION,
        "NOT_ALLOWED_TARGET_ENVIRONMENT": Reason.CONFIGURATION,
        "INVALID_CALLBACK_URL_HOST": Reason.CONFIGURATION,
        "INVALID_CURRENCY": Reason.CONFIGURATION,
        "SERVICE_UNAVAILABLE": Reason.PROVIDER_UNAVAILABLE,
    }
)
_REASON_OF_STATE = {"REJECTED": Reason.NOT_APPROVED, "TIMEOUT": Reason.PROMPT_EXPIRED, "EXPIRED": Reason.PROMPT_EXPIRED}


def seen_state(word: str) -> Word:
    """Return what a status word means; a word nobody knows is pending."""
    return _STATES.get(word, SeenState.PENDING), word in _STATES


def reason_of(word: str, direction: str) -> Reason:
    """Return why, from the provider's code; without funds it is our wallet on the way out."""
    reason = REASONS.get(word, Reason.UNSPECIFIED)
    if reason is Reason.INSUFFICIENT_FUNDS and direction != "collect":
        return Reason.OUR_WALLET_EMPTY
    return reason


@dataclass(frozen=True, slots=True)
class _Call:
    product: str
    path: str
    party: str


_CALLS = {
    "collect": _Call("collection", "/collection/v1_0/requesttopay", "payer"),
    "payout": _Call("disbursement", "/disbursement/v1_0/transfer", "payee"),
    "refund": _Call("disbursement", "/disbursement/v1_0/refund", "payee"),
}


class MtnMomo(MoneyAdapter):
    """The adapter: three submissions that differ in a path and a word, one read."""

    name = "mtn"
    offers = frozenset({"collect", "payout", "refund", "name", "balance"})
    not_seen_is_proof = True
    is_resend_safe = True  # the second of one id is 409
    schedule: Mapping[str, str] = MappingProxyType({"collect": "S1", "payout": "S3", "refund": "S3"})

    def collect(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Ask the payer's phone for money."""
        answer = self._submit_to_party(order, wire)
        return Accepted(next=NextStep("confirm_on_phone")) if isinstance(answer, Accepted) else answer

    def payout(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Send money to a wallet."""
        return self._submit_to_party(order, wire)

    def refund(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Give back a collect, whole or in part."""
        if order.original is None:
            return Rejected(Reason.NOT_OFFERED, "original", "a refund names its collect")
        return self._submit(order, wire, {"referenceIdToRefund": str(order.original.external_id)})

    def status(self, order: Order, wire: Wire) -> Seen | NotSeen | Unknown:
        """Ask by our own id, on the platform that has it."""
        call = _CALLS[order.direction]
        calls.guard(wire, order.account, order)
        url = f"{order.account.base_url}{call.path}/{order.external_id}"
        answer = _ask(wire, order.account, call.product, "status", "GET", url)
        if not isinstance(answer, Answered):
            return calls.as_read(answer)
        document = answer.document()
        if answer.status == calls.NOT_FOUND and document.get("code") == _ABSENT:
            return NotSeen(_ABSENT)
        if answer.status != calls.OK or not isinstance(document.get("status"), str):
            return calls.unreadable(answer)
        return _seen(document, order.direction)

    def name_of(self, account: Account, phone: PhoneNumber, wire: Wire) -> Name | NotFound | NotOffered | Unknown:
        """Ask who holds a number."""
        calls.guard(wire, account)
        number = _msisdn(account, phone)
        wire.masked[number] = phone.masked[1:]
        url = f"{account.base_url}/collection/v1_0/accountholder/msisdn/{number}/basicuserinfo"
        answer = _ask(wire, account, "collection", "name", "GET", url)
        if not isinstance(answer, Answered):
            return calls.as_read(answer)
        if answer.status == calls.NOT_FOUND:
            return NotFound()
        document = answer.document()
        said = calls.text_of(document.get("name"))
        names = said or " ".join(filter(None, (calls.text_of(document.get(part)) for part in _NAME_PARTS)))
        return Name(names) if answer.is_success and names else calls.unreadable(answer)

    def balance(self, account: Account, wire: Wire) -> Balance | NotOffered | Unknown:
        """Ask what our wallets hold: one for money in, one for money out where the contract has both."""
        calls.guard(wire, account)
        total = None
        for product in _products(account):
            answer = _ask(
                wire, account, product, "balance", "GET", f"{account.base_url}/{product}/v1_0/account/balance"
            )
            if not isinstance(answer, Answered):
                return calls.as_read(answer)
            document = answer.document()
            amount = calls.money(document.get("availableBalance"), document.get("currency"))
            if amount is None or (total is not None and total.currency is not amount.currency):
                return calls.unreadable(answer)
            total = amount if total is None else total + amount
        return NotOffered() if total is None else Balance(total, clock.now())

    def verify_callback(self, call: InboundCall, accounts: Sequence[Account]) -> Hint | Refusal:
        """Read a status body, however simple: nothing of it is signed, so that it only says what to read."""
        if not accounts:
            return Refusal(404)
        document = _document(call.body)
        if document is None:
            return Refusal(400)
        references = {
            "callback_token": call.token,
            "reference": calls.text_of(document.get("externalId")),
            "provider_ref": calls.text_of(document.get("financialTransactionId")),
        }
        return Hint(
            dedupe_key=hashlib.sha256(call.token.encode("utf-8", "replace") + b"\n" + call.body).hexdigest(),
            authenticity="token" if call.token else "none",
            references={name: value for name, value in references.items() if value},
            claimed_state=seen_state(calls.text_of(document.get("status")))[0],
        )

    def _submit_to_party(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        if order.party is None:
            return Rejected(Reason.INVALID_PHONE, "party", "a prompt and a transfer name a phone")
        party = {"partyIdType": "MSISDN", "partyId": _msisdn(order.account, order.party)}
        return self._submit(order, wire, {_CALLS[order.direction].party: party})

    def _submit(self, order: Order, wire: Wire, own: Mapping[str, Any]) -> Accepted | Rejected | Unknown:
        call = _CALLS[order.direction]
        calls.guard(wire, order.account, order)
        amount = calls.amount_text(order)
        if isinstance(amount, Rejected):
            return amount
        message = calls.plain_words(order.label, LONGEST_MESSAGE)
        document = {
            "amount": amount,
            "currency": order.amount.currency.value,
            "externalId": order.reference,
            **own,
            "payerMessage": message,
            "payeeNote": calls.plain_words(f"{message} {order.reference}", LONGEST_MESSAGE),
        }
        headers = {"X-Reference-Id": str(order.external_id), "X-Callback-Url": order.callback_url}
        url = f"{order.account.base_url}{call.path}"
        answer = _ask(wire, order.account, call.product, order.direction, "POST", url, headers, document)
        if not isinstance(answer, Answered):
            return answer
        return _submitted(answer, order.direction)


_NAME_PARTS = ("given_name", "family_name")


def _submitted(answer: Answered, direction: str) -> Accepted | Rejected | Unknown:
    code = calls.text_of(answer.document().get("code"))
    if answer.status == _ACCEPTED or (answer.status == calls.CONFLICT and code == _EXISTS):
        return Accepted()  # an id that exists is ours: the read tells what became of it
    if answer.status == calls.NOT_FOUND:
        return Rejected(Reason.CONFIGURATION, code or str(answer.status), calls.kept_text(answer))
    if answer.is_success or answer.status == calls.CONFLICT:
        return calls.unreadable(answer)
    return Rejected(reason_of(code, direction), code or str(answer.status), calls.kept_text(answer))


def _seen(document: Mapping[str, Any], direction: str) -> Seen:
    """Read a status; `reason` is an object, a plain text or absent."""
    word = calls.text_of(document.get("status"))
    state, is_known = seen_state(word)
    told = document.get("reason")
    code = calls.text_of(told.get("code")) if isinstance(told, dict) else calls.text_of(told)
    reason = None
    if state in {SeenState.FAILED, SeenState.EXPIRED}:
        reason = reason_of(code, direction) if code else _REASON_OF_STATE.get(word, Reason.UNSPECIFIED)
    party = calls.section(document.get("payer")) or calls.section(document.get("payee"))
    return Seen(
        state=state,
        provider_state=f"{word} {code}".strip(),
        amount=calls.money(document.get("amount"), document.get("currency")),
        currency_text=calls.text_of(document.get("currency")),
        party=calls.phone(party.get("partyId")),
        provider_ref=calls.text_of(document.get("financialTransactionId")) or None,
        reason=reason,
        is_word_known=is_known,
    )


def _msisdn(account: Account, phone: PhoneNumber) -> str:
    return phone.for_provider("mtn", is_bj_legacy=bool(account.settings.get("bj_legacy")))


def _products(account: Account) -> tuple[str, ...]:
    return tuple(name for name in ("collection", "disbursement") if calls.secret(account, f"{name}_user"))


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _headers(account: Account, product: str) -> dict[str, str]:
    """Return what every call carries, the token call too: some platforms want the environment there."""
    return {
        "Ocp-Apim-Subscription-Key": calls.secret(account, f"{product}_subscription"),
        "X-Target-Environment": str(account.settings.get("target_environment", "sandbox")),
    }


def _token(wire: Wire, account: Account, product: str) -> Token | Rejected | Unknown:
    user, key = calls.secret(account, f"{product}_user"), calls.secret(account, f"{product}_key")
    headers = {**_headers(account, product), "Authorization": calls.basic(user, key)}
    url = f"{account.base_url}/{product}/token/"
    answer = wire.call("token", "POST", url, headers=headers, read_timeout_s=calls.TOKEN_TIMEOUT_S)
    return calls.read_token(answer, wire)


def _ask(  # one call is made of these
    wire: Wire,
    account: Account,
    product: str,
    operation: str,
    method: str,
    url: str,
    headers: Mapping[str, str] = MappingProxyType({}),
    document: Any = None,
) -> Answered | Rejected | Unknown:
    """Make one call with the product's token."""
    common = {**_headers(account, product), **headers}
    return calls.with_token(
        wire,
        account,
        product,
        lambda: _token(wire, account, product),
        lambda token: wire.call(
            operation, method, url, headers={**common, "Authorization": f"Bearer {token}"}, document=document
        ),
    )


def create_api_user(wire: Wire, account: Account, product: str, callback_host: str) -> tuple[str, str] | Unknown:
    """Make an API user and its key on the sandbox: the pair `{product}_user`, `{product}_key` of an account."""
    user = str(uuid4())
    calls.guard(wire, account)
    key = {"Ocp-Apim-Subscription-Key": calls.secret(account, f"{product}_subscription")}
    url = f"{account.base_url}/v1_0/apiuser"
    made = calls.meaning_of(
        wire.call(
            "api user",
            "POST",
            url,
            headers={**key, "X-Reference-Id": user},
            document={"providerCallbackHost": callback_host},
        )
    )
    if not isinstance(made, Answered) or made.status != _CREATED:
        return calls.unreadable(made) if isinstance(made, Answered) else calls.as_read(made)
    answer = calls.meaning_of(wire.call("api key", "POST", f"{url}/{user}/apikey", headers=key))
    if not isinstance(answer, Answered):
        return calls.as_read(answer)
    given = calls.text_of(answer.document().get("apiKey"))
    return (user, given) if given else calls.unreadable(answer)


ADAPTER = MtnMomo()
