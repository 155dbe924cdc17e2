"""What the three Orange contracts share: a call with a token, what an HTTP answer means, and what none of them offers.

Orange Money WebPay, Orange Sonatel and Orange Cameroon have nothing in common but a name and this.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from core.masking import mask_text
from core.phone import PhoneNumber, PhoneRefusal, normalise
from providers.answers import (
    Accepted,
    Account,
    Balance,
    Hint,
    InboundCall,
    Name,
    NotFound,
    NotOffered,
    NotSeen,
    Order,
    Page,
    Prepared,
    Reason,
    Refusal,
    Rejected,
    SeenState,
    Unknown,
)
from providers.instants import parse_instant
from providers.tokens import Fetch, Token, tokens
from providers.wire import Answered, Silence, Wire

TOKEN_TIMEOUT_S = 60.0
LINK_GRACE = timedelta(minutes=10)
MSISDN_DIGITS = 9
INDICATORS = MappingProxyType({"SN": "221", "CM": "237"})
LONGEST_KEPT_TEXT = 200
LONGEST_IDENTIFIER = 2_000

_DOUBTFUL = frozenset({408, 409, 425, 429})  # 409: the id exists, so that it is read
_TOO_MANY = 429
_UNAUTHORISED = 401
_FORBIDDEN = 403
NOT_FOUND = 404
_REDIRECT, _BAD_REQUEST, _SERVER = 300, 400, 500

Send = Callable[[str], Answered | Silence]
Word = tuple[SeenState, bool]
Authenticity = Literal["signed", "secret", "token", "none"]


class OrangeAdapter:
    """The parts of `MoneyProvider` that no Orange contract has; an adapter below says what it does have."""

    name = ""
    offers: frozenset[str] = frozenset()
    not_seen_is_proof = False  # an empty answer proves nothing at Orange
    is_resend_safe = False  # none of the three promises that the same id is executed once
    schedule: Mapping[str, str] = MappingProxyType({"collect": "S2", "payout": "S3", "refund": "S3"})

    def prepare(self, order: Order, wire: Wire) -> Prepared | Rejected | Unknown:  # noqa: ARG002
        """Return no handles: there is no first call."""
        return Prepared({})

    def payout(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:  # noqa: ARG002
        """Refuse: this contract only takes money in."""
        return Rejected(Reason.NOT_OFFERED)

    def refund(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:  # noqa: ARG002
        """Refuse: Orange gives a merchant no refund; what is owed goes back as a payout."""
        return Rejected(Reason.NOT_OFFERED)

    def expire(self, order: Order, wire: Wire) -> None:
        """Do nothing: an Orange link closes by itself."""

    def list(self, account: Account, day: date, cursor: str | None, wire: Wire) -> Page | NotOffered | Unknown:  # noqa: ARG002
        """Offer no list: each row is read again."""
        return NotOffered()

    def name_of(self, account: Account, phone: PhoneNumber, wire: Wire) -> Name | NotFound | NotOffered | Unknown:  # noqa: ARG002
        """Offer no names."""
        return NotOffered()

    def balance(self, account: Account, wire: Wire) -> Balance | NotOffered | Unknown:  # noqa: ARG002
        """Offer no balance."""
        return NotOffered()


def call_with_token(
    wire: Wire, account: Account, product: str, fetch: Fetch, send: Send, *, is_empty_fine: bool = False
) -> Answered | Rejected | Unknown:
    """Call with the account's token; on a 401 take a new one and try once more, with the same content.

    `Answered` is a 2xx, or a 4xx that carries the provider's own JSON; everything else has its meaning already.
    """
    hide_secrets(wire, account)
    refused = ""
    for _ in range(2):
        token = tokens.get(wire, account, product, fetch)
        if not isinstance(token, str):
            return token
        wire.hide(token)
        answer = send(token)
        if isinstance(answer, Silence):
            return Unknown(answer.is_sent, answer.error_kind)
        if answer.status != _UNAUTHORISED:
            return answer if is_empty_fine and answer.is_success else meaning_of(answer)
        tokens.drop(account, product, token)
        refused = kept_text(answer)
    return Rejected(Reason.CONFIGURATION, str(_UNAUTHORISED), refused)


def meaning_of(answer: Answered) -> Answered | Rejected | Unknown:
    """Return the answer when its body decides, else what its HTTP status means (the table of every adapter)."""
    if answer.status == _FORBIDDEN:
        return Rejected(Reason.CONFIGURATION, str(_FORBIDDEN), kept_text(answer))
    is_doubtful = answer.status in _DOUBTFUL or answer.status >= _SERVER or _REDIRECT <= answer.status < _BAD_REQUEST
    if is_doubtful or not isinstance(answer.json(), dict | list):
        return Unknown(is_sent=True, detail=f"http {answer.status}", slows=answer.status == _TOO_MANY)
    return answer


def ask_token(
    wire: Wire, url: str, *, form: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Token | Rejected | Unknown:
    """Ask for a token. Nothing of the order has left yet, so that no answer here leaves a doubt about money."""
    answer = wire.call("token", "POST", url, headers=headers, form=form, read_timeout_s=TOKEN_TIMEOUT_S)
    if isinstance(answer, Silence):
        return Unknown(is_sent=False, detail=answer.error_kind)
    document = answer.document()
    token = identifier(document.get("access_token"))
    if answer.is_success and token:
        wire.hide(token)
        return Token(token, _seconds(document.get("expires_in")))
    if _BAD_REQUEST <= answer.status < _SERVER and answer.status not in _DOUBTFUL:
        return Rejected(Reason.CONFIGURATION, str(answer.status), kept_text(answer))
    return Unknown(is_sent=False, detail=f"token: http {answer.status}", slows=answer.status == _TOO_MANY)


def basic(user: str, password: str) -> str:
    """Return the value of an `Authorization: Basic` header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def secret(account: Account, name: str) -> str:
    """Return the first live value of a secret, empty when there is none."""
    return next(iter(account.secret_values(name)), "")


