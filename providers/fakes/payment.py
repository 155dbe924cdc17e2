"""One order at a fake provider, and what may become of it."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from core.money import Currency, Money
from providers.answers import Reason, SeenState
from providers.fakes.base import Fake
from providers.fakes.behaviour import Story

Operation = Literal["collect", "payout", "refund"]

SHORT_BY = 100
_OTHER_CURRENCY = {Currency.XOF: Currency.XAF, Currency.XAF: Currency.XOF, Currency.EUR: Currency.USD}
_PAYOUT_REASONS = {
    Reason.INSUFFICIENT_FUNDS: Reason.OUR_WALLET_EMPTY,
    Reason.PAYER_NOT_FOUND: Reason.PAYEE_NOT_FOUND,
    Reason.NOT_APPROVED: Reason.PAYEE_NOT_ALLOWED,
}
_ENDED = frozenset({SeenState.SUCCEEDED, SeenState.FAILED, SeenState.EXPIRED, SeenState.CANCELLED})

# A provider may pay late what it had refused (022); nothing else comes back.
STEPS = {
    SeenState.PENDING: _ENDED,
    SeenState.FAILED: frozenset({SeenState.SUCCEEDED}),
    SeenState.EXPIRED: frozenset({SeenState.SUCCEEDED}),
    SeenState.CANCELLED: frozenset({SeenState.SUCCEEDED}),
    SeenState.SUCCEEDED: frozenset({SeenState.REVERSED}),
    SeenState.REVERSED: frozenset[SeenState](),
}


@dataclass
class Payment:
    """One order at the provider. `amount`, `party`: what really moves, which is not always what was asked."""

    fake: Fake
    operation: Operation
    id: str
    reference: str
    party: str
    asked: Money
    amount: Money
    story: Story
    opened_at: datetime
    provider_ref: str
    callback_url: str = ""
    fee: Money | None = None
    state: SeenState = SeenState.PENDING
    reason: Reason | None = None
    ended_at: datetime | None = None
    original: "Payment | None" = None
    is_unasked: bool = False
    reads: int = 0
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def adapter(self) -> str:
        """Return the name of the fake."""
        return self.fake.name

    @property
    def is_pending(self) -> bool:
        """Whether nothing is decided yet."""
        return self.state is SeenState.PENDING

    def reason_of(self, reason: Reason | None) -> Reason | None:
        """Return a payer's reason in the words of its direction: a payee's where money leaves us."""
        return _PAYOUT_REASONS.get(reason, reason) if reason and self.operation != "collect" else reason


def serial(adapter: str, id: str, length: int = 10) -> str:  # noqa: A002  # the provider's word
    """Return a number that looks like a provider's reference, the same for the same payment."""
    return str(int(hashlib.sha256(f"{adapter}:{id}".encode()).hexdigest(), 16))[-length:]


def what_moves(story: Story, amount: Money, party: str) -> tuple[Money, str]:
    """Return what really moves: less, another currency, or another person's number."""
    match story.lie:
        case "amount":
            return Money(max(amount.minor - SHORT_BY, 1), amount.currency), party
        case "currency":
            return Money(amount.minor, _OTHER_CURRENCY.get(amount.currency, Currency.EUR)), party
        case "party" if party:
            return amount, party[:-3] + ("778" if party.endswith("777") else "777")
    return amount, party
