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
from commands.vectors.speakers import Account, Documented
from tests.builders.stage import around, doors, houses
from tests.builders.world import VECTORS

__all__ = ["around", "doors", "houses"]

DIALOGUES = VECTORS["dialogues"]
PROFILES = ("africastalking", "hubtel", "airtel_freeflow", "kannel_ussd")
# Said of every one in CI: the menus of both contracts, a transfer with its PIN, a replay, a refusal, a top-up.
SAMPLE = {"svc-01", "svc-04", "wal-02", "wal-09", "wal-23", "wal-38"}
# What a documented contract says and a gateway's own rules do not, and why.
LEFT_OUT = {
    "wal-01": set(PROFILES),  # these accounts serve nobody without a number
    "wal-06": {"africastalking", "airtel_freeflow"},  # a first text is what was dialled behind the code
    "wal-43": {"africastalking", "hubtel", "kannel_ussd"},  # a late answer ends the session where begins are told
    "svc-21": {"hubtel", "airtel_freeflow", "kannel_ussd"},  # an older transcript needs transcripts
    "svc-22": {"hubtel", "airtel_freeflow", "kannel_ussd"},  # so does one that diverges
    "svc-24": {"airtel_freeflow"},  # a late answer begins anew where nothing tells a begin
}
WALKS = [
    pytest.param(
        profile,
        dialogue,
        id=f"{profile}-{dialogue['id']}",
        marks=() if dialogue["id"] in SAMPLE else pytest.mark.slow,
    )
    for profile in PROFILES
    for dialogue in DIALOGUES
    if profile not in LEFT_OUT.get(dialogue["id"], ())
]


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


@pytest.mark.parametrize(("profile", "dialogue"), WALKS)
def test_a_dialogue_goes_as_written_through_a_gateway(  # pytest gives them by name
    profile: str, dialogue: dict[str, Any], houses: Houses, doors: Door, around: Outside, written: Callable[[], str]
) -> None:
    stage = Stage(Account(doors, profile), around, written)
    assert dialogues.rehearse(VECTORS, dialogue, houses, stage) == []


def test_only_what_cannot_be_said_is_left_out() -> None:
    assert len(WALKS) == len(PROFILES) * len(DIALOGUES) - 16
