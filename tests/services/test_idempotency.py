"""Same key, same answer; other content, no."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core import clock
from core.database import Database, keep
from core.errors import Conflict, Unavailable
from services import idempotency
from services.idempotency import Claim, StoredAnswer, digest_content
from tests.builders import people

ONE, OTHER = digest_content("POST", "/a", b"{}"), digest_content("POST", "/a", b"{ }")


def claimed(database: Database, caller: str = "user:1", key: str = "k", content: bytes = ONE) -> Claim | StoredAnswer:
    with database.transaction() as session:
        claim = idempotency.claim(session, caller, key, content)
        if isinstance(claim, Claim):
            idempotency.keep_answer(session, claim, 201, b'{"mot_de_passe":"Secret"}')
        return claim


def test_the_second_time_gets_the_first_answer(database: Database) -> None:
    assert isinstance(claimed(database), Claim)
    stored = claimed(database)
    assert isinstance(stored, StoredAnswer)
    assert (stored.status, stored.body) == (201, b'{"mot_de_passe":"Secret"}')


def test_other_content_is_refused_and_other_callers_and_keys_are_others(database: Database) -> None:
    claimed(database)
    with pytest.raises(Conflict):
        claimed(database, content=OTHER)
    assert isinstance(claimed(database, caller="user:2", content=OTHER), Claim)
    assert isinstance(claimed(database, key="autre", content=OTHER), Claim)


def test_a_refused_act_takes_no_key(database: Database) -> None:
    def refused() -> None:
        with database.transaction() as session:
            idempotency.claim(session, "user:1", "k", ONE)
            raise Conflict

    with pytest.raises(Conflict):
        refused()
    assert isinstance(claimed(database, content=OTHER), Claim)


def test_an_act_that_kept_a_part_gives_its_key_back(database: Database) -> None:
    with database.transaction() as session:
        claim = idempotency.claim(session, "user:1", "k", ONE)
        keep(session)
        assert isinstance(claim, Claim)
        with database.transaction() as beside, pytest.raises(Unavailable):
            idempotency.claim(beside, "user:1", "k", ONE)
    with database.transaction() as session:
        idempotency.release(session, claim)
    assert isinstance(claimed(database, content=OTHER), Claim)


def test_a_crash_between_two_steps_frees_the_key_after_half_a_minute(database: Database) -> None:
    with clock.travel(clock.now()) as traveller:
        with database.transaction() as session:
            idempotency.claim(session, "user:1", "k", ONE)
        with pytest.raises(Unavailable):
            claimed(database)
        traveller.advance(30)
        assert isinstance(claimed(database), Claim)


def test_two_at_once_are_one_act(database: Database) -> None:
    barrier = threading.Barrier(6)

    def knock(_: int) -> Claim | StoredAnswer:
        barrier.wait()
        return claimed(database)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(knock, range(6)))
    assert sum(isinstance(answer, Claim) for answer in answers) == 1


def test_after_thirty_days_the_key_is_new_and_the_row_goes(database: Database) -> None:
    with clock.travel(clock.now()) as traveller:
        claimed(database)
        claimed(database, key="autre")
        traveller.advance(timedelta(days=30).total_seconds())
        assert isinstance(claimed(database, content=OTHER), Claim)
        with database.transaction() as session:
            assert idempotency.forget_expired(session) == 1
        assert isinstance(claimed(database, content=OTHER), StoredAnswer)


def test_answers_are_sealed(database: Database) -> None:
    claimed(database)
    dump = people.everything(database)
    assert "Secret" not in dump
    assert b"Secret".hex() not in dump
