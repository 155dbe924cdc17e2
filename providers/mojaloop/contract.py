"""What a rail of pensions promises, and the only words it answers with.

Paid is one thing: the switch says COMMITTED, in an answer about our transfer, with our amount. What is not certain is
`Unknown`: it is asked about, and never sent again under another id.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol
from uuid import UUID

from core.money import Money
from providers.answers import Reason, SeenState
from providers.mojaloop.proofs import is_proof
from providers.wire import Exchange

GRACE_S = 900.0
Again = Literal["same_id", "new_id", "never"]
Stop = Literal["account", "fsp"]
Mode = Literal["one_step", "two_step"]
AmountType = Literal["RECEIVE", "SEND"]
BeninForm = Literal["ten", "eight", "directory"]


class Operation(StrEnum):
    """A call to the adapter whose answer is about one transfer."""

    POST_TRANSFERS = "post_transfers"
    PUT_ACCEPT_PARTY = "put_accept_party"
    PUT_ACCEPT_QUOTE = "put_accept_quote"
    GET_TRANSFER = "get_transfer"


class Progress(StrEnum):
    """How far an accepted transfer is."""

    WAITING_PARTY = "waiting_party"
    WAITING_QUOTE = "waiting_quote"
    PENDING = "pending"
    SUCCEEDED = "succeeded"


class Identity(StrEnum):
    """What an adapter does with the transfer id that we give it."""

    OWN_ID = "own_id"
    ID_IGNORED = "id_ignored"
    ID_CLOSED = "id_closed"


@dataclass(frozen=True, slots=True)
class Asked:
    """The terms of a transfer, against which every answer is compared."""

    amount: Money
    amount_type: AmountType = "RECEIVE"
    expiry_s: float = 60.0

    @property
    def grace_s(self) -> float:
        """Return how long after the last byte sent «never received» and «expired» begin to prove something."""
        return max(GRACE_S, self.expiry_s + 60.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one answer means. `is_confirmed_by_read`: it counts as a refusal only after one read that agrees.

    `is_sent` is of an unknown sending only; `is_proof` of a transfer not seen: late enough to be one of two proofs.
    """

    answer: Literal["accepted", "rejected", "unknown", "seen", "not_seen"]
    state: Progress | SeenState | None = None
    code: str | None = None
    reason: Reason | None = None
    again: Again | None = None
    is_confirmed_by_read: bool = False
    stop: Stop | None = None
    is_slow: bool = False
    is_sent: bool | None = None
    is_proof: bool | None = None

    @property
    def is_paid(self) -> bool:
        """Whether the money has arrived."""
        return self.state in {Progress.SUCCEEDED, SeenState.SUCCEEDED}


