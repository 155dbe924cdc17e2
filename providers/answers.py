"""What the outside may answer, for every provider of money: three answers, not two.

`Unknown` is never a failure: it is asked about, and never sent again under another id. Adapters give these values and
never raise for anything the network or the provider can do (`docs/payments.md`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, Protocol
from uuid import UUID

from core.money import Currency, Money
from core.phone import PhoneNumber
from providers.wire import Wire


class Reason(StrEnum):
    """Why nothing moved, or why nobody knows; each has a French sentence for the person and one for the operator."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    NOT_APPROVED = "not_approved"
    PAYER_NOT_FOUND = "payer_not_found"
    PAYER_LIMIT = "payer_limit"
    PAYER_BUSY = "payer_busy"
    WRONG_PIN = "wrong_pin"
    ACCOUNT_BLOCKED = "account_blocked"
    PAYEE_NOT_FOUND = "payee_not_found"
    PAYEE_LIMIT = "payee_limit"
    PAYEE_NOT_ALLOWED = "payee_not_allowed"
    OUR_WALLET_EMPTY = "our_wallet_empty"
    CONFIGURATION = "configuration"
    NOT_OFFERED = "not_offered"
    DUPLICATE_REFERENCE = "duplicate_reference"
    AMOUNT_OUT_OF_BOUNDS = "amount_out_of_bounds"
    INVALID_PHONE = "invalid_phone"
    CURRENCY_NOT_SUPPORTED = "currency_not_supported"
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_UNREACHABLE = "provider_unreachable"
    NEVER_RECEIVED = "never_received"
    LINK_EXPIRED = "link_expired"
    PROMPT_EXPIRED = "prompt_expired"
    NO_ANSWER = "no_answer"
    MISMATCH_AMOUNT = "mismatch_amount"
    MISMATCH_CURRENCY = "mismatch_currency"
    MISMATCH_PARTY = "mismatch_party"
    CONTRADICTION = "contradiction"
    UNSPECIFIED = "unspecified"


class SeenState(StrEnum):
    """What a provider's word means; a word nobody knows is `PENDING` with `is_word_known` false."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Account:
    """A contract as an adapter sees it. `secrets` are in clear here and nowhere else; nothing of them is ever kept."""

    id: UUID
    code: str
    adapter: str
    environment: str
    country: str
    currency: str
    base_url: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    timezone: str = "UTC"

    def secret_values(self, name: str) -> tuple[str, ...]:
        """Return the live values of a secret: two (one a line) while it is being rotated, none when it is empty."""
        return tuple(line for line in self.secrets.get(name, "").splitlines() if line)


@dataclass(frozen=True, slots=True)
class Order:
    """One transfer as an adapter sends or asks about it.

    `external_id` is a UUIDv4 of ours, `reference` its 26 characters. `party` is the payer of a collect, the payee of a
    payout. `handles` is what the provider gave us before. `party_reference` is what a biller knows the customer by.
    `original` is the transfer a refund gives back. `otp` is what the payer typed, never kept.
    """

    account: Account
    direction: Literal["collect", "payout", "refund"]
    external_id: UUID
    reference: str
    amount: Money
    callback_url: str
    party: PhoneNumber | None = None
    party_code: str = ""
    party_name: str = ""
    party_reference: str = ""
    label: str = ""
    language: str = "fr"
    return_url: str = ""
    cancel_url: str = ""
    handles: Mapping[str, Any] = field(default_factory=dict)
    provider_ref: str | None = None
    submitted_at: datetime | None = None
    original: "Order | None" = None
    otp: str = field(default="", repr=False)


NextKind = Literal["confirm_on_phone", "open_link", "show_qr", "type_otp", "nothing"]


@dataclass(frozen=True, slots=True)
class NextStep:
    """What the payer is to do now; `png` is base64."""

    kind: NextKind = "nothing"
    url: str = ""
    png: str = ""
    until: datetime | None = None
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The provider's own record of a transfer; what it does not say is None.

    `party_reference` is the customer a biller paid for, compared with the order's where it is not empty.
    """

    state: SeenState
    provider_state: str
    amount: Money | None = None
    currency_text: str = ""
    party: PhoneNumber | None = None
    provider_ref: str | None = None
    fee: Money | None = None
    reason: Reason | None = None
    at: datetime | None = None
    is_word_known: bool = True
    next_step: NextStep | None = None
    party_reference: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A first call that moves no money succeeded: keep these handles, then submit."""

    handles: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it; it is not yet money. `seen` only where the answer to our call is a full status."""

    provider_ref: str | None = None
    handles: Mapping[str, Any] = field(default_factory=dict)
    next: NextStep = NextStep()
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Certain: nothing moved and nothing will. `is_pin_wrong` locks the breaker at once."""

    reason: Reason
    code: str = ""
    text: str = ""
    is_pin_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows. `is_sent` false: no byte of the request left this machine. `slows`: the provider asked for rest."""

    is_sent: bool
    detail: str = ""
    slows: bool = False


