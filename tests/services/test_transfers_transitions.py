"""The table of transitions: each arrow of it is taken once, every other is refused and changes nothing."""

from contextlib import suppress
from itertools import product

import pytest

from core.database import Session
from core.errors import WrongState
from models.transfers import TRANSFER_STEPS, TransferState
from services.transfers import transitions
from services.transfers.rows import find
from services.transfers.transitions import Proof
from tests.builders.transfers import House

S = TransferState
EVERY = list(product(TransferState, TransferState))

# As the provider rules write it (1.3), beside the code's own table.
WRITTEN = (
    {(S.CREATED, S.SUBMITTED), (S.CREATED, S.CANCELLED)}
    | {(S.SUBMITTED, S.PENDING), (S.SUBMITTED, S.FAILED), (S.SUBMITTED, S.UNKNOWN)}
    | set(product((S.SUBMITTED, S.PENDING, S.UNKNOWN), (S.SUCCEEDED, S.FAILED, S.EXPIRED, S.CANCELLED)))
    | {(S.PENDING, S.UNKNOWN), (S.UNKNOWN, S.PENDING), (S.SUCCEEDED, S.REVERSED)}
)


class _UndoneError(Exception):
    """Ends a transaction whose changes are to be forgotten."""


def test_the_table_is_the_written_one() -> None:
    assert {(was, to) for was, steps in TRANSFER_STEPS.items() for to in steps} == WRITTEN


def test_each_arrow_is_taken_and_each_other_refused(house: House) -> None:
    for was, to in EVERY:
        operation = house.withdraw(amount=10)
        with suppress(_UndoneError), house.database.transaction() as session:
            assert _try(session, operation.transfer_id, was, to) is ((was, to) in WRITTEN), f"{was} → {to}"
            raise _UndoneError


def _try(session: Session, transfer_id: object, was: TransferState, to: TransferState) -> bool:
    """Bring a withdrawal to `was` by arrows of the table, then try one; say whether it was taken."""
    ways: dict[TransferState, tuple[TransferState, ...]] = {
        S.CREATED: (),
        S.SUBMITTED: (S.SUBMITTED,),
        S.PENDING: (S.SUBMITTED, S.PENDING),
        S.UNKNOWN: (S.SUBMITTED, S.UNKNOWN),
        S.REVERSED: (S.SUBMITTED, S.SUCCEEDED, S.REVERSED),
        S.CANCELLED: (S.CANCELLED,),
    }
    row = find(session, transfer_id)  # type: ignore[arg-type]  # an id
    for step in ways.get(was, (S.SUBMITTED, was)):
        moved = transitions.take(session, row, step, Proof("submit"))
        assert moved is not None
        row = moved
    try:
        moved = transitions.take(session, row, to, Proof("read"))
    except WrongState:
        assert find(session, row.id).state is was
        return False
    return moved is not None and moved.state is to


def test_who_comes_second_changes_nothing(house: House) -> None:
    operation = house.withdraw(amount=2_000)
    house.submit()
    with house.database.transaction() as session:
        stale = find(session, operation.transfer_id)
    house.clock.advance(3)
    house.read()
    postings = house.postings()

    with house.database.transaction() as session:
        assert transitions.take(session, stale, S.SUCCEEDED, Proof("list")) is None
        assert transitions.take(session, stale, S.FAILED, Proof("list")) is None
    assert house.postings() == postings
    assert house.events(operation) == ["created", "submitted", "pending", "succeeded"]
    assert house.said() == ["wallet_versement"]


def test_the_guard_is_what_holds_the_second_one_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `and state = :from` the same stale row is taken again: the test above has been seen to fail."""
    operation = house.recharge()
    house.submit()
    with house.database.transaction() as session:
        stale = find(session, operation.transfer_id)
    house.clock.advance(6)
    house.read()

    def update(session, row, to, columns):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
        return find(session, row.id)

    monkeypatch.setattr(transitions, "_update", update)
    with suppress(_UndoneError), house.database.transaction() as session:
        assert transitions.take(session, stale, S.SUCCEEDED, Proof("list")) is not None
        raise _UndoneError
