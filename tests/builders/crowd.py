"""Many callers at once, each with a name, a wallet and a PIN of his own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import gateways as door
from api import ussd
from core.database import Database
from core.money import Currency
from tests.builders import world
from tests.builders.accounts import open_accounts

T = TypeVar("T")
R = TypeVar("R")

XAF = Currency("XAF")
RICH = 1_000_000


@dataclass(frozen=True)
class Caller:
    """One subscriber; no two have the same name, number or PIN."""

    number: int
    pin: str

    @property
    def phone(self) -> str:
        return f"+2376{70_000_000 + self.number}"

    @property
    def name(self) -> str:
        return f"Awa {chr(65 + self.number // 26)}{chr(97 + self.number % 26)}"

    @property
    def national(self) -> str:
        return self.phone.removeprefix("+237")


def settle(database: Database, count: int, *, balance: int = RICH, pins: Sequence[str] = ()) -> list[Caller]:
    """Build the world, an account of every profile, and `count` subscribers."""
    world.build(database)
    open_accounts(database)
    pins = pins or [f"{(n * 7_919 + 13_577) % 90_000 + 10_000}" for n in range(count)]
    callers = [Caller(n, pin) for n, pin in enumerate(pins)]
    with database.transaction() as session:
        for caller in callers:
            person = {"phone": caller.phone, "name": caller.name, "pin": caller.pin, "role": "client"}
            world.subscriber(session, {**person, "balance": balance}, XAF)
    return callers


@contextmanager
def open_door() -> Iterator[TestClient]:
    """Give the doors of the gateways."""
    app = FastAPI(redirect_slashes=False)
    app.include_router(ussd.router)
    app.include_router(door.router)
    with TestClient(app, client=("127.0.0.1", 50_000)) as client:
        yield client


def at_once(work: Callable[[T], R], callers: Sequence[T], threads: int = 16) -> list[R]:
    """Let all of them act side by side; return what each one got, in their order."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, callers))
