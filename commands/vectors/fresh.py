"""A database emptied between two rehearsals: never one that serves."""

import psycopg

APPEND_ONLY = ("ledger_entry", "ledger_transaction", "ledger_seal", "audit_entry")


def empty(url: str) -> None:
    """Empty every table of the database at `url`: a fresh one, without making it again."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'alembic_version'"
        ).fetchall()
        asked = " union all ".join(f"select '{name}' where exists (select from {name})" for (name,) in tables)
        used = [name for (name,) in connection.execute(asked.encode()).fetchall()]
        if not used:
            return
        guarded = [name for name in APPEND_ONLY if name in used or name.startswith("ledger")]
        for name in guarded:  # they refuse to forget, except between two rehearsals
            connection.execute(f"alter table {name} disable trigger user".encode())
        connection.execute(f"truncate {', '.join(used)} restart identity cascade".encode())
        for name in guarded:
            connection.execute(f"alter table {name} enable trigger user".encode())
