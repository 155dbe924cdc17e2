"""Giving back, settling by hand, asking at once: what people do to transfers."""

from typing import NamedTuple

import pytest

from core.errors import Forbidden, WrongState
from core.permissions import SYSTEM, Actor
from models.ledger import AccountKind
from models.transfers import TransferState
from providers.answers import Reason, Rejected, Unknown
from services import approvals, ledger, transfers, wallets
from services.approvals import DecideApproval
from services.ledger import CarriedByTransfer, KeyReused, ReverseTransaction
from services.transfers import NothingLeftToRefund, NotRefundable, RefundTransfer, SettleTransfer, TransferRow
from services.transfers.rows import find
from services.wallets import OutsideOperation, ReverseOperation
from tests.builders import payments
from tests.builders.transfers import AWA, House, xof


class Staff(NamedTuple):
    """Two persons who work with payments."""

    asks: Actor
    decides: Actor


@pytest.fixture
def staff(house: House) -> Staff:
    return Staff(
        payments.operator(house.database, "un@palabre.org"), payments.operator(house.database, "deux@palabre.org")
    )


def topped_up(house: House, amount: int = 1_000) -> OutsideOperation:
    operation = house.recharge(amount=amount)
    house.submit()
    house.hint(operation)
    assert house.state(operation) == "succeeded"
    return operation


def refund(
    house: House, actor: Actor, operation: OutsideOperation, amount: int | None = None, key: str = "r1"
) -> TransferRow:
    order = RefundTransfer(
        key=key,
        transfer_id=operation.transfer_id,
        amount=None if amount is None else xof(amount),
        reason="payé deux fois",
    )
    with house.database.transaction() as session:
        return transfers.refund(session, actor, order)


def decide(house: House, actor: Actor, row: TransferRow, *, is_approved: bool = True) -> None:
    assert row.approval_id is not None
    with house.database.transaction() as session:
        order = DecideApproval(approval_id=row.approval_id, is_approved=is_approved, reason="vu")
        approvals.decide(session, actor, order)


def test_a_top_up_is_given_back_whole_when_two_agree(house: House, staff: Staff) -> None:
    operation = topped_up(house)
    row = refund(house, staff.asks, operation)
    assert (row.amount, row.is_held, row.parent_id) == (xof(1_010), True, operation.transfer_id)
    assert (house.balance(), house.reserved(), house.submit()) == (10_000, 1_010, 0)

    with pytest.raises(approvals.SamePerson):
        decide(house, staff.asks, row)
    decide(house, staff.decides, row)
    assert house.submit() == 1
    house.clock.advance(5)
    house.read()

    assert (house.balance(), house.reserved()) == (10_000, 0)
    assert house.house(AccountKind.FEE_INCOME, is_provider=False) == 0
    assert house.provider.sent[-1].original is not None
    assert house.provider.sent[-1].original.external_id == house.provider.sent[0].external_id
    assert house.one("select state from ussd_operation where id = %s", operation.id)["state"] == "reversed"
    assert house.said() == ["wallet_recharge", "wallet_versement"]
    with pytest.raises(NothingLeftToRefund):
        refund(house, staff.asks, operation, key="r2")


def test_a_refund_refused_by_the_second_person_gives_its_reserve_back(house: House, staff: Staff) -> None:
    operation = topped_up(house)
    row = refund(house, staff.asks, operation)
    decide(house, staff.decides, row, is_approved=False)

    assert (house.balance(), house.reserved(), house.submit()) == (11_000, 0, 0)


def test_parts_are_given_back_up_to_what_the_wallet_received(house: House, staff: Staff) -> None:
    operation = topped_up(house)
    for key, amount in (("r1", 600), ("r2", 400)):
        decide(house, staff.decides, refund(house, staff.asks, operation, amount, key))
        house.submit()
        house.clock.advance(5)
        house.read()
    with pytest.raises(NothingLeftToRefund):
        refund(house, staff.asks, operation, 10, "r3")

    assert (house.balance(), house.reserved()) == (10_000, 0)
    assert house.house(AccountKind.FEE_INCOME, is_provider=False) == 10
    assert house.one("select state from ussd_operation where id = %s", operation.id)["state"] == "completed"


def test_what_cannot_be_refunded(house: House, staff: Staff) -> None:
    operation = topped_up(house)
    with pytest.raises(Forbidden):
        refund(house, house.person(AWA), operation)
    with pytest.raises(NothingLeftToRefund):
        refund(house, staff.asks, operation, 1_011)
    waiting = house.recharge()
    with pytest.raises(WrongState):
        refund(house, staff.asks, waiting)
    house.provider.offers = frozenset({"collect", "payout"})
    with pytest.raises(NotRefundable):
        refund(house, staff.asks, operation)
    assert house.balance() == 11_000


