"""Awa sends money to Jean: once, at the price shown, never more than she has."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from core import clock
from core.database import Database, driver
from core.errors import Refusal, WrongState
from core.money import Currency
from core.permissions import SYSTEM
from models.wallets import OperationType, Tariff
from services import wallets
from services.ledger import AlreadyReversed, InsufficientFunds, KeyReused
from services.wallets import (
    CeilingReached,
    NoWallet,
    Operation,
    OwnNumber,
    PayeeClosed,
    PayeeFull,
    QuoteChanged,
    ReverseOperation,
    SentAlready,
    TooManyRequests,
    TransferMoney,
    UnknownPayee,
    WalletSuspended,
)
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import ADMIN, AWA, JEAN, KIOSQUE, MARIE, OPERATOR, PAUL, RITA, send, xaf


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        world.build(database, {"surveys": [], "notices": []})
        yield database


def test_a_transfer_moves_amount_and_fee_and_writes_to_both(bank: Database) -> None:
    done = send(bank, AWA, JEAN, 5_000)

    assert (done.amount, done.fee, done.balance) == (xaf(5_000), xaf(50), xaf(4_950))
    assert done.payee_name == "Jean Nkolo"
    assert done.reference.startswith("TR-")
    assert len(done.reference) == 9
    with bank.transaction() as session:
        assert people.balance(session, AWA) == 4_950
        assert people.balance(session, JEAN) == 7_500
        assert people.texts(session, AWA) == [
            f"Envoi de 5 000 FCFA à Jean Nkolo (677000002). Frais 50 FCFA. Solde 4 950 FCFA. Réf {done.reference}"
        ]
        assert people.texts(session, JEAN) == [
            f"Awa Mbarga (699000001) vous envoie 5 000 FCFA. Solde 7 500 FCFA. Réf {done.reference}"
        ]
        people.assert_books_hold(session)


def test_the_same_key_again_gives_the_stored_operation_and_moves_nothing(bank: Database) -> None:
    first = send(bank, AWA, JEAN, 5_000, key="ussd:s1:7")
    send(bank, AWA, KIOSQUE, 100)

    again = send(bank, AWA, JEAN, 5_000, key="ussd:s1:7")

    assert again.is_replay
    assert (again.id, again.reference, again.balance) == (first.id, first.reference, xaf(4_950))
    with bank.transaction() as session:
        assert people.balance(session, JEAN) == 7_500
        assert len(people.texts(session, JEAN)) == 1
        assert people.count(session, "ussd_operation") == 2


def test_the_same_key_for_other_money_is_a_conflict(bank: Database) -> None:
    send(bank, AWA, JEAN, 5_000, key="ussd:s1:7")

    with pytest.raises(KeyReused):
        send(bank, AWA, JEAN, 4_000, key="ussd:s1:7")


def test_the_balance_minus_one_is_not_enough_once_the_fee_is_added(bank: Database) -> None:
    with pytest.raises(InsufficientFunds):
        send(bank, AWA, JEAN, 9_951)
    _nothing_moved(bank)

    assert send(bank, AWA, JEAN, 9_900).balance == xaf(1)


def test_a_payee_takes_up_to_his_ceiling_and_not_a_franc_more(bank: Database) -> None:
    with pytest.raises(PayeeFull):
        send(bank, KIOSQUE, RITA, 20_000)
    _nothing_moved(bank)

    send(bank, KIOSQUE, RITA, 10_000)

    with bank.transaction() as session:
        assert people.balance(session, RITA) == 2_000_000


@pytest.mark.parametrize("column", ["day_minor", "month_minor"])
def test_the_ceiling_counts_amounts_and_fees(bank: Database, column: str) -> None:
    _set_limit(bank, column, 5_200)
    send(bank, AWA, JEAN, 5_000)  # 5 050 with its fee: 150 remain

    with pytest.raises(CeilingReached):
        send(bank, AWA, JEAN, 101)  # 151
    send(bank, AWA, JEAN, 100)


def test_the_day_is_the_calendar_day_of_the_service(bank: Database) -> None:
    _set_limit(bank, "day_minor", 5_200)
    # 23:30 in Douala is 22:30 UTC: an hour later it is tomorrow there, and still today in UTC.
    with clock.travel(world.NOW.replace(hour=22, minute=30)) as traveller:
        send(bank, AWA, JEAN, 4_900)
        with pytest.raises(CeilingReached):
            send(bank, AWA, JEAN, 4_800)
        traveller.advance(3_600)
        send(bank, AWA, JEAN, 4_800)


def test_what_left_thirty_days_ago_no_longer_counts(bank: Database) -> None:
    _set_limit(bank, "month_minor", 5_200)
    with clock.travel(world.NOW) as traveller:
        send(bank, AWA, JEAN, 4_900)
        traveller.advance(29 * 86_400)
        with pytest.raises(CeilingReached):
            send(bank, AWA, JEAN, 4_800)
        traveller.advance(86_400)
        send(bank, AWA, JEAN, 4_800)


def test_a_suspended_payee_receives_nothing_and_a_suspended_payer_sends_nothing(bank: Database) -> None:
    with pytest.raises(PayeeClosed):
        send(bank, AWA, MARIE, 1_000)
    with pytest.raises(WalletSuspended):
        send(bank, MARIE, AWA, 1_000)
    _nothing_moved(bank)


def test_money_goes_neither_to_oneself_nor_to_nobody_nor_from_nobody(bank: Database) -> None:
    with pytest.raises(OwnNumber):
        send(bank, AWA, AWA, 1_000)
    with pytest.raises(UnknownPayee):
        send(bank, AWA, "+237699000098", 1_000)
    with bank.transaction() as session:
        asked = people.order(session, AWA, JEAN, 1_000)
        with pytest.raises(NoWallet):
            wallets.transfer(session, SYSTEM, asked.model_copy(update={"payer_id": uuid4()}))
    _nothing_moved(bank)


def test_a_price_that_changed_since_the_confirm_screen_is_shown_again(bank: Database) -> None:
    with bank.transaction() as session:
        asked = people.order(session, AWA, JEAN, 5_000)
        driver(session).execute(
            "update tariff set valid_to = %s where type = 'transfer' and from_minor = 50", (clock.now(),)
        )
        session.add(
            Tariff(
                type="transfer",
                currency="XAF",
                from_minor=50,
                to_minor=5_000,
                fixed_minor=75,
                valid_from=clock.now(),
            )
        )

        with pytest.raises(QuoteChanged) as refusal:
            wallets.transfer(session, SYSTEM, asked)

    assert refusal.value.data["quote"].fee == xaf(75)
    _nothing_moved(bank)


def test_a_maximum_lowered_since_the_amount_was_typed_is_a_ceiling(bank: Database) -> None:
    with bank.transaction() as session:
        asked = people.order(session, AWA, JEAN, 5_000)
    _set_limit(bank, "max_minor", 4_000)

    with bank.transaction() as session, pytest.raises(CeilingReached):
        wallets.transfer(session, SYSTEM, asked)
    _nothing_moved(bank)


def test_the_same_money_within_ten_minutes_needs_a_yes(bank: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        send(bank, AWA, JEAN, 1_000)
        traveller.advance(40)
        with bank.transaction() as session:
            awa = people.user_id(session, AWA)
            same = wallets.get_recent_same(session, awa, JEAN, OperationType.TRANSFER, xaf(1_000))
            assert same is not None
            assert same.ago == "40 s"
            assert wallets.get_recent_same(session, awa, JEAN, OperationType.TRANSFER, xaf(1_001)) is None
            assert wallets.get_recent_same(session, awa, PAUL, OperationType.TRANSFER, xaf(1_000)) is None
        with pytest.raises(SentAlready) as refusal:
            send(bank, AWA, JEAN, 1_000)
        assert refusal.value.data == {"ago": "40 s"}

        send(bank, AWA, JEAN, 1_000, is_repeat_confirmed=True)
        traveller.advance(601)
        send(bank, AWA, JEAN, 1_000)
    with bank.transaction() as session:
        assert people.balance(session, JEAN) == 5_500
        confirmed = driver(session).execute("select repeat_confirmed from ussd_operation order by created_at, id")
        assert [row[0] for row in confirmed.fetchall()] == [False, True, False]


def test_a_refusal_leaves_the_dialogue_its_transaction(bank: Database) -> None:
    with bank.transaction() as session:
        with pytest.raises(InsufficientFunds):
            wallets.transfer(session, SYSTEM, people.order(session, PAUL, JEAN, 5_000))
        # The turn goes on: it writes its receipt and commits.
        driver(session).execute("update users set city = 'Douala' where phone = %s", (PAUL,))
    with bank.transaction() as session:
        assert driver(session).execute("select city from users where phone = %s", (PAUL,)).fetchone() == ("Douala",)


def test_two_transfers_at_once_of_a_wallet_that_holds_one(bank: Database) -> None:
    answers = _at_once(bank, [(AWA, JEAN, 9_000), (AWA, RITA, 9_000)])

    assert sorted(type(answer).__name__ for answer in answers) == ["InsufficientFunds", "Operation"]
    with bank.transaction() as session:
        assert people.balance(session, AWA) == 910
        assert people.count(session, "ussd_operation") == 1
        people.assert_books_hold(session)


def test_two_sessions_send_the_same_money_at_once_one_movement_and_one_question(bank: Database) -> None:
    with bank.transaction() as session:
        first, second = (people.order(session, AWA, JEAN, 1_000) for _ in range(2))

    def ask() -> Operation | Refusal:
        try:
            with bank.transaction() as session:
                return wallets.transfer(session, SYSTEM, second)
        except SentAlready as refusal:
            return refusal

    answer = people.while_open(bank, lambda session: wallets.transfer(session, SYSTEM, first), ask)

    assert isinstance(answer, SentAlready)
    with bank.transaction() as session:
        assert people.balance(session, JEAN) == 3_500
        assert people.count(session, "ussd_operation") == 1


def test_people_who_pay_each_other_at_once_never_wait_in_a_ring(bank: Database) -> None:
    answers = _at_once(bank, [(AWA, JEAN, 100), (JEAN, AWA, 100)] * 4, repeat=True)

    assert {type(answer) for answer in answers} == {Operation}
    with bank.transaction() as session:
        assert people.balance(session, AWA) == 10_000 - 4 * 50
        assert people.balance(session, JEAN) == 2_500 - 4 * 50
        people.assert_books_hold(session)


def test_ten_operations_in_ten_minutes_and_then_patience(bank: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        with bank.transaction() as session:
            driver(session).execute(
                "insert into velocity_rule (id, created_at, name, capacity, window_s)"
                " values (gen_random_uuid(), %s, 'operations', 3, 600)",
                (clock.now(),),
            )
        for amount in (100, 101, 102):
            send(bank, AWA, JEAN, amount)
        with pytest.raises(TooManyRequests):
            send(bank, AWA, JEAN, 103)
        traveller.advance(201)
        send(bank, AWA, JEAN, 103)


def test_an_operator_without_the_right_reverses_nothing(bank: Database) -> None:
    done = send(bank, AWA, JEAN, 5_000)

    with bank.transaction() as session, pytest.raises(Refusal):
        wallets.reverse_operation(session, OPERATOR, ReverseOperation(key="r1", operation_id=done.id, reason="erreur"))


def test_a_reversal_gives_amount_and_fee_back_once_and_tells_both(bank: Database) -> None:
    done = send(bank, AWA, JEAN, 5_000)
    order = ReverseOperation(key="r1", operation_id=done.id, reason="Mauvais bénéficiaire")

    for _ in range(2):
        with bank.transaction() as session:
            wallets.reverse_operation(session, ADMIN, order)
    with pytest.raises(AlreadyReversed), bank.transaction() as session:
        wallets.reverse_operation(session, ADMIN, order.model_copy(update={"key": "r2"}))

    with bank.transaction() as session:
        assert people.balance(session, AWA) == 10_000
        assert people.balance(session, JEAN) == 2_500
        text = f"Opération {done.reference} de 5 000 FCFA annulée par le service client. Solde {{}}."
        assert people.texts(session, AWA)[1:] == [text.format("10 000 FCFA")]
        assert people.texts(session, JEAN)[1:] == [text.format("2 500 FCFA")]
        assert driver(session).execute("select state from ussd_operation").fetchall() == [("reversed",)]
        people.assert_books_hold(session)


def test_what_the_payee_spent_cannot_be_taken_back(bank: Database) -> None:
    done = send(bank, AWA, JEAN, 5_000)
    send(bank, JEAN, PAUL, 7_400)

    with pytest.raises(InsufficientFunds), bank.transaction() as session:
        wallets.reverse_operation(session, ADMIN, ReverseOperation(key="r1", operation_id=done.id, reason="erreur"))

    with bank.transaction() as session:
        assert people.balance(session, AWA) == 4_950
        assert len(people.texts(session, AWA)) == 1


def test_the_last_five_movements_fit_a_phone(bank: Database) -> None:
    with bank.transaction() as session:
        awa, paul = people.user_id(session, AWA), people.user_id(session, PAUL)
        assert wallets.get_statement(session, paul, Currency.XAF, "Africa/Douala") == "21/11 +100 FCFA"
        assert wallets.get_statement(session, paul, Currency.XOF, "Africa/Douala") is None
    done = send(bank, AWA, JEAN, 1_000)
    send(bank, KIOSQUE, AWA, 2_000)
    send(bank, AWA, RITA, 100)
    with bank.transaction() as session:
        wallets.reverse_operation(session, ADMIN, ReverseOperation(key="r", operation_id=done.id, reason="erreur"))
    send(bank, AWA, PAUL, 300)

    with bank.transaction() as session:
        statement = wallets.get_statement(session, awa, Currency.XAF, "Africa/Douala")

    assert statement == (
        "21/11 -350 FCFA Paul Ateba\n"
        "21/11 +1 050 FCFA Jean Nkolo\n"
        "21/11 -150 FCFA Rita Biya\n"
        "21/11 +2 000 FCFA Kiosque Mokolo\n"
        "21/11 -1 050 FCFA Jean Nkolo"
    )


def test_a_refused_step_of_an_operation_names_its_state(bank: Database) -> None:
    done = send(bank, AWA, JEAN, 5_000)
    with bank.transaction() as session:
        driver(session).execute("update ussd_operation set state = 'failed'")
    with pytest.raises(WrongState), bank.transaction() as session:
        wallets.reverse_operation(session, ADMIN, ReverseOperation(key="r1", operation_id=done.id, reason="erreur"))
    with bank.transaction() as session:
        assert people.balance(session, AWA) == 4_950


def _nothing_moved(bank: Database) -> None:
    with bank.transaction() as session:
        assert people.balance(session, AWA) == 10_000
        assert people.balance(session, JEAN) == 2_500
        assert people.count(session, "ussd_operation") == 0
        assert people.count(session, "message") == 0


def _set_limit(bank: Database, column: str, value: int) -> None:
    with bank.transaction() as session:
        driver(session).execute(f"update wallet_limit set {column} = %s where type is null", (value,))


def _at_once(bank: Database, asked: list[tuple[str, str, int]], *, repeat: bool = False) -> list[Any]:
    """Start all transfers at the same instant and return what each got."""
    with bank.transaction() as session:
        orders = [people.order(session, *who, is_repeat_confirmed=repeat) for who in asked]
    gate = Barrier(len(orders))

    def go(order: TransferMoney) -> Operation | Refusal:
        gate.wait()
        try:
            with bank.transaction() as session:
                return wallets.transfer(session, SYSTEM, order)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(go, orders))
