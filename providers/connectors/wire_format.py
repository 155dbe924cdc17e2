"""What the biller and the airtime connector have in common: one JSON record, three answers (`docs/connectors.md`).

The connector stores our id before anything else, executes an id once, and never after `valid_until`: so a payment may
be sent again under its id, and one that is not known a quarter of an hour after it was sent was never received.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from core import clock
from core.money import Currency, InvalidAmount, Money
from core.phone import PhoneNumber, PhoneRefusal, normalise
from providers import http
from providers.answers import (
    Accepted,
    Account,
    Balance,
    Hint,
    InboundCall,
    Line,
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
    Seen,
    SeenState,
    Unknown,
)
from providers.instants import parse_instant
from providers.wire import Answered, Silence, Wire

VALIDITY = timedelta(seconds=900)

OK, UNAUTHORISED, FORBIDDEN, NOT_FOUND, TOO_MANY = 200, 401, 403, 404, 429
REFUSED = frozenset({400, 405, 415, 422})

STATES = {
    "pending": SeenState.PENDING,
    "succeeded": SeenState.SUCCEEDED,
    "failed": SeenState.FAILED,
    "reversed": SeenState.REVERSED,
}

REASONS = {
    "unknown_reference": Reason.PAYEE_NOT_FOUND,
    "invalid_reference": Reason.PAYEE_NOT_FOUND,
    "unknown_number": Reason.PAYEE_NOT_FOUND,
    "not_allowed": Reason.PAYEE_NOT_ALLOWED,
    "nothing_due": Reason.PAYEE_NOT_ALLOWED,
    "limit": Reason.PAYEE_LIMIT,
    "amount_out_of_bounds": Reason.AMOUNT_OUT_OF_BOUNDS,
    "amount_not_due": Reason.AMOUNT_OUT_OF_BOUNDS,
    "our_balance": Reason.OUR_WALLET_EMPTY,
    "unknown_biller": Reason.CONFIGURATION,
    "unknown_network": Reason.CONFIGURATION,
    "currency": Reason.CURRENCY_NOT_SUPPORTED,
    "unavailable": Reason.PROVIDER_UNAVAILABLE,
    "too_late": Reason.NEVER_RECEIVED,
}


def seen_state(word: str) -> tuple[SeenState, bool]:
    """Return what a status word means, and whether it is one of the format's."""
    return STATES.get(word, SeenState.PENDING), word in STATES


def reason_of(code: str) -> Reason:
    """Return the house's reason for a code of the format."""
    return REASONS.get(code, Reason.UNSPECIFIED)


def money_of(raw: Any, currency: Any) -> Money | None:
    """Return an amount as the format writes it (a decimal string and an ISO code), None when it is not one."""
    try:
        return Money.parse(raw, Currency(currency))
    except (InvalidAmount, ValueError, TypeError):
        return None


def instant_of(raw: Any) -> datetime | None:
    """Return an instant as the format writes it (ISO 8601 with an offset), None when it is not one."""
    return parse_instant(raw)


def phone_of(raw: Any) -> PhoneNumber | None:
    """Return a number in its international form, None when it is not one."""
    try:
        return normalise(raw, None) if isinstance(raw, str) and raw else None
    except PhoneRefusal:
        return None


def ask(
    account: Account,
    wire: Wire,
    operation: str,
    method: str,
    path: str,
    *,
    document: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
    read_timeout_s: float = http.PROVIDER_READ_TIMEOUT_S,
) -> Answered | Silence:
    """Make one call with the account's key; a key that is refused is tried once more, by its successor if it has one.

    Every call of the format may be repeated: it either reads, or names the payment by our id.
    """
    keys = account.secret_values("api_key") or ("",)
    wire.hide(*keys)
    answer: Answered | Silence = Silence(is_sent=False, error_kind="no_key")
    for key in (keys[0], keys[-1]):
        answer = wire.call(
            operation,
            method,
            account.base_url.rstrip("/") + path,
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            document=document,
            query=query,
            read_timeout_s=read_timeout_s,
        )
        if isinstance(answer, Silence) or answer.status != UNAUTHORISED:
            break
    return answer


def doubt(answer: Answered | Silence) -> Unknown:
    """Return the answer nobody can build on as what it is: unknown."""
    if isinstance(answer, Silence):
        return Unknown(answer.is_sent, answer.error_kind)
    return Unknown(is_sent=True, detail=f"HTTP {answer.status}", slows=answer.status == TOO_MANY)


