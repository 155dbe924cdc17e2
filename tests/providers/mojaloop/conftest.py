"""A rail, the fake adapter behind it, and orders that name their tale by the last three digits of a number."""

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from core import clock
from core.money import Currency, Money
from providers.fakes.book import Movement, Received
from providers.fakes.kernel import Kernel, Payment
from providers.mojaloop.contract import (
    Accepted,
    Identity,
    Operation,
    Party,
    PayoutAnswer,
    PayoutOrder,
    Progress,
    RailAccount,
    ReadAnswer,
    Rejected,
)
from providers.mojaloop.rail import MojaloopRail
from tests.providers.conftest import Fakes

DOCUMENTED = "bulk-3f9c0a1b2c3d"
STEPS = {Progress.WAITING_PARTY, Progress.WAITING_QUOTE}


@dataclass
class House:
    """The rail as a worker uses it, and what it leaves at the other side."""

    rail: MojaloopRail
    kernel: Kernel
    account: RailAccount
    bulk_id: str = field(default_factory=lambda: f"bulk-{uuid4().hex[:12]}")

    def run(self, mode: str = "one_step", ids: str = "own_id", **more: str) -> None:
        """Run the adapter so, and the account with it."""
        self.kernel.configure(secrets={"mojaloop": {"mode": mode, "ids": ids, **more}})
        self.account = replace(self.account, mode=mode, identity=Identity(ids))  # type: ignore[arg-type]

    def order(self, code: str = "001", amount_minor: int = 50_000, **more: Any) -> PayoutOrder:
        return PayoutOrder(
            account=self.account,
            transfer_id=str(uuid4()),
            home_id=more.pop("home_id", f"{self.bulk_id}/{uuid4().int % 10**7:07}"),
            party=more.pop("party", Party("MSISDN", f"+2290197000{code}")),
            amount=Money(amount_minor, more.pop("currency", Currency.XOF)),
            note="PENSION 2025-12",
            sent_at=clock.now(),
            **more,
        )

    def again(self, order: PayoutOrder) -> PayoutOrder:
        """Return another transfer of the same payment."""
        return replace(order, transfer_id=str(uuid4()), operation=Operation.POST_TRANSFERS, their_transfer_id="")

    def pay(self, order: PayoutOrder) -> tuple[PayoutOrder, PayoutAnswer]:
        """Make every step of a payment that is accepted; return the last order and its answer."""
        answer = self.rail.payout(order)
        while isinstance(answer, Accepted) and answer.state in STEPS:
            order = order.after(answer)
            answer = self.rail.payout(order)
        return (order if isinstance(answer, Rejected) else order.after(answer)), answer

    def ask(self, order: PayoutOrder, age_s: float = 0.0) -> ReadAnswer:
        """Ask about a transfer whose last byte left `age_s` ago."""
        return self.rail.status(replace(order, sent_at=clock.now() - timedelta(seconds=age_s)))

    def later(self, seconds: float) -> None:
        self.kernel.advance(seconds)

    def heard(self, count: int) -> list[tuple[str, str]]:
        """Return what the adapter received from us, ids left out: a call is noted just after its answer has left."""
        ends_at = time.monotonic() + 10
        while len(self._calls()) < count and time.monotonic() < ends_at:
            threading.Event().wait(0.005)
        return [(one.method, one.path.partition(f"{self.account.path}/")[2].split("/")[0]) for one in self._calls()]

    def _calls(self) -> list[Received]:
        # The last call of another test may be noted late: our own institution's path tells them apart.
        return [one for one in self.kernel.calls if f"{self.account.path}/" in one.path]

    @property
    def book(self) -> list[Movement]:
        return [row for row in self.kernel.book if row.adapter == "mojaloop"]

    @property
    def moved(self) -> list[tuple[str, int]]:
        return [(row.payment_id, row.amount_minor) for row in self.book]

    @property
    def transfers(self) -> list[Payment]:
        # What another test gave up may arrive late: payments are told by their batch, and a probe has none.
        return [one for one in self.kernel.search("mojaloop") if self._is_ours(one.reference)]

    def _is_ours(self, reference: str) -> bool:
        batch, separator, _line = reference.partition("/")
        return not separator or batch in {self.bulk_id, DOCUMENTED}


@pytest.fixture(scope="session")
def _rail() -> MojaloopRail:
    return MojaloopRail()


@pytest.fixture
def house(fakes: Fakes, _rail: MojaloopRail) -> House:
    """Give an adapter in one step that keeps our ids, and an account of it."""
    _rail._patient.clear()
    account = RailAccount(
        id=uuid4(),
        code="ACC-CNSS-001",
        base_url=f"{fakes.url}/mojaloop",
        path=f"/dfsp-{uuid4().hex}",
        currency="XOF",
        party_id_type="BUSINESS",
        party_identifier="CNSS-BJ",
        display_name="Caisse Nationale de Sécurité Sociale",
        identity=Identity.OWN_ID,
        write_timeout_s=10.0,
        read_timeout_s=10.0,
    )
    return House(_rail, fakes.kernel, account)
