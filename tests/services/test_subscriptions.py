"""Subscribing, paying, renewing and leaving, on the world of the dialogues."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest

from core import clock
from core.clock import Traveller
from core.database import Database, driver, fetch_all
from core.errors import Forbidden
from core.permissions import SYSTEM
from jobs import subscriptions as job
from models.offers import Period
from models.switches import SwitchScope
from services import books, catalogue, subscriptions, switches
from services.ledger import InsufficientFunds
from services.subscriptions import AlreadySubscribed, NotSubscribed, ServicePriced, Subscribe, Unsubscribe
from services.subscriptions.activating import after
from services.switches import StopSwitch
from services.wallets import QuoteChanged
from tests.builders import world
from tests.services.offers_world import PRICED, paid_order, service_id, subscribe_paid, subscription, told
from tests.services.wallet_world import AWA, OPERATOR, PAUL, READER, STRANGER, hire, send


@pytest.fixture
def house(database: Database) -> Database:
    world.build(database, {"surveys": [], "notices": []})
    return database


def renew(database: Database) -> str:
    assert database.engine
    return job.work(Event())


def balance(database: Database, phone: str) -> int:
    with database.transaction() as session:
        return world.balance(session, phone)


def test_a_free_service_is_given_once_to_whoever_calls(house: Database) -> None:
    with house.transaction() as session:
        assert subscriptions.subscribe(session, Subscribe(code="SRV-A", phone="+237699000099")).name == "Service A"
    with house.transaction() as session, pytest.raises(AlreadySubscribed):
        subscriptions.subscribe(session, Subscribe(code="SRV-A", phone="+237699000099"))
    with house.transaction() as session, pytest.raises(ServicePriced) as refused:
        subscriptions.subscribe(session, Subscribe(code=PRICED, phone="+237699000099"))
    assert refused.value.data["price"].minor == 100


def test_a_priced_service_debits_once_and_says_until_when(house: Database) -> None:
    with clock.travel(world.NOW):
        done = subscribe_paid(house, AWA)
        again = subscribe_paid(house, AWA)
        with house.transaction() as session:
            row = subscription(session, AWA)
            income = fetch_all(
                session, "select ledger_balance(id) as b from ledger_account where kind = 'service_income'"
            )
            assert (row["state"], row["expires_at"].isoformat()) == ("active", "2026-12-21T09:00:00+00:00")
            assert told(session, AWA) == ["service_actif"]
            assert [one["b"] for one in income] == [100]
            assert all(finding.holds for finding in books.list_findings(session))
    assert again == done
    assert done.reference.startswith("AB-")
    assert balance(house, AWA) == 9_900


def test_eight_sessions_at_once_pay_once(house: Database) -> None:
    def attempt(number: int) -> str:
        try:
            return subscribe_paid(house, AWA, key=f"ussd:{number}:1").reference
        except AlreadySubscribed:
            return ""

    with ThreadPoolExecutor(8) as pool:
        references = list(pool.map(attempt, range(8)))
    assert sum(bool(reference) for reference in references) == 1
    assert balance(house, AWA) == 9_900


def test_what_was_not_shown_is_not_charged(house: Database) -> None:
    with house.transaction() as session:
        order = paid_order(session, AWA)
        driver(session).execute("update catalog_service set price_minor = 150 where code = %s", (PRICED,))
    with house.transaction() as session, pytest.raises(QuoteChanged) as refused:
        subscriptions.subscribe_paid(session, SYSTEM, order)
    assert refused.value.data["quote"].amount.minor == 150
    assert balance(house, AWA) == 10_000


def test_without_money_nothing_is_written(house: Database) -> None:
    with house.transaction() as session:
        driver(session).execute("update catalog_service set price_minor = 101 where code = %s", (PRICED,))
    with house.transaction() as session, pytest.raises(InsufficientFunds):
        subscriptions.subscribe_paid(session, SYSTEM, paid_order(session, PAUL, 101))
    with house.transaction() as session:
        assert fetch_all(session, "select 1 from ussd_operation") == []
        assert fetch_all(session, "select 1 from subscription where phone = %s", (PAUL,)) == []


def test_a_month_later_it_is_renewed_once(house: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        subscribe_paid(house, AWA)
        assert renew(house) == "Aucun abonnement à renouveler."
        traveller.advance(timedelta(days=30).total_seconds())
        assert renew(house) == "Abonnements renouvelés : 1, en attente de paiement : 0, arrêtés : 0."
        assert renew(house) == "Aucun abonnement à renouveler."
        with house.transaction() as session:
            row = subscription(session, AWA)
            keys = fetch_all(session, "select key from ussd_operation order by created_at")
            assert row["expires_at"].isoformat() == "2027-01-21T09:00:00+00:00"
            assert keys[1]["key"] == f"sub:{row['id']}:2026-12-21"
            assert told(session, AWA) == ["service_actif", "service_actif"]
    assert balance(house, AWA) == 9_800


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Africa/Douala", "Abonnements renouvelés : 1, en attente de paiement : 0, arrêtés : 0."),
        ("Pacific/Auckland", "Abonnements renouvelés : 0, en attente de paiement : 1, arrêtés : 0."),
    ],
)
def test_the_day_of_a_renewals_ceiling_is_the_services_own(house: Database, zone: str, said: str) -> None:
    with house.transaction() as session:
        driver(session).execute("update ussd_service set timezone = %s", (zone,))
        driver(session).execute("update wallet_limit set day_minor = 5000 where type is null")
    with clock.travel(world.NOW) as traveller:
        subscribe_paid(house, AWA)
        traveller.advance(timedelta(days=29, hours=11).total_seconds())  # 21 h in Douala; the next morning in Auckland
        send(house, AWA, PAUL, 4_900)
        traveller.advance(timedelta(hours=13).total_seconds())
        assert renew(house) == said


def test_a_stopped_kind_of_money_is_not_debited_by_renewals_either(house: Database) -> None:
    hire(house)
    with clock.travel(world.NOW) as traveller:
        subscribe_paid(house, AWA)
        with house.transaction() as session:
            order = StopSwitch(scope=SwitchScope.MONEY, key="subscription", reason="débits en double")
            switches.stop(session, OPERATOR, order)
        for _ in range(5):
            traveller.advance(timedelta(days=30).total_seconds())
            renew(house)
        with house.transaction() as session:
            assert subscription(session, AWA)["state"] == "active", "who cannot pay because of us keeps his service"
            assert len(fetch_all(session, "select key from ussd_operation")) == 1
            driver(session).execute("update ussd_switch set state = 'live'")
        traveller.advance(timedelta(days=1).total_seconds())
        for _ in range(5):
            renew(house)
    assert balance(house, AWA) == 9_800, "one period, not the five that were put off"


def test_two_workers_renew_once(house: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        subscribe_paid(house, AWA)
        traveller.advance(timedelta(days=30).total_seconds())
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: renew(house), range(4)))
    assert balance(house, AWA) == 9_800


def test_a_renewal_that_was_paid_before_a_crash_is_not_paid_twice(house: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        subscribe_paid(house, AWA)
        traveller.advance(timedelta(days=30).total_seconds())
        renew(house)
        with house.transaction() as session:  # as if the payment alone had been kept
            driver(session).execute(
                "update subscription set expires_at = '2026-12-21T09:00Z', due_at = '2026-12-21T09:00Z'"
                " where phone = %s",
                (AWA,),
            )
        renew(house)
        with house.transaction() as session:
            assert subscription(session, AWA)["expires_at"].isoformat() == "2027-01-21T09:00:00+00:00"
    assert balance(house, AWA) == 9_800


def _broke(house: Database, traveller: Traveller) -> None:
    """Paul has exactly the price of one month."""
    subscribe_paid(house, PAUL)
    traveller.advance(timedelta(days=30, minutes=1).total_seconds())
    renew(house)


def test_without_money_there_are_three_days_then_it_ends_with_an_sms(house: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        _broke(house, traveller)
        with house.transaction() as session:
            assert subscription(session, PAUL)["state"] == "grace"
        traveller.advance(timedelta(days=2).total_seconds())
        renew(house)
        with house.transaction() as session:
            assert subscription(session, PAUL)["state"] == "grace"
            assert told(session, PAUL) == ["service_actif", "service_echu"]
        traveller.advance(timedelta(days=1).total_seconds())
        renew(house)
        with house.transaction() as session:
            row = subscription(session, PAUL)
            assert (row["state"], row["end_reason"]) == ("inactive", "unpaid")
            assert told(session, PAUL) == ["service_actif", "service_echu", "service_inactif"]
    assert balance(house, PAUL) == 0


def test_money_that_comes_within_the_grace_keeps_the_old_day(house: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        _broke(house, traveller)
        send(house, AWA, PAUL, 500)
        traveller.advance(timedelta(days=1).total_seconds())
        renew(house)
        with house.transaction() as session:
            row = subscription(session, PAUL)
            assert (row["state"], row["expires_at"].isoformat()) == ("active", "2027-01-21T09:00:00+00:00")
    assert balance(house, PAUL) == 400


def test_a_dearer_catalogue_does_not_change_what_was_agreed(house: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        subscribe_paid(house, AWA)
        with house.transaction() as session:
            driver(session).execute("update catalog_service set price_minor = 900 where code = %s", (PRICED,))
        traveller.advance(timedelta(days=30).total_seconds())
        renew(house)
    assert balance(house, AWA) == 9_800


def test_leaving_stops_renewals_at_once(house: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        subscribe_paid(house, AWA)
        with house.transaction() as session:
            assert subscriptions.unsubscribe(session, Unsubscribe(code=PRICED, phone=AWA)) == "Service C"
        traveller.advance(timedelta(days=30).total_seconds())
        assert renew(house) == "Aucun abonnement à renouveler."
        with house.transaction() as session, pytest.raises(NotSubscribed):
            subscriptions.unsubscribe(session, Unsubscribe(code=PRICED, phone=AWA))
    assert balance(house, AWA) == 9_900


def test_a_deleted_service_ends_for_all_and_its_code_stays_taken(house: Database) -> None:
    with house.transaction() as session, pytest.raises(Forbidden):
        subscriptions.delete_service(session, READER, service_id(session, "SRV-B"))
    with house.transaction() as session:
        subscriptions.delete_service(session, OPERATOR, service_id(session, "SRV-B"))
        assert told(session, AWA) == ["service_inactif"]
        assert [row.code for row in catalogue.list_services(session, OPERATOR)] == ["SRV-A", "SRV-C"]


def test_a_reader_sees_masked_numbers_and_a_stranger_nothing(house: Database) -> None:
    with house.transaction() as session:
        rows, total = subscriptions.list_subscriptions(session, READER, search="699000001")
        assert (total, len(rows)) == (1, 1)
        assert "99000001" not in rows[0].phone
        rows, total = subscriptions.list_subscriptions(session, OPERATOR, search="677000002")
        assert (rows, total) == ([], 0)
        with pytest.raises(Forbidden):
            subscriptions.list_subscriptions(session, STRANGER)


def test_a_month_ends_on_the_day_it_was_bought_or_the_last() -> None:
    start = world.NOW.replace(month=1, day=31)
    february = after(start, Period.MONTH, anchor_day=31)
    assert february is not None
    assert (february.month, february.day) == (2, 28)
    march = after(february, Period.MONTH, anchor_day=31)
    assert march is not None
    assert (march.month, march.day) == (3, 31)
    assert after(start, Period.ONCE, anchor_day=31) is None
