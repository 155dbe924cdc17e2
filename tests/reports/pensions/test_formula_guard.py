"""Two hundred hostile names in a batch: no cell of any file is read as a formula."""

import csv
import io
import re
import zipfile

import polars as pl

from core.database import Database
from models.pension_stages import BatchStage, PaymentStage
from reports import pensions as reports
from tests.builders import pension_batches
from tests.builders.pension_batches import Pay
from tests.builders.pensions import PensionWorld
from tests.core.test_formulas import HOSTILE_CELLS

RUN = re.compile(r"""^['"\s\u00a0\u200b\u202f\ufeff]*[=+\-@＝＋－＠]""")


def hostile_lines() -> list[Pay]:
    """Return a line for each: in the name of the file, in that of the switch, in the ids, in the code."""
    return [
        Pay(
            PaymentStage.FAILED,
            amount_minor=100,
            name=cell,
            name_found=cell,
            id_type="ALIAS",
            identifier=f"={number}",
            code="=1+1",
            reason="@SUM(A1)",
            file_transfer_id=f"-{number}",
        )
        for number, cell in enumerate(HOSTILE_CELLS[:200])
    ]


def test_no_cell_of_a_csv_or_a_workbook_is_a_formula(database: Database, world: PensionWorld) -> None:
    batch = pension_batches.put(database, world.own, hostile_lines(), BatchStage.FAILED, bulk_id="bulk-0123456789ab")
    files = {}
    for kind in ("csv", "xlsx"):
        with database.transaction() as session:
            files[kind] = b"".join(reports.batch_report(session, world.own.manager, batch.bulk_id, kind).pieces)

    lines = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"), newline=""), delimiter=";"))
    assert len(lines) == 201
    assert {len(line) for line in lines} == {16}
    for line in lines:
        assert [cell for cell in line if RUN.match(cell) and not cell.startswith("'")] == []
        assert not any(mark in cell for cell in line for mark in "\r\n\t")
    assert [line[4][0] for line in lines[1:]] == ["'"] * 200
    assert {(line[1][:2], line[3][:2], line[11]) for line in lines[1:]} == {("'-", "'=", "'=1+1")}
    assert {line[7] for line in lines[1:]} == {"100"}

    table = pl.read_excel(io.BytesIO(files["xlsx"]), sheet_name="Paiements", engine="calamine")
    texts = [cell for name in table.columns if table[name].dtype == pl.String for cell in table[name] if cell]
    assert [cell for cell in texts if RUN.match(cell) and not cell.startswith("'")] == []
    with zipfile.ZipFile(io.BytesIO(files["xlsx"])) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 2
    assert not any("<f>" in sheet or "<f " in sheet or "hyperlink" in sheet for sheet in sheets)
