"""A file of pensions, from its header to its totals."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from core.money import Currency, Money
from services.pensions.files import CLEAN_SCHEMA, FAULT_SCHEMA, BigRow, Examination, Sum, blocks, copy_bytes, receive
from services.pensions.files.judging import Asked, EarlierBatch, OnError, judge, require_new_bytes, require_new_content
from services.pensions.files.refusals import (
    ControlTotals,
    DuplicateColumn,
    EmptyFile,
    InsufficientFunds,
    InvalidRows,
    LineBreakInCell,
    MissingColumn,
    NoRows,
    SameFile,
    TooManyRows,
)
from tests.services.pensions.files.reading import BENIN, read

HEADER = "type_id,valeur_id,devise,montant,nom_complet,objet"
LAYOUT_B = "transferId,amount,currency,partyIdType,partyIdentifier"


def people(count: int, first: int = 1) -> list[str]:
    return [f"PERSONAL_ID,{number:010d},XOF,100,," for number in range(first, first + count)]


def text(*lines: str) -> str:
    return "\n".join(lines) + "\n"


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LARGEST_BLOCK_BYTES", 200)
    monkeypatch.setattr(blocks, "SAMPLE_BYTES", 64)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("type_id;valeur_id;montant", ["devise"]),
        ("devise,montant", ["type_id", "valeur_id"]),
        ("transferId\tamount", ["currency", "partyIdType", "partyIdentifier"]),
        ("nom", ["type_id", "valeur_id", "devise", "montant"]),
    ],
)
def test_all_missing_columns_are_named(tmp_path: Path, header: str, columns: list[str]) -> None:
    with pytest.raises(MissingColumn) as refused:
        read(text(header, "x"), tmp_path)
    assert refused.value.data["columns"] == columns


def test_an_unknown_column_twice_is_twice_too_but_empty_titles_are_nothing(tmp_path: Path) -> None:
    with pytest.raises(DuplicateColumn) as refused:
        read(text("type_id,valeur_id,devise,montant,Note,note"), tmp_path)
    assert refused.value.data == {"column": "note"}
    found = read(text("type_id;valeur_id;devise;montant;;", "MSISDN;0197000001;XOF;100;;"), tmp_path)
    assert (found.findings.valid, found.findings.file_warnings) == (1, ("unknown_column",))


@pytest.mark.parametrize(("content", "refusal"), [("", EmptyFile), ("\ufeff", EmptyFile), ("\n \r\n\t\r", EmptyFile)])
def test_nothing_is_an_empty_file(tmp_path: Path, content: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        read(content, tmp_path)


def test_a_header_and_blank_lines_have_no_rows(tmp_path: Path) -> None:
    with pytest.raises(NoRows):
        read(text(HEADER, "", "  "), tmp_path)


@pytest.mark.usefixtures("small_slices")
def test_a_break_in_a_cell_refuses_the_file_even_in_a_late_slice(tmp_path: Path) -> None:
    with pytest.raises(LineBreakInCell) as refused:
        read(text(HEADER, *people(40), 'MSISDN,0197000001,XOF,100,"Adjoa', 'KOSSOU",'), tmp_path)
    assert refused.value.data == {"line": 42}


@pytest.mark.usefixtures("small_slices")
def test_rows_are_counted_without_blank_lines_and_refused_while_reading(tmp_path: Path) -> None:
    lines = [line for row in people(40) for line in (row, "")]
    assert read(text(HEADER, *lines), tmp_path, replace(BENIN, max_rows=40)).findings.rows == 40
    file = receive([text(HEADER, *lines).encode()], tmp_path / "file.csv")
    examination = Examination(file, replace(BENIN, max_rows=20))
    with pytest.raises(TooManyRows):
        list(examination.slices())
    with pytest.raises(RuntimeError):
        examination.findings()


@pytest.mark.usefixtures("small_slices")
def test_the_same_person_is_found_across_slices_and_named_by_the_first_line(tmp_path: Path) -> None:
    found = read(text(HEADER, *people(30), *people(3), "PERSONAL_ID,0000000002,XOF,100,,RAPPEL"), tmp_path)
    assert [(fault["line"], fault["code"], fault["see"]) for fault in found.faults] == [
        (32, "duplicate_in_file", "2"),
        (33, "duplicate_in_file", "3"),
        (34, "duplicate_in_file", "4"),
    ]
    assert found.findings.valid == 31


@pytest.mark.usefixtures("small_slices")
def test_where_it_is_permitted_each_occurrence_has_its_number(tmp_path: Path) -> None:
    rows = [*people(1), *people(20, 2), *people(1), *people(1)]
    found = read(text(HEADER, *rows), tmp_path, replace(BENIN, allows_same_person=True))
    assert [row["occurrence"] for row in found.clean if row["identifier"] == "0000000001"] == [1, 2, 3]
    assert found.findings.row_warnings == {"duplicate_in_file": 2}


def test_a_wrong_row_is_nobodys_twin_but_is_told_of_its_own(tmp_path: Path) -> None:
    rows = ["PERSONAL_ID,0000000001,XOF,0,,", *people(1), "PERSONAL_ID,0000000001,XOF,-1,,"]
    found = read(text(HEADER, *rows), tmp_path)
    assert [row["line"] for row in found.clean] == [3]
    assert found.codes() == [
        (2, "montant", "amount_not_positive"),
        (4, "valeur_id", "duplicate_in_file"),
        (4, "montant", "amount_not_positive"),
    ]
    assert found.findings.invalid == 2


@pytest.mark.usefixtures("small_slices")
def test_a_transfer_id_of_a_refused_row_is_free(tmp_path: Path) -> None:
    rows = [f"t{number},100,XOF,PERSONAL_ID,{number:010d}" for number in range(1, 11)]
    rows += ["u,100,XOF,PERSONAL_ID,0000000001", "u,100,XOF,PERSONAL_ID,0000000099", "t1,5,XOF,PERSONAL_ID,0000000098"]
    found = read(text(LAYOUT_B, *rows), tmp_path)
    assert [row["file_transfer_id"] for row in found.clean][-1] == "u"
    assert found.codes() == [
        (12, "partyIdentifier", "duplicate_in_file"),
        (14, "transferId", "duplicate_transfer_id"),
    ]


def test_a_wrong_row_is_kept_as_it_was_received(tmp_path: Path) -> None:
    line = f'MSISDN, 12 ,XOF,100,"{"x" * 90}\u00e9, y",'
    found = read(text(HEADER, line, *people(1)), tmp_path)
    assert [(one["value"], one["raw"], one["detail"]) for one in found.faults] == [(" 12 ", line, "too_short")]
    long = read(text(HEADER, f"MSISDN,0197000001,XOF,100,{'x' * 129},"), tmp_path)
    assert [len(one["value"]) for one in long.faults] == [80]


def test_totals_count_what_goes_on(tmp_path: Path) -> None:
    rows = [
        "MSISDN,22997000001,XOF,50000,Adjoa,",
        "MSISDN,+2290121301234,XOF,1,,",
        "MSISDN,0100000000,XOF,300,,rappel",
        *people(12),
    ]
    totals = read(text(HEADER, *rows), tmp_path).findings.totals
    assert totals.all == Sum(14, 51_500)
    assert totals.by_type == {"MSISDN": Sum(2, 50_300), "PERSONAL_ID": Sum(12, 1_200)}
    assert totals.by_purpose == {"PENSION": Sum(13, 51_200), "RAPPEL": Sum(1, 300)}
    assert totals.biggest[:3] == (
        BigRow(2, "MSISDN", "+2290197000001", "Adjoa", 50_000),
        BigRow(4, "MSISDN", "+2290100000000", None, 300),
        BigRow(5, "PERSONAL_ID", "0000000001", None, 100),
    )
    assert (len(totals.biggest), totals.repaired, totals.unknown_range) == (10, 1, 1)


def test_rows_that_fall_to_an_earlier_batch_leave_the_totals(tmp_path: Path) -> None:
    found = read(text(HEADER, *people(3), "MSISDN,12,XOF,100,,"), tmp_path)
    paid = pl.DataFrame(found.clean[1:2], schema=CLEAN_SCHEMA)
    fault = (3, "valeur_id", "already_paid_this_cycle", None, "0000000002", "bulk-1", "")
    left = found.findings.without(paid, pl.DataFrame([fault], schema=FAULT_SCHEMA, orient="row"))
    assert (left.rows, left.valid, left.invalid) == (4, 2, 2)
    assert left.totals.all == Sum(2, 200)
    assert left.first_errors["line"].to_list() == [3, 5]
    assert left.errors_by_code == Counter({"already_paid_this_cycle": 1, "msisdn_invalid": 1})
    assert left.content_sha256 == found.findings.content_sha256


def test_an_answer_shows_the_first_thousand_errors_and_counts_all(tmp_path: Path) -> None:
    found = read(text(HEADER, *["ORG,,NGN,-1,,"] * 600), tmp_path).findings
    assert (found.errors_count, found.first_errors.height, found.invalid) == (2_400, 1_000, 600)


def test_bytes_for_copy_tell_nothing_from_an_empty_text() -> None:
    frame = pl.DataFrame({"name": [None, "", 'dit "Papa"', "a,b", "=2+3"]})
    assert copy_bytes(frame) == b'\n""\n"dit ""Papa"""\n"a,b"\n=2+3\n'


