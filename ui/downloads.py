"""Files made by the server for one person: written piece by piece to disk, given once, and gone."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Concatenate
from urllib.parse import unquote

from nicegui import app, ui

from core.errors import Refusal
from core.permissions import Actor
from core.settings import get_settings
from ui import shell
from ui.components import toasts

KEPT_S = 600.0
LONGEST_MS = 120_000

Made = tuple[str, str, Iterable[bytes]]
Maker = Callable[Concatenate[Any, Actor, ...], Made]


async def send(make: Maker, *args: Any, **kwargs: Any) -> str | None:
    """Give the browser the file that a report makes; return its name, or None when it was refused, which is said.

    The report has a transaction of its own, and its pieces go to disk: a file of a million lines is never in memory.
    """
    made = await shell.carry(partial(_write, make), *args, **kwargs)
    if isinstance(made, Refusal):
        toasts.refused(shell.sentence_of(made))
        return None
    name, media, path = made
    address = app.add_static_file(local_file=path, single_use=True)
    ui.download.from_url(address, name, media)
    asyncio.get_running_loop().call_later(KEPT_S, partial(_forget, path, address))
    return name


def _forget(path: Path, address: str) -> None:
    """Drop a file, and its address where nobody fetched it."""
    path.unlink(missing_ok=True)
    app.remove_route(unquote(address))


def _write(make: Maker, database: Any, actor: Actor, *args: Any, **kwargs: Any) -> tuple[str, str, Path]:
    folder = get_settings().data_dir / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    with database.transaction(statement_timeout_ms=LONGEST_MS) as session:
        name, media, pieces = make(session, actor, *args, **kwargs)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=Path(name).suffix, delete=False) as file:
            file.writelines(pieces)
    return name, media, Path(file.name)
