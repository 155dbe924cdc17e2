"""Every way the switch can go, 900 to 949, in one step and in two: each ends as it must, and nobody is paid twice."""

from datetime import timedelta

import pytest

from providers.answers import Reason
from providers.fakes.mojaloop_tales import TALES
from tests.builders.pensions import numbers, queued
from tests.builders.switch import Switch, identify

FEE_CAP_MINOR = 500
# They stop the whole account, and have tests of their own.
STOPPING = ("916", "941", "946")
ORDINARY = ("001", "002", "003", "004", "005", "006")
COMPLETED, FAILED, UNKNOWN, HELD = "COMPLETED", "FAILED", "UNKNOWN", "HELD"

# stage, code, reason, how many transfers it took, whether a person may try again; all others: paid by the first one
ENDS: dict[str, tuple[str, str, str, int, bool]] = {
    "901": (FAILED, "3204", Reason.PAYEE_NOT_FOUND, 1, False),
    "902": (FAILED, "3204", Reason.PAYEE_NOT_FOUND, 1, False),
    "905": (FAILED, "3204", Reason.PAYEE_NOT_FOUND, 1, False),  # without the directory
    "910": (FAILED, "5103", Reason.PAYEE_NOT_ALLOWED, 1, True),
    "915": (UNKNOWN, "", Reason.MISMATCH_AMOUNT, 1, False),
    "917": (FAILED, "5200", Reason.PAYEE_LIMIT, 1, True),
    "918": (FAILED, "5400", Reason.PAYEE_NOT_ALLOWED, 1, False),
    "919": (FAILED, "5001", Reason.PROVIDER_UNAVAILABLE, 1, True),
    "923": (COMPLETED, "", "", 2, False),
    "924": (FAILED, "", Reason.UNSPECIFIED, 1, True),
    "925": (FAILED, "", Reason.UNSPECIFIED, 1, True),
    "927": (FAILED, "", Reason.UNSPECIFIED, 1, True),
    "928": (FAILED, "", Reason.UNSPECIFIED, 1, True),
    "931": (FAILED, "3303", Reason.PROVIDER_UNAVAILABLE, 1, True),
    "932": (UNKNOWN, "", Reason.NO_ANSWER, 1, False),
    "933": (COMPLETED, "", "", 2, False),
    "935": (COMPLETED, "", "", 2, False),
    "937": (COMPLETED, "", "", 2, False),
    "942": (FAILED, "", Reason.CURRENCY_NOT_SUPPORTED, 1, False),
    "944": (COMPLETED, "", "", 3, False),
    "948": (FAILED, "3302", Reason.PROVIDER_UNAVAILABLE, 1, True),
    "949": (FAILED, "", Reason.CONFIGURATION, 1, True),
}
IN_TWO_STEPS = {
    "914": (HELD, "fee_too_high", Reason.NOT_APPROVED, 1, False),
    "915": (HELD, "mismatch_amount", Reason.NOT_APPROVED, 1, False),
}


@pytest.mark.parametrize("mode", ["one_step", "two_step"])
def test_every_tale_ends_as_the_table_says(switch: Switch, mode: str) -> None:
    switch.run(mode)
    switch.settings(fee_cap_minor=FEE_CAP_MINOR)
    codes = [code for code in TALES if code not in STOPPING]
    # Among others who are simply paid, or so many doubts at once would stop the account.
    among = [code for tale in codes for code in (tale, *ORDINARY)]
    batch = queued(switch.database, switch.own, numbers(*among))
    switch.pass_time(timedelta(hours=6))

    expected = {code: ENDS.get(code, (COMPLETED, "", "", 1, False)) for code in codes}
    expected |= IN_TWO_STEPS if mode == "two_step" else {}
    found = {
        code: (row["stage"], row["code"], row["reason"], row["tries"], row["is_retryable"])
        for code, row in identify(switch.payments(batch)).items()
        if code not in ORDINARY
    }
    assert found == expected

    moved = {row.party[-3:]: row.amount_minor for row in switch.book}
    paid = {code for code, end in expected.items() if end[0] == COMPLETED}
    assert {code for code in moved if code in paid} == paid
    assert set(moved) - paid - set(ORDINARY) == ({"915"} if mode == "one_step" else set())
    open_minor = sum(50_000 for end in expected.values() if end[0] in {UNKNOWN, HELD})
    assert switch.balances()[1] == open_minor
    assert switch.batch(batch)["completed_at"] is None
    switch.assert_agrees(batch)


@pytest.mark.parametrize("mode", ["one_step", "two_step"])
def test_a_switch_that_takes_its_word_back_is_not_believed_and_nothing_more_leaves(switch: Switch, mode: str) -> None:
    switch.run(mode)
    batch = queued(switch.database, switch.own, numbers("946"))
    switch.work()
    switch.move(timedelta(hours=1))
    switch.work()  # the second look
    assert switch.stages(batch) == {"COMPLETED": 1}
    assert [case["kind"] for case in switch.cases()] == ["contradiction"]

    later = queued(switch.database, switch.own, numbers("001"))
    switch.pass_time()
    assert switch.batch(later)["stage"] == "QUEUED"
    assert len(switch.book) == 1


@pytest.mark.parametrize("ids", ["id_ignored", "id_closed"])
def test_an_adapter_with_ids_of_its_own_pays_in_two_steps_and_no_other_way(switch: Switch, ids: str) -> None:
    switch.run("one_step", ids)
    batch = queued(switch.database, switch.own, numbers("001", "002", "920", "928"))
    switch.pass_time(timedelta(minutes=5))
    assert switch.batch(batch)["stage"] == "QUEUED"
    assert switch.book == []

    switch.run("two_step", ids)
    switch.pass_time(timedelta(hours=2))
    assert [row["stage"] for row in switch.payments(batch)] == [COMPLETED, COMPLETED, COMPLETED, FAILED]
    theirs = {row["handles"].get("their_transfer_id") for row in switch.transfers(batch)}
    assert {row.payment_id for row in switch.book} < theirs
    switch.assert_agrees(batch)


def test_an_adapter_that_accepts_by_itself_pays_one_person_at_most(switch: Switch) -> None:
    """Run as one step behind an account set to two, without our ids: the first answer gives it away."""
    switch.run("two_step", "id_ignored")
    switch.kernel.configure(secrets={"mojaloop": {"mode": "one_step"}})
    batch = queued(switch.database, switch.own, numbers(*["001"] * 20))
    switch.pass_time(timedelta(hours=1))
    assert len(switch.book) == 1
    assert switch.batch(batch)["stage"] == "PAUSED"
    assert switch.batch(batch)["pause_reason"] == "foreign_id"
    assert switch.stages(batch) == {"COMPLETED": 1, "WAITING": 19}
    switch.assert_agrees(batch)
