"""A provider's statement: previewed, taken once, refused whole for one wrong line."""

import io
import zipfile
from datetime import date

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from core import ids
from core.database import Database, Session, fetch_all
from core.permissions import SYSTEM
from models.transfers import ProviderAccount
from services import reconciliation, sheets
from services.provider_accounts import AccountRow
from services.reconciliation import ImportStatement
from tests.builders import payments
from tests.builders.reconciliation import DAY, HEADER, ours, statement, suspense


def test_a_statement_is_previewed_then_taken_once(database: Database, wave: AccountRow) -> None:
    operator = payments.operator(database)
    matched = ours(database, wave, provider_fee_minor=50)
    text = (
        HEADER
        + f"20/11/2026 12:00;T1;{matched.reference};Crédit;5 000;50;771234567\n21/11/2026 00:30;T2;;Débit;-1 250,00;;\n"
    )
    order = statement(wave, text.encode("cp1252"))

    with database.transaction() as session:
        preview = reconciliation.preview_statement(session, operator, order)
        assert fetch_all(session, "select 1 from provider_line") == []
    assert (preview.lines, preview.days, preview.problems) == (2, (DAY, date(2026, 11, 21)), ())
    assert preview.sample[1][:2] == ("21/11/2026 00:30", "T2")

    with database.transaction() as session:
        imported = reconciliation.import_statement(session, operator, order)
    assert (imported.lines, imported.days, imported.new_items) == (2, (DAY, date(2026, 11, 21)), 1)
    assert suspense(database, wave) == -1_250  # what left without us owes nobody yet
    with pytest.raises(reconciliation.StatementKnown) as refusal, database.transaction() as session:
        reconciliation.import_statement(session, operator, order)
    assert "21/11/2026" in str(refusal.value)

    with database.transaction() as session:  # the columns are known from now on
        second = statement(wave, (HEADER + "19/11/2026;T0;;Crédit;10;;\n").encode(), columns={})
        assert reconciliation.preview_statement(session, operator, second).lines == 1


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_every_usual_file_reads(database: Database, wave: AccountRow, separator: str, encoding: str) -> None:
    operator = payments.operator(database)
    text = (HEADER + "2026-11-20T12:00:00Z;T1;;Crédit;5000;;\r\n").replace(";", separator)
    with database.transaction() as session:
        preview = reconciliation.preview_statement(session, operator, statement(wave, text.encode(encoding)))
    assert (preview.lines, preview.problems) == (1, ())


def test_a_workbook_reads_too(database: Database, wave: AccountRow) -> None:
    operator = payments.operator(database)
    content = io.BytesIO()
    table = pl.DataFrame({"Date": ["20/11/2026"], "Référence": ["T1"], "Sens": ["crédit"], "Montant": ["5000"]})
    table.write_excel(content)
    with database.transaction() as session:
        preview = reconciliation.preview_statement(session, operator, statement(wave, content.getvalue()))
    assert (preview.lines, preview.days, preview.problems) == (1, (DAY,), ())


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("hier;T1;;Crédit;5000;;", "Date"),
        ("20/11/2026;T1;;Crédit;cinq;;", "Montant"),
        ("20/11/2026;T1;;Crédit;12,5;;", "Montant"),
        ("20/11/2026;T1;;Crédit;NaN;;", "Montant"),
        ("20/11/2026;T1;;Crédit;9e999999;;", "Montant"),
        ("0001-01-01T00:00:00+14:00;T1;;Crédit;5000;;", "Date"),
        ("9999-12-31T23:59:59-12:00;T1;;Crédit;5000;;", "Date"),
        ("9999-12-31;T1;;Crédit;5000;;", "Date"),
        ("20/11/2026;T1;;Crédit;5000;x;", "Frais"),
    ],
)
def test_a_wrong_line_refuses_the_whole_file(database: Database, wave: AccountRow, row: str, column: str) -> None:
    operator = payments.operator(database)
    order = statement(wave, (HEADER + "20/11/2026;T0;;Crédit;10;;\n" + row + "\n").encode())
    with database.transaction() as session:
        (problem,) = reconciliation.preview_statement(session, operator, order).problems
    assert (problem.line, problem.column) == (3, column)

    with pytest.raises(reconciliation.LinesWrong) as refusal, database.transaction() as session:
        reconciliation.import_statement(session, operator, order)

    assert "ligne 3" in str(refusal.value)
    with database.transaction() as session:
        assert fetch_all(session, "select 1 from provider_line union all select 1 from provider_statement") == []


