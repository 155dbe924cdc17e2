"""Once: the same order, the same callback, two workers, a worker that dies at any point; never a second execution."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.database import driver
from core.errors import Forbidden, WrongState
from models.transfers import Direction
from services import transfers
from services.breaker import ProviderResting
from services.ledger import InsufficientFunds, KeyReused
from services.transfers import (
    AmountTooLarge,
    AmountTooSmall,
    DayLimitReached,
    RequestTransfer,
    TransferInProgress,
    faults,
    submission,
)
from services.wallets import PayeeFull
from tests.builders.transfers import AWA, BEN, METHOD, House, xof


def test_the_same_key_is_one_transfer(house: House) -> None:
    first = house.withdraw(amount=1_000, key="ussd:a:7")
    again = house.withdraw(amount=1_000, key="ussd:a:7")

    assert (again.transfer_id, again.reference, again.is_replay) == (first.transfer_id, first.reference, True)
    assert house.balance() == 8_990
    with pytest.raises(KeyReused):
        house.withdraw(amount=999, key="ussd:a:7")


def test_the_keys_of_the_ledger_are_those_of_the_dialogue(house: House) -> None:
    house.recharge(key="ussd:b:3")
    house.withdraw(key="ussd:c:4")
    house.submit()
    house.clock.advance(10)
    house.read()
    house.read()

    keys = {(row["source"], row["key"]) for row in house.all("select source, key from ledger_transaction")}
    assert {("ussd", "ussd:b:3"), ("ussd", "ussd:c:4"), ("ussd", "ussd:c:4:end")} <= keys


def test_while_one_is_open_a_second_for_the_same_thing_cannot_start(house: House) -> None:
    operation = house.recharge()
    order = RequestTransfer(
        key="other",
        direction=Direction.COLLECT,
        purpose="recharge",
        subject_id=operation.id,
        method=METHOD,
        country="BJ",
        amount=xof(1_010),
        party_phone=AWA,
    )
    with pytest.raises(TransferInProgress), house.database.transaction() as session:
        transfers.request(session, house.person(AWA), order)


def test_two_workers_send_each_transfer_once(house: House) -> None:
    operations = [house.withdraw(amount=10) for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda _: house.submit(), range(8)))

    assert sum(claimed) == 40
    assert len({order.external_id for order in house.provider.sent}) == len(house.provider.sent) == 40
    assert {house.state(operation) for operation in operations} == {"pending"}


def test_what_was_asked_in_one_instant_leaves_in_its_order(house: House) -> None:
    operations = [house.withdraw(amount=10) for _ in range(30)]
    house.force(operations[0], label="written again, so that its row stands last")
    house.submit()

    assert [order.reference for order in house.provider.sent] == [house.row(one).reference for one in operations]


def test_a_thousand_callbacks_are_one_posting(house: House) -> None:
    operation = house.recharge(amount=1_000)
    house.submit()

    def callback(_: int) -> None:
        with house.database.transaction() as session:
            transfers.plan_read(session, operation.transfer_id)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            list(pool.map(callback, range(50)))
            house.clock.advance(1)
            list(pool.map(lambda _: house.read(), range(4)))

    assert (house.state(operation), house.balance(), house.postings()) == ("succeeded", 11_000, 1)
    assert house.said() == ["wallet_recharge"]
    assert house.events(operation).count("succeeded") == 1
    assert house.cases() == []


@pytest.mark.parametrize("point", [faults.CLAIMED, faults.ANSWERED, faults.SAVING])
@pytest.mark.parametrize("kind", ["recharge", "withdraw"])
def test_a_worker_that_dies_sends_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch, point: str, kind: str
) -> None:
    operation = house.recharge() if kind == "recharge" else house.withdraw()

    def die(reached: str) -> None:
        if reached == point:
            raise _KilledError(reached)

    monkeypatch.setattr(faults, "at", die)
    with pytest.raises(_KilledError):
        house.submit()
    monkeypatch.undo()
    executed = len(house.provider.sent)
    assert (house.state(operation), house.submit()) == ("submitted", 0)
    assert transfers.recover_leases(house.database) == 0

    house.clock.advance(121)
    assert transfers.recover_leases(house.database) == 1
    assert house.state(operation) == "unknown"
    house.read()

    assert house.state(operation) == "succeeded"
    assert len(house.provider.sent) == executed == (0 if point == faults.CLAIMED else 1)


def test_an_answer_that_comes_after_the_lease_ended_is_taken_then(house: House) -> None:
    operation = house.withdraw()
    with house.database.transaction() as session:
        claimed = submission.claim(session)
    house.clock.advance(121)
    transfers.recover_leases(house.database)
    submission.submit(house.database, claimed[0])

    assert house.state(operation) == "unknown"
    house.read()
    assert house.state(operation) == "succeeded"


def test_only_what_was_not_sent_can_be_cancelled(house: House) -> None:
    operation = house.withdraw()
    with house.database.transaction() as session:
        order = transfers.CancelTransfer(transfer_id=operation.transfer_id, reason="erreur")
        cancelled = transfers.cancel(session, house.person(AWA), order)
    assert (cancelled.state, house.balance(), house.reserved(), house.submit()) == ("cancelled", 10_000, 0, 0)

    sent = house.withdraw()
    house.submit()
    with pytest.raises(WrongState), house.database.transaction() as session:
        transfers.cancel(session, house.person(AWA), transfers.CancelTransfer(transfer_id=sent.transfer_id))


def test_nobody_cancels_for_another(house: House) -> None:
    operation = house.withdraw()
    with pytest.raises(Forbidden), house.database.transaction() as session:
        transfers.cancel(session, house.person(BEN), transfers.CancelTransfer(transfer_id=operation.transfer_id))
    with pytest.raises(Forbidden), house.database.transaction() as session:
        transfers.ask_now(session, house.person(AWA), transfers.AskNow(transfer_id=operation.transfer_id))


def test_a_collect_that_could_not_leave_is_cancelled_a_payout_waits(house: House) -> None:
    paying, sending = house.recharge(), house.withdraw()
    with house.database.transaction() as session:
        driver(session).execute("update provider_account set breaker = 'open'")
    assert house.submit() == 0
    house.clock.advance(15 * 60)
    assert transfers.cancel_stale(house.database) == 1

    assert (house.state(paying), house.state(sending)) == ("cancelled", "created")
    assert house.said() == ["wallet_recharge_refusee"]


def test_refusals_come_before_anything_is_written(house: House) -> None:
    with house.database.transaction() as session:
        driver(session).execute("update provider_account set min_minor = 100, max_minor = 5000, day_limit_minor = 6000")
        driver(session).execute("update wallet_limit set balance_max_minor = 12000")
    with pytest.raises(InsufficientFunds):
        house.withdraw(amount=9_999)
    with pytest.raises(PayeeFull):
        house.recharge(amount=2_001)
    with pytest.raises(AmountTooSmall):
        house.withdraw(amount=99)
    with pytest.raises(AmountTooLarge):
        house.withdraw(amount=5_001)
    assert (house.one("select count(*) as n from transfer")["n"], house.balance()) == (0, 10_000)

    house.withdraw(amount=4_000)
    with pytest.raises(DayLimitReached):
        house.withdraw(amount=2_001)
    house.withdraw(amount=2_000)


def test_a_breaker_refuses_collects_on_the_spot_and_keeps_payouts(house: House) -> None:
    with house.database.transaction() as session:
        driver(session).execute("update provider_account set breaker = 'open'")
    with pytest.raises(ProviderResting):
        house.recharge()
    assert house.state(house.withdraw()) == "created"


class _KilledError(BaseException):
    """A worker stopped dead: nothing of it runs any more."""
