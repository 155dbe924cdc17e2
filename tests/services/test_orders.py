"""Orders: one writing, a whole file or nothing, and only their own phone sees them."""

import io

import pytest
import xlsxwriter

from core.database import Database, driver, fetch_all
from core.errors import Forbidden
from services import orders
from services.orders import ImportOrders, OrderNotFound, OrderSource, PutOrder, RowsWrong, SaveStatus, StatusUsed
from services.wallets import TooManyRequests
from tests.builders import world
from tests.services.wallet_world import AWA, JEAN, OPERATOR, READER, STRANGER

FILE = (
    "Référence;Téléphone;Statut;Montant;Note\n"
    "cmd-2001;699 00 00 01;Livrée;12500;Merci\n"
    "CMD-1001;+237699000001;livrée;;\n"
)
WRONG = (
    "reference,phone,status,amount\n"
    "CMD-2001,+237699000001,livrée,100\n"
    "C!,+237699000001,livrée,\n"
    "CMD-2002,12,livrée,\n"
    "CMD-2003,+237699000001,perdue,\n"
    "CMD-2004,+237699000001,livrée,1.5\n"
    "CMD-2001,+237699000001,livrée,\n"
)


@pytest.fixture
def house(database: Database) -> Database:
    world.build(database)
    with database.transaction() as session:
        driver(session).execute("update order_status set is_told = true where name = 'livrée'")
    return database


def told(database: Database) -> list[dict[str, str]]:
    with database.transaction() as session:
        return [
            row["variables"]
            for row in fetch_all(session, "select variables from message where template_code = 'commande_statut'")
        ]


def test_an_order_is_written_by_its_reference_with_its_history(house: Database) -> None:
    order = PutOrder(reference="cmd-1001", phone="699000001", status="livrée", note="Remise au gardien")
    with house.transaction() as session:
        first = orders.put_order(session, OPERATOR, order)
        second = orders.put_order(session, OPERATOR, order, OrderSource.API)
        card = orders.get_order(session, OPERATOR, first.id)
    assert (first.is_new, first.is_changed, second.is_changed) == (False, True, False)
    assert [(step.status, step.source, step.actor_name) for step in card.steps] == [("livrée", "console", "Opérateur")]
    assert told(house) == [{"ref": "CMD-1001", "statut": "livrée", "note": "Remise au gardien"}]


def test_only_its_own_phone_finds_an_order_twenty_times_an_hour(house: Database) -> None:
    with house.transaction() as session:
        assert orders.find_own(session, AWA, "cmd-1001", "Africa/Douala").status == "en cours de livraison"
        with pytest.raises(OrderNotFound):
            orders.find_own(session, JEAN, "CMD-1001", "Africa/Douala")
        driver(session).execute(
            "insert into velocity_rule (id, created_at, name, capacity, window_s)"
            " values (gen_random_uuid(), now(), 'lookups', 2, 3600)"
        )
        for _ in range(2):
            orders.find_own(session, AWA, "CMD-1001", "Africa/Douala")
        with pytest.raises(TooManyRequests):
            orders.find_own(session, AWA, "CMD-1001", "Africa/Douala")


def test_a_file_is_taken_whole(house: Database) -> None:
    order = ImportOrders(file_name="commandes.csv", content=FILE.encode("cp1252"))
    with house.transaction() as session:
        assert orders.preview_orders(session, OPERATOR, order).rows == 2
        done = orders.import_orders(session, OPERATOR, order)
        again = orders.import_orders(session, OPERATOR, order)
    assert (done.added, done.changed, done.same) == (1, 1, 0)
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    assert len(told(house)) == 2


def test_every_wrong_row_is_listed_and_nothing_is_kept(house: Database) -> None:
    order = ImportOrders(file_name="commandes.csv", content=WRONG.encode())
    with house.transaction() as session, pytest.raises(RowsWrong) as refused:
        orders.import_orders(session, OPERATOR, order)
    assert [row.line for row in refused.value.rows] == [3, 4, 5, 6, 7]
    assert refused.value.rows[4].reason == "référence déjà à la ligne 2"
    with house.transaction() as session:
        assert fetch_all(session, "select 1 from order_row where reference like 'CMD-2%%'", ()) == []
    assert told(house) == []


def test_a_workbook_reads_like_a_csv_and_may_tell_nobody(house: Database) -> None:
    sheet = io.BytesIO()
    with xlsxwriter.Workbook(sheet) as book:
        page = book.add_worksheet()
        for number, line in enumerate((("ref", "tel", "statut"), ("CMD-3001", "+237699000001", "livrée"))):
            page.write_row(number, 0, line)
    with house.transaction() as session:
        order = ImportOrders(file_name="a.xlsx", content=sheet.getvalue(), is_told=False)
        assert orders.import_orders(session, OPERATOR, order).added == 1
    assert told(house) == []


def test_a_status_in_use_stays_and_renaming_renames_everywhere(house: Database) -> None:
    with house.transaction() as session:
        delivered = next(one for one in orders.list_statuses(session, OPERATOR) if one.name == "livrée")
        with pytest.raises(StatusUsed):
            orders.delete_status(session, OPERATOR, delivered.id)
        orders.save_status(session, OPERATOR, SaveStatus(status_id=delivered.id, name="remise au client"))
        assert orders.find_own(session, JEAN, "CMD-1002", "Africa/Douala").status == "remise au client"


def test_a_reader_reads_masked_and_writes_nothing(house: Database) -> None:
    order = PutOrder(reference="CMD-9", phone=AWA, status="livrée")
    with house.transaction() as session:
        lines, total = orders.list_orders(session, READER, search="699000001")
        assert (lines, total) == ([], 0)
        lines, total = orders.list_orders(session, READER)
        assert total == 3
        assert all("69900000" not in line.phone for line in lines)
        for actor in (READER, STRANGER):
            with pytest.raises(Forbidden):
                orders.put_order(session, actor, order)
        with pytest.raises(Forbidden):
            orders.list_orders(session, STRANGER)
