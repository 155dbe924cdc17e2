"""Orange Cameroon: a prompt on the payer's phone takes money in, a cash-in sends it out. The channel's PIN moves money.

A first call (`init`) gives a `payToken` and moves nothing, so that it may be repeated freely; `pay` is never repeated.
Failures come as HTTP 417 or 200, with the transaction's own record or with a `fault`.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from core import clock
from providers.amounts import format_amount, parse_amount
from providers.answers import (
    Accepted,
    Account,
    Hint,
    InboundCall,
    NextStep,
    NotSeen,
    Order,
    Prepared,
    Reason,
    Refusal,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.mobile_money import orange_calls as calls
from providers.tokens import Token
from providers.wire import Answered, Silence, Wire

COUNTRY = "CM"
ROOT = "/omcoreapis/1.0.2"
READ_TIMEOUT_S = 60.0
ORDER_ID_CHARACTERS = 20
LONGEST_DESCRIPTION = 60
# Once, a minute after; the read schedule looks at 60 s ± 10 % and next at 120 s, so that this window holds one read.
PROMPT_AGAIN_FROM, PROMPT_AGAIN_TO = timedelta(seconds=54), timedelta(seconds=105)
SECRETS = ("client_id", "client_secret", "x_auth_token", "channel_msisdn", "channel_pin")

WORDS = MappingProxyType(
    {
        "INITIATED": SeenState.PENDING,
        "PENDING": SeenState.PENDING,
        "SUCCESSFULL": SeenState.SUCCEEDED,  # two L: what production says
        "SUCCESSFUL": SeenState.SUCCEEDED,
        "SUCCESS": SeenState.SUCCEEDED,
        "FAILED": SeenState.FAILED,
        "CANCELLED": SeenState.CANCELLED,
        "EXPIRED": SeenState.EXPIRED,
    }
)

# Code -> what it means when money was to come in, and when it was to go out.
CODES: Mapping[str, tuple[Reason, Reason]] = MappingProxyType(
    {
        "60019": (Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY),
        "900901": (Reason.CONFIGURATION, Reason.CONFIGURATION),
        "900902": (Reason.CONFIGURATION, Reason.CONFIGURATION),
        "900908": (Reason.CONFIGURATION, Reason.CONFIGURATION),
    }
)
# Where there is no code of ours, a piece of their sentence, without accents; first match.
SENTENCES: tuple[tuple[str, tuple[Reason, Reason]], ...] = (
    ("solde", (Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY)),
    ("introuvable", (Reason.PAYER_NOT_FOUND, Reason.PAYEE_NOT_FOUND)),
    ("bloque", (Reason.ACCOUNT_BLOCKED, Reason.ACCOUNT_BLOCKED)),
    ("refuse", (Reason.NOT_APPROVED, Reason.PAYEE_NOT_ALLOWED)),
)
WRONG_PIN = ("pin incorrect", "pin invalide", "code secret")


def seen_state(word: str) -> calls.Word:
    """Return what a status word means and whether it is known; an unknown one is pending."""
    return WORDS.get(word, SeenState.PENDING), word in WORDS


def reason_of(code: str, sentence: str, direction: str) -> Reason:
    """Return why nothing moved, by Orange's code or else by its sentence; `unspecified` when neither is known."""
    side = 0 if direction == "collect" else 1
    if code in CODES:
        return CODES[code][side]
    plain = _plain(sentence)
    return next((reasons[side] for piece, reasons in SENTENCES if piece in plain), Reason.UNSPECIFIED)


