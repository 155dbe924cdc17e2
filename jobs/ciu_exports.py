"""Files of the identifiers that somebody waits for: one at a time, each read from one snapshot."""

import structlog

from core import i18n, live
from core.database import Database, get_database
from core.errors import Refusal
from core.i18n import t
from jobs.worker import Worker
from reports.ciu import exports as reports
from services.ciu.store import exports
from services.ciu.store.exports import ExportFile, Task

IDLE_S = 5.0
TIMEOUT_MS = 10 * 60_000

_log = structlog.get_logger(__name__)


def make_next() -> int:
    """Make the next file; return how many were made."""
    return make_due(get_database())


def make_due(database: Database) -> int:
    """Make one file; what refuses is final, what breaks is tried again."""
    with database.transaction() as session:
        task = exports.take_next(session)
    if task is None:
        return 0
    token = i18n.language.set(task.language if task.language in i18n.LANGUAGES else i18n.DEFAULT_LANGUAGE)
    try:
        _make(database, task)
    finally:
        i18n.language.reset(token)
    live.ring(exports.TOPIC)
    return 1


def _make(database: Database, task: Task) -> None:
    try:
        with database.transaction(statement_timeout_ms=TIMEOUT_MS) as session:
            document = reports.build(session, reports.Wanted.model_validate(task.wanted))
        with database.transaction(statement_timeout_ms=TIMEOUT_MS) as session:
            exports.keep_file(session, task.id, ExportFile(document.name, document.content), document.row_count)
    except Refusal as refusal:
        _note(database, task, str(refusal), is_final=True)
    except Exception as error:  # noqa: BLE001  # whoever waits is told; the log tells the rest
        _log.exception("ciu.export_failed", export=str(task.id))
        _note(database, task, t("Échec : {error}.").format(error=type(error).__name__), is_final=False)


def _note(database: Database, task: Task, failure: str, *, is_final: bool) -> None:
    with database.transaction() as session:
        exports.fail(session, task.id, failure, is_final=is_final)


WORKERS = (Worker("ciu-exports", make_next, exports.TOPIC, IDLE_S),)
