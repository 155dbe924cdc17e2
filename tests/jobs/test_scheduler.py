import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from core.database import Database, fetch_all
from core.errors import Forbidden, NotFound
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from jobs.job import Job, nightly
from jobs.scheduler import JOBS, Scheduler
from models.tasks import RunState
from services import jobs
from services.jobs import RunRow

ADMIN = Actor(user_id=None, name="Mireille Bongo", grants=(Grant(Scope.PLATFORM, Role.ADMIN),))
OPERATOR = Actor(user_id=None, name="Grâce Mbuyi", grants=(Grant(Scope.USSD, Role.OPERATEUR),))
PERIOD, TRIGGER = nightly(2, 15)

Start = Callable[..., Scheduler]


class Counter:
    """A job that says it began, and goes on when the test lets it."""

    def __init__(self, name: str = "compte", *, is_held: bool = False, fault: Exception | None = None) -> None:
        self.runs = 0
        self.together = 0
        self.most_together = 0
        self.began = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.is_held = is_held
        self.fault = fault
        self.job = Job(name, "Compter", "chaque nuit", PERIOD, TRIGGER, self.work)

    def work(self, _over: threading.Event) -> str:
        self.runs += 1
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        self.began.release()
        if self.is_held:
            assert self.may_end.acquire(timeout=10)
        self.together -= 1
        if self.fault is not None:
            raise self.fault
        return f"passage {self.runs}"


@pytest.fixture
def start(database: Database) -> Iterator[Start]:
    started: list[Scheduler] = []

    def begin(*counters: Counter, retry_s: float = 0.02) -> Scheduler:
        scheduler = Scheduler(database, [counter.job for counter in counters], retry_s=retry_s, beat_s=0.02)
        scheduler.start()
        started.append(scheduler)
        return scheduler

    yield begin
    for scheduler in started:
        scheduler.stop()


def until(condition: Callable[[], bool], timeout_s: float = 10) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


def runs_of(database: Database, job: str = "compte") -> list[RunRow]:
    with database.transaction() as session:
        return jobs.list_runs(session, ADMIN, job)


def ended(database: Database, count: int, job: str = "compte") -> bool:
    return until(lambda: sum(run.ended_at is not None for run in runs_of(database, job)) == count)


def kill_leader(database: Database) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        killed = connection.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = %s and database ="
            " (select oid from pg_database where datname = current_database())",
            (jobs.LEADERSHIP,),
        ).fetchall()
    assert killed == [(True,)]


def test_the_leader_runs_at_its_start_what_has_never_run(database: Database, start: Start) -> None:
    counter = Counter()
    start(counter)
    assert ended(database, 1)
    (run,) = runs_of(database)
    assert (run.state, run.summary, run.requested_by, run.requested_at) == (RunState.DONE, "passage 1", "", None)


def test_what_ran_within_its_period_is_not_run_again_by_the_next_leader(database: Database, start: Start) -> None:
    counter = Counter()
    first = start(counter)
    assert ended(database, 1)
    first.stop()
    second = start(counter)
    assert second.wait_until_leading(10)
    with database.transaction() as session:
        (row,) = jobs.list_jobs(session, ADMIN)
    assert counter.runs == 1
    assert row.next_run_at is not None
    assert (row.next_run_at.hour, row.next_run_at.minute) == (2, 15)


def test_run_now_reaches_the_leader_from_any_process(database: Database, start: Start) -> None:
    counter = Counter()
    start(counter)
    assert ended(database, 1)
    with database.transaction() as session:
        request = jobs.request_run(session, ADMIN, "compte")
    assert request.state == RunState.REQUESTED
    assert ended(database, 2)
    newest, _ = runs_of(database)
    assert newest.id == request.id
    assert (newest.state, newest.requested_by, newest.summary) == (RunState.DONE, "Mireille Bongo", "passage 2")


def test_two_clicks_are_one_request_and_one_entry_in_the_trail(database: Database, start: Start) -> None:
    counter = Counter(is_held=True)
    start(counter)
    assert counter.began.acquire(timeout=10)
    with database.transaction() as session:
        first = jobs.request_run(session, ADMIN, "compte")
    with database.transaction() as session:
        second = jobs.request_run(session, ADMIN, "compte")
        trail = fetch_all(session, "select actor_name, subject_id from audit_entry where action = 'jobs.run'")
    assert first == second
    assert trail == [{"actor_name": "Mireille Bongo", "subject_id": "compte"}]
    counter.may_end.release(2)
    assert ended(database, 2)


