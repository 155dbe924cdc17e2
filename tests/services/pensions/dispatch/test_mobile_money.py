"""The second rail: the same batch, its money and its states, carried by the payee's operator."""

from datetime import timedelta

from commands.vectors import outside
from core import clock
from core.database import driver
from models.pensions import PensionBatch
from services.pensions.dispatch import lookups, mobile, sweeping
from services.transfers import recovery
from tests.builders.pensions import Payee, queued
from tests.builders.switch import Switch

MTN, MOOV = "+2290197{:06}", "+2290195{:06}"


def sent(switch: Switch, payees: list[Payee]) -> PensionBatch:
    """Send a batch by mobile money, MTN and Moov being routed in Benin, until nothing is due for a day."""
    place = {"country": "BJ", "currency": "XOF"}
    root = switch.address.rpartition("/")[0]
    outside.serve(switch.database, root, "mtn", "mtn_momo", "payout", **place)
    batch = queued(switch.database, switch.own, payees, rail="mobile_money")
    work(switch)
    return batch


def work(switch: Switch) -> None:
    for _ in range(12):
        sweeping.begin_due(switch.database)
        mobile.request_due(switch.database)
        outside.work(switch.database)
        recovery.recover_leases(switch.database)
        switch.move(timedelta(hours=2))


def test_payees_are_paid_by_their_operator_and_who_has_none_is_not(switch: Switch) -> None:
    payees = [
        Payee(MTN.format(101)),
        Payee(MTN.format(102)),
        Payee(MOOV.format(3)),
        Payee("0123456789", id_type="PERSONAL_ID"),
    ]
    batch = sent(switch, payees)
    rows = switch.payments(batch)
    assert [(row["stage"], row["reason"]) for row in rows] == [
        ("COMPLETED", ""),
        ("COMPLETED", ""),
        ("FAILED", "not_offered"),
        ("FAILED", "not_offered"),
    ]
    assert [row["is_retryable"] for row in rows] == [False, False, True, True]
    assert switch.batch(batch)["stage"] == "PARTIALLY_COMPLETED"
    assert switch.balances() == (1_000_000_000 - 100_000, 0)
    assert switch.claims() == 2
    moved = [(row.kind, row.amount_minor) for row in switch.kernel.book if row.adapter == "mtn"]
    assert moved == [("payout", 50_000)] * 2


def test_an_unknown_payout_stays_in_doubt_and_one_that_failed_gives_its_money_back(switch: Switch) -> None:
    batch = sent(switch, [Payee(MTN.format(15)), Payee(MTN.format(2)), Payee(MTN.format(12))])
    assert [row["stage"] for row in switch.payments(batch)] == ["FAILED", "COMPLETED", "SENT"]
    assert switch.balances()[1] == 50_000
    assert switch.batch(batch)["completed_at"] is None


def test_a_paused_batch_takes_back_what_has_not_left(switch: Switch) -> None:
    place = {"country": "BJ", "currency": "XOF"}
    outside.serve(switch.database, switch.address.rpartition("/")[0], "mtn", "mtn_momo", "payout", **place)
    batch = queued(switch.database, switch.own, [Payee(MTN.format(n)) for n in range(40, 45)], rail="mobile_money")
    sweeping.begin_due(switch.database)
    mobile.request_due(switch.database)
    assert switch.stages(batch) == {"SENDING": 5}
    with switch.database.transaction() as session:
        driver(session).execute("update pension_batch set stage = 'PAUSED' where id = %s", (batch.id,))
    outside.work(switch.database)
    assert switch.stages(batch) == {"WAITING": 5}
    assert [row for row in switch.kernel.book if row.adapter == "mtn"] == []

    switch.resume(batch)
    work(switch)
    assert switch.stages(batch) == {"COMPLETED": 5}
    assert clock.now() > switch.batch(batch)["completed_at"]


def test_names_are_those_the_operator_says_where_it_says_them(switch: Switch) -> None:
    place = {"country": "BJ", "currency": "XOF"}
    root = switch.address.rpartition("/")[0]
    outside.serve(switch.database, root, "mtn", "mtn_momo", "payout", **place)
    payees = [Payee(MTN.format(101), name="Quelqu'un d'autre"), Payee(MOOV.format(102), name="Adjoa Kossou")]
    batch = queued(switch.database, switch.own, payees, rail="mobile_money")
    with switch.database.transaction() as session:
        assert lookups.start(session, batch.id) == 2
    switch.work()
    first, second = switch.payments(batch)
    assert (first["name_verdict"], bool(first["name_found"])) == ("different", True)
    assert (second["name_verdict"], second["name_found"]) == ("absent", "")
    assert switch.batch(batch)["lookups_left"] == 0
    assert [call.path for call in switch.kernel.calls if "/parties/" in call.path] == []  # the switch is not asked
