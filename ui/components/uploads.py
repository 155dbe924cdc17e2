"""A place to drop a file: sent as soon as it is chosen, its size and kind said before and checked again after."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import events, ui

from ui.components import toasts
from ui.labels import t

MEGABYTE = 1024 * 1024
OnFile = Callable[[str, bytes], Awaitable[Any]]


def upload(label: str, on_file: OnFile, *, accept: str, largest_bytes: int) -> ui.upload:
    """Place the drop zone; `on_file` gets the name and the content of one file, at most `largest_bytes` long."""

    async def take(event: events.UploadEventArguments) -> None:
        content = await event.file.read()
        box.reset()
        if len(content) > largest_bytes:
            refuse()
            return
        await on_file(event.file.name, content)

    def refuse() -> None:
        toasts.refused(
            t("Ce fichier n'est pas pris : il doit être {kinds} et peser {size} Mo au plus.").format(
                kinds=accept.replace(",", ", "), size=largest_bytes // MEGABYTE
            )
        )

    box = ui.upload(label=label, auto_upload=True, max_file_size=largest_bytes, on_upload=take, on_rejected=refuse)
    box.props(f'accept="{accept}" flat bordered no-thumbnails').classes("upload")
    box.props["aria-label"] = label
    return box