class Connector:
    """A provider of payouts in the house's own format; a subclass says what it pays and how its party is written."""

    name: str
    path: str
    offers = frozenset({"payout", "list"})
    not_seen_is_proof = True
    is_resend_safe = True
    schedule: Mapping[str, str] = {"payout": "S3"}

    def request_of(self, order: Order) -> dict[str, str]:
        """Return what names the party of an order on the wire."""
        raise NotImplementedError

    def party_of(self, record: Mapping[str, Any], order: Order | None) -> dict[str, Any]:
        """Return the party a record names, as fields of `Seen`."""
        raise NotImplementedError

    def party_text(self, record: Mapping[str, Any]) -> str:
        """Return the party of a record as a line of a list shows it."""
        raise NotImplementedError

    def prepare(self, _order: Order, _wire: Wire) -> Prepared | Rejected | Unknown:
        """Nothing comes before the payment."""
        return Prepared({})

    def collect(self, _order: Order, _wire: Wire) -> Accepted | Rejected | Unknown:
        """Nobody pays us here."""
        return Rejected(Reason.NOT_OFFERED)

    def refund(self, _order: Order, _wire: Wire) -> Accepted | Rejected | Unknown:
        """Refuse: what was paid is not given back."""
        return Rejected(Reason.NOT_OFFERED)

    def payout(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Pay once, under our id; an id that is known answers its record, whatever it was sent for."""
        valid_until = (order.submitted_at or clock.now()) + VALIDITY
        document = {
            **self.request_of(order),
            "amount": order.amount.plain,
            "currency": order.amount.currency,
            "our_reference": order.reference,
            "valid_until": _utc(valid_until),
        }
        answer = ask(order.account, wire, "payout", "PUT", self._place(order), document=document)
        if isinstance(answer, Silence):
            return doubt(answer)
        if answer.is_success:
            seen = self._seen(answer.document(), order)
            if seen is None:
                return Unknown(is_sent=True, detail="no record")
            return Accepted(provider_ref=seen.provider_ref, seen=seen)
        return _refused(answer) or doubt(answer)

    def status(self, order: Order, wire: Wire) -> Seen | NotSeen | Unknown:
        """Read the record of our id."""
        answer = ask(order.account, wire, "status", "GET", self._place(order))
        if isinstance(answer, Answered):
            document = answer.document()
            if answer.status == OK:
                return self._seen(document, order) or Unknown(is_sent=True, detail="no record")
            if answer.status == NOT_FOUND and document.get("code") == "unknown_payment":
                return NotSeen()
        return doubt(answer)

    def expire(self, order: Order, wire: Wire) -> None:
        """Do nothing: a payment has no link to close."""

    def list(self, account: Account, day: date, cursor: str | None, wire: Wire) -> Page | NotOffered | Unknown:
        """Return one page of the payments executed on a day of the account's time zone."""
        midnight = datetime.combine(day, time(), ZoneInfo(account.timezone))
        query = {"from": _utc(midnight), "until": _utc(midnight + timedelta(days=1))}
        query |= {"cursor": cursor} if cursor else {}
        answer = ask(account, wire, "list", "GET", self.path, query=query)
        if isinstance(answer, Silence) or answer.status != OK:
            return doubt(answer)
        document = answer.document()
        records, following = document.get("payments"), document.get("next")
        if not isinstance(records, list):
            return Unknown(is_sent=True, detail="no list")
        lines = list(self._lines(records))
        if len(lines) != len(records):
            return Unknown(is_sent=True, detail="a line that cannot be read")
        return Page(lines, cursor=str(following) if following else None)

    def verify_callback(self, _call: InboundCall, _accounts: Sequence[Account]) -> Hint | Refusal:
        """Believe nothing: the format has no callback."""
        return Refusal(NOT_FOUND)

    def name_of(self, _account: Account, _phone: PhoneNumber, _wire: Wire) -> Name | NotFound | NotOffered | Unknown:
        """Not offered: a bill's customer is asked for with `lookup`."""
        return NotOffered()

    def balance(self, account: Account, wire: Wire) -> Balance | NotOffered | Unknown:
        """Ask what is left of what we paid in advance; not offered for comparison: the books hold what we owe."""
        answer = ask(account, wire, "balance", "GET", "/v1/balance")
        if isinstance(answer, Silence) or answer.status != OK:
            return doubt(answer)
        document = answer.document()
        amount = money_of(document.get("amount"), document.get("currency"))
        if amount is None:
            return Unknown(is_sent=True, detail="no balance")
        return Balance(amount, instant_of(document.get("at")))

    def probe(self, account: Account, wire: Wire) -> bool:
        """Ask for the balance."""
        return isinstance(self.balance(account, wire), Balance)

    def _place(self, order: Order) -> str:
        return f"{self.path}/{quote(str(order.external_id), safe='')}"

    def _seen(self, record: Mapping[str, Any], order: Order | None) -> Seen | None:
        """Return a record as the house reads it; None when it is none, or speaks of another payment."""
        word = record.get("status")
        if not isinstance(word, str) or (order is not None and record.get("id") != str(order.external_id)):
            return None
        state, is_word_known = seen_state(word)
        code = record.get("code")
        return Seen(
            state=state,
            provider_state=word,
            amount=money_of(record.get("amount"), record.get("currency")),
            currency_text=str(record.get("currency", "")),
            provider_ref=str(record["provider_ref"]) if record.get("provider_ref") else None,
            fee=money_of(record.get("fee"), record.get("currency")),
            reason=reason_of(str(code or "")) if state is SeenState.FAILED else None,
            at=instant_of(record.get("at")),
            is_word_known=is_word_known,
            **self.party_of(record, order),
        )

    def _lines(self, records: Sequence[Any]) -> Iterator[Line]:
        for record in records:
            if not isinstance(record, dict):
                continue
            amount, at = money_of(record.get("amount"), record.get("currency")), instant_of(record.get("at"))
            if amount is None or at is None:
                continue
            word, reference = str(record.get("status", "")), str(record.get("provider_ref") or "")
            yield Line(
                line_key=reference or str(record.get("id")),
                kind="payout",
                amount=amount,
                at=at,
                external_id=str(record.get("id") or ""),
                provider_ref=reference,
                state=seen_state(word)[0],
                provider_state=word,
                fee=money_of(record.get("fee"), record.get("currency")),
                party=self.party_text(record),
            )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _refused(answer: Answered) -> Rejected | None:
    """Return a certain no; None where the answer proves nothing."""
    document = answer.document()
    code, text = document.get("code"), str(document.get("text") or "")
    if answer.status in {UNAUTHORISED, FORBIDDEN, NOT_FOUND}:
        return Rejected(Reason.CONFIGURATION, str(code or answer.status), text)
    if answer.status in REFUSED and isinstance(code, str):
        return Rejected(reason_of(code), code, text)
    return None
