"""Files made by the server for one person: written piece by piece to disk, given once, and gone."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Concatenate

from nicegui import ui

from core.permissions import Actor
from core.settings import get_settings
from ui import shell

KEPT_S = 600.0

Made = tuple[str, str, Iterable[bytes]]
Maker = Callable[Concatenate[Any, Actor, ...], Made]


async def send(make: Maker, *args: Any, **kwargs: Any) -> str | None:
    """Give the browser the file that a report makes; return its name, or None when it was refused.

    The report's pieces are written inside its own transaction, so that a file of a million lines is never in memory.
    """
    made = await shell.act(partial(_write, make), *args, **kwargs)
    if made is None:
        return None
    name, media, path = made
    ui.download.file(path, name, media)
    asyncio.get_running_loop().call_later(KEPT_S, partial(path.unlink, missing_ok=True))
    return name


def _write(make: Maker, session: Any, actor: Actor, *args: Any, **kwargs: Any) -> tuple[str, str, Path]:
    name, media, pieces = make(session, actor, *args, **kwargs)
    folder = get_settings().data_dir / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=Path(name).suffix, delete=False) as file:
        file.writelines(pieces)
    return name, media, Path(file.name)
