"""How a test speaks to a fake Orange: as the worker does, keeping the handles between calls."""

from dataclasses import replace
from typing import Any

from core import clock
from providers.answers import Accepted, Account, InboundCall, NotSeen, Order, Prepared, Rejected, Seen, Unknown
from providers.wire import Wire
from tests.providers.conftest import Fakes


class Talk:
    """One transfer with one adapter; `text` is everything that its rows would hold."""

    def __init__(self, fakes: Fakes, name: str, direction: Any = "collect", **asked: Any) -> None:
        self.fakes = fakes
        self.adapter = fakes.adapter(name)
        account = asked.pop("account", None) or fakes.account(name)
        self.order: Order = fakes.order(account, direction, **asked)
        self.wires: list[Wire] = []

    def send(self) -> Accepted | Rejected | Unknown:
        """Prepare, then submit; handles are kept as the worker keeps them."""
        self.order = replace(self.order, submitted_at=clock.now())
        ready = self.adapter.prepare(self.order, self._wire())
        if not isinstance(ready, Prepared):
            return ready
        self._keep_handles(dict(ready.handles))
        verb = {"collect": self.adapter.collect, "payout": self.adapter.payout}[self.order.direction]
        answer = verb(self.order, self._wire())
        if isinstance(answer, Accepted):
            self._keep_handles(dict(answer.handles), answer.provider_ref)
        return answer

    def read(self) -> Seen | NotSeen | Unknown:
        """Ask what became of it."""
        return self.adapter.status(self.order, self._wire())

    def seen(self) -> Seen:
        """Ask, and expect to be told."""
        answer = self.read()
        assert isinstance(answer, Seen), answer
        return answer

    def moved(self) -> list[tuple[str, int, str]]:
        """Return what really moved at the fake for this transfer: kind, amount, party."""
        own = {self.order.reference, self.order.reference[-20:]}
        return [
            (one.kind, one.amount_minor, one.party)
            for one in self.fakes.kernel.book
            if one.adapter == self.adapter.name and one.reference in own
        ]

    @property
    def text(self) -> str:
        """Return all that is kept of every exchange, as one text."""
        return "\n".join(f"{one.url}\n{one.request}\n{one.response}" for wire in self.wires for one in wire.exchanges)

    @property
    def operations(self) -> list[str]:
        """Return the calls made, in order."""
        return [one.operation for wire in self.wires for one in wire.exchanges]

    def _wire(self) -> Wire:
        self.wires.append(Wire())
        return self.wires[-1]

    def _keep_handles(self, handles: dict[str, Any], provider_ref: str | None = None) -> None:
        self.order = replace(
            self.order,
            handles={**self.order.handles, **handles},
            provider_ref=self.order.provider_ref or provider_ref,
        )


def assert_nothing_leaks(talk: Talk) -> None:
    """Check that no secret of the account, and no full number, stands in what is kept."""
    assert talk.text
    account: Account = talk.order.account
    leaked = [name for name, value in account.secrets.items() if value in talk.text]
    assert leaked == []
    if talk.order.party is not None:
        assert talk.order.party.national not in talk.text


def inbound(headers: dict[str, str], body: bytes, token: str = "", method: str = "POST") -> InboundCall:
    """Return a callback as it arrives at `/api/v1/payments/callback/orange`."""
    lower = {name.lower(): value for name, value in headers.items()}
    return InboundCall(
        method, "/api/v1/payments/callback/orange", lower, body, clock.now().timestamp(), token, "palabre.example"
    )
