"""Named points of a submission at which the tests stop a worker dead; nothing else ever sets `at`."""

from collections.abc import Callable

CLAIMED = "claimed"  # the row is submitted and leased, nothing was sent
ANSWERED = "answered"  # the provider answered, nothing of it is written
SAVING = "saving"  # everything is written, nothing is committed


def _pass(_point: str) -> None:
    """Do nothing, as everywhere but in a test of faults."""


at: Callable[[str], None] = _pass
