"""Jobs as people see them: what is scheduled, what ran and how it ended, and the wish to run one now.

The leader (`jobs/scheduler.py`) declares, begins and ends; anybody with the right may request, from any process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlmodel import select

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound
from core.i18n import t
from core.permissions import Actor, Permission
from core.states import transition
from models.tasks import RUN_STEPS, JobRun, RunState
from services import audit

LEADERSHIP = 0x6A6F6273  # the advisory lock of the leader: "jobs" in ASCII; migrations have another one


@dataclass(frozen=True, slots=True)
class Declaration:
    """A job as it is scheduled: its name, a French sentence, its rhythm and its next run."""

    job: str
    title: str
    rhythm: str
    next_run_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a job."""

    id: UUID
    job: str
    state: str
    requested_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    summary: str
    requested_by: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job with its next run, its last one (begun), and whether one is asked for."""

    job: str
    title: str
    rhythm: str
    next_run_at: datetime | None
    last_run: RunRow | None
    is_requested: bool


def request_run(session: Session, actor: Actor, job: str) -> RunRow:
    """Ask for a run of `job` now; asking again before it begins changes nothing and returns the same request."""
    actor.require(Permission.JOBS_RUN)
    if fetch_one(session, "select 1 as known from job_schedule where job = %s", (job,)) is None:
        raise NotFound(thing="job")
    asked = driver(session).execute(
        "insert into job_run (id, created_at, job, state, summary, requested_by)"
        " values (%s, %s, %s, 'requested', '', %s) on conflict (job) where state = 'requested' do nothing",
        (ids.new_id(), clock.now(), job, actor.name),
    )
    if asked.rowcount:
        audit.record(session, actor, "jobs.run", "job", job)
    return _list_runs(session, "job = %s and state = 'requested'", (job, 1))[0]


def declare(session: Session, declarations: Sequence[Declaration]) -> None:
    """Replace what is scheduled, and close the runs that a lost leader left open."""
    connection = driver(session)
    connection.execute("delete from job_schedule where job <> all (%s)", ([one.job for one in declarations],))
    for one in declarations:
        connection.execute(
            "insert into job_schedule (id, created_at, job, title, rhythm, next_run_at) values (%s, %s, %s, %s, %s, %s)"
            " on conflict (job) do update set title = excluded.title, rhythm = excluded.rhythm,"
            " next_run_at = excluded.next_run_at",
            (ids.new_id(), clock.now(), one.job, one.title, one.rhythm, one.next_run_at),
        )
    left_open = session.exec(select(JobRun).where(JobRun.state == RunState.RUNNING).with_for_update())
    for run in left_open:
        _end(run, RunState.FAILED, t("Interrompu : son processus s'est arrêté."))


def begin_run(session: Session, job: str) -> UUID:
    """Begin a run: the one that was asked for, else a new one."""
    waiting = select(JobRun).where(JobRun.job == job, JobRun.state == RunState.REQUESTED).with_for_update()
    run = session.exec(waiting).one_or_none()
    if run is None:
        run = JobRun(job=job)
        session.add(run)
    else:
        transition(run, RUN_STEPS, RunState.RUNNING)
    run.started_at = clock.now()
    return run.id


def end_run(
    session: Session, run_id: UUID, outcome: RunState, summary: str, *, next_run_at: datetime | None = None
) -> None:
    """End a run and note when the next one is due. A run that another leader has closed stays as it is."""
    run = session.get(JobRun, run_id, with_for_update=True)
    if run is None or run.state != RunState.RUNNING:
        return
    _end(run, outcome, summary)
    session.flush()
    driver(session).execute("update job_schedule set next_run_at = %s where job = %s", (next_run_at, run.job))


def _end(run: JobRun, outcome: RunState, summary: str) -> None:
    transition(run, RUN_STEPS, outcome)
    run.ended_at = clock.now()
    run.summary = summary


# Leadership: held by one connection of its own, and gone with it


def take_lead(connection: psycopg.Connection[Any]) -> bool:
    """Try to become the leader; true when this connection holds the leadership."""
    # A server that is cut off from its leader must notice before a person does.
    for setting in ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3"):
        connection.execute(f"set {setting}")
    row = connection.execute("select pg_try_advisory_lock(%s)", (LEADERSHIP,)).fetchone()
    return row is not None and bool(row[0])


def leave_lead(connection: psycopg.Connection[Any]) -> None:
    """Give the leadership away at once, without waiting for the server to see the connection close."""
    connection.execute("select pg_advisory_unlock(%s)", (LEADERSHIP,))


def beat(connection: psycopg.Connection[Any]) -> list[str]:
    """Prove that the leader's connection lives, and return the jobs somebody asked to run, oldest request first."""
    rows = connection.execute("select job from job_run where state = 'requested' order by created_at").fetchall()
    return [job for (job,) in rows]


# Reads


def list_last_starts(session: Session) -> dict[str, datetime]:
    """Return when each job last began."""
    rows = fetch_all(
        session, "select job, max(started_at) as at from job_run where started_at is not null group by job"
    )
    return {row["job"]: row["at"] for row in rows}


def list_jobs(session: Session, actor: Actor) -> list[JobRow]:
    """Return every scheduled job with its last and its next run, by name."""
    actor.require(Permission.JOBS_READ)
    rows = fetch_all(
        session,
        """
        select s.job, s.title, s.rhythm, s.next_run_at, r.id as run_id, r.state, r.started_at, r.ended_at, r.summary,
               r.requested_by, r.created_at,
               exists (select from job_run q where q.job = s.job and q.state = 'requested') as is_requested
        from job_schedule s
        left join lateral (
            select * from job_run where job = s.job and state <> 'requested' order by created_at desc limit 1
        ) r on true
        order by s.job
        """,
    )
    return [
        JobRow(
            job=row["job"],
            title=t(row["title"]),
            rhythm=t(row["rhythm"]),
            next_run_at=row["next_run_at"],
            last_run=_run(row["run_id"], row) if row["run_id"] else None,
            is_requested=row["is_requested"],
        )
        for row in rows
    ]


def list_runs(session: Session, actor: Actor, job: str, *, limit: int = 50) -> list[RunRow]:
    """Return the runs of a job, newest first."""
    actor.require(Permission.JOBS_READ)
    return _list_runs(session, "job = %s", (job, limit))


def has_leader(session: Session) -> bool:
    """Say whether some process holds the leadership, and so whether anything runs at all."""
    row = fetch_one(
        session,
        """
        select 1 as held from pg_locks l join pg_database d on d.oid = l.database
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and d.datname = current_database()
          and (l.classid::bigint << 32 | l.objid::bigint) = %s
        """,
        (LEADERSHIP,),
    )
    return row is not None


def _list_runs(session: Session, condition: str, parameters: tuple[object, ...]) -> list[RunRow]:
    rows = fetch_all(session, f"select * from job_run where {condition} order by created_at desc limit %s", parameters)
    return [_run(row["id"], row) for row in rows]


def _run(run_id: UUID, row: dict[str, Any]) -> RunRow:
    return RunRow(
        id=run_id,
        job=row["job"],
        state=row["state"],
        requested_at=row["created_at"] if row["requested_by"] else None,
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        summary=row["summary"],
        requested_by=row["requested_by"],
    )
