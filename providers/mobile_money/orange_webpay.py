"""Orange Money WebPay: a link on which the payer confirms. No payout, no refund, no list.

The answer to our call brings three values (`pay_token`, `notif_token`, `order_id`); all three and the amount are needed
to ask again. When that answer is lost nobody was given the link, so that no money can move.
"""

from collections.abc import Sequence
from datetime import timedelta
from types import MappingProxyType

from core import clock
from core.money import Money
from providers.amounts import format_amount
from providers.answers import (
    Accepted,
    Account,
    Hint,
    InboundCall,
    NextStep,
    NotSeen,
    Order,
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

LINK_LIFE = timedelta(seconds=600)
LOST_AFTER = timedelta(minutes=15)
LONGEST_ORDER_ID = 30
LONGEST_REFERENCE = 30
LONGEST_NOTIF_URL = 120
TEST_MARKET = "dev"
TEST_CURRENCY = "OUV"
TOKEN_PATH = "/oauth/v3/token"  # noqa: S105  # where tokens are asked for
LANGUAGES = frozenset({"fr", "en"})

WORDS = MappingProxyType(
    {
        "INITIATED": SeenState.PENDING,
        "PENDING": SeenState.PENDING,
        "SUCCESS": SeenState.SUCCEEDED,
        "FAILED": SeenState.FAILED,
        "EXPIRED": SeenState.EXPIRED,
    }
)
UNPAID = "INITIATED"  # nobody has typed a number on the page yet


def seen_state(word: str) -> calls.Word:
    """Return what a status word means and whether it is known; an unknown one is pending."""
    return WORDS.get(word, SeenState.PENDING), word in WORDS


class OrangeWebPay(calls.OrangeAdapter):
    """The adapter; every market is one account (`settings.market`)."""

    name = "orange_webpay"
    offers = frozenset({"collect"})

    def collect(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Ask for a payment link."""
        problem = _problem(order)
        if problem is not None:
            return problem
        answer = _post(order.account, wire, "collect", "webpayment", _payment(order))
        if not isinstance(answer, Answered):
            return answer
        if not answer.is_success:
            return _rejected(answer)
        document = answer.document()
        names = ("pay_token", "notif_token", "payment_url")
        pay_token, notif_token, url = (calls.identifier(document.get(name)) for name in names)
        if not pay_token or not url.startswith(("https://", "http://")):
            return Unknown(is_sent=True, detail="no link in the answer")
        wire.cover(notif_token, pay_token)
        until = clock.now() + LINK_LIFE
        return Accepted(
            handles={
                "pay_token": pay_token,
                "notif_token": notif_token,
                "order_id": order.reference,
                "until": until.isoformat(),
            },
            next=NextStep("open_link", url=url, until=until),
        )

    def status(self, order: Order, wire: Wire) -> Seen | NotSeen | Unknown:
        """Ask with the three stored values; without them nobody holds a link, and after 15 minutes nobody ever will."""
        pay_token = order.handles.get("pay_token")
        if not isinstance(pay_token, str):
            return _without_link(order)
        wire.hide(pay_token, str(order.handles.get("notif_token", "")))
        question = {"order_id": order.reference, "amount": _units(order.amount), "pay_token": pay_token}
        if order.account.settings.get("asks_merchant_key"):
            question["merchant_key"] = calls.secret(order.account, "merchant_key")
        answer = calls.unread(_post(order.account, wire, "status", "transactionstatus", question))
        return _seen(answer.document(), order) if isinstance(answer, Answered) else answer

    def verify_callback(self, call: InboundCall, accounts: Sequence[Account]) -> Hint | Refusal:
        """Take `{status, notif_token, txnid}`: no order, no amount, no signature, only tokens.

        Whoever finds the transfer compares `notif_token` with its handle: no account knows it.
        """
        body = calls.read_body(call)
        if isinstance(body, Refusal):
            return body
        if not calls.own_accounts(accounts, self.name):
            return calls.nobody_here()
        named = calls.references(
            callback_token=call.token,
            notif_token=body.get("notif_token"),
            order_id=body.get("order_id"),
            provider_ref=body.get("txnid"),
        )
        if not (call.token or named.get("notif_token")):
            return calls.not_authentic()
        return calls.hint_of(call, body, named, calls.digest(call))

    def probe(self, account: Account, wire: Wire) -> bool:
        """Ask for a token."""
        calls.hide_secrets(wire, account)
        return isinstance(_token(account, wire), Token)


def _problem(order: Order) -> Rejected | None:
    """Refuse before the call what Orange would refuse, or what it would accept and never tell us about."""
    currency = order.account.settings.get("currency") or order.account.currency
    if currency not in {order.amount.currency, TEST_CURRENCY}:
        return Rejected(Reason.CURRENCY_NOT_SUPPORTED, str(currency))
    if order.amount.minor <= 0 or order.amount.minor % 10**order.amount.currency.exponent:
        return Rejected(Reason.AMOUNT_OUT_OF_BOUNDS, "amount", "whole units only")
    if len(order.callback_url) > LONGEST_NOTIF_URL:
        return Rejected(Reason.CONFIGURATION, "notif_url", f"longer than {LONGEST_NOTIF_URL} characters")
    if len(order.reference) > LONGEST_ORDER_ID:
        return Rejected(Reason.CONFIGURATION, "order_id", f"longer than {LONGEST_ORDER_ID} characters")
    return calls.missing_secret(order.account, "client_id", "client_secret", "merchant_key")


def _payment(order: Order) -> dict[str, object]:
    settings = order.account.settings
    is_test = settings.get("market") == TEST_MARKET
    return {
        "merchant_key": calls.secret(order.account, "merchant_key"),
        "currency": TEST_CURRENCY if is_test else order.amount.currency.value,
        "order_id": order.reference,
        "amount": _units(order.amount),
        "return_url": order.return_url,
        "cancel_url": order.cancel_url,
        "notif_url": order.callback_url,
        "lang": order.language if order.language in LANGUAGES else "fr",
        "reference": (order.label or str(settings.get("name") or order.reference))[:LONGEST_REFERENCE],
    }


def _units(amount: Money) -> int:
    """Return the amount as the JSON integer Orange wants: whole units."""
    return int(format_amount(amount))


def _post(
    account: Account, wire: Wire, operation: str, verb: str, document: dict[str, object]
) -> Answered | Rejected | Unknown:
    market = account.settings.get("market") or TEST_MARKET
    url = f"{account.base_url}/orange-money-webpay/{market}/v1/{verb}"

    def send(token: str) -> Answered | Silence:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        return wire.call(operation, "POST", url, headers=headers, document=document)

    return calls.call_with_token(wire, account, "webpay", lambda: _token(account, wire), send)


def _token(account: Account, wire: Wire) -> Token | Rejected | Unknown:
    credentials = calls.basic(calls.secret(account, "client_id"), calls.secret(account, "client_secret"))
    return calls.ask_token(
        wire,
        f"{account.base_url}{account.settings.get('token_path') or TOKEN_PATH}",
        form={"grant_type": "client_credentials"},
        headers={"Authorization": credentials, "Accept": "application/json"},
    )


def _rejected(answer: Answered) -> Rejected:
    """Read a refusal: a used order id, a wrong address or key, or words for the operator."""
    document = answer.document()
    text = f"{calls.sentence(document.get('message'))} {calls.sentence(document.get('description'))}".strip()
    code = calls.said(document.get("code") or document.get("status") or answer.status)
    if "order_id" in text.lower() and "already" in text.lower():
        return Rejected(Reason.DUPLICATE_REFERENCE, code, text)
    return Rejected(Reason.CONFIGURATION, code, text)


def _without_link(order: Order) -> Seen | NotSeen:
    sent_at = order.submitted_at
    if sent_at is not None and clock.now() >= sent_at + LOST_AFTER:
        return Seen(SeenState.EXPIRED, "", reason=Reason.LINK_EXPIRED)
    return NotSeen("the answer with the link was lost")


def _seen(document: dict[str, object], order: Order) -> Seen | NotSeen | Unknown:
    """Read a status. It carries no amount: Orange answers only a question whose amount is right."""
    word = calls.said(document.get("status"))
    if not word:
        return Unknown(is_sent=True, detail="no status in the answer")
    if document.get("order_id", order.reference) != order.reference:
        return Unknown(is_sent=True, detail="the status of another order")
    state, is_word_known = seen_state(word)
    reason = Reason.UNSPECIFIED if state is SeenState.FAILED else None
    if state is SeenState.EXPIRED or (word == UNPAID and calls.is_past(order.handles.get("until"), clock.now())):
        state, reason = SeenState.EXPIRED, Reason.LINK_EXPIRED
    return Seen(
        state,
        word,
        amount=order.amount,
        provider_ref=calls.identifier(document.get("txnid")) or None,
        reason=reason,
        is_word_known=is_word_known,
    )


ADAPTER = OrangeWebPay()
