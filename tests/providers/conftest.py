"""The fakes, running: `fakes` gives a clean house with a virtual clock to each test."""

from collections.abc import Iterator
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest

from commands.vectors import outside
from commands.vectors.outside import Outside
from core.money import Currency, Money
from core.phone import PhoneNumber, normalise
from providers.answers import Account, MoneyProvider, Order
from providers.fakes.accounts import account_of
from providers.fakes.server import FakeServer
from providers.registry import ADAPTERS

NOBODY = "http://127.0.0.1:9/"  # the discard port: callbacks are sent there and refused


class Fakes(Outside):
    """The running fakes as a test uses them."""

    def adapter(self, name: str) -> MoneyProvider:
        return ADAPTERS[name]

    def account(self, name: str, country: str = "", **settings: Any) -> Account:
        """Return a fake account of an adapter, its settings changed by `settings`."""
        found = account_of(name, country).view(self.url)
        return Account(
            **{slot: getattr(found, slot) for slot in Account.__slots__ if slot != "settings"},
            settings={**found.settings, **settings},
        )

    def order(
        self,
        account: Account,
        direction: Literal["collect", "payout", "refund"] = "collect",
        *,
        party: str = "",
        amount_minor: int = 5_000,
        external_id: UUID | None = None,
        **more: Any,
    ) -> Order:
        """Return an order on an account: a new id of ours, a reference of 26 characters, a callback nobody answers."""
        own_id = external_id or uuid4()
        return Order(
            account=account,
            direction=direction,
            external_id=own_id,
            reference=reference_of(own_id),
            amount=Money(amount_minor, Currency(more.pop("currency", account.currency or "XOF"))),
            callback_url=more.pop("callback_url", f"{NOBODY}{account.adapter}/token"),
            party=phone(party) if party else None,
            label=more.pop("label", "Cotisation"),
            return_url="https://palabre.example/retour",
            cancel_url="https://palabre.example/annule",
            **more,
        )

    def advance(self, seconds: float) -> None:
        """Move the fakes' clock: payments are decided, callbacks leave."""
        self.kernel.advance(seconds)


def phone(text: str) -> PhoneNumber:
    """Read a number of a test."""
    return normalise(text, None)


def reference_of(external_id: UUID) -> str:
    """Return the 26 Crockford base32 characters of an id."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(alphabet[external_id.int >> shift & 31] for shift in range(125, -1, -5))


@pytest.fixture(scope="session")
def _fake_server() -> Iterator[FakeServer]:
    with outside.running() as around:
        yield around.server


@pytest.fixture
def fakes(_fake_server: FakeServer) -> Fakes:
    """Give the fakes, empty, without chance, their clock at ours."""
    chosen = Fakes(_fake_server)
    chosen.forget()
    return chosen
