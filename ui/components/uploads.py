"""A place to drop a file, with a button to choose it: sent at once, size and kind said before, checked again after."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import events, ui
from nicegui.elements.upload_files import FileUpload

from ui.components import buttons, toasts
from ui.components.progress import moving_bar
from ui.labels import t
from ui.markup import show, tag

MEGABYTE = 1024 * 1024
OnFile = Callable[[str, str, bytes], Awaitable[Any]]
OnLargeFile = Callable[[FileUpload], Awaitable[Any]]


def upload(text: str, on_file: OnFile, *, accept: str, kinds: str, largest_bytes: int, button: str = "") -> ui.element:
    """Place the drop zone; `on_file` gets a file's name, what it says it is, and its content.

    `accept` is for the browser (`.csv,.xlsx`), `kinds` the same in words; `button` is what choosing is called.
    """

    async def take(file: FileUpload) -> None:
        await on_file(file.name, file.content_type, await file.read())

    return upload_large(text, take, accept=accept, kinds=kinds, largest_bytes=largest_bytes, button=button)


def upload_large(
    text: str, on_file: OnLargeFile, *, accept: str, kinds: str, largest_bytes: int, button: str = ""
) -> ui.element:
    """Place the same zone for files too large for memory: `on_file` reads or saves what came."""

    async def take(event: events.UploadEventArguments) -> None:
        taker.reset()
        if event.file.size() > largest_bytes:
            refuse()
            return
        await on_file(event.file)

    def refuse() -> None:
        toasts.refused(t("Ce fichier n'est pas pris. Sont pris : {limits}.").format(limits=limits))

    limits = t("{kinds}, {size} Mo au plus").format(kinds=kinds, size=largest_bytes // MEGABYTE)
    with ui.element("div").classes("upload") as zone:
        taker = ui.upload(auto_upload=True, max_file_size=largest_bytes, on_upload=take, on_rejected=refuse)
        taker.props["accept"] = accept
        taker.props["aria-hidden"] = "true"
        taker.classes("file-taker")
        words = (tag("span", text, class_="line-title"), tag("span", limits, class_="line-detail"))
        show(tag("span", *words, class_="upload-words"))
        chooser = buttons.secondary(button or t("Choisir un fichier"), icon="attach_file")
        sending = tag("span", tag("span", t("Envoi du fichier…")), moving_bar(t("Envoi du fichier…")))
        show(sending, classes="upload-sending")
    # In the browser, since only a click may open the list of files.
    browser = f"getElement({taker.id}).$refs.qRef"
    chooser.on("click", js_handler=f"() => {browser}.pickFiles()")
    zone.on("dragover", js_handler="event => { event.preventDefault(); event.currentTarget.dataset.over = '' }")
    zone.on("dragleave", js_handler="event => { delete event.currentTarget.dataset.over }")
    dropped = f"delete event.currentTarget.dataset.over; {browser}.addFiles(event.dataTransfer.files)"
    zone.on("drop", js_handler=f"event => {{ event.preventDefault(); {dropped} }}")
    taker.on("uploading", js_handler=f"() => {{ getHtmlElement({zone.id}).dataset.busy = '' }}")
    for ended in ("uploaded", "failed"):
        taker.on(ended, js_handler=f"() => {{ delete getHtmlElement({zone.id}).dataset.busy }}")
    return zone
