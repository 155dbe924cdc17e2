"""The lines of a batch report, one column each here; PostgreSQL writes them, words and guards included."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from psycopg import sql

from core import i18n
from core.database import Session, driver, fetch_all
from core.formulas import HOSTILE
from core.i18n import t
from models.pension_stages import PaymentStage
from reports.pensions import words
from reports.pensions.source import BatchHead

SPREADSHEET_DAY_ONE = "1899-12-30"
PAGE_ROWS = 5_000


class Kind(StrEnum):
    """What a cell is to a spreadsheet."""

    TEXT = "text"
    COUNT = "count"
    AMOUNT = "amount"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its French title, what its cells are, and where PostgreSQL finds them."""

    title: str
    kind: Kind
    source: str
    width: int
    is_ours: bool = False  # made of our own words: nobody else can write a formula in it


COLUMNS = (
    Column("ligne", Kind.COUNT, "p.line", 8),
    Column(
        "identifiant du paiement",
        Kind.TEXT,
        "coalesce(p.file_transfer_id, b.bulk_id || '-' || lpad(p.line::text, 7, '0'))",
        28,
    ),
    Column("type", Kind.TEXT, "p.id_type", 13, is_ours=True),
    Column("identifiant", Kind.TEXT, "p.identifier", 20),
    Column("nom déclaré", Kind.TEXT, "p.name", 26),
    Column("nom trouvé", Kind.TEXT, "p.name_found", 26),
    Column("concordance", Kind.TEXT, "{verdict}", 13, is_ours=True),
    Column("montant", Kind.AMOUNT, "p.amount_minor", 14),
    Column("devise", Kind.TEXT, "b.currency", 8, is_ours=True),
    Column("frais", Kind.AMOUNT, "p.fee_minor", 10),
    Column("statut", Kind.TEXT, "{stage}", 15, is_ours=True),
    Column("code", Kind.TEXT, "p.code", 8),
    Column("motif", Kind.TEXT, "coalesce(w.why, '')", 26),
    Column("que faire", Kind.TEXT, "coalesce(w.act, '')", 48),
    Column("référence Mojaloop", Kind.TEXT, "coalesce(t.external_id::text, '')", 38, is_ours=True),
    Column("date", Kind.MOMENT, "p.completed_at", 19),
)


class Line(NamedTuple):
    """One line as it stands, in the order of `COLUMNS`."""

    line: int
    payment_id: str
    id_type: str
    identifier: str
    name: str
    name_found: str
    verdict: str
    amount_minor: int
    currency: str
    fee_minor: int
    stage: str
    code: str
    why: str
    act: str
    reference: str
    ended_at: datetime | None


Cell = Callable[[Column, sql.Composed, BatchHead], sql.Composable]

_ALL = sql.SQL("")
_LINES = """
select {columns}
from pension_payment p
join pension_batch b on b.id = p.batch_id
left join transfer t on t.id = p.transfer_id
left join (values {said}) as w(stage, code, reason, why, act)
    on w.stage = p.stage and w.code = p.code and w.reason = p.reason
where p.batch_id = {batch} {only}
order by p.line
"""
_SAID = """
select distinct stage, code, reason from pension_payment where batch_id = %s and stage <> 'COMPLETED'
"""


def titles() -> list[str]:
    """Return the columns' titles in the reader's language."""
    return [t(column.title) for column in COLUMNS]


def as_texts(session: Session, head: BatchHead) -> sql.Composed:
    """Return the query of the lines as a CSV has them: local times, French decimals, texts that are no formula."""
    return _query(session, head, _csv_cell)


def as_cells(session: Session, head: BatchHead) -> sql.Composed:
    """Return the query of the lines as a workbook has them: numbers as numbers, times as a spreadsheet counts days."""
    return _query(session, head, _workbook_cell)


def as_written(session: Session, head: BatchHead, stages: Collection[PaymentStage]) -> sql.Composed:
    """Return the query of the lines in some stages as they stand, for paper; its rows are `Line`."""
    only = sql.SQL("and p.stage in ({})").format(sql.SQL(", ").join(map(sql.Literal, stages)))
    return _query(session, head, _plain_cell, only)


@contextmanager
def streamed(session: Session, query: sql.Composed) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Give the rows of a query page after page, by a cursor of the server's."""
    with driver(session).cursor(name="report") as cursor:
        cursor.itersize = PAGE_ROWS
        yield iter(cursor.execute(query))


def _query(session: Session, head: BatchHead, cell: Cell, only: sql.Composable = _ALL) -> sql.Composed:
    said = [
        (stage, code, reason, words.reason_of(code, reason), words.act_of(PaymentStage(stage), code, reason))
        for stage, code, reason in (row.values() for row in fetch_all(session, _SAID, (head.id,)))
    ]
    named = {
        "stage": _named("p.stage", {stage.value: t(word) for stage, word in words.PAYMENT_STAGES.items()}),
        "verdict": _named("p.name_verdict", {verdict: t(word) for verdict, word in words.NAME_VERDICTS.items()}),
    }
    columns = [cell(column, sql.SQL(column.source).format(**named), head) for column in COLUMNS]
    return sql.SQL(_LINES).format(
        columns=sql.SQL(", ").join(columns),
        said=sql.SQL(", ").join(
            sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, row))) for row in said or [("",) * 5]
        ),
        batch=sql.Literal(head.id),
        only=only,
    )


def _named(value: str, names: dict[str, str]) -> sql.Composed:
    cases = [sql.SQL("when {} then {}").format(sql.Literal(code), sql.Literal(word)) for code, word in names.items()]
    return sql.SQL("case {} {} else '' end").format(sql.SQL(value), sql.SQL(" ").join(cases))


def _csv_cell(column: Column, source: sql.Composed, head: BatchHead) -> sql.Composable:
    match column.kind:
        case Kind.TEXT:
            return source if column.is_ours else _guarded(source)
        case Kind.AMOUNT if head.currency.exponent:
            mark = "." if i18n.language.get() == "en" else ","
            return sql.SQL("replace(round({} / 100.0, 2)::text, '.', {})").format(source, sql.Literal(mark))
        case Kind.MOMENT:
            local = sql.SQL("({} at time zone {})").format(source, sql.Literal(head.zone))
            return sql.SQL("coalesce(to_char({}, 'YYYY-MM-DD HH24:MI:SS'), '')").format(local)
    return source


def _workbook_cell(column: Column, source: sql.Composed, head: BatchHead) -> sql.Composable:
    match column.kind:
        case Kind.TEXT:
            return source if column.is_ours else _guarded(source)
        case Kind.AMOUNT if head.currency.exponent:
            return sql.SQL("({} / 100.0)::float8").format(source)
        case Kind.MOMENT:
            local = sql.SQL("({} at time zone {})").format(source, sql.Literal(head.zone))
            return sql.SQL("(extract(epoch from {} - {}::timestamp) / 86400)::float8").format(
                local, sql.Literal(SPREADSHEET_DAY_ONE)
            )
    return source


def _plain_cell(_column: Column, source: sql.Composed, _head: BatchHead) -> sql.Composable:
    return source


def _guarded(source: sql.Composed) -> sql.Composed:
    """Keep a text on one line, and from being read as a formula (`core/formulas.py`); letters and digits first pass."""
    flat = sql.SQL("translate({}, E'\\t\\r\\n', '   ')").format(source)
    return sql.SQL("case when {0} ~ '^[A-Za-z0-9]' or {0} = '' or {0} !~ {2} then {1} else '''' || {1} end").format(
        source, flat, sql.Literal(HOSTILE)
    )
