"""A button that takes one file: chosen in the browser, handed over whole, nothing kept in between."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import events, ui

from ui.components import buttons, toasts
from ui.labels import t

OnFile = Callable[[str, str, bytes], Awaitable[object]]


def file_button(text: str, on_file: OnFile, *, kinds: Sequence[str], most_bytes: int) -> ui.button:
    """Place the button; `on_file` gets the file's name, what it says it is (one of `kinds`), and its octets."""

    async def take(event: events.UploadEventArguments) -> None:
        content = await event.file.read()
        upload.reset()
        await on_file(event.file.name, event.file.content_type, content)

    def refuse() -> None:
        toasts.refused(t("Ce fichier ne convient pas : {most} Mo au plus, PDF, image ou texte.").format(most=most_mb))

    most_mb = most_bytes >> 20
    upload = ui.upload(on_upload=take, on_rejected=refuse, auto_upload=True, max_file_size=most_bytes)
    upload.props["accept"] = ",".join(kinds)
    upload.classes("file-taker")
    upload.props["aria-hidden"] = "true"
    button = buttons.secondary(text, icon="attach_file")
    # In the browser, since only a click may open the list of files.
    button.on("click", js_handler=f"() => getElement({upload.id}).pickFiles()")
    return button
