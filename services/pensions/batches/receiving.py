"""A file comes in: examined whole, and either a batch that goes on, a draft to look at, or refused with every reason.

The file is received outside any transaction; then everything happens in one. Of a file with wrong rows, the list of
them stays, to be corrected from; of a file refused for another reason, nothing.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.database import Database, Session
from core.i18n import t
from core.permissions import Actor
from core.settings import get_settings
from models.pensions import PensionFile
from models.transfers import AccountState, BreakerState, ProviderAccount
from services.pensions import accounts, file_reading, policy
from services.pensions.batches import accepting, gate
from services.pensions.batches.examining import Draft, Examined
from services.pensions.batches.ground import LOAD_TIMEOUT_MS, Ground, lay
from services.pensions.batches.loading import PIECE_BYTES, Progress, compressed
from services.pensions.batches.orders import FileWarning, Previewed, UploadBatch, Uploaded
from services.pensions.batches.telling import errors_of, totals_of
from services.pensions.files import ReceivedFile, receive
from services.pensions.files.judging import OnError, require_rows, require_totals
from services.pensions.files.refusals import InvalidRows
from services.pensions.files.sentences import warning_sentence
from services.pensions.policy import Act

RAIL_NOT_READY = "Le switch n'est pas prêt : le lot attendra en file, puis partira de lui-même."

Content = Iterable[bytes] | BinaryIO


def upload(
    database: Database, actor: Actor, order: UploadBatch, content: Content, *, on_progress: Progress | None = None
) -> Uploaded:
    """Take a file and reserve its money: it goes to the queue, or to who must approve. See `services.pensions.files`.

    `on_progress` is told the number of rows read so far.
    """
    refused: InvalidRows | None = None
    with _coming(database, actor, order, content, Act.UPLOAD) as coming:
        try:
            with coming.session.begin_nested():
                uploaded = coming.become_batch(on_progress)
        except InvalidRows as error:
            refused = error
        coming.keep("invalid_rows" if refused else "")
    if refused is not None:
        raise refused
    return uploaded


def preview(
    database: Database, actor: Actor, order: UploadBatch, content: Content, *, on_progress: Progress | None = None
) -> Previewed:
    """Take a file as a draft, wrong rows and all: nothing is reserved and nobody claimed."""
    with _coming(database, actor, order, content, Act.PREVIEW) as coming:
        return coming.become_draft(on_progress)


@contextmanager
def _coming(database: Database, actor: Actor, order: UploadBatch, content: Content, act: Act) -> Iterator["_Coming"]:
    """Receive a file, and give it in the transaction of all that follows."""
    with database.transaction() as session:
        ground = lay(session, order, policy.require_in(session, actor, act, order.organisation_id))
    with tempfile.TemporaryDirectory(prefix="palabre-file-") as name:
        folder = Path(name)
        file = receive(_pieces(content), folder / "file.csv", get_settings().pension_max_mb << 20)
        with gate.place(), database.transaction(statement_timeout_ms=LOAD_TIMEOUT_MS) as session:
            ground = lay(session, order, policy.require_in(session, actor, act, order.organisation_id))
            yield _Coming(session, actor, order, ground, file, folder)


def _pieces(content: Content) -> Iterable[bytes]:
    read = getattr(content, "read", None)
    return content if read is None else iter(lambda: read(PIECE_BYTES), b"")


class _Coming:
    """One received file, its row, and the draft it becomes."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        order: UploadBatch,
        ground: Ground,
        received: ReceivedFile,
        folder: Path,
    ) -> None:
        self.session = session
        self._actor = actor
        self._order = order
        self._ground = ground
        self._received = received
        self._row = PensionFile(
            organisation_id=ground.settings.organisation_id,
            name=order.file_name,
            size_bytes=received.size_bytes,
            sha256=bytes.fromhex(received.sha256),
            uploaded_by=policy.person(actor),
        )
        session.add(self._row)
        session.flush()
        self._draft = Draft(session, actor, ground, received, self._row.id, folder)
        self._draft.require_new()
        self._examined: Examined | None = None

    def become_batch(self, on_progress: Progress | None) -> Uploaded:
        """Load, judge, claim, seal and reserve."""
        examined = self._read(on_progress, keeps_aside=False)
        self._require_rows(examined)
        batch, settings = self._draft.counted(examined), self._ground.settings
        accepting.record(self.session, self._actor, "upload", batch, {"file": self._row.name})
        account = accounts.find_account(self.session, self._ground.account.id)
        accepting.judge_terms(batch, self._order, settings, account)
        accepted = accepting.accept(self.session, self._actor, batch, settings, account)
        accepted = accepting.begin_lookups(self.session, accepted, settings)
        return Uploaded(accepted, self._warnings(examined), examined.findings.invalid)

    def become_draft(self, on_progress: Progress | None) -> Previewed:
        """Load and tell; control totals are judged where no row is wrong."""
        examined = self._read(on_progress, keeps_aside=True)
        found = examined.findings
        if not found.invalid:
            require_totals(found.totals.all, self._order.expected_count, self._order.expected_total)
        batch = accepting.begin_lookups(self.session, self._draft.counted(examined), self._ground.settings)
        accepting.record(self.session, self._actor, "preview", batch, {"file": self._row.name})
        self.keep("")
        return Previewed(
            batch=batch,
            file=file_reading.get_file(self.session, self._actor, self._row.id),
            errors=errors_of(examined.findings, self._ground.rules),
            errors_count=found.errors_count,
            totals=totals_of(examined.findings, examined.paid_before),
            warnings=self._warnings(examined),
        )

    def keep(self, verdict: str) -> None:
        """Write what was found in the file, its wrong cells, and the file itself."""
        if self._examined is None:
            return
        found, row = self._examined.findings, self._row
        row.content_sha256 = bytes.fromhex(found.content_sha256)
        row.encoding, row.separator, row.layout = found.encoding, found.separator, found.layout
        row.rows, row.valid, row.invalid = found.rows, found.valid, found.invalid
        row.verdict = verdict or ("split" if found.invalid else "valid")
        row.totals = totals_of(self._examined.findings, self._examined.paid_before)
        row.warnings = [one.as_dict() for one in self._warnings(self._examined)]
        row.original = compressed(self._received.path)
        self.session.add(row)
        self.session.flush()
        self._draft.loading.write_faults()

    def _read(self, on_progress: Progress | None, *, keeps_aside: bool) -> Examined:
        self._examined = self._draft.read(on_progress, keeps_aside=keeps_aside)
        return self._examined

    def _require_rows(self, examined: Examined) -> None:
        try:
            require_rows(examined.findings, OnError(self._order.on_error))
        except InvalidRows as refused:
            raise InvalidRows(
                file_id=self._row.id,
                rows=examined.findings.rows,
                valid=examined.findings.valid,
                invalid=examined.findings.invalid,
                errors=errors_of(examined.findings, self._ground.rules),
                errors_count=examined.findings.errors_count,
                totals=totals_of(examined.findings, examined.paid_before),
            ) from refused

    def _warnings(self, examined: Examined) -> tuple[FileWarning, ...]:
        plain = [FileWarning(code, warning_sentence(code)) for code in examined.warnings]
        if not self._is_rail_ready():
            plain.append(FileWarning("rail_not_ready", t(RAIL_NOT_READY)))
        counted = examined.findings.row_warnings.items()
        return (*plain, *(FileWarning(code, warning_sentence(code), count) for code, count in counted))

    def _is_rail_ready(self) -> bool:
        rail = self.session.get_one(ProviderAccount, self._ground.account.rail_account_id)
        return (rail.state, rail.breaker) == (AccountState.ACTIVE, BreakerState.CLOSED) and not rail.are_payouts_paused
