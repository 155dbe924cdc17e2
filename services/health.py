"""How the installation is, for a person: ledger, database, migrations, jobs (`/health` is for machines)."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from core.database import Session, driver, fetch_all, fetch_one
from core.i18n import t
from core.permissions import Actor, Permission
from services import jobs

MIGRATIONS = Path(__file__).parent.parent / "alembic"


@dataclass(frozen=True, slots=True)
class Head:
    """The size of the ledger and its last seal; `unsealed` entries came after it."""

    entries: int
    transactions: int
    unsealed: int
    seal: int | None
    sha256: str
    sealed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the server says of itself."""

    version: str
    size_bytes: int
    connections: int
    most_connections: int
    started_at: datetime
    revisions: frozenset[str]
    wanted_revisions: frozenset[str]

    @property
    def is_migrated(self) -> bool:
        """Whether the database stands at the newest migrations this code knows."""
        return self.revisions == self.wanted_revisions


@dataclass(frozen=True, slots=True)
class JobsFacts:
    """How the scheduled work goes; `failing` are titles of jobs whose last run failed."""

    has_leader: bool
    total: int
    running: int
    failing: tuple[str, ...]
    next_run_at: datetime | None


@dataclass(frozen=True, slots=True)
class Health:
    """Everything the page of health shows besides the books' own examination."""

    ledger: Head
    database: DatabaseFacts
    jobs: JobsFacts


def get_health(session: Session, actor: Actor) -> Health:
    """Return how the installation is."""
    actor.require(Permission.HEALTH_READ)
    return Health(_ledger(session), _database(session), _jobs(session))


@lru_cache
def heads() -> frozenset[str]:
    """Return the newest migrations this code knows."""
    from alembic.script import ScriptDirectory

    return frozenset(ScriptDirectory(str(MIGRATIONS)).get_heads())


def _ledger(session: Session) -> Head:
    row = fetch_one(
        session,
        """
        select (select count(*) from ledger_entry) as entries,
               (select count(*) from ledger_transaction) as transactions,
               (select count(*) from ledger_entry where id > coalesce(s.to_id, 0)) as unsealed,
               s.id as seal, coalesce(encode(s.sha256, 'hex'), '') as sha256, s.sealed_at
        from (select 1) one left join lateral (select * from ledger_seal order by id desc limit 1) s on true
        """,
    )
    assert row is not None  # noqa: S101  # aggregates without a group always give one row
    return Head(**row)


def _database(session: Session) -> DatabaseFacts:
    row = fetch_one(
        session,
        """
        select current_setting('server_version') as version, pg_database_size(current_database()) as size_bytes,
               (select count(*) from pg_stat_activity where datname = current_database()) as connections,
               current_setting('max_connections')::int as most_connections,
               pg_postmaster_start_time() as started_at
        """,
    )
    assert row is not None  # noqa: S101  # one row of settings
    return DatabaseFacts(**row, revisions=_revisions(session), wanted_revisions=heads())


def _revisions(session: Session) -> frozenset[str]:
    """Read the table of migrations, which is older than the application's role and closed to it."""
    connection = driver(session)
    with connection.transaction(force_rollback=True):  # the role comes back with the savepoint
        connection.execute("set local role none")
        rows = connection.execute("select version_num from alembic_version").fetchall()
    return frozenset(row[0] for row in rows)


def _jobs(session: Session) -> JobsFacts:
    rows = fetch_all(
        session,
        """
        select s.title, s.next_run_at, r.state,
               exists (select from job_run q where q.job = s.job and q.state in ('requested', 'running')) as is_busy
        from job_schedule s
        left join lateral (
            select state from job_run where job = s.job and state in ('done', 'failed')
            order by created_at desc limit 1
        ) r on true
        order by s.job
        """,
    )
    return JobsFacts(
        has_leader=jobs.has_leader(session),
        total=len(rows),
        running=sum(row["is_busy"] for row in rows),
        failing=tuple(t(row["title"]) for row in rows if row["state"] == "failed"),
        next_run_at=min((row["next_run_at"] for row in rows if row["next_run_at"]), default=None),
    )