def hide_secrets(wire: Wire, account: Account) -> None:
    """Never keep a secret of the account, in whatever field it stands."""
    for name in account.secrets:
        wire.hide(*account.secret_values(name))


def missing_secret(account: Account, *names: str) -> Rejected | None:
    """Refuse before any call when the account lacks a secret it needs."""
    absent = [name for name in names if not secret(account, name)]
    return Rejected(Reason.CONFIGURATION, "missing", ", ".join(absent)) if absent else None


def national_digits(phone: PhoneNumber | None, country: str) -> str:
    """Return the nine national digits Orange knows a number of `country` by; empty when it is no such number."""
    is_fit = phone is not None and phone.country == country and len(phone.national) == MSISDN_DIGITS
    return phone.national if phone is not None and is_fit else ""


def own_digits(msisdn: str, country: str) -> str:
    """Return the nine digits of our own wallet, however the secret was typed."""
    digits = "".join(mark for mark in msisdn if mark.isdecimal())
    return digits.removeprefix(INDICATORS[country]) if len(digits) > MSISDN_DIGITS else digits


def read_phone(raw: object, country: str) -> PhoneNumber | None:
    """Read a number as Orange writes it: nine digits, or the country's indicator before them."""
    text = str(raw or "")
    indicator = INDICATORS[country]
    if text.startswith(indicator) and len(text) == MSISDN_DIGITS + len(indicator):
        text = f"+{text}"
    try:
        return normalise(text, country)
    except PhoneRefusal:
        return None


def read_instant(raw: object) -> datetime | None:
    """Read an ISO instant that says its offset; None for anything else."""
    return parse_instant(raw)


def identifier(raw: object, longest: int = LONGEST_IDENTIFIER) -> str:
    """Return an id, a token or an address as the provider gave it; empty when it is nothing that can be sent back."""
    text = str(raw) if isinstance(raw, str | int) else ""
    return text if len(text) <= longest and text.isascii() and text.isprintable() else ""


def said(raw: object) -> str:
    """Return a word or a sentence of the provider's, fit to be kept: short, without what no row can hold."""
    text = str(raw) if isinstance(raw, str | int) else ""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").strip()[:LONGEST_KEPT_TEXT]


def sentence(raw: object) -> str:
    """Return the provider's own words for an operator, without numbers of persons or secrets they may repeat."""
    return mask_text(said(raw))


def kept_text(answer: Answered) -> str:
    """Return the beginning of an answer that is no document of theirs, for an operator."""
    return sentence(answer.body.decode("utf-8", "replace"))


def unread(answer: Answered | Rejected | Unknown) -> Answered | NotSeen | Unknown:
    """Turn what a read got into what a read may say: a refusal to answer says nothing about the money."""
    if isinstance(answer, Rejected):
        return Unknown(is_sent=True, detail=f"{answer.reason}: {answer.code}")
    if isinstance(answer, Answered) and answer.status == NOT_FOUND:
        return NotSeen(kept_text(answer))
    if isinstance(answer, Answered) and not answer.is_success:
        return Unknown(is_sent=True, detail=f"http {answer.status}")
    return answer


def is_past(until: object, now: datetime) -> bool:
    """Say whether a link that closed at `until` (ISO) closed more than ten minutes ago."""
    end = read_instant(until)
    return end is not None and now - LINK_GRACE >= end


def own_accounts(accounts: Sequence[Account], adapter: str) -> list[Account]:
    """Return the accounts of one adapter."""
    return [account for account in accounts if account.adapter == adapter]


def read_body(call: InboundCall) -> dict[str, object] | Refusal:
    """Return a callback's JSON object, or 400."""
    document = Answered(200, {}, call.body).json()
    return document if isinstance(document, dict) else Refusal(_BAD_REQUEST)


def not_authentic() -> Refusal:
    """Refuse a callback whose signature, secret or token is wrong."""
    return Refusal(_UNAUTHORISED)


def nobody_here() -> Refusal:
    """Refuse a callback for which no account can answer: an empty secret is never a key."""
    return Refusal(NOT_FOUND)


def references(**named: object) -> dict[str, str]:
    """Return the references a callback gives, without the empty ones."""
    return {name: str(value) for name, value in named.items() if isinstance(value, str | int) and value != ""}


def hint_of(call: InboundCall, body: Mapping[str, object], named: Mapping[str, str], dedupe_key: str) -> Hint:
    """Return what an unsigned callback says; its only authenticity is a token that we or Orange gave."""
    is_known = bool(call.token or named.get("notif_token"))
    return Hint(dedupe_key, "token" if is_known else "none", named, said(body.get("status")))


def digest(call: InboundCall) -> str:
    """Return what makes a callback the same one when it comes again: its token and its bytes."""
    return hashlib.sha256(call.token.encode() + call.body).hexdigest()


def _seconds(raw: object) -> int:
    """Return a token's life; Orange writes it as a number or as a text."""
    text = str(raw)
    return int(text) if text.isdecimal() else 0
