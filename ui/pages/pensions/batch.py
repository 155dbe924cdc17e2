"""`/pensions/lots/{id}`: one batch, with the face of the step it is at: draft, to approve, on its way or over."""

from typing import Protocol

from core.errors import Refusal
from core.permissions import Permission
from models.pension_stages import BatchStage
from services.pensions import counters, oversight, reading, settings
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow
from ui import live, shell
from ui.components import layout
from ui.pages.pensions.approval import Approval
from ui.pages.pensions.draft import Draft
from ui.pages.pensions.running import Running

EVERY_S = 1.0


class Face(Protocol):
    """What a batch looks like at one step."""

    def __init__(self, batch: BatchRow, settings: SettingsRow) -> None: ...

    async def draw(self) -> None:
        """Place it on the page."""

    async def follow(self, batch: BatchRow) -> None:
        """Show the batch as it is now, without tearing down what somebody reads."""


FACES: dict[BatchStage, type[Face]] = {BatchStage.DRAFT: Draft, BatchStage.AWAITING_APPROVAL: Approval}


@shell.screen("/pensions/lots/{bulk_id}", title="Lot de pensions", needs=Permission.PENSIONS_READ)
async def batch(bulk_id: str) -> None:
    """Draw the batch; it follows its payments by itself, and changes its face with its step."""
    found = await shell.attempt(oversight.open_batch, bulk_id)
    if isinstance(found, Refusal):
        raise found
    kept = await shell.read(settings.get_settings, found.organisation_id)
    if kept is None:
        return
    page = _Page(found, kept)
    await page.draw()
    live.subscribe([counters.batch_topic(found.id)], lambda _: page.follow(), every_s=EVERY_S)


class _Page:
    """The batch as it was drawn last, and its present face."""

    def __init__(self, found: BatchRow, kept: SettingsRow) -> None:
        self._batch = found
        self._settings = kept
        self._place = layout.stack()
        self._face: Face

    async def draw(self) -> None:
        """Draw the face of this step."""
        self._place.clear()
        with self._place:
            self._face = FACES.get(self._batch.stage, Running)(self._batch, self._settings)
            await self._face.draw()

    async def follow(self) -> None:
        """Read the batch again; a new version is shown, a new step changes the face."""
        fresh = await shell.read(reading.get_batch, self._batch.bulk_id)
        if fresh is None or fresh.version == self._batch.version or self._place.is_deleted:
            return
        is_same_face = FACES.get(fresh.stage) is FACES.get(self._batch.stage)
        self._batch = fresh
        if is_same_face:
            await self._face.follow(fresh)
        else:
            await self.draw()
