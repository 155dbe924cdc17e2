"""Playing one story against one adapter, as the worker does: prepare, submit, keep the handles, ask."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from core import clock
from providers.answers import (
    Accepted,
    Account,
    Hint,
    InboundCall,
    Line,
    MoneyProvider,
    NotOffered,
    NotSeen,
    Order,
    Page,
    Prepared,
    Refusal,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.fakes.base import Notice
from providers.fakes.book import Movement
from providers.fakes.kernel import Payment
from providers.wire import Wire
from tests.providers.conftest import Fakes

Direction = Literal["collect", "payout", "refund"]
Answer = Accepted | Rejected | Unknown

MOST_PAGES = 20


@dataclass(frozen=True)
class Way:
    """One thing an adapter can do, and an order for it that nothing is wrong with."""

    adapter: str
    direction: Direction
    party: str = ""
    country: str = ""
    name: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join(filter(None, (self.adapter, self.direction, self.name)))


WAYS = (
    Way("orange_webpay", "collect", country="CI"),
    Way("orange_sonatel", "collect", name="qr"),
    Way("orange_sonatel", "collect", "+221775550143", name="otp", settings={"mode": "otp"}, asked={"otp": "482913"}),
    Way("orange_sonatel", "payout", "+221775550143"),
    Way("orange_cm", "collect", "+237691234567"),
    Way("orange_cm", "payout", "+237691234567"),
    Way("mtn", "collect", "+2290197123456", "BJ"),
    Way("mtn", "payout", "+2290197123456", "BJ"),
    Way("mtn", "refund", "+2290197123456", "BJ"),
    Way("wave", "collect", country="SN"),
    Way("wave", "collect", "+221775550143", "SN", name="restricted", settings={"restrict_payer_mobile": True}),
    Way("wave", "payout", "+221775550143", "SN"),
    Way("wave", "refund", country="SN"),
    Way("pawapay", "collect", "+2290197123456", asked={"party_code": "MTN_MOMO_BEN"}),
    Way("pawapay", "payout", "+2290197123456", asked={"party_code": "MTN_MOMO_BEN"}),
    Way("pawapay", "refund", "+2290197123456", asked={"party_code": "MTN_MOMO_BEN"}),
    Way("mixx", "collect", "+221765550143", asked={"party_code": "FREE_SEN"}),
    Way("mixx", "payout", "+221765550143", asked={"party_code": "FREE_SEN"}),
    Way("moov", "collect", "+2290195123456", asked={"party_code": "MOOV_BEN"}),
    Way("moov", "payout", "+2290195123456", asked={"party_code": "MOOV_BEN"}),
    Way("biller", "payout", asked={"party_code": "ELEC", "party_reference": "2001234567", "currency": "XAF"}),
    Way("airtime", "payout", "+237691234567", asked={"currency": "XAF"}),
)


class Play:
    """One transfer with one adapter and its fake."""

    def __init__(self, fakes: Fakes, way: Way, code: str = "000") -> None:
        self.fakes = fakes
        self.way = way
        self.adapter: MoneyProvider = fakes.adapter(way.adapter)
        self.account: Account = fakes.account(way.adapter, way.country, **way.settings)
        self.wires: list[Wire] = []
        self.original = self._paid() if way.direction == "refund" else None
        self.order = self._make(way.direction, original=self.original)
        if code != "000":
            fakes.kernel.chooser.queue(way.adapter, code)

    def send(self) -> Answer:
        """Prepare, then submit; what the provider gave is kept as the worker keeps it."""
        self.order, answer = self._send(self.order)
        return answer

    def read(self) -> Seen | NotSeen | Unknown:
        """Ask once what became of it, and keep what the answer adds."""
        answer = self.adapter.status(self.order, self._wire(self.order))
        if isinstance(answer, Seen) and answer.provider_ref:
            self.order = replace(self.order, provider_ref=self.order.provider_ref or answer.provider_ref)
        return answer

    def list_lines(self) -> list[Line] | None:
        """Return what the provider's own list says of these days; None where it has none."""
        lines: list[Line] = []
        today = self.fakes.kernel.now().date()
        for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
            cursor: str | None = None
            for _ in range(MOST_PAGES):
                page = self.adapter.list(self.account, day, cursor, self._wire(self.order))
                if isinstance(page, NotOffered):
                    return None
                assert isinstance(page, Page), page
                lines += page.lines
                cursor = page.cursor
                if cursor is None:
                    break
            else:
                raise AssertionError("the list has no end")
        return lines

    def payment(self) -> Payment | None:
        """Return the fake's own record of this transfer, if it took it."""
        mine = self.fakes.payments(self.way.adapter)
        known = [one for one in mine if not one.is_unasked and (self.original is None or one.operation == "refund")]
        return known[-1] if known else None

    def moved(self) -> list[Movement]:
        """Return what really moved, the paid original of a refund aside."""
        own = list(self.fakes.kernel.book)
        return own if self.original is None else [one for one in own if one.kind != "collect"]

    def hear(self, says: SeenState, *, is_forged: bool = False) -> Hint | Refusal | None:
        """Return what the adapter makes of the callback its fake would send now; None where none is sent."""
        payment = self.payment()
        assert payment is not None
        notice = payment.fake.notice(self.fakes.kernel, payment, says, is_forged=is_forged)
        return None if notice is None else self.adapter.verify_callback(inbound(notice), [self.account])

    @property
    def text(self) -> str:
        """Return all that would be kept of every exchange."""
        return "\n".join(f"{one.url}\n{one.request}\n{one.response}" for wire in self.wires for one in wire.exchanges)

    def _make(self, direction: Direction, original: Order | None = None) -> Order:
        return self.fakes.order(
            self.account, direction, party=self.way.party, original=original, **{"party_name": "", **self.way.asked}
        )

    def _paid(self) -> Order:
        """Return a collect that was paid, for a refund to give back."""
        order, answer = self._send(self._make("collect"))
        assert isinstance(answer, Accepted), answer
        self.fakes.advance(10)
        seen = self.adapter.status(order, self._wire(order))
        assert isinstance(seen, Seen), seen
        assert seen.state is SeenState.SUCCEEDED
        return replace(order, provider_ref=order.provider_ref or seen.provider_ref)

    def _send(self, order: Order) -> tuple[Order, Answer]:
        order = replace(order, submitted_at=clock.now())
        ready = self.adapter.prepare(order, self._wire(order))
        if not isinstance(ready, Prepared):
            return order, ready
        order = replace(order, handles={**order.handles, **ready.handles})
        verb = {"collect": self.adapter.collect, "payout": self.adapter.payout, "refund": self.adapter.refund}
        answer = verb[order.direction](order, self._wire(order))
        if isinstance(answer, Accepted):
            kept = {**order.handles, **answer.handles}
            order = replace(order, handles=kept, provider_ref=order.provider_ref or answer.provider_ref)
        return order, answer

    def _wire(self, order: Order) -> Wire:
        """Return a wire as the transfers make it (`services.transfers.dispatch.new_wire`)."""
        wire = Wire()
        for name in order.account.secrets:
            wire.hide(*order.account.secret_values(name))
        party = order.party
        if party is not None:
            wire.masked = {party.e164: party.masked, party.e164[1:]: party.masked[1:], party.national: party.masked}
        self.wires.append(wire)
        return wire


def inbound(notice: Notice) -> InboundCall:
    """Return a callback as it arrives at our door."""
    parts = urlsplit(notice.url)
    headers = {name.lower(): value for name, value in notice.headers.items()}
    now = clock.now().timestamp()
    token = parts.path.rpartition("/")[2]
    return InboundCall(notice.method, parts.path, headers, notice.body, now, token, parts.netloc)
