"""Two people, or one person twice, at the same instant: exactly one wins, each time."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from core.errors import Refusal
from core.permissions import Actor
from models.pension_stages import BatchStage
from services.pensions import batches
from services.pensions.batches import ApproveBatch, Busy, CancelBatch, ConfirmBatch, gate
from tests.builders.batches import Desk, lines, people

ROUNDS = 5


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[str]:
    """Do everything at the same instant; return how each ended: `done`, or the code of its refusal."""
    start = threading.Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> str:
        start.wait()
        try:
            deed()
        except Refusal as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor(len(deeds)) as threads:
        return sorted(threads.map(run, deeds))


@pytest.fixture
def other_manager(desk: Desk) -> Actor:
    """Give a colleague of the manager's."""
    return desk.colleague()


def test_two_managers_upload_at_once_for_funds_that_cover_one(desk: Desk, other_manager: Actor) -> None:
    for number in range(ROUNDS):
        files = [people(3, amount=200_000, first=number * 10 + place) for place in (1, 5)]
        ends = at_once([partial(desk.send, files[0]), partial(desk.send, files[1], by=other_manager)])
        assert ends == ["done", "insufficient_funds"]
        assert desk.money() == (400_000, 600_000)
        (batch,) = desk.rows("select bulk_id from pension_batch where stage = 'QUEUED'")
        desk.do(batches.cancel, CancelBatch(bulk_id=batch["bulk_id"]))


def test_the_same_file_twice_at_once(desk: Desk, other_manager: Actor) -> None:
    for number in range(ROUNDS):
        file = people(3, first=number * 10 + 1)
        assert at_once([partial(desk.send, file), partial(desk.send, file, by=other_manager)]) == ["done", "same_file"]
    assert desk.count("pension_batch") == ROUNDS


def test_two_files_that_meet_in_one_person_at_once(desk: Desk) -> None:
    for number in range(ROUNDS):
        shared = f"PERSONAL_ID,{number:010d},XOF,100"
        files = [lines(shared, f"PERSONAL_ID,9{number:08d}{place},XOF,100") for place in (1, 2)]
        ends = at_once([partial(desk.send, files[0]), partial(desk.send, files[1])])
        assert ends == ["done", "invalid_rows"]
    assert desk.money() == (1_000_000 - 200 * ROUNDS, 200 * ROUNDS)


def test_the_same_transfer_ids_twice_at_once(desk: Desk) -> None:
    header = "transferId,amount,currency,partyIdType,partyIdentifier"
    files = [lines(f"t1,100,XOF,PERSONAL_ID,000000000{place}", header=header) for place in (1, 2)]
    assert at_once([partial(desk.send, files[0]), partial(desk.send, files[1])]) == ["done", "invalid_rows"]


def test_fifty_confirms_of_one_draft(desk: Desk) -> None:
    bulk_id = desk.look_at().batch.bulk_id
    deed = partial(desk.do, batches.confirm, ConfirmBatch(bulk_id=bulk_id))
    assert at_once([deed] * 50) == ["done", *["wrong_stage"] * 49]
    assert desk.money() == (875_000, 125_000)
    assert len(desk.rows("select id from ledger_transaction where kind = 'pension_reserve'")) == 1


def test_approval_racing_with_cancellation(desk: Desk) -> None:
    desk.settle(lookup="off", four_eyes_from_minor=0)
    for number in range(ROUNDS):
        batch = desk.send(people(2, first=number * 10 + 1)).batch
        order = ApproveBatch(bulk_id=batch.bulk_id, seal=batch.seal)
        ends = at_once(
            [
                partial(desk.do, batches.approve, order, desk.caisse.supervisor),
                partial(desk.do, batches.cancel, CancelBatch(bulk_id=batch.bulk_id)),
            ]
        )
        # Cancelled in either case: an approved batch that has not left may still be.
        assert ends in (["done", "done"], ["done", "wrong_stage"])
        assert desk.batch(batch.bulk_id).stage is BatchStage.CANCELLED
        assert desk.money() == (1_000_000, 0)


def test_a_third_file_waits_for_a_place_and_is_told_when_none_gets_free(desk: Desk) -> None:
    with gate.place(), gate.place():
        with pytest.raises(Busy) as refused, gate.place(wait_s=0.01):
            pass
        assert (refused.value.status, refused.value.data) == (503, {"secondes": 30})
    with gate.place(wait_s=0.01):
        assert desk.count("pension_file") == 0
