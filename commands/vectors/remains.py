"""Looks for what must be nowhere: every text, document and octet string of every table, and what programs wrote."""

import re
from collections.abc import Iterable

from core.database import Database, driver

WRITTEN = ("text", "character varying", "jsonb", "json", "bytea", "ARRAY")


def kept(database: Database) -> str:
    """Return everything a person could have typed that a table holds; octets as the text they are."""
    with database.transaction() as session:
        connection = driver(session)
        columns = connection.execute(
            "select c.table_name, c.column_name, c.data_type from information_schema.columns c"
            " join information_schema.tables t using (table_schema, table_name)"
            " where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.data_type = any(%s)",
            ([*WRITTEN],),
        ).fetchall()
        found = []
        for table, column, kind in columns:
            shown = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            found += connection.execute(f'select {shown} from "{table}" where "{column}" is not null').fetchall()
    return "\n".join(str(row[0]) for row in found)


def find(secrets: Iterable[str], *places: str) -> list[str]:
    """Return the secrets that stand somewhere; a PIN by itself, not as a piece of a longer number or of an id."""
    wanted = {*secrets}
    alone = re.compile(r"(?<![0-9A-Fa-f])[0-9]+(?![0-9A-Fa-f])")
    numbers = {number for place in places for number in alone.findall(place)}
    words = {secret for secret in wanted if not secret.isdigit() and any(secret in place for place in places)}
    return sorted(wanted & numbers | words)
