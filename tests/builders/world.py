"""The world of the dialogue vectors, from the copy the tests carry."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from commands.vectors import world
from commands.vectors.world import API_KEY, LEVELS, balance, everything, subscriber
from core.database import Database

__all__ = ["API_KEY", "LEVELS", "NOW", "VECTORS", "balance", "build", "everything", "merged", "subscriber"]

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "ussd_menus.json").read_text())
NOW = datetime.fromisoformat(VECTORS["world"]["now"])


def merged(own: dict[str, Any] | None) -> dict[str, Any]:
    """Return the world with a dialogue's own part merged over it."""
    return world.merged(VECTORS, own)


def build(database: Database, own: dict[str, Any] | None = None) -> None:
    """Write the whole world into an empty database."""
    world.build(database, VECTORS, own)
