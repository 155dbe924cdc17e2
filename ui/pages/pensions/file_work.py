"""A file on its way into a draft: sent, saved beside us, read line by line, with its progress on the page."""

import tempfile
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.elements.upload_files import FileUpload

from core.errors import Refusal
from services.pensions.batches import Previewed, UploadBatch
from ui import shell
from ui.components.progress import moving_bar
from ui.labels import count, t
from ui.markup import Markup, join, show, tag

EVERY_S = 0.25


class FileWork:
    """One file being read; the count on the page is what the reader told last."""

    def __init__(self, order: UploadBatch, file: FileUpload) -> None:
        self._order = order
        self._file = file
        self._rows = 0
        self._place = show(self._words(t("Vérification des lignes…")))
        show(moving_bar(t("Lecture du fichier")))
        show(tag("p", t("Vous pouvez fermer cette page : le brouillon paraîtra dans la liste."), class_="caption"))

    async def run(self, verb: Any) -> Previewed | Refusal:
        """Read the file by `verb`, showing how far it is."""
        timer = ui.timer(EVERY_S, self._tell)
        with tempfile.TemporaryDirectory(prefix="palabre-drop-") as folder:
            path = Path(folder) / "file.csv"
            await self._file.save(path)
            with path.open("rb") as content:
                outcome: Previewed | Refusal = await shell.carry(verb, self._order, content, on_progress=self._note)
        timer.cancel()
        return outcome

    def _note(self, rows: int) -> None:
        """Keep what the reader's thread told; the page asks for it."""
        self._rows = rows

    def _tell(self) -> None:
        if self._rows:
            self._place.set_content(self._words(t("{count} lignes lues").format(count=count(self._rows))))

    def _words(self, said: str) -> Markup:
        return join(tag("span", self._order.file_name, class_="line-title"), tag("span", said, class_="line-detail"))
