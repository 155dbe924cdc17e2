"""Payees are looked up before anybody approves: who is unknown is not paid, whose name differs is shown or held."""

from datetime import timedelta

from core.database import driver, fetch_all
from models.pension_stages import BatchStage
from models.pensions import PensionBatch
from providers.fakes.mojaloop_papers import party_of
from providers.fakes.mojaloop_tales import ORDINARY
from services.pensions.dispatch import lookups
from tests.builders.pensions import Payee, numbers, queued
from tests.builders.switch import Switch, identify


def looked_up(switch: Switch, payees: list[Payee], **columns: object) -> PensionBatch:
    """Write a batch and have its payees looked up, as its confirmation does."""
    batch = queued(switch.database, switch.own, payees, **columns)
    with switch.database.transaction() as session:
        assert lookups.start(session, batch.id) == len(payees)
    return batch


def name_of(identifier: str) -> str:
    """Return the name under which the switch knows somebody."""
    party = party_of("MSISDN", identifier.removeprefix("+"), ORDINARY, ("XOF",))
    return str(party["name"])


def calls(switch: Switch, what: str) -> int:
    return len([call for call in switch.kernel.calls if f"/{what}" in call.path])


def test_a_queued_batch_waits_for_its_look_ups_and_is_then_sent_to_known_institutions(switch: Switch) -> None:
    own_name = name_of("+2290197000001")
    batch = looked_up(switch, [Payee("+2290197000001", name=own_name.upper()), Payee("+2290197000002")])
    switch.work()
    first, second = switch.payments(batch)
    assert (first["name_verdict"], first["name_found"]) == ("same", own_name)
    assert (second["name_verdict"], bool(second["name_found"])) == ("absent", True)
    assert first["fsp_id"]
    assert first["rail_identifier"] == "2290197000001"
    assert switch.batch(batch)["lookups_left"] == 0
    assert switch.stages(batch) == {"COMPLETED": 2}
    switch.assert_agrees(batch)


def test_an_unknown_payee_is_never_sent_and_his_money_comes_back(switch: Switch) -> None:
    batch = looked_up(switch, numbers("901", "902", "001"))
    switch.pass_time()
    rows = identify(switch.payments(batch))
    assert [(rows[code]["stage"], rows[code]["code"], rows[code]["tries"]) for code in ("901", "902")] == [
        ("FAILED", "3204", 0)
    ] * 2
    assert switch.batch(batch)["stage"] == "PARTIALLY_COMPLETED"
    assert switch.balances() == (1_000_000_000 - 50_000, 0)
    assert switch.claims() == 1
    switch.assert_agrees(batch)


def test_a_name_that_differs_is_shown_or_held(switch: Switch) -> None:
    payees = [Payee("+2290197000903", name="Adjoa Kossou"), Payee("+2290197000001", name=name_of("+2290197000001"))]
    shown = looked_up(switch, payees)
    switch.work()
    assert [row["name_verdict"] for row in switch.payments(shown)] == ["different", "same"]
    assert switch.stages(shown) == {"COMPLETED": 2}

    switch.settings(name_policy="hold")
    held = looked_up(switch, payees, cycle="2026-01")
    switch.pass_time()
    assert switch.stages(held) == {"HELD": 1, "COMPLETED": 1}
    assert identify(switch.payments(held))["903"]["code"] == "name_different"
    switch.assert_agrees(shown, held)


def test_who_was_seen_lately_is_not_asked_about_again(switch: Switch) -> None:
    looked_up(switch, numbers("001", "002"))
    switch.work()
    asked = calls(switch, "parties")
    again = looked_up(switch, numbers("001", "002"), cycle="2026-01")
    switch.work()
    assert switch.stages(again) == {"COMPLETED": 2}
    assert calls(switch, "parties") == asked

    switch.move(timedelta(days=31))
    later = looked_up(switch, numbers("001", "002"), cycle="2026-02")
    switch.work()
    assert switch.stages(later) == {"COMPLETED": 2}
    assert calls(switch, "parties") == asked + 2


def test_a_look_up_that_is_late_is_made_again_and_after_three_the_payment_goes_without(switch: Switch) -> None:
    batch = looked_up(switch, numbers("907", "908"))
    switch.pass_time()
    assert {row["name_verdict"] for row in switch.payments(batch)} == {"absent"}
    assert switch.stages(batch) == {"COMPLETED": 2}

    with switch.database.transaction() as session:
        driver(session).execute("update provider_account set base_url = 'http://127.0.0.1:9'")
    lost = looked_up(switch, numbers("003"), cycle="2026-01")
    switch.pass_time(timedelta(minutes=5))
    assert [row["name_verdict"] for row in switch.payments(lost)] == ["unknown"]
    assert switch.batch(lost)["lookups_left"] == 0


def test_a_draft_is_looked_up_before_anything_is_reserved(switch: Switch) -> None:
    draft = looked_up(switch, numbers("901", "001"), stage=BatchStage.DRAFT, confirmed_by=None, confirmed_at=None)
    switch.pass_time()
    assert switch.stages(draft) == {"FAILED": 1, "WAITING": 1}
    assert switch.batch(draft)["stage"] == "DRAFT"
    assert switch.balances() == (1_000_000_000, 0)
    assert switch.book == []


def test_numbers_known_in_one_form_only_are_paid_in_that_form(switch: Switch) -> None:
    with switch.database.transaction() as session:
        driver(session).execute("update pension_account set number_form = 'directory'")
    batch = looked_up(switch, numbers("905", "906"))
    switch.pass_time()
    assert switch.stages(batch) == {"COMPLETED": 2}
    with switch.database.transaction() as session:
        rows = fetch_all(session, "select rail_identifier from pension_payment order by line")
    assert [len(row["rail_identifier"]) for row in rows] == [11, 13]
    assert sorted(row.party for row in switch.book) == sorted(row["rail_identifier"] for row in rows)
    switch.assert_agrees(batch)