@dataclass(frozen=True, slots=True)
class NotSeen:
    """The provider has no such transfer; whether that proves anything, its adapter says in `not_seen_is_proof`."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class NotOffered:
    """This provider has no such call."""


@dataclass(frozen=True, slots=True)
class Line:
    """One movement in a provider's list or statement. `kind`: collect, payout, refund, reversal or other.

    `external_id` is our own id or reference as the provider repeats it; `fee` is None where the list does not say it.
    """

    line_key: str
    kind: str
    amount: Money
    at: datetime
    external_id: str = ""
    provider_ref: str = ""
    state: SeenState = SeenState.SUCCEEDED
    provider_state: str = ""
    fee: Money | None = None
    party: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a day; `cursor` asks for the next ones, None ends."""

    lines: Sequence[Line]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class InboundCall:
    """A callback as it arrived. Header names are lower case. `now` is Unix seconds."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    now: float
    token: str = ""
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """An authentic callback says something about a transfer: `references` name it, nothing of it is believed."""

    dedupe_key: str
    authenticity: Literal["signed", "secret", "token", "none"]
    references: Mapping[str, str]
    claimed_state: str = ""
    account_id: UUID | None = None
    kind: Literal["transfer", "test", "unasked_money", "statement"] = "transfer"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A callback that is not believed even as a hint: 400, 401 or 404."""

    http_status: int


@dataclass(frozen=True, slots=True)
class Name:
    """Who holds a number, as the provider says."""

    full_name: str
    is_match: bool | None = None


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider knows no such number."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What our wallet at the provider holds."""

    amount: Money
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Availability:
    """What the provider says of itself: `operational`, `delayed` or `closed`, by network code."""

    networks: Mapping[str, str]


class MoneyProvider(Protocol):
    """One provider's wire format. It holds no state but a token cache, sees no table, and never raises for the outside.

    Every call goes through `wire`, which keeps a redacted record of each exchange.
    """

    name: str
    offers: frozenset[str]  # of: collect, payout, refund, list, name, balance, availability, otp
    not_seen_is_proof: bool  # a read that finds nothing 900 s after sending proves that nothing was received
    is_resend_safe: bool  # the same id sent twice is executed once
    schedule: Mapping[str, str]  # direction -> S1, S2 or S3

    def prepare(self, order: Order, wire: Wire) -> Prepared | Rejected | Unknown:
        """Make a first call that moves no money; most adapters return no handles without calling."""

    def collect(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Ask a payer for money."""

    def payout(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Send money to a payee."""

    def refund(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Give back `order.original`, whole or in part."""

    def status(self, order: Order, wire: Wire) -> Seen | NotSeen | Unknown:
        """Ask what became of a transfer: one status query."""

    def expire(self, order: Order, wire: Wire) -> None:
        """Close an unpaid link where the provider can; says nothing, the next read tells."""

    def list(self, account: Account, day: date, cursor: str | None, wire: Wire) -> Page | NotOffered | Unknown:
        """Return one page of the provider's own list of a day."""

    def verify_callback(self, call: InboundCall, accounts: Sequence[Account]) -> Hint | Refusal:
        """Say whether a callback is authentic for one of `accounts`, and what it speaks of; pure but for keys."""

    def name_of(self, account: Account, phone: PhoneNumber, wire: Wire) -> Name | NotFound | NotOffered | Unknown:
        """Ask who holds a number."""

    def balance(self, account: Account, wire: Wire) -> Balance | NotOffered | Unknown:
        """Ask what our wallet holds."""

    def probe(self, account: Account, wire: Wire) -> bool:
        """Make a harmless call (a token, a balance) and say whether the provider answered properly."""


CURRENCIES = frozenset(Currency)