@pytest.mark.parametrize(
    "content", [b"", b"\0\0", "date;montant\n".encode("utf-16"), b"PK nothing of a workbook", b"Date;Montant\n"]
)
def test_what_is_no_statement_is_refused_with_a_sentence(database: Database, wave: AccountRow, content: bytes) -> None:
    operator = payments.operator(database)
    with pytest.raises(reconciliation.StatementUnreadable), database.transaction() as session:
        reconciliation.import_statement(session, operator, statement(wave, content))


def test_a_payment_and_its_reversal_under_one_reference_are_two_lines(database: Database, wave: AccountRow) -> None:
    operator = payments.operator(database)
    text = HEADER + "20/11/2026;T1;;Crédit;10;1;\n20/11/2026;T1;;Annulation;10;;\n20/11/2026;T1;;Crédit;10;2;\n"
    with database.transaction() as session:
        imported = reconciliation.import_statement(session, operator, statement(wave, text.encode()))
        kept = fetch_all(session, "select line_key, kind, fee_minor from provider_line order by line_key")
    assert (imported.lines, imported.new_items) == (3, 3)
    assert [(one["line_key"], one["kind"], one["fee_minor"]) for one in kept] == [
        ("T1", "collect", 1),
        ("T1:2", "reversal", None),
        ("T1:3", "collect", 2),
    ]


@pytest.mark.parametrize("told_bytes", [2 << 20, 10])
def test_a_workbook_that_unpacks_without_end_is_refused(
    database: Database, wave: AccountRow, monkeypatch: pytest.MonkeyPatch, told_bytes: int
) -> None:
    operator = payments.operator(database)
    monkeypatch.setattr(sheets, "LARGEST_UNPACKED_BYTES", 1 << 20)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"A" * (2 << 20))
    # What it says of its size may be a lie, in its directory and before its content.
    packed = content.getvalue().replace((2 << 20).to_bytes(4, "little"), told_bytes.to_bytes(4, "little"))
    with pytest.raises(reconciliation.StatementUnreadable) as refusal, database.transaction() as session:
        reconciliation.preview_statement(session, operator, statement(wave, packed))
    assert "200 Mo" in refusal.value.data["detail"]


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_breaks_the_reader(rolled_back: Session, content: bytes) -> None:
    account = ProviderAccount(
        code=ids.new_id().hex,
        label="x",
        adapter="wave",
        environment="fake",
        base_url="http://127.0.0.1",
        currency="XOF",
    )
    rolled_back.add(account)
    rolled_back.flush()
    order = ImportStatement(
        account_id=account.id, file_name="r.csv", content=content, columns={"date": "a", "amount": "b"}
    )
    try:
        preview = reconciliation.preview_statement(rolled_back, SYSTEM, order)
    except reconciliation.StatementUnreadable:
        return
    assert all(problem.line > 1 for problem in preview.problems)


def test_columns_that_are_not_there_are_named(database: Database, wave: AccountRow) -> None:
    operator = payments.operator(database)
    with pytest.raises(reconciliation.ColumnsMissing) as refusal, database.transaction() as session:
        reconciliation.import_statement(session, operator, statement(wave, b"Jour;Somme\n1;2\n"))
    assert refusal.value.data == {"columns": "date, amount"}
