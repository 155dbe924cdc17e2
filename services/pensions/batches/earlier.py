"""What earlier batches say of a file: it was sent before, its people are paid already, its transfer ids are taken."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
from psycopg import sql

from core import formats
from core.database import Session, driver, fetch_all, fetch_one
from services.pensions.files import CLEAN_SCHEMA, FAULT_SCHEMA, Encoding
from services.pensions.files.blocks import read_blocks
from services.pensions.files.header import Header
from services.pensions.files.judging import EarlierBatch
from services.pensions.files.refusals import SameFile as SameBatch
from services.pensions.files.rules import LONGEST_VALUE, Field
from services.pensions.refusals import SameFile

ALREADY_PAID = "already_paid_this_cycle"
TRANSFER_ID_EXISTS = "transfer_id_exists"

_DEAD = "('CANCELLED', 'REJECTED', 'EXPIRED', 'FAILED')"
_SAME = f"""
select b.bulk_id, b.cycle, encode(f.sha256, 'hex') as sha256, coalesce(encode(f.content_sha256, 'hex'), '') as content
from pension_batch b join pension_file f on f.id = b.file_id
where b.organisation_id = %(organisation)s and b.id <> %(own)s and b.stage not in {_DEAD}
    and f.organisation_id = %(organisation)s and (f.sha256 = %(sha256)s or f.content_sha256 = %(content)s)
order by b.created_at
"""
_UPLOADER = """
select b.bulk_id, b.created_at, o.timezone, trim(u.first_name || ' ' || u.last_name) as name
from pension_batch b join organisation o on o.id = b.organisation_id join users u on u.id = b.created_by
where b.bulk_id = %s
"""
_ROW = (
    "p.line, p.id_type, p.identifier, p.identifier_raw, p.amount_minor, p.purpose, p.name, p.file_transfer_id,"
    " p.occurrence"
)
# Whose batch it was is asked about those that were found only: another payment's id holds its batch's first twelve
# octets, and its line. Of a person paid twice in the cycle, the first is shown.
_MET = f"""
with met as materialized (
    select {_ROW}, {{other}}.payment_id, {{rank}} as rank
    from pension_payment p join {{joined}}
    where p.batch_id = {{{{batch}}}} and {{other}}.payment_id <> p.id and {{which}}
)
select distinct on (p.line) {_ROW}, b.bulk_id as see,
    ('x' || right(p.payment_id::text, 8))::bit(32)::integer || ' ' || b.stage as detail
from met p
join pension_batch b on b.organisation_id = {{{{organisation}}}} and left(b.id::text, 28) = left(p.payment_id::text, 28)
order by p.line, p.rank
"""
_PAID = _MET.format(
    other="c",
    rank="c.occurrence",
    joined="pension_claim c on c.organisation_id = {organisation} and c.cycle = {cycle}"
    " and c.payee_key = p.id_type || ':' || p.identifier and c.purpose = p.purpose",
    which="p.stage in ('WAITING', 'HELD')",
)
_TAKEN = _MET.format(
    other="t",
    rank="1",
    joined="pension_transfer_id t on t.organisation_id = {organisation} and t.transfer_id = p.file_transfer_id",
    which="p.file_transfer_id is not null",
)
_ANY_CLAIM = "select 1 from pension_claim where organisation_id = {organisation} and cycle = {cycle} limit 1"
_ANY_ID = "select 1 from pension_transfer_id where organisation_id = {organisation} limit 1"
# Nobody has counted the rows that were just loaded: a plan for a few of them would walk a million times a million.
_MANY = "select set_config('enable_nestloop', %s, true), set_config('work_mem', '64MB', true)"
FOUND_SCHEMA: dict[str, type[pl.DataType]] = {
    **{name: kind for name, kind in CLEAN_SCHEMA.items() if name not in {"is_repaired", "is_unknown_range"}},
    "see": pl.String,
    "detail": pl.String,
}


def list_same(session: Session, organisation_id: UUID, own_id: UUID, sha256: str, content: str) -> list[EarlierBatch]:
    """Return the organisation's other living batches whose file has these bytes, or pays the same."""
    values = {
        "organisation": organisation_id,
        "own": own_id,
        "sha256": bytes.fromhex(sha256),
        "content": bytes.fromhex(content) if content else None,
    }
    rows = fetch_all(session, _SAME, values)
    return [EarlierBatch(row["bulk_id"], row["cycle"], row["sha256"], row["content"]) for row in rows]


