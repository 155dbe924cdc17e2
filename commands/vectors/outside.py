"""Whoever is outside: fakes that run in this process, accounts of theirs with routes, and a worker's round of work."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.database import Database
from core.permissions import SYSTEM
from providers.answers import Reason, SeenState
from providers.fakes.accounts import ACCOUNTS, account_of
from providers.fakes.biller import Biller, BillerFake
from providers.fakes.kernel import Kernel, Payment
from providers.fakes.server import FakeServer
from providers.tokens import tokens
from services import provider_accounts, routes
from services.provider_accounts import SHAPES, AccountRow, CreateAccount
from services.routes import ChangeRoute, RouteEntry
from services.transfers import reading, submission

MOST_ROUNDS = 50
FAKE_URL = "http://127.0.0.1:9/{adapter}"
# The operators of the vectors' world: the method a route serves, the adapter of its account.
OPERATORS = {"orange": ("orange_money", "orange_cm"), "mtn": ("mtn_momo", "mtn")}
SELLERS = {"billers": "biller", "airtime": "airtime"}
OUTCOMES = {"succeeded": SeenState.SUCCEEDED, "failed": SeenState.FAILED, "expired": SeenState.EXPIRED}
REFUSED, UNDECIDED = "016", "012"
MOST_ORDERS = 100


@dataclass(frozen=True)
class Outside:
    """The running fakes."""

    server: FakeServer

    @property
    def url(self) -> str:
        """Where they answer."""
        return self.server.url

    @property
    def kernel(self) -> Kernel:
        """What they remember and decide."""
        return self.server.kernel

    def payments(self, name: str) -> list[Payment]:
        """Return what an operator was asked for."""
        return self.kernel.search(name)

    def forget(self) -> None:
        """Make them new: no payment, no chance, their clock at ours."""
        self.kernel.reset()
        self.kernel.callbacks.clear()
        self.kernel.secrets.clear()
        for fake in self.server.fakes:
            fake.reset()
        tokens.clear()

    def settle(self, world: dict[str, Any]) -> None:
        """Make them those of a world: its billers' customers, and what its fakes say to an order."""
        self.forget()
        for fake in self.server.fakes:
            if isinstance(fake, BillerFake):
                fake.billers = {row["code"]: _biller(row, world["currency"]) for row in world["billers"]}
        for name, adapter in SELLERS.items():
            if OUTCOMES[world["fakes"][name]] is SeenState.FAILED:
                self.kernel.chooser.queue(adapter, REFUSED, MOST_ORDERS)
        for _, adapter in OPERATORS.values():  # they wait until a step decides
            self.kernel.chooser.queue(adapter, UNDECIDED, MOST_ORDERS)

    def decide(self, outcome: str) -> None:
        """Let every operator decide what it was asked for."""
        for _, adapter in OPERATORS.values():
            for payment in self.payments(adapter):
                if OUTCOMES[outcome] is SeenState.SUCCEEDED:
                    self.kernel.succeed(payment)
                else:
                    self.kernel.end(payment, OUTCOMES[outcome], Reason.NOT_APPROVED)


def _biller(row: dict[str, Any], currency: str) -> Biller:
    return Biller(
        row["pattern"],
        {reference: account["name"] for reference, account in row["accounts"].items()},
        {reference: account["due"] for reference, account in row["accounts"].items() if "due" in account},
        currency,
    )


@contextmanager
def running() -> Iterator[Outside]:
    """Run every fake in this process, on a clock that we move."""
    server = FakeServer(Kernel(pace=0.005, is_manual=True))
    server.start()
    try:
        yield Outside(server)
    finally:
        server.stop()


def serve_world(database: Database, url: str, world: dict[str, Any]) -> None:
    """Open accounts and routes of everybody outside whom a world names."""
    place = {"country": world["country"], "currency": world["currency"]}
    for provider in world["providers"]:
        method, adapter = OPERATORS[provider["code"]]
        serve(database, url, adapter, method, "collect", **place)
    for seller in SELLERS.values():
        serve(database, url, seller, seller, "payout", **place)


def serve(  # what a route is
    database: Database,
    url: str,
    adapter: str,
    method: str,
    direction: str,
    *,
    country: str = "CM",
    currency: str = "XAF",
    **own: Any,
) -> UUID:
    """Open an account of a fake that is running, and a route to it; return the account's id."""
    here = [one for one in ACCOUNTS if one.adapter == adapter and one.country == country]
    known = here[0] if here else account_of(adapter)
    plain = {"country": country, "currency": currency, "settings": dict(known.settings), "secrets": known.secrets}
    row = account(database, adapter, base_url=f"{url}/{adapter}", offers=(direction,), **{**plain, **own})
    with database.transaction() as session:
        order = ChangeRoute(
            method=method, country=country, direction=direction, entries=(RouteEntry(account_id=row.id),)
        )
        routes.set_route(session, SYSTEM, order)
    return row.id


def account(database: Database, adapter: str = "mtn", *, is_active: bool = True, **order: Any) -> AccountRow:
    """Make an account with every secret and setting its adapter needs."""
    shape = SHAPES[adapter]
    wanted = {
        "code": f"{adapter}-{secrets.token_hex(3)}",
        "label": shape.label,
        "adapter": adapter,
        "environment": "fake",
        "country": "BJ",
        "currency": "XOF",
        "base_url": FAKE_URL.format(adapter=adapter),
        "settings": dict.fromkeys(shape.settings, "x"),
        "secrets": {name: f"{name}-0123456789abcdef" for name in shape.secrets},
        "offers": ("collect", "payout", "refund"),
        **order,
    }
    with database.transaction() as session:
        row = provider_accounts.create_account(session, SYSTEM, CreateAccount.model_validate(wanted))
        return provider_accounts.resume_account(session, SYSTEM, row.id) if is_active else row


def work(database: Database) -> int:
    """Do what the worker would do now, until nothing is due; return how many calls to providers that were."""
    done = 0
    for _ in range(MOST_ROUNDS):
        step = submission.submit_due(database) + reading.read_due(database)
        if not step:
            return done
        done += step
    raise AssertionError("the work never ends")
