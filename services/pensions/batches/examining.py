"""A received file becomes a draft: its rows in the database, and what is wrong with it, earlier batches included."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import polars as pl

from core import clock, ids
from core.database import Session, driver
from core.permissions import Actor
from models.pension_stages import BatchStage
from models.pensions import PensionBatch
from services.pensions import policy, reading, steps
from services.pensions.batches import earlier, naming
from services.pensions.batches.ground import Ground, lock_organisation
from services.pensions.batches.loading import MOST_FAULTS_A_LINE, Loading, Progress
from services.pensions.files import Examination, Findings, ReceivedFile
from services.pensions.files.judging import require_new_bytes, require_new_content
from services.pensions.shapes import BatchRow

_SET_ASIDE = """
insert into pension_set_aside
    (batch_id, line, file_transfer_id, id_type, identifier, identifier_raw, amount_minor, purpose, name)
select batch_id, line, file_transfer_id, id_type, identifier, identifier_raw, amount_minor, purpose, name
from pension_payment where batch_id = %s and line = any(%s)
"""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file holds once earlier batches were looked at; `warnings` concern the file as a whole."""

    findings: Findings
    paid_before: int
    warnings: tuple[str, ...]


class Draft:
    """One file on its way into one new batch."""

    def __init__(
        self, session: Session, actor: Actor, ground: Ground, file: ReceivedFile, file_id: UUID, folder: Path
    ) -> None:
        self._session = session
        self._actor = actor
        self._ground = ground
        self._file = file
        self._file_id = file_id
        self.batch_id = ids.new_id()
        self.loading = Loading(
            session,
            batch_id=self.batch_id,
            organisation_id=ground.settings.organisation_id,
            file_id=file_id,
            folder=folder,
        )

    def read(self, on_progress: Progress | None, *, keeps_aside: bool) -> Examined:
        """Load the rows and find what is wrong; with `keeps_aside`, who is paid already may be accepted later.

        From the end of the rows on, no other batch of the organisation becomes final beside this one.
        """
        self._open()
        examination = Examination(self._file, self._ground.rules)
        self.loading.load(examination, on_progress)
        own = examination.findings()
        lock_organisation(self._session, self._ground.settings.organisation_id)
        warnings = self.require_new(own)
        left, paid_before = self._without_earlier(examination, own, keeps_aside=keeps_aside)
        return Examined(left, paid_before, (*left.file_warnings, *warnings))

    def require_new(self, own: Findings | None = None) -> tuple[str, ...]:
        """Refuse a file that was sent before; once it is read, one that pays the same; return what to warn of."""
        organisation_id, cycle = self._ground.settings.organisation_id, self._ground.cycle
        content = own.content_sha256 if own is not None else ""
        same = earlier.list_same(self._session, organisation_id, self.batch_id, self._file.sha256, content)
        with earlier.naming_who_sent_it(self._session):
            warnings = require_new_bytes(self._file, cycle, same)
            if own is not None:
                require_new_content(own, cycle, same)
        return warnings

    def counted(self, examined: Examined) -> BatchRow:
        """Write what goes on in the batch's counters, and return it."""
        total = examined.findings.totals.all
        return steps.write(
            self._session,
            reading.find_batch(self._session, self.batch_id),
            total_count=total.count,
            total_minor=total.amount_minor,
            waiting_count=total.count,
            waiting_minor=total.amount_minor,
            skipped_count=examined.findings.invalid,
            has_same_person=examined.findings.totals.same_person > 0,
        )

    def _open(self) -> None:
        ground = self._ground
        self._session.add(
            PensionBatch(
                id=self.batch_id,
                bulk_id=naming.new_bulk_id(),
                organisation_id=ground.settings.organisation_id,
                file_id=self._file_id,
                account_id=ground.account.id,
                rail=ground.rail,
                currency=ground.account.currency,
                cycle=ground.cycle,
                stage=BatchStage.DRAFT,
                created_by=policy.person(self._actor),
                not_before=ground.not_before,
                expires_at=clock.now() + naming.DRAFT_LIVES,
            )
        )
        self._session.flush()

    def _without_earlier(self, examination: Examination, own: Findings, *, keeps_aside: bool) -> tuple[Findings, int]:
        """Take out who is paid already and ids that were used; return the findings that are left, and how many paid."""
        organisation_id = self._ground.settings.organisation_id
        paid = earlier.find_paid(self._session, self.batch_id, organisation_id, self._ground.cycle)
        taken = earlier.find_taken(self._session, self.batch_id, organisation_id)
        if not paid.height and not taken.height:
            return own, 0
        rows = pl.concat([paid, taken]).unique("line", maintain_order=True).sort("line")
        lines = earlier.raw_lines(self._file.path, self._file.encoding, rows["line"])
        pairs = ((paid, earlier.ALREADY_PAID), (taken, earlier.TRANSFER_ID_EXISTS))
        faults = [earlier.faults_of(found, code, examination.header, lines) for found, code in pairs if found.height]
        for place, some in enumerate(faults, MOST_FAULTS_A_LINE - len(faults)):
            self.loading.note_faults(some, place)
        if keeps_aside:
            aside = paid.join(taken, on="line", how="anti")["line"].to_list()
            driver(self._session).execute(_SET_ASIDE, (self.batch_id, aside))
        earlier.delete_rows(self._session, self.batch_id, rows["line"])
        return own.without(self.loading.marked(rows), pl.concat(faults)), paid.height