@dataclass(frozen=True, slots=True)
class RailAccount:
    """A payer account as the rail sees it: an adapter's address and how that adapter is run.

    `identity` is what the last probe saw; None: not proven, and nothing is sent. `path` prefixes every path of an
    adapter that serves several institutions.
    """

    id: UUID
    code: str
    base_url: str
    currency: str
    party_id_type: str
    party_identifier: str
    display_name: str = ""
    path: str = ""
    mode: Mode = "one_step"
    identity: Identity | None = None
    amount_type: AmountType = "RECEIVE"
    benin_form: BeninForm = "ten"
    expiry_s: float = 60.0
    write_timeout_s: float = 100.0
    read_timeout_s: float = 35.0
    probe_party: "Party | None" = None


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who is paid. `identifier` as we keep it (E.164 of an MSISDN).

    `rail_identifier` and `fsp_id` are what a fresh look-up found, empty without one.
    """

    id_type: str
    identifier: str
    rail_identifier: str = ""
    fsp_id: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """What the payee's institution asks and gives, as the adapter repeats it; amounts it does not say are None."""

    transfer_amount: Money | None = None
    receive_amount: Money | None = None
    condition: str = ""
    expiration: str = ""


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """One transfer as it is sent or asked about. `transfer_id` is ours, a UUIDv4 committed before the first call.

    `operation` is the call that comes next, committed before it is made. `their_transfer_id` is the adapter's own
    where it is not ours. `sent_at` is when the last byte of a POST or PUT left.
    """

    account: RailAccount
    transfer_id: str
    home_id: str
    party: Party
    amount: Money
    note: str = ""
    operation: Operation = Operation.POST_TRANSFERS
    their_transfer_id: str = ""
    quote: Quote = Quote()
    sent_at: datetime | None = None

    @property
    def asked(self) -> Asked:
        """Return the terms that answers are compared with."""
        return Asked(self.amount, self.account.amount_type, self.account.expiry_s)

    @property
    def rail_id(self) -> str:
        """Return the id under which the adapter knows it: ours, where the adapter takes it."""
        return self.their_transfer_id or self.transfer_id

    @property
    def may_have_moved(self) -> bool:
        """Whether the call that comes next, or one before it, may move money: in two steps, only the last one."""
        return self.account.mode == "one_step" or self.operation is Operation.PUT_ACCEPT_QUOTE

    def after(self, answer: "Accepted | Unknown") -> "PayoutOrder":
        """Return the order as `answer` leaves it, with the call that comes next; commit it before that call is made."""
        following = {
            Progress.WAITING_PARTY: Operation.PUT_ACCEPT_PARTY,
            Progress.WAITING_QUOTE: Operation.PUT_ACCEPT_QUOTE,
        }
        return replace(
            self,
            operation=following.get(answer.state, self.operation) if isinstance(answer, Accepted) else self.operation,
            their_transfer_id=answer.their_transfer_id or self.their_transfer_id,
            quote=answer.quote or self.quote,
        )

    def restarted(self) -> "PayoutOrder":
        """Return it from its first call on, under the same id: only after `again` says `same_id`."""
        return replace(self, operation=Operation.POST_TRANSFERS, their_transfer_id="", quote=Quote())


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """The payee institution's proof. `is_verified`: the fulfilment hashes to the condition of the quote."""

    fulfilment: str = ""
    condition: str = ""
    completed_at: datetime | None = None

    @property
    def is_verified(self) -> bool:
        """Whether anybody can check the proof without us."""
        return is_proof(self.fulfilment, self.condition)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a probe saw of an adapter, without moving money."""

    identity: Identity
    attempts: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The switch knows the payee. `hold`: why a person must look first. Names are for two roles, never for a log."""

    fsp_id: str
    names: tuple[str, ...] = field(default=(), repr=False)
    currencies: tuple[str, ...] = ()
    rail_identifier: str = ""
    hold: Reason | None = None
    attempts: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFound:
    """The switch knows no such payee."""

    code: str
    attempts: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The switch has it. `is_contradicted`: it was refused first, and a read then said paid: an alarm.

    `their_transfer_id` is filled where it is not ours; `fee` is what the payer pays beyond the amount.
    """

    state: Progress
    their_transfer_id: str = ""
    quote: Quote | None = None
    fee: Money | None = None
    proof: Fulfilment = Fulfilment()
    party: Found | None = None
    stop: Stop | None = None
    is_slow: bool = False
    is_contradicted: bool = False
    attempts: tuple[Exchange, ...] = ()

    @property
    def is_paid(self) -> bool:
        """Whether the money has arrived."""
        return self.state is Progress.SUCCEEDED


@dataclass(frozen=True, slots=True)
class Rejected:
    """Certain: nothing moved and nothing will. `again` says who may try what; `stop` what must rest."""

    reason: Reason
    again: Again
    code: str = ""
    text: str = ""
    stop: Stop | None = None
    is_slow: bool = False
    attempts: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows. `is_sent` false: no byte left, the same id may leave at once; `reason` where amounts differ."""

    is_sent: bool
    detail: str = ""
    code: str = ""
    reason: Reason | None = None
    their_transfer_id: str = ""
    quote: Quote | None = None
    stop: Stop | None = None
    is_slow: bool = False
    attempts: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """The switch's own word on a transfer: succeeded, failed, pending or expired."""

    state: SeenState
    code: str = ""
    reason: Reason | None = None
    proof: Fulfilment = Fulfilment()
    attempts: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class NotSeen:
    """The switch has no such transfer. Two of these with `is_proof`, 60 s apart, prove that it never arrived."""

    is_proof: bool
    attempts: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Withheld:
    """The gate was closed: nothing was sent, the order goes back."""

    attempts: tuple[Exchange, ...] = ()


PayoutAnswer = Accepted | Rejected | Unknown
ReadAnswer = Seen | NotSeen | Unknown
LookupAnswer = Found | NotFound | Unknown
AnyAnswer = PayoutAnswer | ReadAnswer | LookupAnswer | Capabilities | Withheld


class Gate(Protocol):
    """What stands before an account's calls: how many at once, how fast, and whether this one may still leave."""

    def room(self) -> int:
        """Return how many calls may be out at once, now; at least 1."""

    def delay_s(self) -> float:
        """Take the right to one call and return 0, or return in how many seconds to ask again."""

    def admits(self, item: Any) -> bool:
        """Say, just before it leaves, whether it may: false sends it back unsent. Answers from memory."""

    def heard(self, answer: AnyAnswer) -> None:
        """Learn from an answer: a slow one narrows the gate."""


class PensionRail(Protocol):
    """What carries pensions out. Synchronous outside, one event loop inside; never raises for the outside."""

    def probe(self, account: RailAccount) -> Capabilities | Unknown:
        """See what the adapter does with our ids, by a transfer that cannot move anything."""

    def is_alive(self, account: RailAccount) -> bool:
        """Say whether the adapter answers at all."""

    def lookup(self, account: RailAccount, party: Party) -> LookupAnswer:
        """Ask the switch who somebody is; moves nothing."""

    def payout(self, order: PayoutOrder) -> PayoutAnswer:
        """Make the one call that `order.operation` names, and the read that confirms a refusal."""

    def status(self, order: PayoutOrder) -> ReadAnswer:
        """Ask what became of a transfer."""

    def lookup_many(
        self, account: RailAccount, parties: Iterable[Party], gate: Gate
    ) -> Iterator[tuple[Party, LookupAnswer | Withheld]]:
        """Look many payees up at once, by the gate; answers come as they arrive."""

    def payout_many(
        self, orders: "deque[PayoutOrder] | Iterable[PayoutOrder]", gate: Gate
    ) -> Iterator[tuple[PayoutOrder, PayoutAnswer | Withheld]]:
        """Send many at once, by the gate; an order appended to a deque while answers come leaves as well."""

    def status_many(
        self, orders: Iterable[PayoutOrder], gate: Gate
    ) -> Iterator[tuple[PayoutOrder, ReadAnswer | Withheld]]:
        """Ask about many at once, by the gate."""
