"""What leaves as a file: from counts nobody is found, and no cell is a formula."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from core import clock
from core.database import Database, Session
from core.errors import Forbidden, Refusal
from jobs import ciu_exports as worker
from models.ciu_leaving import ExportKind
from reports.ciu import exports as reports
from reports.ciu import tables
from services.ciu.store import exports, forgetting
from services.ciu.store.exports import RequestExport
from tests.builders.health import ADMIN, LECTEUR, NOBODY, OPERATEUR, add_code, open_programme, write_actors

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NOVEMBER = {"since": date(2026, 11, 1), "until": date(2026, 11, 30)}


def codes(database: Database, counts: dict[str, int], day: int = 20, start: int = 0) -> None:
    """Write codes by language."""
    with clock.travel(NOW), database.transaction() as session:
        programme_id = open_programme(session)
        at = NOW.replace(day=day)
        for language, count in counts.items():
            for number in range(count):
                add_code(session, programme_id, at, f"C-{day}-{language}-{start + number}", language=language)


def build(database: Database, **wanted: Any) -> reports.Document:
    with clock.travel(NOW), database.transaction() as session:
        return reports.build(session, reports.Wanted(**{"kind": "aggregate", **NOVEMBER, **wanted}))


def lines(document: reports.Document, delimiter: str = ";") -> list[list[str]]:
    text = document.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


def test_counts_by_day_and_language_with_small_ones_hidden(database: Database) -> None:
    codes(database, {"fr": 12, "ln": 3, "en": 7}, day=20)
    codes(database, {"fr": 30, "en": 20}, day=19)
    assert lines(build(database, cuts=("language",))) == [
        ["période", "langue", "codes"],
        ["2026-11-19", "en", "20"],
        ["2026-11-19", "fr", "30"],
        ["2026-11-19", "total", "50"],
        ["2026-11-20", "en", "n.d."],
        ["2026-11-20", "fr", "12"],
        ["2026-11-20", "ln", "<5"],
        ["2026-11-20", "total", "22"],
        ["total", "", "72"],
    ]


def test_a_small_day_is_hidden_with_another_one(database: Database) -> None:
    codes(database, {"fr": 2}, day=18)
    codes(database, {"fr": 9}, day=19)
    codes(database, {"fr": 8}, day=20)
    assert lines(build(database))[1:] == [
        ["2026-11-18", "<5"],
        ["2026-11-19", "9"],
        ["2026-11-20", "n.d."],
        ["total", "19"],
    ]


def test_what_a_cut_hides_of_a_day_its_days_hide_too(database: Database) -> None:
    codes(database, {"fr": 4, "en": 4}, day=19)  # of eight, both must be four: the eight goes
    codes(database, {"fr": 40}, day=20)
    codes(database, {"fr": 60}, day=21)
    assert lines(build(database, cuts=("language",)))[1:] == [
        ["2026-11-19", "en", "<5"],
        ["2026-11-19", "fr", "<5"],
        ["2026-11-19", "total", "n.d."],
        ["2026-11-20", "fr", "n.d."],
        ["2026-11-20", "total", "n.d."],
        ["2026-11-21", "fr", "60"],
        ["2026-11-21", "total", "60"],
        ["total", "", "108"],
    ]


@pytest.mark.parametrize(
    ("by", "period"), [("day", "2026-11-20"), ("week", "2026-W47"), ("month", "2026-11"), ("quarter", "2026-T4")]
)
def test_periods(database: Database, by: str, period: str) -> None:
    codes(database, {"fr": 6})
    assert lines(build(database, by=by), ";")[1:] == [[period, "6"], ["total", "6"]]
    assert lines(build(database, by=by, cuts=("recipe", "hour"), separator=","), ",")[1] == [period, "chat", "13", "6"]


def test_no_cell_of_any_file_is_a_formula(database: Database) -> None:
    with clock.travel(NOW), database.transaction() as session:
        programme_id = open_programme(session)
        for number, code in enumerate(("=1+1", "+243", "-A", "@B", "985-KINS")):
            add_code(session, programme_id, NOW + timedelta(seconds=number), code, f"+24381000000{number}")
    guarded = ["'=1+1", "'+243", "'-A", "'@B", "985-KINS"]
    rows = {"kind": "rows", "has_phones": True}
    text = lines(build(database, **rows))
    assert [row[0] for row in text] == ["code", *guarded]
    assert text[1] == ["'=1+1", "2026-11-21", "chat", "fr", "'+243810000000"]
    book = build(database, format="xlsx", **rows).content
    assert pl.read_excel(io.BytesIO(book), engine="calamine")["code"].to_list() == guarded
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml")
    frame = pl.read_parquet(io.BytesIO(build(database, format="parquet", **rows).content))
    assert frame["code"].to_list() == guarded


def test_counts_stay_numbers_where_all_are_shown(database: Database) -> None:
    codes(database, {"fr": 6})
    frame = pl.read_parquet(io.BytesIO(build(database, format="parquet").content))
    assert frame["codes"].to_list() == [6, 6]
    book = build(database, format="xlsx").content
    assert pl.read_excel(io.BytesIO(book), engine="calamine")["codes"].to_list() == [6, 6]


def test_a_worksheet_that_would_overflow_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_SHEET_ROWS", 2)
    assert tables.write("xlsx", ["a"], [["1"], ["2"]]).row_count == 2
    with pytest.raises(tables.TooManyRows):
        tables.write("xlsx", ["a"], [["1"], ["2"], ["3"]])


# Asking for files


def ask(database: Database, actor: Any = OPERATEUR, **order: Any) -> exports.ExportRow:
    with database.transaction() as session:
        return exports.request_export(
            session, actor, RequestExport(**{"kind": ExportKind.AGGREGATE, **NOVEMBER, **order})
        )


def known_as(database: Database) -> None:
    with database.transaction() as session:
        write_actors(session)


def test_a_file_is_made_kept_sealed_for_a_day_and_erased(database: Database) -> None:
    known_as(database)
    codes(database, {"fr": 12})
    with clock.travel(NOW) as traveller:
        asked = ask(database, kind=ExportKind.ROWS, reason="Audit du trimestre")
        assert (asked.state, asked.is_kept) == ("waiting", False)
        assert worker.make_due(database) == 1
        assert worker.make_due(database) == 0
        with database.transaction() as session:
            done = exports.get_export(session, OPERATEUR, asked.id)
            file = exports.get_file(session, OPERATEUR, asked.id)
            kept = session.connection().exec_driver_sql("select content_enc, wanted::text from ciu_export").one()
            with pytest.raises(Refusal):
                exports.get_file(session, ADMIN, asked.id)  # somebody else's
        assert (done.state, done.row_count, done.size_bytes) == ("done", 12, len(file.content))
        assert file.name == "ciu-codes-20261101-20261130-20261121-1200.csv"
        assert b"C-20-fr-0" in file.content
        assert b"C-20-fr-0" not in bytes(kept[0])
        traveller.advance(25 * 3600)
        with database.transaction() as session:
            assert exports.erase_old(session) == 1
            with pytest.raises(exports.FileGone):
                exports.get_file(session, OPERATEUR, asked.id)


def test_a_file_that_kills_whoever_makes_it_is_given_up(database: Database) -> None:
    known_as(database)
    with clock.travel(NOW) as traveller:
        deadly = ask(database)
        for _ in range(exports.MOST_TRIES):
            with database.transaction() as session:
                task = exports.take_next(session)
            assert task is not None
            assert task.id == deadly.id
            traveller.advance(16 * 60)
        harmless = ask(database)
        with database.transaction() as session:
            task = exports.take_next(session)
            assert task is not None
            assert task.id == harmless.id
        with database.transaction() as session:
            over = exports.get_export(session, OPERATEUR, deadly.id)
            assert (over.state, over.ended_at) == ("failed", clock.now())
            assert exports.take_next(session) is None


def test_who_may_have_which_file(database: Database) -> None:
    known_as(database)
    assert ask(database, LECTEUR).state == "waiting"
    for actor, order in (
        (NOBODY, {}),
        (LECTEUR, {"kind": ExportKind.ROWS, "reason": "Audit"}),
        (LECTEUR, {"has_phones": True}),
        (OPERATEUR, {"kind": ExportKind.ROWS, "reason": "Audit", "has_phones": True}),
    ):
        with pytest.raises(Forbidden):
            ask(database, actor, **order)
    with pytest.raises(exports.ReasonMissing):
        ask(database, OPERATEUR, kind=ExportKind.ROWS, reason=" ")
    assert ask(database, ADMIN, kind=ExportKind.ROWS, reason="Audit", has_phones=True).state == "waiting"


def test_who_is_forgotten_leaves_the_files_that_are_kept(database: Database) -> None:
    known_as(database)
    codes(database, {"fr": 2})
    with clock.travel(NOW):
        asked = ask(database, kind=ExportKind.ROWS, reason="Audit")
        worker.make_due(database)
        with database.transaction() as session:
            record_id = session.connection().exec_driver_sql("select id from ciu_record limit 1").scalar_one()
            forgetting.forget_code(session, OPERATEUR, forgetting.ForgetCode(record_id=record_id, reason="Au guichet"))
        with database.transaction() as session, pytest.raises(exports.FileGone):
            exports.get_file(session, OPERATEUR, asked.id)


def test_a_file_that_is_made_while_somebody_is_forgotten_is_made_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as(database)
    codes(database, {"fr": 2})
    build = reports.build

    def built_meanwhile(session: Session, wanted: reports.Wanted) -> reports.Document:
        document = build(session, wanted)
        with database.transaction() as counter:
            record_id = counter.connection().exec_driver_sql("select id from ciu_record limit 1").scalar_one()
            forgetting.forget_code(counter, OPERATEUR, forgetting.ForgetCode(record_id=record_id, reason="Au guichet"))
        return document

    with clock.travel(NOW):
        asked = ask(database, kind=ExportKind.ROWS, reason="Audit")
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(reports, "build", built_meanwhile)
            worker.make_due(database)
        with database.transaction() as session:
            assert exports.get_export(session, OPERATEUR, asked.id).state == "waiting"
        worker.make_due(database)
        with database.transaction() as session:
            row = exports.get_export(session, OPERATEUR, asked.id)
            assert (row.state, row.row_count, row.failure) == ("done", 1, "")


def test_what_refuses_is_told_and_what_breaks_is_tried_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as(database)
    codes(database, {"fr": 2})
    asked = ask(database, programme="inconnu")
    worker.make_due(database)
    again = ask(database)

    def broken(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken_for_now:
        broken_for_now.setattr(reports, "build", broken)
        worker.make_due(database)
    with database.transaction() as session:
        refused = exports.get_export(session, OPERATEUR, asked.id)
        waiting = exports.get_export(session, OPERATEUR, again.id)
    assert (refused.state, refused.failure) == ("failed", "Introuvable.")
    assert (waiting.state, waiting.failure) == ("waiting", "Échec : RuntimeError.")
    assert worker.make_due(database) == 1
