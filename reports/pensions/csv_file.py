"""A batch report as CSV, as PostgreSQL writes it."""

from typing import IO

from psycopg import sql

from core.database import Session, driver
from reports.pensions import lines
from reports.pensions.lines import COLUMNS, Kind
from reports.pensions.source import BatchHead

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"

_COPY = "copy ({}) to stdout (format csv, delimiter ';', force_quote ({}))"


def write_csv(session: Session, head: BatchHead, out: IO[bytes]) -> None:
    """Write UTF-8 with a byte-order mark, `;`, CRLF; texts quoted, numbers bare."""
    out.write((BOM + ";".join(f'"{title}"' for title in lines.titles()) + "\r\n").encode())
    names = [f"c{number}" for number, _ in enumerate(COLUMNS)]
    quoted = [name for name, column in zip(names, COLUMNS, strict=True) if column.kind in {Kind.TEXT, Kind.MOMENT}]
    query = sql.SQL("select * from ({}) as report({})").format(
        lines.as_texts(session, head), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    copy = sql.SQL(_COPY).format(query, sql.SQL(", ").join(map(sql.Identifier, quoted)))
    with driver(session).cursor() as cursor, cursor.copy(copy) as rows:
        for row in rows:  # one row a piece
            out.write(bytes(row)[:-1] + b"\r\n")
