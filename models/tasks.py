"""Scheduled and long work: what ran, when, and how it ended."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, instant


class RunState(StrEnum):
    """How a run of a job stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


RUN_STEPS = {
    RunState.REQUESTED: frozenset({RunState.RUNNING}),
    RunState.RUNNING: frozenset({RunState.DONE, RunState.FAILED}),
}


class JobSchedule(Table, table=True):
    """A job as the leader declared it, and when it is to run next."""

    __tablename__ = "job_schedule"

    job: str = Field(unique=True)
    title: str
    rhythm: str
    next_run_at: datetime | None = instant()


class JobRun(Table, table=True):
    """One run of a scheduled job; one that a person asked for waits in `requested` until the leader takes it."""

    __tablename__ = "job_run"
    __table_args__ = (
        check("state", one_of("state", RunState)),
        Index("ix_job_run_job", "job", "created_at"),
        Index("uq_job_run_requested", "job", unique=True, postgresql_where=text("state = 'requested'")),
    )

    job: str
    state: str = RunState.RUNNING
    started_at: datetime | None = instant()
    ended_at: datetime | None = instant()
    summary: str = ""
    requested_by: str = ""