def test_the_same_refund_asked_twice_is_one(house: House, staff: Staff) -> None:
    operation = topped_up(house)

    assert refund(house, staff.asks, operation).id == refund(house, staff.asks, operation).id
    assert house.reserved() == 1_010


def test_a_refund_the_operator_refuses_comes_back_to_the_wallet(house: House, staff: Staff) -> None:
    operation = topped_up(house)
    decide(house, staff.decides, refund(house, staff.asks, operation))
    house.provider.submissions.append(Rejected(Reason.UNSPECIFIED))
    house.submit()

    assert (house.balance(), house.reserved()) == (11_000, 0)
    assert house.said() == ["wallet_recharge", "wallet_refus"]


@pytest.mark.parametrize(("to", "balance"), [(TransferState.SUCCEEDED, 8_990), (TransferState.FAILED, 10_000)])
def test_an_unknown_is_settled_by_hand_once(house: House, staff: Staff, to: TransferState, balance: int) -> None:
    house.provider.submissions.append(Unknown(is_sent=True))
    operation = house.withdraw()
    house.submit()
    order = SettleTransfer(transfer_id=operation.transfer_id, to=to, detail="relevé du 21/11, ligne 4")
    with house.database.transaction() as session:
        transfers.settle(session, staff.asks, order)
    with pytest.raises(WrongState), house.database.transaction() as session:
        transfers.settle(session, staff.asks, order)

    assert (house.state(operation), house.balance(), house.reserved()) == (to, balance, 0)
    event = house.one(
        "select * from transfer_event where transfer_id = %s and to_state = %s", operation.transfer_id, to
    )
    assert (event["cause"], event["actor"]) == ("operator", staff.asks.name)


def test_only_an_unknown_is_settled(house: House, staff: Staff) -> None:
    operation = house.withdraw()
    house.submit()
    order = SettleTransfer(transfer_id=operation.transfer_id, to=TransferState.SUCCEEDED, detail="parce que")
    with pytest.raises(WrongState), house.database.transaction() as session:
        transfers.settle(session, staff.asks, order)


def test_a_person_may_ask_at_once(house: House, staff: Staff) -> None:
    operation = house.recharge()
    with pytest.raises(WrongState), house.database.transaction() as session:
        transfers.ask_now(session, staff.asks, transfers.AskNow(transfer_id=operation.transfer_id))
    house.submit()
    with house.database.transaction() as session:
        transfers.ask_now(session, staff.asks, transfers.AskNow(transfer_id=operation.transfer_id))

    assert (house.read(), house.state(operation)) == (1, "succeeded")
    assert house.one("select count(*) as n from audit_entry where action = 'transfer.ask'")["n"] == 1


def test_a_key_of_something_else_gives_nothing_back(house: House, staff: Staff) -> None:
    first, second = topped_up(house), topped_up(house, 500)
    with house.database.transaction() as session:
        top_up = find(session, second.transfer_id)
    row = refund(house, staff.asks, first, 400)
    assert refund(house, staff.asks, first, 400).id == row.id
    for operation, amount, key in ((second, None, "r1"), (first, 300, "r1"), (first, None, top_up.key)):
        with pytest.raises(KeyReused):
            refund(house, staff.asks, operation, amount, key)


@pytest.mark.parametrize("kind", ["recharge", "withdraw"])
def test_what_an_operator_carried_is_not_reversed_by_hand(house: House, kind: str) -> None:
    operation = house.recharge() if kind == "recharge" else house.withdraw()
    order = ReverseOperation(key="r1", operation_id=operation.id, reason="erreur")
    with house.database.transaction() as session, pytest.raises(CarriedByTransfer):
        wallets.reverse_operation(session, SYSTEM, order)
    house.submit()
    house.hint(operation)
    assert house.state(operation) == "succeeded"
    balance = house.balance()

    with house.database.transaction() as session, pytest.raises(CarriedByTransfer):
        wallets.reverse_operation(session, SYSTEM, order)
    posted = house.all("select id from ledger_transaction where kind <> 'opening'")
    assert len(posted) == (1 if kind == "recharge" else 2)
    for number, row in enumerate(posted):
        by_hand = ReverseTransaction(key=f"r{number}", transaction_id=row["id"], reason="Depuis le grand livre")
        with house.database.transaction() as session, pytest.raises(CarriedByTransfer, match="« Rembourser »"):
            ledger.reverse(session, SYSTEM, by_hand)

    assert (house.balance(), house.postings()) == (balance, len(posted))
    house.assert_books_hold()