@contextmanager
def naming_who_sent_it(session: Session) -> Iterator[None]:
    """Tell who sent the same file before, and when, where a refusal only names the batch."""
    try:
        yield
    except SameBatch as refused:
        sent = fetch_one(session, _UPLOADER, (refused.data["bulk_id"],))
        assert sent is not None  # noqa: S101  # it was read a moment ago, and batches are never deleted
        raise SameFile(
            bulkTransferId=sent["bulk_id"],
            uploaded_by=sent["name"],
            uploaded_at=sent["created_at"],
            uploaded_at_text=formats.moment(sent["created_at"], sent["timezone"]),
        ) from refused


def find_paid(session: Session, batch_id: UUID, organisation_id: UUID, cycle: str) -> pl.DataFrame:
    """Return the batch's rows whose person has a claim in the cycle: `FOUND_SCHEMA`."""
    return _found(session, _ANY_CLAIM, _PAID, batch=batch_id, organisation=organisation_id, cycle=cycle)


def find_taken(session: Session, batch_id: UUID, organisation_id: UUID) -> pl.DataFrame:
    """Return the batch's rows whose transfer id was used before: `FOUND_SCHEMA`."""
    return _found(session, _ANY_ID, _TAKEN, batch=batch_id, organisation=organisation_id)


def faults_of(found: pl.DataFrame, code: str, header: Header, lines: pl.DataFrame) -> pl.DataFrame:
    """Return what was found as faults (`FAULT_SCHEMA`); `lines` has the text of each line as it was received."""
    meaning = Field.TRANSFER_ID if code == TRANSFER_ID_EXISTS else Field.IDENTIFIER
    value = pl.col("file_transfer_id" if code == TRANSFER_ID_EXISTS else "identifier_raw")
    return (
        found.join(lines, on="line", how="left")
        .with_columns(
            pl.lit(header.column(meaning)).alias("column"),
            pl.lit(code).alias("code"),
            value.str.head(LONGEST_VALUE).alias("value"),
        )
        .select(*FAULT_SCHEMA)
    )


def raw_lines(path: Path, encoding: Encoding, numbers: pl.Series) -> pl.DataFrame:
    """Return the text of some lines of a file (`line`, `raw`), read again from its beginning."""
    found: list[pl.DataFrame] = []
    wanted = numbers.sort()
    for block in read_blocks(path, encoding) if wanted.len() else ():
        here = wanted.filter(wanted.is_between(block.first_line, block.first_line + block.line_count - 1))
        if here.len():
            lines = block.lines()
            texts = [lines[number - block.first_line] for number in here]
            found.append(pl.DataFrame({"line": here, "raw": texts}))
    return pl.concat([pl.DataFrame(schema={"line": pl.UInt32, "raw": pl.String}), *found])


def delete_rows(session: Session, batch_id: UUID, lines: pl.Series) -> None:
    """Take rows out of a batch that is not sealed."""
    if lines.len():
        driver(session).execute(
            "delete from pension_payment where batch_id = %s and line = any(%s)", (batch_id, lines.to_list())
        )


def _found(session: Session, is_any: str, query: str, **values: Any) -> pl.DataFrame:
    """Return what a query finds, as a stream: it may be every row of the file."""
    connection, literals = driver(session), {name: sql.Literal(value) for name, value in values.items()}
    if connection.execute(sql.SQL(is_any).format(**literals)).fetchone() is None:
        return pl.DataFrame(schema=FOUND_SCHEMA)
    connection.execute(_MANY, ("off",))
    copy = sql.SQL("copy ({}) to stdout (format csv)").format(sql.SQL(query).format(**literals))
    with connection.cursor() as cursor, cursor.copy(copy) as stream:
        found = io.BytesIO(b"".join(bytes(piece) for piece in stream))
    connection.execute(_MANY, ("on",))
    if not found.getbuffer():
        return pl.DataFrame(schema=FOUND_SCHEMA)
    frame = pl.read_csv(found, has_header=False, schema=FOUND_SCHEMA)
    return frame.with_columns(pl.col("name", "detail").fill_null(""))
