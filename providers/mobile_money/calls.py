"""What adapters share: what an HTTP answer means before a provider's own words are read, and what most do not offer."""

import base64
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from core.money import Currency, Money
from core.phone import PhoneNumber, PhoneRefusal, normalise
from providers.amounts import Decimals, UnfitAmountError, format_amount, parse_amount
from providers.answers import (
    Accepted,
    Account,
    Balance,
    Name,
    NotFound,
    NotOffered,
    Order,
    Page,
    Prepared,
    Reason,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.instants import parse_instant
from providers.tokens import Token, tokens
from providers.wire import Answered, Silence, Wire

TOKEN_TIMEOUT_S = 60.0
LONGEST_KEPT_TEXT = 200

OK, UNAUTHORISED, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_MANY = 200, 401, 403, 404, 409, 429
_MULTIPLE_CHOICES, _BAD_REQUEST, _SERVER_ERROR = 300, 400, 500
_LATER = frozenset({408, 425, TOO_MANY})

Send = Callable[[], Answered | Silence]
SendWithToken = Callable[[str], Answered | Silence]
FetchToken = Callable[[], Token | Rejected | Unknown]
Word = tuple[SeenState, bool]


class MoneyAdapter:
    """The parts of `MoneyProvider` that most providers do not have; an adapter below says what it has."""

    def prepare(self, order: Order, wire: Wire) -> Prepared | Rejected | Unknown:  # noqa: ARG002
        """Return no handles: there is no first call."""
        return Prepared({})

    def expire(self, order: Order, wire: Wire) -> None:
        """Do nothing: there is nothing to close."""

    def list(self, account: Account, day: date, cursor: str | None, wire: Wire) -> Page | NotOffered | Unknown:  # noqa: ARG002
        """Offer no list: each row is read again."""
        return NotOffered()

    def name_of(self, account: Account, phone: PhoneNumber, wire: Wire) -> Name | NotFound | NotOffered | Unknown:  # noqa: ARG002
        """Offer no names."""
        return NotOffered()

    def balance(self, account: Account, wire: Wire) -> Balance | NotOffered | Unknown:  # noqa: ARG002
        """Offer no balance."""
        return NotOffered()

    def probe(self, account: Account, wire: Wire) -> bool:
        """Read the balance and say whether it was answered properly."""
        return isinstance(self.balance(account, wire), Balance)


def with_key(send: Send) -> Answered | Rejected | Unknown:
    """Call with a key that does not change: a 401 is tried once more, with the same content and the same id."""
    answer = send()
    if isinstance(answer, Answered) and answer.status == UNAUTHORISED:
        answer = send()
    return meaning_of(answer)


def with_token(
    wire: Wire, account: Account, product: str, fetch: FetchToken, send: SendWithToken
) -> Answered | Rejected | Unknown:
    """Call with the account's token; on a 401 take a new one and try once more, with the same content and id."""
    answer: Answered | Silence = Silence(is_sent=False, error_kind="no token")
    for _ in range(2):
        token = tokens.get(wire, account, product, fetch)
        if not isinstance(token, str):
            return token
        answer = send(token)
        if isinstance(answer, Silence) or answer.status != UNAUTHORISED:
            break
        tokens.drop(account, product, token)
    return meaning_of(answer)


def meaning_of(answer: Answered | Silence) -> Answered | Rejected | Unknown:
    """Return the answer when its own body is to be read: a 2xx, or a 4xx that says something; else what it means."""
    if isinstance(answer, Silence):
        return Unknown(answer.is_sent, answer.error_kind)
    if answer.status in {UNAUTHORISED, FORBIDDEN}:
        return Rejected(Reason.CONFIGURATION, str(answer.status), kept_text(answer))
    is_refusal = _BAD_REQUEST <= answer.status < _SERVER_ERROR and answer.status not in _LATER
    if answer.is_success or (is_refusal and answer.document()):
        return answer
    return Unknown(is_sent=True, detail=f"http {answer.status}", slows=answer.status == TOO_MANY)


def unreadable(answer: Answered) -> Unknown:
    """Return what an answer without the documented body means: nobody knows."""
    return Unknown(is_sent=True, detail=f"http {answer.status}: {kept_text(answer)}")


def as_read(answer: Rejected | Unknown) -> Unknown:
    """Return what it means for a read that it was refused: still nobody knows."""
    if isinstance(answer, Unknown):
        return answer
    return Unknown(is_sent=True, detail=f"{answer.reason} {answer.code}")


def read_token(answer: Answered | Silence, wire: Wire) -> Token | Rejected | Unknown:
    """Read what a token call answered. Nothing of an order has left yet: no answer leaves a doubt about money."""
    if isinstance(answer, Silence):
        return Unknown(is_sent=False, detail=f"token: {answer.error_kind}")
    document = answer.document()
    value, life = document.get("access_token"), document.get("expires_in")
    if answer.is_success and isinstance(value, str) and value:
        wire.hide(value)
        return Token(value, float(life) if isinstance(life, int | float) else 0.0)
    if _BAD_REQUEST <= answer.status < _SERVER_ERROR and answer.status not in _LATER:
        return Rejected(Reason.CONFIGURATION, str(answer.status), kept_text(answer))
    return Unknown(is_sent=False, detail=f"token: http {answer.status}", slows=answer.status == TOO_MANY)


def basic(user: str, password: str) -> str:
    """Return the value of an `Authorization: Basic` header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def secret(account: Account, name: str) -> str:
    """Return the secret we call with: the first live value, empty when there is none."""
    return next(iter(account.secret_values(name)), "")


def guard(wire: Wire, account: Account, order: Order | None = None) -> None:
    """Keep neither a secret of the account nor what the payer typed, and of the party only the short form."""
    for name in account.secrets:
        wire.hide(*account.secret_values(name))
    if order is not None:
        wire.hide(order.otp)
        if order.party is not None:
            wire.masked[order.party.e164[1:]] = order.party.masked[1:]


def kept_text(answer: Answered) -> str:
    """Return the provider's own words for the operator, at most 200 characters."""
    document = answer.document()
    inner = document.get("failureReason")
    said = inner if isinstance(inner, dict) else document
    for name in ("message", "failureMessage", "error_message", "errorMessage", "error_description", "error", "detail"):
        if isinstance(said.get(name), str):
            return text_of(said[name])[:LONGEST_KEPT_TEXT]
    return answer.body[:LONGEST_KEPT_TEXT].decode("utf-8", "replace").replace("\0", "")


def amount_text(order: Order, decimals: str | None = None) -> str | Rejected:
    """Write the amount as the account takes it; whole units only and an amount with decimals are a refusal of ours."""
    allowed = decimals or order.account.settings.get("decimals")
    form: Decimals = "NONE" if allowed == "NONE" else "TWO_PLACES"
    try:
        return format_amount(order.amount, decimals=form)
    except UnfitAmountError as error:
        return Rejected(Reason.AMOUNT_OUT_OF_BOUNDS, "decimals", str(error))


def money(raw: Any, currency: Any) -> Money | None:
    """Read an amount of an answer; None when it is none."""
    return parse_amount(raw, currency) if isinstance(currency, str) else None


def phone(raw: Any) -> PhoneNumber | None:
    """Read a number of an answer, with or without its `+`; None when it is none."""
    if not isinstance(raw, str | int):
        return None
    try:
        return normalise(f"+{str(raw).removeprefix('+')}", None)
    except PhoneRefusal:
        return None


def instant(raw: Any) -> datetime | None:
    """Read an ISO instant of an answer; None when it is none or has no zone."""
    return parse_instant(raw)


def text_of(raw: Any) -> str:
    """Return a text of an answer, fit to be stored; empty when there is none."""
    return raw.encode("utf-8", "replace").decode("utf-8").replace("\0", "") if isinstance(raw, str) else ""


def section(raw: Any) -> Mapping[str, Any]:
    """Return an object of an answer, empty when there is none."""
    return raw if isinstance(raw, dict) else {}


def plain_words(text: str, longest: int) -> str:
    """Return unaccented letters, digits and single spaces, at most `longest`: what every market lets through."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9]+", " ", bare).strip()[:longest].strip()


def accepted(seen: Seen, handles: Mapping[str, Any]) -> Accepted:
    """Return the answer to a call of ours that was a full status."""
    return Accepted(provider_ref=seen.provider_ref, handles=handles, seen=seen)


def currency_of(account: Account) -> Currency | None:
    """Return the currency of the account; None for one we do not count in."""
    try:
        return Currency(account.currency)
    except ValueError:
        return None