def test_a_request_during_a_run_waits_for_its_end(
    database: Database, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter(is_held=True)
    start(counter)
    assert counter.began.acquire(timeout=10)
    with database.transaction() as session:
        jobs.request_run(session, ADMIN, "compte")
    # Several heartbeats later the request still waits.
    assert not counter.began.acquire(timeout=0.2)
    counter.may_end.release(2)
    assert ended(database, 2)
    assert (counter.runs, counter.most_together) == (2, 1)
    # It waited without knocking: APScheduler was not asked, and warned of nothing.
    assert [record for record in caplog.records if record.name.startswith("apscheduler")] == []


def test_who_has_not_the_right_asks_in_vain(database: Database, start: Start) -> None:
    start(Counter())
    assert ended(database, 1)
    with pytest.raises(Forbidden), database.transaction() as session:
        jobs.request_run(session, OPERATOR, "compte")
    with pytest.raises(NotFound), database.transaction() as session:
        jobs.request_run(session, ADMIN, "inconnu")
    assert len(runs_of(database)) == 1


def test_a_job_that_fails_says_so_and_the_clock_goes_on(database: Database, start: Start) -> None:
    wrong, right = Counter("faux", fault=RuntimeError("mot de passe")), Counter("juste")
    start(wrong, right)
    assert ended(database, 1, "faux")
    assert ended(database, 1, "juste")
    (run,) = runs_of(database, "faux")
    assert (run.state, run.summary) == (RunState.FAILED, "Échec : RuntimeError.")
    with database.transaction() as session:
        jobs.request_run(session, ADMIN, "faux")
    assert ended(database, 2, "faux")


def test_another_process_takes_over_when_the_leaders_connection_dies(database: Database, start: Start) -> None:
    one, other = Counter(), Counter()
    leader = start(one, retry_s=60)
    assert leader.wait_until_leading(10)
    assert ended(database, 1)
    standby = start(other)
    assert not standby.wait_until_leading(0.1)

    kill_leader(database)

    assert standby.wait_until_leading(10)
    assert until(lambda: not leader.is_leading)
    with database.transaction() as session:
        jobs.request_run(session, ADMIN, "compte")
    assert ended(database, 2)
    assert (one.runs, other.runs) == (1, 1)


def test_a_leader_that_lost_its_connection_stands_by_again(database: Database, start: Start) -> None:
    leader = start(Counter())
    assert leader.wait_until_leading(10)
    kill_leader(database)
    with database.transaction() as session:
        assert until(lambda: jobs.has_leader(session))
    assert leader.wait_until_leading(10)


def test_the_run_a_lost_leader_left_open_is_closed_by_the_next(database: Database, start: Start) -> None:
    held = Counter(is_held=True)
    start(held, retry_s=60)
    assert held.began.acquire(timeout=10)
    kill_leader(database)
    start(Counter())
    assert ended(database, 1)
    (run,) = runs_of(database)
    assert (run.state, run.summary) == (RunState.FAILED, "Interrompu : son processus s'est arrêté.")
    # The old leader comes to its end too late to say anything.
    held.may_end.release()
    assert until(lambda: held.together == 0)
    assert runs_of(database) == [run]


def test_an_end_that_comes_too_late_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        run_id = jobs.begin_run(session, "compte")
    with database.transaction() as session:
        jobs.declare(session, [])
    closed = runs_of(database)
    with database.transaction() as session:
        jobs.end_run(session, run_id, RunState.DONE, "passage 1")
    assert runs_of(database) == closed
    assert closed[0].state == RunState.FAILED


def test_without_a_leader_it_shows(database: Database, start: Start) -> None:
    with database.transaction() as session:
        assert not jobs.has_leader(session)
    leader = start(Counter())
    assert leader.wait_until_leading(10)
    with database.transaction() as session:
        assert jobs.has_leader(session)
    leader.stop()
    with database.transaction() as session:
        assert not jobs.has_leader(session)


def test_all_jobs_of_the_house_run_on_an_empty_database(database: Database) -> None:
    scheduler = Scheduler(database, beat_s=0.02)
    scheduler.start()
    assert all(ended(database, 1, job.name) for job in JOBS)
    scheduler.stop()
    with database.transaction() as session:
        rows = jobs.list_jobs(session, SYSTEM)
    assert [row.job for row in rows] == sorted(job.name for job in JOBS)
    assert {row.last_run.state for row in rows if row.last_run} == {RunState.DONE}
    assert all(row.next_run_at for row in rows)
