"""The operator's page: find a person, read the ledger's own figures, suspend, unlock."""

from collections.abc import Iterator

import pytest

from core import clock
from core.database import Database, driver
from core.errors import Forbidden, NotFound, WrongState
from core.ids import new_id
from services import pins, subscribers
from services.subscribers import SuspendSubscriber, UnlockPin
from services.wallets import PayeeClosed, WalletSuspended
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import AWA, JEAN, OPERATOR, PAUL, READER, STRANGER, send, xaf


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        world.build(database, {"surveys": [], "notices": []})
        yield database


def names(bank: Database, search: str) -> list[str]:
    with bank.transaction() as session:
        rows = subscribers.list_subscribers(session, OPERATOR, search)
        assert subscribers.count_subscribers(session, OPERATOR, search) == len(rows)
    return sorted(row.name for row in rows)


def test_a_person_is_found_by_number_name_or_reference(bank: Database) -> None:
    reference = send(bank, AWA, JEAN, 1_000).reference

    assert names(bank, "699000001") == ["Awa Mbarga"]
    assert names(bank, "+237 699 00 00 01") == ["Awa Mbarga"]
    assert names(bank, "mbar") == ["Awa Mbarga"]
    assert names(bank, "AWA M") == ["Awa Mbarga"]
    assert names(bank, reference.lower()) == ["Awa Mbarga", "Jean Nkolo"]
    assert names(bank, "699000098") == []
    assert names(bank, "TR-000000") == []
    assert names(bank, "%") == []
    assert len(names(bank, "")) == 7


def test_a_search_shows_masked_numbers_and_the_ledgers_balance(bank: Database) -> None:
    with bank.transaction() as session:
        (row,) = subscribers.list_subscribers(session, READER, "Mbarga")
        first = subscribers.list_subscribers(session, READER, limit=3)
        rest = subscribers.list_subscribers(session, READER, limit=10, offset=3)
    assert (row.phone, row.balance, row.state) == ("+23769****01", xaf(10_000), "active")
    assert len({row.user_id for row in [*first, *rest]}) == 7


def test_the_card_has_balance_time_ceilings_used_and_pin(bank: Database) -> None:
    send(bank, AWA, JEAN, 5_000)

    with bank.transaction() as session:
        card = subscribers.get_subscriber(session, OPERATOR, people.user_id(session, AWA))

    (wallet,) = card.wallets
    assert (card.name, card.phone, card.language, card.state) == ("Awa Mbarga", AWA, "fr", "active")
    assert (wallet.balance, wallet.as_of, wallet.level, wallet.state) == (xaf(4_950), world.NOW, "1", "active")
    assert (wallet.out_today, wallet.out_30_days) == (xaf(5_050), xaf(5_050))
    assert (wallet.day_ceiling, wallet.month_ceiling, wallet.balance_ceiling) == (xaf(1_000_000), None, xaf(2_000_000))
    assert card.pin is not None
    assert (card.pin.tries_left, card.pin.is_locked) == (3, False)


def test_a_reader_sees_a_masked_number_and_no_text(bank: Database) -> None:
    send(bank, AWA, JEAN, 5_000)
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)
        assert subscribers.get_subscriber(session, READER, awa).phone == "+23769****01"
        (operation,) = subscribers.list_operations(session, READER, user_id=awa)
        assert operation.payee_phone == "+23767****02"
        with pytest.raises(Forbidden):
            subscribers.list_messages(session, READER, awa)
        assert len(subscribers.list_messages(session, OPERATOR, awa)) == 1


def test_who_has_no_business_here_reads_nothing(bank: Database) -> None:
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)
        for ask in (
            lambda: subscribers.list_subscribers(session, STRANGER),
            lambda: subscribers.count_subscribers(session, STRANGER),
            lambda: subscribers.get_subscriber(session, STRANGER, awa),
            lambda: subscribers.list_operations(session, STRANGER),
            lambda: subscribers.count_operations(session, STRANGER),
            lambda: subscribers.get_operation(session, STRANGER, awa),
            lambda: subscribers.list_messages(session, STRANGER, awa),
        ):
            with pytest.raises(Forbidden):
                ask()


