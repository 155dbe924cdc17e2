"""Whoever is outside: fakes that run in this process, accounts of theirs with routes, and a worker's round of work."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.database import Database
from core.permissions import SYSTEM
from providers.fakes.accounts import ACCOUNTS, account_of
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
SELLERS = ("biller", "airtime")


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
    for provider in world["providers"]:
        method, adapter = OPERATORS[provider["code"]]
        serve(database, url, adapter, method, "collect")
    for seller in SELLERS:
        serve(database, url, seller, seller, "payout")


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
