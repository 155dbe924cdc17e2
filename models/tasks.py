"""Scheduled and long work: what ran, when, and how it ended."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index

from core.states import one_of
from models.base import Table, check, instant


class RunState(StrEnum):
    """How a run of a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


RUN_STEPS = {RunState.RUNNING: frozenset({RunState.DONE, RunState.FAILED})}


class JobRun(Table, table=True):
    """One run of a scheduled job."""

    __tablename__ = "job_run"
    __table_args__ = (
        check("state", one_of("state", RunState)),
        Index("ix_job_run_job", "job", "created_at"),
    )

    job: str
    state: str = RunState.RUNNING
    ended_at: datetime | None = instant()
    summary: str = ""
    requested_by: str = ""
