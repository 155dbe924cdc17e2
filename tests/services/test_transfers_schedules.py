"""When transfers are asked about: the written schedules on a stopped clock, moved by the id, at most so many times."""

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core import ids
from models.transfers import TransferState
from providers.answers import Accepted, NextStep, Unknown
from services.transfers import reasons, schedules
from services.transfers.reasons import REASONS
from tests.builders.transfers import NOW, House, seen

P, U = TransferState.PENDING, TransferState.UNKNOWN
STRAIGHT = UUID(int=1_000)  # the id that moves nothing: its factor is 1


def walk(
    schedule: str, state: TransferState, transfer_id: UUID = STRAIGHT, link_end: datetime | None = None
) -> list[int]:
    """Return the seconds of every read, one after the other."""
    times: list[int] = []
    now: datetime | None = NOW
    while True:
        assert now is not None
        now = schedules.next_read(schedule, state, transfer_id, NOW, now, link_end)
        if now is None:
            return times
        times.append(round((now - NOW).total_seconds()))


def test_a_collect_confirmed_on_the_phone() -> None:
    times = walk("S1", P)
    assert times[:6] == [5, 10, 20, 40, 60, 120]
    assert [time for time in times if 60 < time <= 600] == list(range(120, 601, 60))
    assert [time for time in times if 600 < time <= 7_200] == list(range(1_500, 7_201, 900))
    assert times[-1] <= 86_400
    assert len(times) == 43


def test_a_payout() -> None:
    times = walk("S3", P)
    assert times[:7] == [2, 10, 30, 60, 180, 300, 420]
    assert times[-1] <= 172_800
    assert max(later - sooner for sooner, later in pairwise(times)) == 3_600


def test_a_link_ends_ten_minutes_after_its_end() -> None:
    times = walk("S2", P, link_end=NOW + timedelta(minutes=10))
    assert times == [15, 30, 60, *range(120, 1_201, 60)]


def test_an_unknown_is_asked_about_for_thirty_days() -> None:
    times = walk("S3", U)
    assert times[:7] == [15, 30, 60, 120, 300, 600, 900]
    assert times[-1] <= 30 * 86_400
    assert times[-1] - times[-2] == 86_400


def test_who_became_unknown_because_his_schedule_ended_is_asked_about_once_a_day() -> None:
    after = NOW + timedelta(hours=25)
    following = schedules.next_read("S1", U, STRAIGHT, NOW, after, None)
    assert following is not None
    assert (following - NOW).total_seconds() >= 2 * 86_400


@given(st.uuids(), st.sampled_from(["S1", "S3", "S4"]))
def test_the_id_moves_every_time_by_at_most_a_tenth_and_always_the_same(transfer_id: UUID, schedule: str) -> None:
    state = U if schedule == "S4" else P
    times = walk("S3" if schedule == "S4" else schedule, state, transfer_id)
    straight = list(schedules.offsets(schedule))
    assert times == walk("S3" if schedule == "S4" else schedule, state, transfer_id)
    assert times == sorted(times)
    assert len(times) <= len(straight)
    assert all(0.899 * there - 1 <= here <= 1.101 * there + 1 for here, there in zip(times, straight, strict=False))


def test_ids_spread_over_the_whole_tenth() -> None:
    factors = [schedules.factor(ids.new_id()) for _ in range(500)]
    assert 0.9 <= min(factors) < 0.93
    assert 1.07 < max(factors) <= 1.1


def test_a_pending_transfer_becomes_unknown_when_its_schedule_ends(house: House) -> None:
    house.provider.reads.extend([lambda order: seen("pending", order)] * 200)
    operation = house.recharge()
    house.submit()
    reads = house.live(minutes=27 * 60)

    assert (house.state(operation), house.row(operation).reason) == ("unknown", "no_answer")
    assert reads <= 44
    assert house.row(operation).reads == reads
    house.provider.reads.clear()
    assert house.live(minutes=40 * 60) == 1
    assert house.state(operation) == "succeeded"


def test_a_hint_asks_at_once_and_moves_no_planned_read(house: House) -> None:
    house.provider.reads.extend([lambda order: seen("pending", order)] * 5)
    operation = house.recharge()
    house.submit()
    planned = house.row(operation).next_read_at
    house.hint(operation)

    assert len(house.provider.asked) == 1
    assert house.row(operation).next_read_at == planned


def test_at_most_five_reads_a_second_an_account(house: House) -> None:
    house.provider.reads.extend([Unknown(is_sent=True)] * 100)
    operations = [house.recharge(amount=10) for _ in range(23)]
    house.submit()
    house.clock.advance(1)
    for operation in operations:
        house.force(operation, next_read_at=NOW)

    counts = []
    for _ in range(6):
        house.clock.advance(1)
        counts.append(sum(house.read() for _ in range(3)))
    assert counts == [5] * 6


def test_an_account_that_asked_for_rest_is_left_alone(house: House) -> None:
    house.provider.submissions.append(Unknown(is_sent=True, slows=True))
    operation = house.withdraw()
    house.submit()
    waiting = house.withdraw(amount=10)
    house.clock.advance(20)
    assert (house.submit(), house.read(), house.state(waiting)) == (0, 0, "created")

    house.clock.advance(11)
    assert (house.submit(), house.read(), house.state(operation)) == (1, 1, "succeeded")


def test_a_link_is_followed_to_its_own_end(house: House) -> None:
    house.provider.schedule = {"collect": "S2"}
    until = NOW + timedelta(minutes=3)
    house.provider.submissions.append(Accepted(handles={"id": "1"}, next=NextStep("open_link", until=until)))
    operation = house.recharge()
    house.submit()

    assert house.row(operation).deadline_at == until


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_has_its_three_forms(reason: str) -> None:
    assert reasons.for_person(reason).endswith(".")
    assert reasons.for_operator(reason).endswith(".")
    assert 0 < len(reasons.short(reason)) <= 24


def test_a_word_no_table_knows_is_unspecified() -> None:
    assert reasons.for_person("ODD") == reasons.for_person("unspecified")
    assert (reasons.for_person(""), reasons.short("")) == ("", "annulé")
