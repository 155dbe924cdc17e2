"""Two sessions of one person, or of two, at the same instant: a ceiling, a rate and a code count once for both.

The first holds its transaction open while the second, on a connection of its own, runs into its lock.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core import clock
from core.database import Database, Session, driver
from core.errors import Refusal
from core.permissions import SYSTEM
from models.wallets import OperationType
from services import wallets
from services.wallets import CashOut, Operation
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import AWA, JEAN, KIOSQUE, PAUL, RITA, xaf

KIOSQUE_CODE = "204518"
Deed = Callable[[Session], Operation]


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        world.build(database)
        yield database


def transfer(payer: str, payee: str, amount: int, **more: Any) -> Deed:
    return lambda session: wallets.transfer(session, SYSTEM, people.order(session, payer, payee, amount, **more))


def cash_out(payer: str, amount: int, key: str = "ussd:a:7") -> Deed:
    def run(session: Session) -> Operation:
        payer_id = people.user_id(session, payer)
        quote = wallets.quote(session, OperationType.CASH_OUT, xaf(amount), payer_id)
        order = CashOut(
            key=key, payer_id=payer_id, amount=quote.amount, fee=quote.fee, tariff_id=quote.tariff_id,
            merchant_code=KIOSQUE_CODE,
        )  # fmt: skip
        return wallets.cash_out(session, SYSTEM, order)

    return run


def race(bank: Database, first: Deed, second: Deed) -> str:
    """Let both run at once; return how the second ended: what it did, or the name of its refusal."""

    def run() -> str:
        try:
            with bank.transaction() as session:
                return "replay" if second(session).is_replay else "done"
        except Refusal as refusal:
            return type(refusal).__name__

    return people.while_open(bank, first, run)


def set_up(bank: Database, statement: str) -> None:
    with bank.transaction() as session:
        driver(session).execute(statement)


DAY = "update wallet_limit_version set day_minor = 2500 where level in ('0', '1')"
FULL = "update wallet_limit_version set balance_max_minor = 4000 where level in ('0', '1')"
RATE = (
    "insert into velocity_rule (id, created_at, name, capacity, window_s)"
    " values (gen_random_uuid(), now(), 'operations', 1, 600)"
)
RACES = {
    "the day, to two people": (DAY, transfer(AWA, JEAN, 2_000), transfer(AWA, RITA, 2_000), "CeilingReached"),
    "the day, by two kinds": (DAY, transfer(AWA, JEAN, 2_000), cash_out(AWA, 1_000), "CeilingReached"),
    "the rate": (RATE, transfer(AWA, JEAN, 500), transfer(AWA, RITA, 600), "TooManyRequests"),
    "the rate, by two kinds": (RATE, transfer(AWA, JEAN, 500), cash_out(AWA, 500), "TooManyRequests"),
    "a full payee, of two payers": (FULL, transfer(AWA, PAUL, 2_500), transfer(JEAN, PAUL, 2_000), "PayeeFull"),
    "one code, twice": (DAY, cash_out(AWA, 1_000), cash_out(AWA, 1_000), "replay"),
    "one code, two sessions": (DAY, cash_out(AWA, 1_000), cash_out(AWA, 1_000, "ussd:b:7"), "SentAlready"),
    "the same money, another way": (DAY, transfer(AWA, JEAN, 1_000), transfer(AWA, JEAN, 1_000), "SentAlready"),
}


@pytest.mark.parametrize("name", RACES)
def test_at_the_same_instant_what_is_counted_is_counted_once(bank: Database, name: str) -> None:
    rule, first, second, ending = RACES[name]
    set_up(bank, rule)
    assert race(bank, first, second) == ending
    with bank.transaction() as session:
        assert people.count(session, "ussd_operation") == 1
        people.assert_books_hold(session)


def test_a_new_price_at_the_same_instant_is_asked_again(bank: Database) -> None:
    """The confirm screen showed 50; while another of her payments holds the wallet, the price becomes another."""
    with bank.transaction() as session:
        shown = people.order(session, AWA, RITA, 1_000)

    def dearer(session: Session) -> Operation:
        driver(session).execute("update tariff set fixed_minor = fixed_minor + 25 where type = 'transfer'")
        return transfer(AWA, JEAN, 500)(session)

    assert race(bank, dearer, lambda session: wallets.transfer(session, SYSTEM, shown)) == "QuoteChanged"


def test_an_agent_sells_nothing_to_himself_by_any_door(bank: Database) -> None:
    doors: tuple[tuple[OperationType, Callable[..., Operation], type[Any], dict[str, str]], ...] = (
        (OperationType.SELL, wallets.sell, wallets.SellMoney, {"payee_phone": KIOSQUE}),
        (OperationType.CASH_OUT, wallets.cash_out, CashOut, {"merchant_code": KIOSQUE_CODE}),
        (OperationType.PAYMENT, wallets.pay_merchant, wallets.PayMerchant, {"merchant_code": KIOSQUE_CODE}),
    )
    with bank.transaction() as session:
        payer_id = people.user_id(session, KIOSQUE)
        for kind, verb, form, named in doors:
            quote = wallets.quote(session, kind, xaf(1_000), payer_id)
            price = {"amount": quote.amount, "fee": quote.fee, "tariff_id": quote.tariff_id}
            with pytest.raises(Refusal) as refused:
                verb(session, SYSTEM, form(key=f"k:{kind}", payer_id=payer_id, **price, **named))
            assert type(refused.value).__name__ in {"OwnNumber", "OwnCode"}
        assert people.count(session, "ussd_operation") == 0
