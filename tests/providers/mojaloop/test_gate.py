"""The gate: as many and as fast as allowed, narrower when the adapter is slow, wider again little by little."""

from dataclasses import dataclass

from core.money import Currency, Money
from providers.answers import Reason
from providers.mojaloop.contract import Accepted, Asked, Found, Progress, Quote, Rejected, Unknown, Withheld
from providers.mojaloop.gate import Throttle
from providers.mojaloop.quotes import fee_of

PAID = Accepted(Progress.SUCCEEDED)
SLOW = Unknown(is_sent=True, is_slow=True)


@dataclass
class Watch:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_kept_and_a_pause_is_followed_by_no_burst() -> None:
    watch = Watch()
    gate = Throttle(10, 20, clock=watch)
    assert gate.delay_s() == 0
    assert round(gate.delay_s(), 6) == 0.05
    sent = 0
    for _ in range(1_000):
        watch.now += 0.001
        sent += gate.delay_s() == 0
    assert 19 <= sent <= 21
    watch.now += 60
    assert [gate.delay_s() == 0 for _ in range(4)] == [True, True, False, False]


def test_a_slow_answer_halves_and_ten_clean_seconds_widen_by_one() -> None:
    watch = Watch()
    gate = Throttle(10, clock=watch)
    widths = []
    for _ in range(5):
        gate.heard(SLOW)
        widths.append(gate.room())
    assert widths == [5, 2, 1, 1, 1]
    gate.heard(PAID)
    assert gate.room() == 1
    for _ in range(200):
        watch.now += 1
        gate.heard(PAID)
    assert gate.room() == 10, "up to the setting and no further"


def test_only_slowness_narrows() -> None:
    gate = Throttle(10)
    refused = Rejected(Reason.PAYEE_NOT_FOUND, "never")
    for answer in (PAID, refused, Unknown(is_sent=True), Withheld(), Found("fsp")):
        gate.heard(answer)
    assert gate.room() == 10
    gate.heard(Rejected(Reason.PROVIDER_UNAVAILABLE, "same_id", is_slow=True))
    assert gate.room() == 5


def test_settings_have_bounds() -> None:
    assert Throttle(10_000, 10**9).room() == 200
    assert Throttle(0, 0).room() == 1


def test_a_fee_is_what_is_paid_beyond_the_amount() -> None:
    amount = Money(50_000, Currency.XOF)
    quote = Quote(Money(50_100, Currency.XOF), amount)
    assert fee_of(quote, Asked(amount)) == Money(100, Currency.XOF)
    sent = Quote(amount, Money(49_900, Currency.XOF))
    assert fee_of(sent, Asked(amount, "SEND")) == Money(100, Currency.XOF)
    assert fee_of(None, Asked(amount)) is None
    assert fee_of(Quote(), Asked(amount)) is None