class OrangeCameroon(calls.OrangeAdapter):
    """The adapter; `mp` takes money in, `cashin` sends it out, with the same three calls."""

    name = "orange_cm"
    offers = frozenset({"collect", "payout"})
    schedule: Mapping[str, str] = MappingProxyType({"collect": "S1", "payout": "S3", "refund": "S3"})

    def prepare(self, order: Order, wire: Wire) -> Prepared | Rejected | Unknown:
        """Ask for a `payToken`, to be saved before `pay`: with it a lost answer can still be asked about."""
        problem = _problem(order)
        if problem is not None:
            return problem
        answer = _call(order, wire, "prepare", "POST", "init")
        if isinstance(answer, Unknown):
            return Unknown(is_sent=False, detail=f"init: {answer.detail}", slows=answer.slows)
        if isinstance(answer, Rejected):
            return answer
        token = calls.identifier(_data(answer).get("payToken"))
        if not token:
            return _fault(answer, order) or Unknown(is_sent=False, detail="no payToken in the answer")
        return Prepared({"pay_token": token})

    def collect(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Prompt the payer."""
        return _pay(order, wire)

    def payout(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Send money to a wallet."""
        return _pay(order, wire)

    def status(self, order: Order, wire: Wire) -> Seen | NotSeen | Unknown:
        """Ask by `payToken`; a prompt still open after a minute is shown once more."""
        token = order.handles.get("pay_token")
        if not isinstance(token, str):
            return NotSeen("no payToken: nothing was asked")
        answer = calls.unread(_call(order, wire, "status", "GET", f"paymentstatus/{quote(token, safe='')}"))
        if not isinstance(answer, Answered):
            return answer
        data = _data(answer)
        if not calls.said(data.get("status")):
            return Unknown(is_sent=True, detail="no status in the answer")
        if data.get("payToken", token) != token:
            return Unknown(is_sent=True, detail="the status of another payment")
        seen = _seen(data, order)
        if seen.state is SeenState.PENDING and seen.is_word_known and _is_time_to_prompt_again(order):
            _call(order, wire, "prompt_again", "GET", f"push/{quote(token, safe='')}")
        return seen

    def verify_callback(self, call: InboundCall, accounts: Sequence[Account]) -> Hint | Refusal:
        """Take unsigned JSON: `payToken` at the top or under `data`, else our token in the address."""
        body = calls.read_body(call)
        if isinstance(body, Refusal):
            return body
        if not calls.own_accounts(accounts, self.name):
            return calls.nobody_here()
        inner = body.get("data")
        data: Mapping[str, Any] = inner if isinstance(inner, dict) else {}
        named = calls.references(
            callback_token=call.token,
            pay_token=body.get("payToken") or data.get("payToken"),
            order_id=body.get("orderId") or body.get("order_id"),
            provider_ref=body.get("txnid") or data.get("txnid"),
        )
        if not named:
            return calls.not_authentic()
        status = {"status": body.get("status") or data.get("status")}
        return calls.hint_of(call, status, named, calls.digest(call))

    def probe(self, account: Account, wire: Wire) -> bool:
        """Ask for a token."""
        calls.hide_secrets(wire, account)
        return isinstance(_token(account, wire), Token)


def _problem(order: Order) -> Rejected | None:
    if order.amount.currency != order.account.currency:
        return Rejected(Reason.CURRENCY_NOT_SUPPORTED, order.amount.currency)
    if order.amount.minor <= 0:
        return Rejected(Reason.AMOUNT_OUT_OF_BOUNDS)
    if not calls.national_digits(order.party, COUNTRY):
        return Rejected(Reason.INVALID_PHONE)
    return calls.missing_secret(order.account, *SECRETS)


def _pay(order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
    problem = _problem(order)
    if problem is not None:
        return problem
    token = order.handles.get("pay_token")
    if not isinstance(token, str):
        return Unknown(is_sent=False, detail="not prepared")
    document = {
        "payToken": token,
        "subscriberMsisdn": calls.national_digits(order.party, COUNTRY),
        "channelUserMsisdn": calls.own_digits(calls.secret(order.account, "channel_msisdn"), COUNTRY),
        "pin": calls.secret(order.account, "channel_pin"),
        "amount": format_amount(order.amount),
        "orderId": order.reference[-ORDER_ID_CHARACTERS:],
        "description": (order.label or order.reference)[:LONGEST_DESCRIPTION],
        "notifUrl": order.callback_url,
    }
    answer = _call(order, wire, order.direction, "POST", "pay", document)
    if not isinstance(answer, Answered):
        return answer
    data = _data(answer)
    if _fault(answer, order) is not None or not answer.is_success or data.get("status") == "FAILED":
        return _rejected(answer, order)
    if not calls.said(data.get("status")):
        return Unknown(is_sent=True, detail="no status in the answer")
    step = NextStep("confirm_on_phone") if order.direction == "collect" else NextStep()
    return Accepted(calls.identifier(data.get("txnid")) or None, {"pay_token": token}, step)


def _rejected(answer: Answered, order: Order) -> Rejected:
    """Read a refusal of `pay`: the failed transaction's own record, a `fault`, or `60019 :: a sentence`."""
    fault = _fault(answer, order)
    if fault is not None:
        return fault
    data = _data(answer)
    message = calls.sentence(answer.document().get("message"))
    if answer.status == calls.NOT_FOUND and not data:
        return Rejected(Reason.CONFIGURATION, str(calls.NOT_FOUND), message)
    before, mark, _ = message.partition(" :: ")
    code = calls.said(data.get("inittxnstatus")) or (before if mark else "")
    return _refusal(code, calls.sentence(data.get("inittxnmessage")) or message, order)


def _fault(answer: Answered, order: Order) -> Rejected | None:
    """Return the refusal a `fault` is, whatever the HTTP status it came with."""
    fault = answer.document().get("fault")
    if not isinstance(fault, dict):
        return None
    sentence = calls.sentence(fault.get("description")) or calls.sentence(fault.get("message"))
    return _refusal(calls.said(fault.get("code")), sentence, order)


def _refusal(code: str, sentence: str, order: Order) -> Rejected:
    if any(piece in _plain(sentence) for piece in WRONG_PIN):  # the only PIN in this call is our channel's
        return Rejected(Reason.CONFIGURATION, code, sentence, is_pin_wrong=True)
    return Rejected(reason_of(code, sentence, order.direction), code, sentence)


def _seen(data: Mapping[str, Any], order: Order) -> Seen:
    word = calls.said(data.get("status"))
    state, is_word_known = seen_state(word)
    reason = None
    if state is SeenState.FAILED:
        code = calls.said(data.get("confirmtxnstatus")) or calls.said(data.get("inittxnstatus"))
        sentence = calls.said(data.get("confirmtxnmessage")) or calls.said(data.get("inittxnmessage"))
        reason = reason_of(code, sentence, order.direction)
    if state is SeenState.EXPIRED:
        reason = Reason.PROMPT_EXPIRED
    amount = parse_amount(data.get("amount"), order.account.currency)
    if state is SeenState.SUCCEEDED and amount is None:
        state = SeenState.PENDING  # nothing to compare with
    party = calls.read_phone(data.get("subscriberMsisdn"), COUNTRY)
    reference = calls.identifier(data.get("txnid")) or None
    return Seen(state, word, amount, "", party, reference, reason=reason, is_word_known=is_word_known)


def _is_time_to_prompt_again(order: Order) -> bool:
    if order.direction != "collect" or order.submitted_at is None:
        return False
    return PROMPT_AGAIN_FROM <= clock.now() - order.submitted_at < PROMPT_AGAIN_TO


def _call(
    order: Order, wire: Wire, operation: str, method: str, verb: str, document: dict[str, Any] | None = None
) -> Answered | Rejected | Unknown:
    account = order.account
    product = "mp" if order.direction == "collect" else "cashin"
    if order.party is not None:
        wire.cover(masked={order.party.national: order.party.masked})

    def send(token: str) -> Answered | Silence:
        return wire.call(
            operation,
            method,
            f"{account.base_url}{ROOT}/{product}/{verb}",
            headers={
                "Authorization": f"Bearer {token}",
                "X-AUTH-TOKEN": calls.secret(account, "x_auth_token"),
                "Accept": "application/json",
            },
            document=document,
            read_timeout_s=READ_TIMEOUT_S,
        )

    return calls.call_with_token(wire, account, "om", lambda: _token(account, wire), send)


def _token(account: Account, wire: Wire) -> Token | Rejected | Unknown:
    credentials = calls.basic(calls.secret(account, "client_id"), calls.secret(account, "client_secret"))
    form = {"grant_type": "client_credentials"}
    return calls.ask_token(wire, f"{account.base_url}/token", form=form, headers={"Authorization": credentials})


def _data(answer: Answered) -> Mapping[str, Any]:
    data = answer.document().get("data")
    return data if isinstance(data, dict) else {}


def _plain(sentence: str) -> str:
    """Return a sentence in small letters without accents, as their systems write it or not."""
    return "".join(mark for mark in unicodedata.normalize("NFKD", sentence.lower()) if not unicodedata.combining(mark))


ADAPTER = OrangeCameroon()
