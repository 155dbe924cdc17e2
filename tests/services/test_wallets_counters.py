"""At a counter: Awa takes bank notes out and pays, an agent sells; each side reads what he got."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from core import clock
from core.database import Database, Session, driver, fetch_all
from core.errors import Forbidden, NotFound, Refusal
from core.permissions import SYSTEM, Actor
from core.phone import mask_phone
from models.wallets import OperationType
from services import pins, wallets
from services.ledger import InsufficientFunds, KeyReused
from services.pins import ProofDue, ReportSimChange
from services.wallets import (
    CashOut,
    CloseWalletCase,
    InvalidMerchant,
    NotASeller,
    Operation,
    OwnCode,
    PayeeClosed,
    PayMerchant,
    ReverseOperation,
    SellMoney,
    SentAlready,
    TooManyRequests,
    UnknownMerchant,
)
from services.wallets.movements import MoveMoney
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import ADMIN, AWA, JEAN, KIOSQUE, OPERATOR, READER, STRANGER, xaf

BOUTIQUE, KIOSQUE_CODE, BOUTIQUE_CODE = "+237677000004", "204518", "318806"
VERBS: dict[type[MoveMoney], Callable[..., Operation]] = {
    CashOut: wallets.cash_out,
    PayMerchant: wallets.pay_merchant,
    SellMoney: wallets.sell,
}
TYPES: dict[type[MoveMoney], OperationType] = {
    CashOut: OperationType.CASH_OUT,
    PayMerchant: OperationType.PAYMENT,
    SellMoney: OperationType.SELL,
}


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        world.build(database)
        yield database


def order(
    session: Session, kind: type[Any], payer: str, amount: int, key: str = "", *, again: bool = False, **to: str
) -> Any:
    payer_id = people.user_id(session, payer)
    quote = wallets.quote(session, TYPES[kind], xaf(amount), payer_id)
    return kind(
        key=key or f"ussd:{payer}:{kind.__name__}:{amount}:{again}",
        payer_id=payer_id,
        amount=quote.amount,
        fee=quote.fee,
        tariff_id=quote.tariff_id,
        is_repeat_confirmed=again,
        **to,
    )


def do(bank: Database, kind: type[MoveMoney], payer: str, amount: int, **named: Any) -> Operation:
    with bank.transaction() as session:
        return VERBS[kind](session, SYSTEM, order(session, kind, payer, amount, **named))


def cash_out(bank: Database, amount: int = 5_000, **named: Any) -> Operation:
    return do(bank, CashOut, AWA, amount, merchant_code=KIOSQUE_CODE, **named)


def balances(bank: Database, *phones: str) -> list[int]:
    with bank.transaction() as session:
        people.assert_books_hold(session)
        return [people.balance(session, phone) for phone in phones]


def legs(bank: Database, reference: str) -> dict[str, int]:
    """Return what an operation changed, debits positive, by kind of account or by phone."""
    with bank.transaction() as session:
        rows = fetch_all(
            session,
            "select coalesce(u.phone, a.kind) as who, e.amount from ussd_operation o"
            " join ledger_entry e on e.transaction_id = o.transaction_id join ledger_account a on a.id = e.account_id"
            " left join wallet w on w.account_id = a.id left join users u on u.id = w.user_id where o.reference = %s",
            (reference,),
        )
    return {row["who"]: row["amount"] for row in rows}


def set_rule(bank: Database, name: str, capacity: int) -> None:
    with bank.transaction() as session:
        driver(session).execute(
            "insert into velocity_rule (id, created_at, name, capacity, window_s)"
            " values (gen_random_uuid(), %s, %s, %s, 3600)",
            (clock.now(), name, capacity),
        )


def test_a_cash_out_pays_the_merchant_his_share_of_the_fee(bank: Database) -> None:
    done = cash_out(bank)

    assert done.reference.startswith("RT-")
    assert (done.fee, done.balance, done.payee_name) == (xaf(100), xaf(4_900), "Kiosque Mokolo")
    assert legs(bank, done.reference) == {AWA: 5_100, KIOSQUE: -5_040, "fee_income": -60}
    assert balances(bank, AWA, KIOSQUE) == [4_900, 205_040]


def test_both_sides_of_a_cash_out_read_it_with_the_other_number_masked(bank: Database) -> None:
    done = cash_out(bank)
    with bank.transaction() as session:
        (hers,), (his,) = people.texts(session, AWA), people.texts(session, KIOSQUE)
    assert hers == (
        "Retrait de 5 000 FCFA chez Kiosque Mokolo (+23769****03). Frais 100 FCFA. Solde 4 900 FCFA."
        f" Réf {done.reference}"
    )
    assert his == (
        "Awa Mbarga (+23769****01) retire 5 000 FCFA chez vous. Commission 40 FCFA. Solde 205 040 FCFA."
        f" Réf {done.reference}"
    )


def test_a_payment_costs_the_merchant_and_not_the_customer(bank: Database) -> None:
    done = do(bank, PayMerchant, AWA, 4_000, merchant_code=BOUTIQUE_CODE)

    assert legs(bank, done.reference) == {AWA: 4_000, BOUTIQUE: -3_980, "fee_income": -20}
    with bank.transaction() as session:
        assert people.texts(session, BOUTIQUE) == [
            f"Awa Mbarga (+23769****01) vous paie 4 000 FCFA. Frais 20 FCFA. Solde 3 980 FCFA. Réf {done.reference}"
        ]


def test_an_agent_sells_and_his_commission_is_our_cost(bank: Database) -> None:
    with bank.transaction() as session:
        driver(session).execute("update tariff set bps = 100, commission_bps = 3000 where type = 'sell'")

    done = do(bank, SellMoney, KIOSQUE, 10_000, payee_phone=JEAN)

    assert legs(bank, done.reference) == {
        KIOSQUE: 10_100 - 30,
        JEAN: -10_000,
        "fee_income": -100,
        "commission_expense": 30,
    }
    assert done.balance == xaf(189_930)
    with bank.transaction() as session:
        assert people.texts(session, JEAN) == [
            f"Dépot de 10 000 FCFA chez Kiosque Mokolo (+23769****03). Solde 12 500 FCFA. Réf {done.reference}"
        ]


def test_a_client_sells_nothing(bank: Database) -> None:
    with pytest.raises(NotASeller):
        do(bank, SellMoney, AWA, 1_000, payee_phone=JEAN)
    assert balances(bank, AWA, JEAN) == [10_000, 2_500]


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("2045", InvalidMerchant), ("２０４５１８", InvalidMerchant), ("999999", UnknownMerchant)],
    ids=["short", "other digits", "nobody"],
)
def test_a_code_that_is_nobodys_moves_nothing(bank: Database, code: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        do(bank, CashOut, AWA, 1_000, merchant_code=code)
    assert balances(bank, AWA) == [10_000]


def test_a_merchant_is_no_customer_of_his_own(bank: Database) -> None:
    with pytest.raises(OwnCode):
        do(bank, CashOut, KIOSQUE, 1_000, merchant_code=KIOSQUE_CODE)
    with bank.transaction() as session, pytest.raises(OwnCode):
        wallets.get_merchant(session, people.user_id(session, KIOSQUE), KIOSQUE_CODE)


def test_a_suspended_merchant_is_paid_nothing(bank: Database) -> None:
    with bank.transaction() as session:
        driver(session).execute("update merchant set state = 'suspended' where code = %s", (KIOSQUE_CODE,))
    with pytest.raises(PayeeClosed):
        cash_out(bank)
    assert balances(bank, AWA, KIOSQUE) == [10_000, 200_000]


def test_codes_are_not_read_by_trial(bank: Database) -> None:
    set_rule(bank, "lookups", 2)
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)
        with pytest.raises(UnknownMerchant):
            wallets.get_merchant(session, awa, "111112")
        assert wallets.get_merchant(session, awa, KIOSQUE_CODE).name == "Kiosque Mokolo"
        with pytest.raises(TooManyRequests):
            wallets.get_merchant(session, awa, BOUTIQUE_CODE)


def test_the_same_cash_out_again_asks_and_the_same_key_never_moves_twice(bank: Database) -> None:
    first = cash_out(bank, 1_000, key="ussd:s:1")
    again = cash_out(bank, 1_000, key="ussd:s:1")
    assert (again.id, again.is_replay) == (first.id, True)
    with pytest.raises(KeyReused):
        do(bank, PayMerchant, AWA, 1_000, merchant_code=KIOSQUE_CODE, key="ussd:s:1")
    with pytest.raises(SentAlready):
        cash_out(bank, 1_000, key="ussd:s:2")
    do(bank, PayMerchant, AWA, 1_000, merchant_code=KIOSQUE_CODE)  # another type is another thing

    cash_out(bank, 1_000, key="ussd:s:3", again=True)

    with bank.transaction() as session:
        assert people.count(session, "ussd_operation") == 3


@pytest.mark.parametrize("kind", [CashOut, PayMerchant])
def test_two_at_once_of_a_wallet_that_holds_enough_for_one(bank: Database, kind: type[MoveMoney]) -> None:
    gate = Barrier(2)

    def go(code: str) -> Any:
        with bank.transaction() as session:
            asked = order(session, kind, AWA, 9_000, key=f"ussd:{code}:1", merchant_code=code)
        gate.wait()
        try:
            with bank.transaction() as session:
                return VERBS[kind](session, SYSTEM, asked)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(go, [KIOSQUE_CODE, BOUTIQUE_CODE]))

    assert sorted(type(answer).__name__ for answer in answers) == ["InsufficientFunds", "Operation"]
    assert balances(bank, AWA)[0] in {865, 1_000}
    with bank.transaction() as session:
        assert people.count(session, "ussd_operation") == 1


def test_two_sessions_ask_the_same_at_once_one_movement_and_one_question(bank: Database) -> None:
    with bank.transaction() as session:
        first, second = (
            order(session, CashOut, AWA, 1_000, key=f"ussd:s{n}:1", merchant_code=KIOSQUE_CODE) for n in (1, 2)
        )

    def ask() -> Operation | Refusal:
        try:
            with bank.transaction() as session:
                return wallets.cash_out(session, SYSTEM, second)
        except SentAlready as refusal:
            return refusal

    answer = people.while_open(bank, lambda session: wallets.cash_out(session, SYSTEM, first), ask)

    assert isinstance(answer, SentAlready)
    assert balances(bank, AWA, KIOSQUE) == [8_900, 201_040]


def test_a_cash_out_taken_back_is_taken_back_whole(bank: Database) -> None:
    done = cash_out(bank)
    with bank.transaction() as session:
        wallets.reverse_operation(session, ADMIN, ReverseOperation(key="r1", operation_id=done.id, reason="erreur"))
    assert balances(bank, AWA, KIOSQUE) == [10_000, 200_000]


def test_who_receives_too_often_is_looked_at_and_refused_nothing(bank: Database) -> None:
    set_rule(bank, "received", 1)
    for amount in (1_000, 1_001, 1_002):
        do(bank, PayMerchant, AWA, amount, merchant_code=BOUTIQUE_CODE)

    with bank.transaction() as session:
        (case,) = wallets.list_wallet_cases(session, READER)
        assert (case.name, case.phone, case.times) == ("Boutique Etoile", mask_phone(BOUTIQUE), 2)
        with pytest.raises(Forbidden):
            wallets.list_wallet_cases(session, STRANGER)
        close = CloseWalletCase(case_id=case.id, resolution="Jour de marché")
        with pytest.raises(Forbidden):
            wallets.close_wallet_case(session, READER, close)
        closer = operator_of(session)
        wallets.close_wallet_case(session, closer, close)
        with pytest.raises(NotFound):
            wallets.close_wallet_case(session, closer, close)
        assert wallets.list_wallet_cases(session, READER) == []
        assert [row.resolution for row in wallets.list_wallet_cases(session, READER, are_closed=True)] == [
            "Jour de marché"
        ]

    do(bank, PayMerchant, AWA, 1_003, merchant_code=BOUTIQUE_CODE)
    with bank.transaction() as session:
        assert [row.times for row in wallets.list_wallet_cases(session, READER)] == [1]


def test_a_number_silent_for_a_year_proves_its_pin_before_money_moves(bank: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        traveller.advance(366 * 86_400)
        with pytest.raises(ProofDue):
            cash_out(bank)
        prove(bank)
        assert cash_out(bank).balance == xaf(4_900)


def test_another_sim_proves_the_pin_before_money_moves(bank: Database) -> None:
    with bank.transaction() as session:
        reported = ReportSimChange(phone=AWA, detail="réseau")
        with pytest.raises(Forbidden):
            pins.report_sim_change(session, READER, reported)
        assert pins.report_sim_change(session, operator_of(session), reported)
        assert not pins.report_sim_change(session, operator_of(session), ReportSimChange(phone="+237699000098"))
    with pytest.raises(ProofDue):
        cash_out(bank)
    prove(bank)
    cash_out(bank)
    with pytest.raises(InsufficientFunds):
        do(bank, PayMerchant, AWA, 5_000, merchant_code=BOUTIQUE_CODE)


def operator_of(session: Session) -> Actor:
    """Return an operator who is a person there is: he is the author of what is audited."""
    return Actor(people.user_id(session, JEAN), "Opérateur", OPERATOR.grants)


def prove(bank: Database) -> None:
    with bank.transaction() as session:
        ticket = pins.count_try(session, people.user_id(session, AWA))
    checked = pins.check(ticket, "48213")
    with bank.transaction() as session:
        assert pins.settle_try(session, ticket, checked).is_right
