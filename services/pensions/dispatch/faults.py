"""Named points of a sending at which the tests stop a worker dead; nothing else ever sets `at`."""

from collections.abc import Callable

CLAIMED = "claimed"  # the payments are leased, nothing has left
LEAVING = "leaving"  # a call is about to leave
ANSWERED = "answered"  # answers are in memory, nothing of them is written
SAVING = "saving"  # a group is written, nothing is committed
SAVED = "saved"  # a group is committed, the next step is not taken


def _pass(_point: str) -> None:
    """Do nothing, as everywhere but in a test of faults."""


at: Callable[[str], None] = _pass
