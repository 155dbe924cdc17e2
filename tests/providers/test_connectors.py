"""Bills and airtime in the house's own format: what each answer of the wire becomes, against the fakes over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from core import clock, ids
from core.money import Currency, Money
from core.phone import normalise
from providers.answers import (
    Accepted,
    Account,
    Balance,
    InboundCall,
    MoneyProvider,
    NotOffered,
    NotSeen,
    Order,
    Page,
    Reason,
    Refusal,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.connectors import airtime, biller
from providers.connectors.biller import BadReference, Bill
from providers.connectors.wire_format import REASONS, STATES, reason_of, seen_state
from providers.fakes.airtime import AirtimeFake
from providers.fakes.biller import BillerFake
from providers.fakes.kernel import Kernel
from providers.fakes.server import FakeServer
from providers.wire import Wire

AWA = "+237699000001"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    """Give both fakes on loopback, with a clock that only moves when it is told to."""
    running = FakeServer(Kernel(pace=0.001, is_manual=True), made=[BillerFake(), AirtimeFake()])
    running.start()
    yield running
    running.stop()


@pytest.fixture
def house(server: FakeServer) -> FakeServer:
    """Give the same with nothing in its book."""
    server.kernel.reset()
    return server


def account(server: FakeServer, adapter: str = "biller", **changes: object) -> Account:
    """Return an account of one of the two fakes."""
    plain = Account(
        id=ids.new_id(),
        code=f"{adapter}-essai",
        adapter=adapter,
        environment="fake",
        country="CM",
        currency="XAF",
        base_url=f"{server.url}/{adapter}",
        settings={},
        secrets={"api_key": server.kernel.secret(adapter, "api_key")},
        timezone="Africa/Douala",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of the account, by name


def bill(server: FakeServer, reference: str = "2001234567", minor: int = 3_000, code: str = "ELEC") -> Order:
    """Return the order to pay a bill."""
    return Order(
        account=account(server),
        direction="payout",
        external_id=uuid4(),
        reference="7ZQ0000000000000000000000A",
        amount=Money(minor, Currency.XAF),
        callback_url="",
        party_code=code,
        party_reference=reference,
        submitted_at=clock.now(),
    )


def topup(server: FakeServer, phone: str = AWA, minor: int = 500) -> Order:
    """Return the order to send airtime."""
    order = bill(server, "", minor, "")
    return replace(order, account=account(server, "airtime"), party=normalise(phone, None))


def pay(order: Order, wire: Wire | None = None) -> Accepted | Rejected | Unknown:
    """Pay a bill or send airtime."""
    adapter: MoneyProvider = airtime.ADAPTER if order.account.adapter == "airtime" else biller.ADAPTER
    return adapter.payout(order, wire or Wire())


def moved(server: FakeServer, identifier: UUID) -> list[tuple[str, str, int]]:
    """Return what really moved under one id."""
    return [(line.kind, line.party, line.amount_minor) for line in server.kernel.book.of(str(identifier))]


# Paying


def test_a_bill_is_paid_at_once_and_says_for_whom(house: FakeServer) -> None:
    order = bill(house)
    answer = pay(order)
    assert isinstance(answer, Accepted)
    assert answer.seen is not None
    assert (answer.seen.state, answer.seen.amount) == (SeenState.SUCCEEDED, order.amount)
    assert (answer.seen.party_reference, answer.provider_ref) == ("2001234567", answer.seen.provider_ref)
    assert moved(house, order.external_id) == [("payout", "ELEC/2001234567", 3_000)]


def test_airtime_goes_to_a_number(house: FakeServer) -> None:
    order = topup(house)
    answer = pay(order)
    assert isinstance(answer, Accepted)
    assert answer.seen is not None
    assert answer.seen.party == normalise(AWA, None)
    assert moved(house, order.external_id) == [("payout", AWA, 500)]
    assert pay(replace(order, party=None)) == Rejected(Reason.INVALID_PHONE)


def test_the_same_id_pays_once_however_often_it_is_sent(house: FakeServer) -> None:
    order = bill(house)
    first = pay(order)
    assert [pay(order), pay(replace(order, amount=Money(9_000, Currency.XAF)))] == [first, first]
    assert len(moved(house, order.external_id)) == 1


@pytest.mark.parametrize(
    ("code", "found", "executions"),
    [("001", NotSeen, 0), ("002", Seen, 1), ("003", Seen, 1), ("011", NotSeen, 0), ("021", Seen, 1)],
)
def test_no_answer_is_unknown_whether_or_not_it_was_paid(
    house: FakeServer, code: str, found: type, executions: int
) -> None:
    order = bill(house, f"9900000{code}")
    answer = pay(order)
    assert isinstance(answer, Unknown)
    assert answer.is_sent
    assert isinstance(biller.ADAPTER.status(order, Wire()), found)
    assert len(moved(house, order.external_id)) == executions


def test_a_closed_port_has_received_nothing(house: FakeServer) -> None:
    order = bill(house)
    answer = pay(replace(order, account=account(house, base_url="http://127.0.0.1:9")))
    assert answer == Unknown(is_sent=False, detail="ConnectError")


def test_what_is_not_executed_at_once_is_read_later(house: FakeServer) -> None:
    order = bill(house, "9900000017")
    answer = pay(order)
    assert isinstance(answer, Accepted)
    assert answer.seen is not None
    assert answer.seen.state is SeenState.PENDING
    house.kernel.advance(2)
    seen = biller.ADAPTER.status(order, Wire())
    assert isinstance(seen, Seen)
    assert (seen.state, seen.amount) == (SeenState.SUCCEEDED, order.amount)


def test_a_record_tells_another_amount_currency_or_customer(house: FakeServer) -> None:
    told = []
    for code in ("008", "009", "010"):
        answer = pay(bill(house, f"9900000{code}"))
        assert isinstance(answer, Accepted)
        assert answer.seen is not None
        told.append((answer.seen.amount, answer.seen.party_reference))
    assert told == [
        (Money(2_900, Currency.XAF), "9900000008"),
        (Money(3_000, Currency.XOF), "9900000009"),
        (Money(3_000, Currency.XAF), "9900000777"),
    ]


def test_a_payment_that_comes_back_is_reversed(house: FakeServer) -> None:
    order = topup(house, "+237678000013")
    pay(order)
    house.kernel.advance(3_700)
    seen = airtime.ADAPTER.status(order, Wire())
    assert isinstance(seen, Seen)
    assert seen.state is SeenState.REVERSED
    assert [kind for kind, _, _ in moved(house, order.external_id)] == ["payout", "reversal"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("014", Reason.OUR_WALLET_EMPTY),
        ("015", Reason.PAYEE_NOT_FOUND),
        ("016", Reason.PAYEE_NOT_ALLOWED),
    ],
)
def test_a_failed_payment_says_why(house: FakeServer, code: str, reason: Reason) -> None:
    answer = pay(topup(house, f"+237678000{code}"))
    assert isinstance(answer, Accepted)
    assert answer.seen is not None
    assert (answer.seen.state, answer.seen.reason) == (SeenState.FAILED, reason)


def test_a_refusal_is_certain_and_moves_nothing(house: FakeServer) -> None:
    refusals = [
        pay(bill(house, "2009999999")),
        pay(bill(house, "12")),
        pay(bill(house, "30012345678", 4_000, "TV")),
        pay(bill(house, "1", code="GAZ")),
        pay(replace(bill(house), submitted_at=clock.now() - timedelta(seconds=901))),
    ]
    assert [(answer.reason, answer.code) for answer in refusals if isinstance(answer, Rejected)] == [
        (Reason.PAYEE_NOT_FOUND, "unknown_reference"),
        (Reason.PAYEE_NOT_FOUND, "invalid_reference"),
        (Reason.AMOUNT_OUT_OF_BOUNDS, "amount_not_due"),
        (Reason.CONFIGURATION, "unknown_biller"),
        (Reason.NEVER_RECEIVED, "too_late"),
    ]
    assert len(house.kernel.book) == 0


# Keys


def test_a_key_refused_once_is_tried_once_more_and_always_is_a_wrong_set_up(house: FakeServer) -> None:
    order = bill(house, "9900000025")
    assert isinstance(pay(order), Accepted)
    assert len(moved(house, order.external_id)) == 1
    assert pay(bill(house, "9900000026")) == Rejected(Reason.CONFIGURATION, "forbidden")
    assert pay(replace(bill(house), account=account(house, secrets={"api_key": "another"}))) == Rejected(
        Reason.CONFIGURATION, "unauthorised"
    )


def test_while_a_key_is_replaced_either_opens(house: FakeServer) -> None:
    live = house.kernel.secret("biller", "api_key")
    for both in (f"{live}\nthe-next-one", f"the-one-before\n{live}"):
        assert isinstance(pay(replace(bill(house), account=account(house, secrets={"api_key": both}))), Accepted)


def test_neither_key_nor_number_is_kept(house: FakeServer) -> None:
    order, wire = topup(house), Wire()
    assert order.party is not None
    wire.masked[order.party.e164] = order.party.masked
    pay(order, wire)
    kept = repr(wire.exchanges)
    assert house.kernel.secret("airtime", "api_key") not in kept
    assert AWA not in kept
    assert wire.exchanges[0].http_status == 200


# Reading


def test_a_payment_nobody_knows_is_not_seen_and_a_page_of_html_proves_nothing(house: FakeServer) -> None:
    assert biller.ADAPTER.not_seen_is_proof
    assert biller.ADAPTER.status(bill(house), Wire()) == NotSeen()
    nowhere = replace(bill(house), account=account(house, base_url=f"{house.url}/nobody"))
    assert biller.ADAPTER.status(nowhere, Wire()) == Unknown(is_sent=True, detail="HTTP 404")


def test_a_slowed_account_says_so(house: FakeServer) -> None:
    order = bill(house, "9900000020")
    assert isinstance(pay(order), Accepted)
    answers = [biller.ADAPTER.status(order, Wire()) for _ in range(3)]
    assert answers[:2] == [Unknown(is_sent=True, detail="HTTP 429", slows=True)] * 2
    assert isinstance(answers[2], Seen)


def test_a_day_is_listed_in_pages(house: FakeServer) -> None:
    orders = [bill(house, minor=1_000 + number) for number in range(60)]
    for order in orders:
        pay(order)
    pay(bill(house, "9900000024"))
    assert isinstance(pay(bill(house, "9900000014")), Accepted)
    first = biller.ADAPTER.list(account(house), clock.today("Africa/Douala"), None, Wire())
    assert isinstance(first, Page)
    second = biller.ADAPTER.list(account(house), clock.today("Africa/Douala"), first.cursor, Wire())
    assert isinstance(second, Page)
    lines = [*first.lines, *second.lines]
    assert (len(first.lines), len(lines), second.cursor) == (50, 60, None)
    assert [line.external_id for line in lines] == [str(order.external_id) for order in orders]
    assert {(line.kind, line.state, line.party) for line in lines} == {
        ("payout", SeenState.SUCCEEDED, "ELEC/2001234567")
    }
    assert biller.ADAPTER.list(account(house), date(2020, 1, 1), None, Wire()) == Page([], None)


def test_a_harmless_call_tells_whether_it_is_well(house: FakeServer) -> None:
    pay(topup(house))
    balance = airtime.ADAPTER.balance(account(house, "airtime"), Wire())
    assert isinstance(balance, Balance)
    assert balance.amount == Money(99_999_500, Currency.XAF)
    assert airtime.ADAPTER.probe(account(house, "airtime"), Wire())
    assert not airtime.ADAPTER.probe(account(house, "airtime", base_url="http://127.0.0.1:9"), Wire())


def test_what_it_does_not_do_it_says(house: FakeServer) -> None:
    order = bill(house)
    assert biller.ADAPTER.collect(order, Wire()) == Rejected(Reason.NOT_OFFERED)
    assert biller.ADAPTER.refund(order, Wire()) == Rejected(Reason.NOT_OFFERED)
    assert biller.ADAPTER.name_of(order.account, normalise(AWA, None), Wire()) == NotOffered()
    call = InboundCall("POST", "/api/v1/payments/callback/biller", {}, b"{}", 0.0)
    assert biller.ADAPTER.verify_callback(call, [order.account]) == Refusal(404)
    assert house.kernel.calls == []


# Looking up


def test_a_bill_is_looked_up_before_it_is_paid(house: FakeServer) -> None:
    looked = [
        biller.ADAPTER.lookup(account(house), code, reference, Wire())
        for code, reference in (
            ("ELEC", "2001234567"),
            ("TV", "30012345678"),
            ("EAU", "55509999"),
            ("EAU", "12"),
        )
    ]
    assert looked == [
        Bill("2001234567", "MBARGA A"),
        Bill("30012345678", "ATEBA P", Money(5_000, Currency.XAF), "fixed"),
        BadReference(),
        BadReference(is_malformed=True),
    ]
    assert len(house.kernel.book) == 0


@pytest.mark.parametrize("code", ["001", "002", "003", "021", "026"])
def test_a_biller_that_does_not_answer_is_unknown(house: FakeServer, code: str) -> None:
    assert isinstance(biller.ADAPTER.lookup(account(house), "ELEC", f"9900000{code}", Wire()), Unknown)


def test_a_reference_cannot_leave_its_place_in_the_address(house: FakeServer) -> None:
    found = biller.ADAPTER.lookup(account(house), "ELEC", "../../../v1/balance?x=", Wire())
    assert not isinstance(found, Bill)
    assert [call.path for call in house.kernel.calls if call.path.endswith("/balance")] == []


# Words


def test_every_word_of_the_format_means_one_thing() -> None:
    assert {word: seen_state(word) for word in (*STATES, "PAID", "")} == {
        "pending": (SeenState.PENDING, True),
        "succeeded": (SeenState.SUCCEEDED, True),
        "failed": (SeenState.FAILED, True),
        "reversed": (SeenState.REVERSED, True),
        "PAID": (SeenState.PENDING, False),
        "": (SeenState.PENDING, False),
    }
    assert reason_of("something new") is Reason.UNSPECIFIED
    assert all(reason_of(code) is reason for code, reason in REASONS.items())
