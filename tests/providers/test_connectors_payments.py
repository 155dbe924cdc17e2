"""A bill and airtime from a wallet, through the worker and the fakes: reserved, sent, known, told, to the franc."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from core import clock, ids
from core.clock import Traveller
from core.database import Database, driver, fetch_all
from core.errors import Forbidden, Refusal
from core.money import Currency
from core.permissions import Actor
from models.wallets import OperationState, OperationType, UssdOperation
from providers.answers import Unknown
from providers.connectors.biller import BadReference, Bill
from providers.fakes.airtime import AirtimeFake
from providers.fakes.biller import BillerFake
from providers.fakes.kernel import Kernel
from providers.fakes.server import FakeServer
from services import subscribers, transfers, wallets
from services.ledger import InsufficientFunds, KeyReused
from services.routes import NoRoute
from services.wallets import BuyAirtime, PayBill, Purchased
from services.wallets.refusals import CeilingReached, QuoteChanged, SentAlready, WalletSuspended
from tests.builders import outside as street
from tests.builders import world
from tests.services import wallet_world
from tests.services.wallet_world import AWA, JEAN, MARIE, OPERATOR, PAUL, READER, STRANGER, xaf

HOUR_S = 3_600


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    """Give both fakes on loopback; their clock is ours."""
    running = FakeServer(Kernel(pace=0.001, is_manual=True), made=[BillerFake(), AirtimeFake()])
    running.start()
    yield running
    running.stop()


@dataclass(frozen=True)
class Town:
    """The vectors' world with a biller and a seller of airtime."""

    database: Database
    server: FakeServer
    traveller: Traveller

    def price(self, payer: str, kind: OperationType, amount: int) -> dict[str, Any]:
        with self.database.transaction() as session:
            payer_id = wallet_world.user_id(session, payer)
            quote = wallets.quote(session, kind, xaf(amount), payer_id)
        return {
            "payer_id": payer_id,
            "country": "CM",
            "amount": quote.amount,
            "fee": quote.fee,
            "tariff_id": quote.tariff_id,
            "key": f"ussd:{ids.new_id()}:7",
        }

    def bill(self, reference: str = "2001234567", amount: int = 3_000, *, payer: str = AWA, **order: Any) -> PayBill:
        """Write the order the confirm screen leads to."""
        facts = self.price(payer, OperationType.BILL, amount)
        plain = {"biller": "ELEC", "biller_name": "Electricité", "reference": reference, "customer_name": "MBARGA A"}
        return PayBill(**{**facts, **plain, **order})

    def airtime(self, phone: str = AWA, amount: int = 500, **order: Any) -> BuyAirtime:
        return BuyAirtime(**{**self.price(AWA, OperationType.AIRTIME, amount), "phone": phone, **order})

    def ask(self, order: PayBill | BuyAirtime, actor: Actor | None = None) -> Purchased:
        asks = actor or Actor(order.payer_id, "Awa Mbarga")
        with self.database.transaction() as session:
            if isinstance(order, PayBill):
                return wallets.pay_bill(session, asks, order)
            return wallets.buy_airtime(session, asks, order)

    def pass_time(self, seconds: float = 0) -> None:
        """Let time pass in steps, the worker doing what falls due."""
        for _ in range(max(int(seconds // 60), 1)):
            self.traveller.advance(min(seconds, 60))
            street.work(self.database)

    def state(self, operation: Purchased) -> OperationState:
        with self.database.transaction() as session:
            return wallets.get_purchase(session, operation.id).state

    def balance(self, phone: str = AWA) -> int:
        with self.database.transaction() as session:
            return wallet_world.balance(session, phone)

    def texts(self, phone: str = AWA) -> list[str]:
        with self.database.transaction() as session:
            return wallet_world.texts(session, phone)

    def moved(self) -> list[tuple[str, str, int]]:
        return [(line.kind, line.party, line.amount_minor) for line in self.server.kernel.book]

    def books_hold(self) -> None:
        with self.database.transaction() as session:
            wallet_world.assert_books_hold(session)


@pytest.fixture
def town(database: Database, server: FakeServer) -> Iterator[Town]:
    """Give the world at nine in the morning, nothing paid yet; in the end its books hold."""
    server.kernel.reset()
    with clock.travel(world.NOW) as traveller:
        world.build(database)
        street.serve(database, server.url, "biller", "biller", "payout")
        street.serve(database, server.url, "airtime", "airtime", "payout")
        place = Town(database, server, traveller)
        yield place
        place.books_hold()


def test_a_bill_is_reserved_then_paid_and_told(town: Town) -> None:
    asked = town.ask(town.bill())
    assert (asked.state, asked.fee, asked.balance) == (OperationState.RESERVED, xaf(100), xaf(6_900))
    assert asked.reference.startswith("FA-")
    assert street.entries(town.database) == {"wallet_reserved": 3_100}
    assert (town.moved(), town.texts()) == ([], [])
    assert street.work(town.database) == 1
    assert town.state(asked) is OperationState.COMPLETED
    assert town.moved() == [("payout", "ELEC/2001234567", 3_000)]
    assert street.entries(town.database) == {"payable": 3_000, "fee_income": 100}
    assert town.texts() == [
        f"Facture Electricité 2001234567 payée: 3 000 FCFA. Frais 100 FCFA. Solde 6 900 FCFA. Réf {asked.reference}"
    ]
    with town.database.transaction() as session:
        user = wallet_world.user_id(session, AWA)
        assert wallets.get_statement(session, user, Currency.XAF, "Africa/Douala") == (
            "21/11 -3 100 FCFA Electricité\n21/11 +10 000 FCFA"
        )


def test_airtime_costs_no_fee_and_names_the_number(town: Town) -> None:
    asked = town.ask(town.airtime(JEAN))
    street.work(town.database)
    assert street.entries(town.database) == {"payable": 500}
    assert town.moved() == [("payout", JEAN, 500)]
    assert town.texts() == [f"Crédit de 500 FCFA envoyé au 677000002. Solde 9 500 FCFA. Réf {asked.reference}"]
    assert town.texts(JEAN) == []


def test_a_refused_bill_gives_the_money_back(town: Town) -> None:
    asked = town.ask(town.bill("9900000015"))
    assert town.balance() == 6_900
    street.work(town.database)
    assert (town.state(asked), town.balance()) == (OperationState.FAILED, 10_000)
    assert street.entries(town.database) == {}
    assert town.moved() == []
    (text,) = town.texts()
    assert text.startswith(f"Opération {asked.reference} de 3 000 FCFA non aboutie (")
    assert text.endswith("Solde 10 000 FCFA.")


@pytest.mark.parametrize(("code", "executions"), [("002", 1), ("003", 1), ("021", 1), ("027", 1)])
def test_a_lost_answer_is_unknown_and_paid_once(town: Town, code: str, executions: int) -> None:
    asked = town.ask(town.bill(f"9900000{code}"))
    street.work(town.database)
    assert (town.state(asked), town.balance()) == (OperationState.UNKNOWN, 6_900)
    assert street.entries(town.database) == {"wallet_reserved": 3_100}
    town.pass_time(120)
    assert (town.state(asked), town.balance()) == (OperationState.COMPLETED, 6_900)
    assert len(town.moved()) == executions
    assert len(town.texts()) == 1


def test_a_lost_request_is_never_received_and_the_money_comes_back(town: Town) -> None:
    asked = town.ask(town.bill("9900000001"))
    street.work(town.database)
    town.pass_time(600)
    assert (town.state(asked), town.balance()) == (OperationState.UNKNOWN, 6_900)
    town.pass_time(1_500)
    assert (town.state(asked), town.balance()) == (OperationState.FAILED, 10_000)
    assert town.moved() == []


def test_what_stays_pending_stays_reserved_and_is_not_paid_again(town: Town) -> None:
    asked = town.ask(town.bill("9900000012"))
    town.pass_time(HOUR_S)
    assert (town.state(asked), town.balance()) == (OperationState.SENT, 6_900)
    with pytest.raises(SentAlready):
        town.ask(town.bill("9900000012"))
    assert street.entries(town.database) == {"wallet_reserved": 3_100}


def test_another_amount_or_customer_is_never_taken_for_ours(town: Town) -> None:
    asked = [town.ask(town.bill(f"9900000{code}", 1_000)) for code in ("008", "009", "010")]
    street.work(town.database)
    assert [town.state(one) for one in asked] == [OperationState.UNKNOWN] * 3
    assert town.balance() == 10_000 - 3 * 1_100
    assert town.texts() == []


def test_a_payment_that_comes_back_returns_amount_and_fee(town: Town) -> None:
    asked = town.ask(town.bill("9900000013"))
    street.work(town.database)
    assert town.state(asked) is OperationState.COMPLETED
    town.pass_time(2 * HOUR_S)
    with town.database.transaction() as session:
        row = fetch_all(session, "select id from transfer where subject_id = %s", (asked.id,))[0]
        transfers.plan_read(session, row["id"])
    street.work(town.database)
    assert (town.state(asked), town.balance()) == (OperationState.REVERSED, 10_000)
    assert street.entries(town.database) == {}


# The same money twice


def test_one_key_is_one_payment(town: Town) -> None:
    order = town.bill()
    first, again = town.ask(order), town.ask(order)
    assert (again.id, again.is_replay, first.is_replay) == (first.id, True, False)
    with pytest.raises(KeyReused):
        town.ask(order.model_copy(update={"reference": "2007654321"}))
    street.work(town.database)
    assert town.ask(order).state is OperationState.COMPLETED
    assert len(town.moved()) == 1


def test_the_same_bill_within_ten_minutes_is_asked_about_first(town: Town) -> None:
    first = town.ask(town.bill())
    street.work(town.database)
    town.traveller.advance(40)
    with pytest.raises(SentAlready) as refused:
        town.ask(town.bill())
    assert refused.value.data["ago"] == "40 s"
    with town.database.transaction() as session:
        party = wallets.bill_party("ELEC", "2001234567")
        user = wallet_world.user_id(session, AWA)
        recent = wallets.get_recent_purchase(session, user, OperationType.BILL, party, xaf(3_000))
        other = wallets.get_recent_purchase(session, user, OperationType.BILL, party, xaf(2_000))
    assert recent is not None
    assert (recent.reference, recent.ago, other) == (first.reference, "40 s", None)
    town.ask(town.bill(is_repeat_confirmed=True))
    town.ask(town.bill("2007654321"))
    street.work(town.database)
    assert (len(town.moved()), town.balance()) == (3, 10_000 - 3 * 3_100)


def test_after_ten_minutes_the_same_bill_is_a_new_one_but_not_while_the_first_is_open(town: Town) -> None:
    town.ask(town.bill(amount=1_000))
    town.traveller.advance(601)
    with pytest.raises(SentAlready):
        town.ask(town.bill(amount=1_000))
    street.work(town.database)
    assert town.ask(town.bill(amount=1_000)).state is OperationState.RESERVED


def test_the_database_itself_refuses_the_same_open_bill_twice(town: Town) -> None:
    town.ask(town.bill(amount=1_000))
    with town.database.transaction() as session:
        row = session.exec(select(UssdOperation)).one()
        twin = {**row.model_dump(exclude={"id", "key", "reference"}), "key": "other", "reference": "FA-OTHER0"}
        session.add(UssdOperation(**twin))
        with pytest.raises(IntegrityError, match="uq_ussd_operation_open_party"):
            session.flush()
        session.rollback()


def test_an_operator_sees_who_was_paid_a_reader_no_number(town: Town) -> None:
    town.ask(town.bill())
    town.ask(town.airtime(JEAN))
    street.work(town.database)
    seen = {}
    with town.database.transaction() as session:
        for name, actor in (("operator", OPERATOR), ("reader", READER)):
            rows = subscribers.list_operations(session, actor)
            wallet = fetch_all(session, "select payer_id from ussd_operation limit 1")[0]["payer_id"]
            lines = subscribers.list_statement(session, actor, wallet)
            seen[name] = ([row.payee_name for row in rows], [line.other_name for line in lines[:2]])
    bill = "Electricité 2001234567"
    assert seen == {
        "operator": ([JEAN, bill], [JEAN, bill]),
        "reader": (["+23767****02", bill], ["+23767****02", bill]),
    }


# What is refused before anything is written


@pytest.mark.parametrize(
    ("refusal", "change"),
    [
        (InsufficientFunds, {"payer": PAUL, "amount": 1_000}),
        (QuoteChanged, {"fee": xaf(90)}),
        (CeilingReached, {"amount": 9_450}),
        (NoRoute, {"connector": "electricity"}),
        (WalletSuspended, {"payer": MARIE, "amount": 1_000}),
        (Forbidden, {"actor": STRANGER}),
    ],
)
def test_a_refusal_leaves_nothing_behind(town: Town, refusal: type[Refusal], change: dict[str, Any]) -> None:
    def written() -> list[int]:
        with town.database.transaction() as session:
            return [wallet_world.count(session, table) for table in ("ussd_operation", "transfer", "message")]

    with town.database.transaction() as session:
        driver(session).execute("update wallet_limit set day_minor = 9500 where type is null")
    before = written()
    actor = change.pop("actor", None)
    order = town.bill(**change)
    with pytest.raises(refusal):
        town.ask(order, actor)
    assert written() == before
    assert before[:2] == [0, 0]
    assert (town.balance(), town.balance(MARIE)) == (10_000, 5_000)


def test_a_lookup_costs_nothing_and_tells_who_and_what(town: Town) -> None:
    with town.database.transaction() as session:
        account = wallets.get_bill_account(session, "CM", Currency.XAF)
        with pytest.raises(NoRoute):
            wallets.get_bill_account(session, "CM", Currency.XAF, "airtime")
        with pytest.raises(NoRoute):
            wallets.get_bill_account(session, "SN", Currency.XOF)
    assert wallets.look_up_bill(account, "TV", "30012345678") == Bill("30012345678", "ATEBA P", xaf(5_000), "fixed")
    assert wallets.look_up_bill(account, "EAU", "55509999") == BadReference()
    assert isinstance(wallets.look_up_bill(account, "ELEC", "9900000011"), Unknown)
    assert town.moved() == []


def test_a_refused_bill_may_be_tried_again_at_once(town: Town) -> None:
    town.ask(town.bill("9900000015", 1_000))
    street.work(town.database)
    assert town.ask(town.bill("9900000015", 1_000)).state is OperationState.RESERVED