def test_a_person_without_wallet_or_pin_has_a_card_and_nobody_has_none(bank: Database) -> None:
    with bank.transaction() as session:
        driver(session).execute("delete from pin_credential where user_id = %s", (people.user_id(session, PAUL),))
        assert subscribers.get_subscriber(session, OPERATOR, people.user_id(session, PAUL)).pin is None
        with pytest.raises(NotFound):
            subscribers.get_subscriber(session, OPERATOR, new_id())
        with pytest.raises(NotFound):
            subscribers.get_operation(session, OPERATOR, new_id())


def test_operations_are_listed_for_both_sides_with_their_entries(bank: Database) -> None:
    first = send(bank, AWA, JEAN, 1_000)
    second = send(bank, JEAN, PAUL, 200)
    send(bank, PAUL, AWA, 100)

    with bank.transaction() as session:
        jean = people.user_id(session, JEAN)
        rows = subscribers.list_operations(session, OPERATOR, user_id=jean)
        assert [row.reference for row in rows] == [second.reference, first.reference]
        assert subscribers.count_operations(session, OPERATOR, user_id=jean) == 2
        assert subscribers.count_operations(session, OPERATOR) == 3
        assert subscribers.count_operations(session, OPERATOR, state="failed") == 0
        assert subscribers.count_operations(session, OPERATOR, reference=first.reference.lower()) == 1
        operation, transaction = subscribers.get_operation(session, OPERATOR, first.id)
    assert (operation.payer_name, operation.payee_name, operation.fee) == ("Awa Mbarga", "Jean Nkolo", xaf(50))
    assert transaction is not None
    assert [entry["amount"] for entry in transaction["entries"]] == [1_050, -50, -1_000]


def test_a_suspended_person_neither_sends_nor_receives_until_reactivated(bank: Database) -> None:
    with bank.transaction() as session:
        order = SuspendSubscriber(user_id=people.user_id(session, AWA), reason="Téléphone volé")
        with pytest.raises(Forbidden):
            subscribers.suspend(session, READER, order)
        subscribers.suspend(session, OPERATOR, order)
    with pytest.raises(WalletSuspended):
        send(bank, AWA, JEAN, 1_000)
    with pytest.raises(PayeeClosed):
        send(bank, JEAN, AWA, 1_000)
    with bank.transaction() as session:
        assert subscribers.get_subscriber(session, OPERATOR, order.user_id).wallets[0].state == "suspended"
        (row,) = subscribers.list_subscribers(session, OPERATOR, AWA)
        assert row.state == "suspended"
        with pytest.raises(WrongState):
            subscribers.suspend(session, OPERATOR, order)

    with bank.transaction() as session:
        subscribers.reactivate(session, OPERATOR, order)
    send(bank, AWA, JEAN, 1_000)
    with bank.transaction() as session:
        trail = driver(session).execute("select action, summary from audit_entry order by created_at, id").fetchall()
    assert trail == [("subscriber.suspend", "Téléphone volé"), ("subscriber.reactivate", "Téléphone volé")]


def test_nobody_is_suspended_who_has_no_wallet(bank: Database) -> None:
    with bank.transaction() as session, pytest.raises(NotFound):
        subscribers.suspend(session, OPERATOR, SuspendSubscriber(user_id=new_id(), reason="erreur"))


def test_a_locked_pin_shows_on_the_card_and_opens_with_a_reason(bank: Database) -> None:
    people.hire(bank)
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)
        for _ in range(3):
            pins.count_try(session, awa)
        before = subscribers.get_subscriber(session, OPERATOR, awa).pin
        asked = subscribers.unlock_pin(session, OPERATOR, UnlockPin(user_id=awa, reason="Vue au guichet"))
    people.agree(bank, asked)
    with bank.transaction() as session:
        after = subscribers.get_subscriber(session, OPERATOR, awa).pin
    assert before is not None
    assert after is not None
    assert (before.is_locked, before.locks, after.is_locked, after.locks) == (True, 1, False, 0)
