"""The world of the dialogue vectors, from the copy the tests carry."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from commands.vectors import world
from commands.vectors.world import API_KEY, LEVELS, balance, everything, subscriber
from core.database import Database, fetch_all

__all__ = [
    "API_KEY",
    "LEVELS",
    "NOW",
    "VECTORS",
    "balance",
    "build",
    "everything",
    "merged",
    "subscriber",
    "written",
]

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "ussd_menus.json").read_text())
NOW = datetime.fromisoformat(VECTORS["world"]["now"])


def merged(own: dict[str, Any] | None) -> dict[str, Any]:
    """Return the world with a dialogue's own part merged over it."""
    return world.merged(VECTORS, own)


def build(database: Database, own: dict[str, Any] | None = None) -> None:
    """Write the whole world into an empty database."""
    world.build(database, VECTORS, own)


# What is drawn by chance or measured may hold any four digits, and nobody typed it.
_DRAWN = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # ids
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(\+00:00)?"  # instants
    r'|"[a-z_]+_(us|ms)": ?[0-9]+'  # durations
)
_OCTETS = re.compile(r"\\\\x([0-9a-f]*)")


def written(database: Database) -> str:
    """Return all that could hold what somebody typed: every column but those of chance and time, octets as text."""
    with database.transaction() as session:
        tables = fetch_all(
            session,
            "select table_name as name from information_schema.tables"
            " where table_schema = 'public' and table_type = 'BASE TABLE'",
        )
        rows = [
            row["row"]
            for table in tables
            for row in fetch_all(session, f'select to_jsonb(t)::text as row from "{table["name"]}" t')
        ]
    kept = (_DRAWN.sub("", row) for row in rows)
    return "\n".join(_OCTETS.sub(lambda found: bytes.fromhex(found[1]).decode("latin-1"), row) for row in kept)
