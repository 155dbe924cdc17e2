"""States: only the arrows of the table."""

from dataclasses import dataclass
from enum import StrEnum

import pytest

from core.errors import WrongState
from core.states import one_of, transition


class Door(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    LOCKED = "locked"


STEPS = {
    Door.OPEN: frozenset({Door.CLOSED}),
    Door.CLOSED: frozenset({Door.OPEN, Door.LOCKED}),
}


@dataclass
class Row:
    state: str = "open"
    stage: str = "closed"


@pytest.mark.parametrize("present", Door)
@pytest.mark.parametrize("to", Door)
def test_a_row_takes_the_steps_of_the_table_and_no_other(present: Door, to: Door) -> None:
    row = Row(state=present)
    if to in STEPS.get(present, frozenset()):
        transition(row, STEPS, to)
        assert row.state == to
    else:
        with pytest.raises(WrongState) as refusal:
            transition(row, STEPS, to)
        assert row.state == present
        assert refusal.value.data == {"state": present.value, "wanted": to.value}
        assert refusal.value.status == 409


def test_a_state_read_from_the_database_is_plain_text() -> None:
    row = Row(state="open")
    transition(row, STEPS, Door.CLOSED)
    assert row.state == "closed"


def test_pensions_keep_their_state_in_stage() -> None:
    row = Row()
    transition(row, STEPS, Door.LOCKED, column="stage")
    assert (row.state, row.stage) == ("open", "locked")


def test_the_database_checks_the_same_words() -> None:
    assert one_of("state", Door) == "state in ('open', 'closed', 'locked')"
