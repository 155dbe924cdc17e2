"""Texts that data carries, which the walk over calls of `t` cannot see."""

import pytest

from core import i18n
from jobs.scheduler import JOBS
from reports import feed
from services.retention import RULES

CARRIED = [
    *(text for job in JOBS for text in (job.title, job.rhythm)),
    *(rule.title for rule in RULES),
    *(title for _, title in feed._TYPES.values()),
    *feed._ACTS.values(),
    "Inscription de {name}",
]


@pytest.mark.parametrize("text", CARRIED)
def test_it_has_its_english(text: str) -> None:
    assert i18n.catalogue("en").get(text)
