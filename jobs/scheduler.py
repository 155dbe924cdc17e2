"""The clock of the house: APScheduler in whichever process holds the leadership; the others stand by and take over.

The leadership is a PostgreSQL advisory lock on a connection of its own: it ends with that connection.
Every job is safe to repeat, so the moment in which a lost leader finishes a batch while the next begins does no harm.
"""

import logging
import threading
from collections.abc import Sequence
from uuid import UUID

import psycopg
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from core import clock, live
from core.database import Database, get_database
from core.i18n import t
from jobs import (
    books,
    ciu,
    ciu_dhis2,
    conversations,
    messages,
    notices,
    pension_files,
    pension_messages,
    pension_reconciliation,
    reconciliation,
    retention,
    rollups,
    seals,
    subscriptions,
    trials,
)
from jobs.job import Job
from models.tasks import RunState
from services import jobs as verbs

JOBS = (
    conversations.JOB,
    rollups.JOB,
    messages.JOB,
    notices.JOB,
    pension_files.JOB,
    seals.JOB,
    books.JOB,
    reconciliation.JOB,
    pension_messages.JOB,
    pension_reconciliation.JOB,
    retention.JOB,
    subscriptions.JOB,
    trials.JOB,
    ciu.JOB,
    ciu.FIGURES_JOB,
    ciu.NIGHT_JOB,
    ciu_dhis2.JOB,
)

RETRY_S = 3.0
BEAT_S = 1.0

_DATABASE_ERRORS = (psycopg.Error, SQLAlchemyError)

_log = structlog.get_logger(__name__)
# It announces every run; job_run says the same, and how it ended.
logging.getLogger("apscheduler").setLevel(logging.WARNING)


class Scheduler:
    """Stands by for the leadership and runs the jobs while it holds it."""

    def __init__(
        self, database: Database, jobs: Sequence[Job] = JOBS, *, retry_s: float = RETRY_S, beat_s: float = BEAT_S
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._retry_s = retry_s
        self._beat_s = beat_s
        self._is_over = threading.Event()
        self._leads = threading.Event()
        self._thread = threading.Thread(target=self._stand_by, name="scheduler", daemon=True)

    @property
    def is_leading(self) -> bool:
        """Whether this process runs the jobs at present."""
        return self._leads.is_set()

    def wait_until_leading(self, timeout_s: float) -> bool:
        """Wait for the leadership; false when it did not come in time."""
        return self._leads.wait(timeout_s)

    def start(self) -> None:
        """Begin to stand by."""
        self._thread.start()

    def stop(self) -> None:
        """End running jobs at their next batch, and give the leadership away."""
        self._is_over.set()
        self._thread.join()

    def _stand_by(self) -> None:
        while not self._is_over.is_set():
            try:
                with self._database.connect() as connection:
                    while not verbs.take_lead(connection):
                        if self._is_over.wait(self._retry_s):
                            return
                    self._lead(connection)
            except _DATABASE_ERRORS as error:
                _log.warning("scheduler.leaderless", error=type(error).__name__)
                self._is_over.wait(self._retry_s)

    def _lead(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        tenure = _Tenure(self._database, self._jobs)
        try:
            tenure.begin()
            self._leads.set()
            _log.info("scheduler.leads")
            while not self._is_over.wait(self._beat_s):
                for job in verbs.beat(connection):
                    tenure.run_soon(job)
        finally:
            self._leads.clear()
            tenure.end(is_waiting=self._is_over.is_set())
        verbs.leave_lead(connection)


class _Tenure:
    """One leadership, from its beginning to its loss."""

    def __init__(self, database: Database, jobs: Sequence[Job]) -> None:
        self._database = database
        self._jobs = {job.name: job for job in jobs}
        self._is_over = threading.Event()
        self._busy: set[str] = set()
        # A worker for each: a long retention never keeps idle dialogues open.
        executor = ThreadPoolExecutor(max_workers=max(len(jobs), 1))
        self._scheduler = BackgroundScheduler(
            executors={"default": executor},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def begin(self) -> None:
        """Plan every job, those first whose time has passed, and show the plan."""
        with self._database.transaction() as session:
            last_starts = verbs.list_last_starts(session)
        self._scheduler.start(paused=True)
        for job in self._jobs.values():
            self._scheduler.add_job(self._execute, job.trigger, args=(job,), id=job.name)
            last = last_starts.get(job.name)
            if last is None or clock.now() - last >= job.period:
                self._scheduler.modify_job(job.name, next_run_time=clock.now())
        plan = [
            verbs.Declaration(job.name, job.title, job.rhythm, self._scheduler.get_job(job.name).next_run_time)
            for job in self._jobs.values()
        ]
        with self._database.transaction() as session:
            verbs.declare(session, plan)
        self._scheduler.resume()

    def end(self, *, is_waiting: bool) -> None:
        """Run nothing more; wait for what runs when the process ends in peace."""
        self._is_over.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=is_waiting)

    def run_soon(self, name: str) -> None:
        """Run a job now, once, unless it is running: then the request waits for its end."""
        if name in self._jobs and name not in self._busy:
            self._busy.add(name)
            self._scheduler.modify_job(name, next_run_time=clock.now())

    def _execute(self, job: Job) -> None:
        self._busy.add(job.name)
        try:
            if not self._is_over.is_set():
                self._run(job)
        except _DATABASE_ERRORS as error:
            _log.warning("job.unrecorded", job=job.name, error=type(error).__name__)
        finally:
            self._busy.discard(job.name)
        live.ring("jobs")

    def _run(self, job: Job) -> None:
        with self._database.transaction() as session:
            run_id: UUID = verbs.begin_run(session, job.name)
        outcome = RunState.DONE
        try:
            summary = job.work(self._is_over)
        except Exception as error:  # noqa: BLE001  # a job that fails must not stop the clock; the run and the log tell
            _log.exception("job.failed", job=job.name)
            outcome, summary = RunState.FAILED, t("Échec : {error}.").format(error=type(error).__name__)
        next_run_at = None if self._is_over.is_set() else self._scheduler.get_job(job.name).next_run_time
        with self._database.transaction() as session:
            verbs.end_run(session, run_id, outcome, summary, next_run_at=next_run_at)


_process: list[Scheduler] = []


def start() -> None:
    """Let this process stand by for the leadership."""
    scheduler = Scheduler(get_database())
    _process.append(scheduler)
    scheduler.start()


def stop() -> None:
    """End what `start` began."""
    while _process:
        _process.pop().stop()