def test_a_file_is_judged_in_the_order_of_the_answers(tmp_path: Path) -> None:
    right = read(text(HEADER, *people(3)), tmp_path).findings
    mixed = read(text(HEADER, *people(3), "ORG,1,XOF,1,,"), tmp_path).findings
    enough, poor = Money(300, Currency.XOF), Money(299, Currency.XOF)
    assert judge(right, Asked("2025-12"), enough, "ACC-1") == 0
    assert judge(mixed, Asked("2025-12", OnError.SPLIT, 3, 300), enough, "ACC-1") == 1
    with pytest.raises(InvalidRows) as wrong:
        judge(mixed, Asked("2025-12", expected_count=9), poor, "ACC-1")
    assert (wrong.value.data["invalid"], wrong.value.data["rows"]) == (1, 4)
    with pytest.raises(ControlTotals) as other:
        judge(right, Asked("2025-12", expected_total_minor=301), poor, "ACC-1")
    assert other.value.data["found"] == {"count": 3, "total_minor": 300}
    with pytest.raises(InsufficientFunds) as want:
        judge(right, Asked("2025-12"), poor, "ACC-1")
    assert (want.value.data["required"], want.value.data["available"], want.value.data["missing"]) == (300, 299, 1)
    assert str(want.value).endswith("sur le compte ACC-1.")


def test_no_row_that_is_right_refuses_even_a_split(tmp_path: Path) -> None:
    wrong = read(text(HEADER, "ORG,1,XOF,1,,"), tmp_path).findings
    with pytest.raises(InvalidRows):
        judge(wrong, Asked("2025-12", OnError.SPLIT), Money(1, Currency.XOF), "ACC-1")


def test_a_file_counts_once_within_a_cycle(tmp_path: Path) -> None:
    file = receive([text(HEADER, *people(2)).encode()], tmp_path / "first.csv")
    own = read(text(HEADER, *reversed(people(2))), tmp_path).findings
    batch = EarlierBatch("bulk-1", "2025-12", file.sha256, own.content_sha256)
    assert require_new_bytes(file, "2026-01", [batch]) == ("same_bytes_other_cycle",)
    assert require_new_bytes(file, "2025-12", []) == ()
    with pytest.raises(SameFile):
        require_new_bytes(file, "2025-12", [batch])
    with pytest.raises(SameFile):
        require_new_content(own, "2025-12", [batch])
    require_new_content(own, "2026-01", [batch])
    require_new_content(replace(own, invalid=1), "2025-12", [batch])
