"""One document on a page: every change is kept at once, nobody's edit is lost, the last ones can be undone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nicegui import context, ui

from channels import publishing
from channels.document import Body
from channels.lint import Facts, Finding, lint
from core.errors import Refusal
from models.flows import VersionState
from services import flows
from services import menus as reads
from services.flows import DraftChanged, SaveDraft, checksum_of
from services.menus import VersionLine
from ui import shell
from ui.components import toasts
from ui.labels import speaking
from ui.pages.ussd.menus import words

MOST_UNDONE = 100

Told = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else saved this draft: who, and that what is on this page is not kept there."""

    by: VersionLine


class Draft:
    """A version on the page, as written here and as kept there.

    `on_change` hears of every change of the document, `on_state` of saving, conflict and lint.
    """

    def __init__(self, line: VersionLine, body: Body, facts: Facts, *, may_write: bool) -> None:
        self.line, self.body, self.facts = line, body, facts
        self.checksum = line.checksum
        self.may_write = may_write
        self.is_writable = may_write and line.state == VersionState.DRAFT
        self.findings: list[Finding] = []
        self._lint()
        self.conflict: Conflict | None = None
        self.is_kept = True
        self.on_change: Told = lambda: None
        self.on_state: Told = lambda: None
        self._page = context.client  # the field that was typed in may be gone before its words are kept
        self._past: list[Body] = []
        self._lock = asyncio.Lock()

    @property
    def can_undo(self) -> bool:
        """Whether something was changed here."""
        return bool(self._past) and self.is_writable

    @property
    def errors(self) -> int:
        """How many findings forbid publishing."""
        return sum(finding.is_error for finding in self.findings)

    async def change(self, body: Body) -> None:
        """Put another document in place of this one, and keep it."""
        if not self.is_writable or body == self.body:
            return
        self._past = [*self._past, self.body][-MOST_UNDONE:]
        await self._set(body)

    async def undo(self) -> None:
        """Go back one change."""
        if self.can_undo:
            body = self._past.pop()
            await self._set(body)

    def _lint(self) -> None:
        with speaking():
            self.findings = lint(self.body, self.facts)

    async def _set(self, body: Body) -> None:
        self.body = body
        self.is_kept = False
        with self._page:
            self._lint()
            self.on_change()
            self.on_state()
            await self._keep()

    async def _keep(self) -> None:
        """Save what stands here now; changes that came while another was saved go together."""
        async with self._lock:
            sent = self.body
            if self.conflict is not None or checksum_of(sent) == self.checksum:
                self.is_kept = self.conflict is None
                return
            order = SaveDraft(
                flow_key=self.line.flow_key,
                body=sent,
                version_id=self.line.id,
                checksum=self.checksum,
                note=self.line.note,
            )
            outcome = await shell.attempt(publishing.save_draft, order)
            if isinstance(outcome, DraftChanged):
                await self.look_again()
            elif isinstance(outcome, Refusal):
                toasts.refused(shell.sentence_of(outcome))
            else:
                self.checksum = outcome.checksum
                self.is_kept = sent is self.body
        self.on_state()

    async def look_again(self) -> None:
        """Read who holds this version now: another's save, or another state, is told and stops ours."""
        line = await shell.read(reads.get_version, self.line.flow_key, self.line.number)
        if line is None or self.conflict is not None:
            return
        if line.checksum != self.checksum:
            self.conflict = Conflict(line)
            self.on_state()
        elif line.state != self.line.state:
            ui.navigate.reload()

    async def heard(self) -> None:
        """Look again once nothing of ours is on its way."""
        async with self._lock:
            await self.look_again()

    async def keep_apart(self) -> None:
        """Save what is written here as a draft of its own, and go there."""
        order = SaveDraft(flow_key=self.line.flow_key, body=self.body, note=self.line.note)
        made = await shell.act(publishing.save_draft, order)
        if made is not None:
            ui.navigate.to(words.version_path(made.flow_key, made.number))

    async def order(self) -> flows.RequestReview:
        """Return this version as it was read, for a step of its life."""
        async with self._lock:
            return flows.RequestReview(version_id=self.line.id, checksum=self.checksum)
