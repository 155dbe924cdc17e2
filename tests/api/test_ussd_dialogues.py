"""The scripted dialogues of the documented contracts, over HTTP, and again through accounts of four gateways.

They are walked and compared by the code of `./dev ussd check-vectors`.
"""

from collections.abc import Callable
from typing import Any

import pytest

from commands.vectors import dialogues
from commands.vectors.dialogues import Stage
from commands.vectors.door import Door
from commands.vectors.houses import Houses
from commands.vectors.outside import Outside
from commands.vectors.speakers import Account, Documented, can_say
from tests.builders.stage import around, doors, houses
from tests.builders.world import VECTORS

__all__ = ["around", "doors", "houses"]

DIALOGUES = VECTORS["dialogues"]
PROFILES = ("africastalking", "hubtel", "airtel_freeflow", "kannel_ussd")
# Said of every one in CI: the menus of both contracts, a transfer with its PIN, a replay, a refusal, a top-up.
SAMPLE = {"svc-01", "svc-04", "wal-02", "wal-09", "wal-23", "wal-38"}


@pytest.fixture
def written(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    def read() -> str:
        printed = capfd.readouterr()
        return printed.out + printed.err

    return read


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=[dialogue["id"] for dialogue in DIALOGUES])
def test_a_dialogue_goes_as_written(
    dialogue: dict[str, Any], houses: Houses, doors: Door, around: Outside, written: Callable[[], str]
) -> None:
    stage = Stage(Documented(doors), around, written)
    assert dialogues.rehearse(VECTORS, dialogue, houses, stage) == []


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "dialogue",
    [
        pytest.param(dialogue, id=dialogue["id"], marks=() if dialogue["id"] in SAMPLE else pytest.mark.slow)
        for dialogue in DIALOGUES
    ],
)
def test_a_dialogue_goes_as_written_through_a_gateway(  # noqa: PLR0917  # pytest gives them by name
    profile: str, dialogue: dict[str, Any], houses: Houses, doors: Door, around: Outside, written: Callable[[], str]
) -> None:
    if not can_say(profile, dialogue):
        pytest.skip("ce que ce profil ne porte pas")
    stage = Stage(Account(doors, profile), around, written)
    assert dialogues.rehearse(VECTORS, dialogue, houses, stage) == []
