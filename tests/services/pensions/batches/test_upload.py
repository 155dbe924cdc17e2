"""A manager sends a file: what goes on, what is reserved, what is refused and why."""

import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.errors import Forbidden
from models.pension_stages import BatchStage, Rail
from services.pensions import accounts, batches, file_reading, seal
from services.pensions.accounts import SetAccountOpen
from services.pensions.batches import BadCycle, NotBeforeInvalid, TotalTooLarge, payment_id
from services.pensions.files.refusals import ControlTotals, FileTooLarge, InsufficientFunds, InvalidRows
from services.pensions.refusals import AccountInactive, AccountUnknown, BatchNotFound, NoAccount, SameFile
from tests.builders import people as users
from tests.builders.batches import CYCLE, EXAMPLE, Desk, lines, people

ARREARS = lines(
    "MSISDN,0197000001,XOF,45000,PENSION",
    "MSISDN,0197000001,XOF,12000,RAPPEL",
    header="type_id,valeur_id,devise,montant,objet",
)


def test_the_documents_example_goes_to_the_queue_with_its_money_reserved(desk: Desk) -> None:
    sent = desk.send()
    assert (sent.batch.stage, sent.batch.state, sent.skipped) == (BatchStage.QUEUED, "PENDING", 0)
    assert (sent.batch.total.count, sent.batch.total.amount_minor) == (2, 125_000)
    assert [(one.code, one.count) for one in sent.warnings] == [("msisdn_repaired", 2)]
    assert desk.money() == (875_000, 125_000)
    assert desk.payments(sent.batch.bulk_id) == [
        (2, "+2290197000001", 50_000, "WAITING"),
        (3, "+2290197000002", 75_000, "WAITING"),
    ]
    assert sent.batch.bulk_id.startswith("bulk-")
    assert sent.batch.confirmed_by is not None
    assert sent.batch.confirmed_by.user_id == desk.caisse.manager.user_id


def test_a_payments_id_is_its_batchs_and_its_line(desk: Desk) -> None:
    batch = desk.send().batch
    ids = [row["id"] for row in desk.rows("select id from pension_payment order by line")]
    assert ids == [payment_id(batch.id, 2), payment_id(batch.id, 3)]
    assert ids[0].bytes == batch.id.bytes[:12] + b"\x00\x00\x00\x02"


def test_the_seal_is_that_of_the_rows_and_the_rows_stay_as_they_were_sealed(desk: Desk) -> None:
    batch = desk.send().batch
    with desk.database.transaction() as session:
        assert seal.compute(session, batch.id) == batch.seal
    with pytest.raises(Exception, match="is sealed"):
        desk.rows("update pension_payment set amount_minor = 1 where batch_id = %s returning id", batch.id)


def test_the_original_is_kept_packed_and_the_trail_says_who_sent_it(desk: Desk) -> None:
    desk.send()
    (file,) = desk.rows("select * from pension_file")
    assert zlib.decompress(file["original"]) == EXAMPLE.encode()
    assert (file["verdict"], file["rows"], file["valid"], file["invalid"]) == ("valid", 2, 2, 0)
    assert file["totals"]["by_type"] == {"MSISDN": {"count": 2, "amount": 125_000}}
    assert [entry["action"] for entry in users.trail(desk.database, "pension_batch.upload")] == ["pension_batch.upload"]
    assert len(users.trail(desk.database, "pension_batch.confirm")) == 1


def test_one_wrong_row_refuses_the_file_and_every_wrong_row_is_listed(desk: Desk) -> None:
    file = lines("MSISDN,22997000001,XOF,50000", "MSISDN,12,NGN,-1", "ORG,x,XOF,5", "MSISDN,22997000002,XOF,1e5")
    with pytest.raises(InvalidRows) as refused:
        desk.send(file)
    told = refused.value.data
    assert (told["rows"], told["valid"], told["invalid"], told["errors_count"]) == (4, 1, 3, 5)
    assert [(one["line"], one["column"], one["code"]) for one in told["errors"]] == [
        (3, "valeur_id", "msisdn_invalid"),
        (3, "devise", "currency_unsupported"),
        (3, "montant", "amount_not_positive"),
        (4, "type_id", "type_unknown"),
        (5, "montant", "amount_format"),
    ]
    assert all(one["message"] for one in told["errors"])
    assert desk.money() == (1_000_000, 0)
    assert (desk.count("pension_batch"), desk.count("pension_payment"), desk.count("pension_claim")) == (0, 0, 0)
    with desk.database.transaction() as session:
        errors, count = file_reading.list_file_errors(session, desk.caisse.manager, told["file_id"])
    assert count == 5
    assert [one.raw for one in errors][-1] == "MSISDN,22997000002,XOF,1e5"


def test_split_leaves_the_wrong_rows_out_and_keeps_their_list(desk: Desk) -> None:
    sent = desk.send(lines("MSISDN,22997000001,XOF,50000", "MSISDN,22997000002,XOF,12.5"), on_error="split")
    assert (sent.skipped, sent.batch.total.count, sent.batch.skipped_count) == (1, 1, 1)
    assert desk.money() == (950_000, 50_000)
    assert [(row["line"], row["code"]) for row in desk.rows("select line, code from pension_file_error")] == [
        (3, "amount_decimals")
    ]
    assert desk.rows("select verdict from pension_file") == [{"verdict": "split"}]


def test_split_of_a_file_without_a_right_row_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidRows) as refused:
        desk.send(lines("MSISDN,22997000001,XOF,0"), on_error="split")
    assert (refused.value.data["valid"], refused.value.data["invalid"]) == (0, 1)


def test_control_totals_are_those_of_the_rows_that_go_on(desk: Desk) -> None:
    with pytest.raises(ControlTotals) as refused:
        desk.send(expected_count=2, expected_total=130_000)
    assert refused.value.data["found"] == {"count": 2, "total_minor": 125_000}
    assert (desk.count("pension_file"), desk.count("pension_batch")) == (0, 0)
    file = lines("MSISDN,22997000001,XOF,50000", "MSISDN,22997000002,XOF,0")
    assert desk.send(file, on_error="split", expected_count=1, expected_total=50_000).skipped == 1


def test_what_the_account_cannot_cover_is_refused_to_the_franc(desk: Desk) -> None:
    with pytest.raises(InsufficientFunds) as refused:
        desk.send(people(10, amount=100_001))
    assert {name: refused.value.data[name] for name in ("required", "available", "missing")} == {
        "required": 1_000_010,
        "available": 1_000_000,
        "missing": 10,
    }
    assert "ACC-CNSS-BJ-001" in str(refused.value)
    assert desk.money() == (1_000_000, 0)
    assert (desk.count("pension_file"), desk.count("pension_batch")) == (0, 0)
    assert desk.send(people(10, amount=100_000)).batch.stage is BatchStage.QUEUED
    assert desk.money() == (0, 1_000_000)


def test_more_than_the_organisation_sends_at_once_is_refused(desk: Desk) -> None:
    desk.settle(lookup="off", max_total_minor=124_999)
    with pytest.raises(TotalTooLarge):
        desk.send()


@pytest.mark.parametrize(
    ("again", "what"),
    [
        (EXAMPLE, "the same bytes"),
        (EXAMPLE.replace(",", ";").replace("\n", "\r\n"), "another separator"),
        ("\ufeff" + EXAMPLE, "a mark before it"),
        (lines("MSISDN,0197000002,XOF,75000", "MSISDN,+22997000001,XOF,50000"), "another order and writing"),
    ],
)
def test_the_same_file_is_refused_however_it_looks(desk: Desk, again: str, what: str) -> None:
    first = desk.send().batch
    with pytest.raises(SameFile) as refused:
        desk.send(again, file_name=f"{what}.csv")
    assert refused.value.data["bulkTransferId"] == first.bulk_id
    assert refused.value.data["uploaded_by"] == "Awa Diop"
    assert first.bulk_id in str(refused.value)
    assert desk.money() == (875_000, 125_000)


def test_next_months_identical_list_is_lawful_and_said(desk: Desk) -> None:
    desk.send()
    sent = desk.send(cycle="2026-01")
    assert "same_bytes_other_cycle" in [one.code for one in sent.warnings]
    assert desk.money() == (750_000, 250_000)


def test_another_organisation_may_pay_the_same_people(desk: Desk) -> None:
    desk.send()
    foreign = desk.world.foreign
    assert desk.send(of=foreign).batch.stage is BatchStage.QUEUED
    assert (desk.money(), desk.money(foreign)) == ((875_000, 125_000), (875_000, 125_000))


def test_a_person_paid_in_an_earlier_batch_of_the_cycle_is_a_wrong_row(desk: Desk) -> None:
    first = desk.send().batch
    file = lines("MSISDN,0197000001,XOF,45000", "MSISDN,0197000009,XOF,45000")
    with pytest.raises(InvalidRows) as refused:
        desk.send(file)
    (error,) = refused.value.data["errors"]
    assert (error["line"], error["column"], error["code"], error["see"]) == (
        2, "valeur_id", "already_paid_this_cycle", first.bulk_id,
    )  # fmt: skip
    assert refused.value.data["totals"]["earlier"] == 1
    (kept,) = desk.rows("select raw, detail from pension_file_error")
    assert kept == {"raw": "MSISDN,0197000001,XOF,45000", "detail": "2 QUEUED"}
    sent = desk.send(file, on_error="split")
    assert (sent.skipped, sent.batch.total.amount_minor) == (1, 45_000)
    assert desk.payments(sent.batch.bulk_id) == [(3, "+2290197000009", 45_000, "WAITING")]


def test_another_purpose_or_another_cycle_is_another_payment(desk: Desk) -> None:
    desk.send(ARREARS)
    assert desk.send(ARREARS, cycle="2026-01").batch.total.count == 2
    assert desk.count("pension_claim") == 4


def test_a_person_may_stand_twice_if_the_organisation_and_the_sender_say_so(desk: Desk) -> None:
    twice = lines("MSISDN,0197000001,XOF,45000", "MSISDN,0197000001,XOF,12000")
    with pytest.raises(InvalidRows):
        desk.send(twice, allow_same_person=True)
    desk.settle(lookup="off", is_same_person_allowed=True)
    sent = desk.send(twice, allow_same_person=True)
    assert sent.batch.has_same_person
    assert [(one.code, one.count) for one in sent.warnings] == [("duplicate_in_file", 1)]
    assert [row["occurrence"] for row in desk.rows("select occurrence from pension_claim order by 1")] == [1, 2]


def test_a_transfer_id_of_the_sender_serves_once_for_ever(desk: Desk) -> None:
    header = "transferId,amount,currency,partyIdType,partyIdentifier"
    desk.send(lines("t1,100,XOF,MSISDN,0197000001", header=header))
    with pytest.raises(InvalidRows) as refused:
        desk.send(lines("t1,100,XOF,MSISDN,0197000002", "t2,100,XOF,MSISDN,0197000003", header=header), cycle="2026-01")
    (error,) = refused.value.data["errors"]
    assert (error["line"], error["column"], error["code"]) == (2, "transferId", "transfer_id_exists")


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({"payer_account": "ACC-CNPS-CI-001"}, AccountUnknown),
        ({"payer_account": "ACC-1"}, AccountUnknown),
        ({"payer_account": ""}, NoAccount),
        ({"cycle": "2025-13"}, BadCycle),
        ({"cycle": "décembre"}, BadCycle),
        ({"not_before": clock.now() + timedelta(days=32)}, NotBeforeInvalid),
        ({"not_before": clock.now() - timedelta(days=1)}, NotBeforeInvalid),
        ({"not_before": clock.now().replace(tzinfo=None)}, NotBeforeInvalid),
    ],
)
def test_terms_that_do_not_hold_are_refused_before_the_file_is_read(
    desk: Desk, form: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        desk.send(b"not read", **form)
    assert desk.count("pension_file") == 0


def test_a_closed_account_pays_nothing(desk: Desk) -> None:
    closing = SetAccountOpen(account_id=desk.caisse.account.id, is_active=False)
    desk.do(accounts.set_account_open, closing, desk.world.administrator)
    with pytest.raises(AccountInactive):
        desk.send()


def test_the_default_account_and_the_present_month_are_taken_when_nothing_is_said(desk: Desk) -> None:
    desk.settle(lookup="off", default_account_id=desk.caisse.account.id)
    batch = desk.send(payer_account="", cycle="").batch
    assert batch.account_code == desk.caisse.account.account_id
    assert batch.cycle == f"{clock.today('Africa/Porto-Novo'):%Y-%m}"
    assert batch.cycle != CYCLE


def test_mobile_money_knows_people_by_their_number_alone(desk: Desk) -> None:
    with pytest.raises(InvalidRows) as refused:
        desk.send(people(1), rail=Rail.MOBILE_MONEY)
    assert [one["code"] for one in refused.value.data["errors"]] == ["type_not_allowed"]
    assert desk.send(rail=Rail.MOBILE_MONEY).batch.rail is Rail.MOBILE_MONEY


def test_a_file_that_is_too_large_is_refused_while_it_comes(desk: Desk) -> None:
    given = 0

    def endless() -> Iterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b"PERSONAL_ID,0000000001,XOF,100\n" * 40_000

    with pytest.raises(FileTooLarge):
        batches.upload(desk.database, desk.caisse.manager, desk.order(desk.caisse), endless())
    assert given < 100
    assert desk.count("pension_file") == 0


def test_who_was_revoked_meanwhile_sends_nothing(desk: Desk) -> None:
    desk.rows("delete from role_grant where user_id = %s returning id", desk.caisse.manager.user_id)
    with pytest.raises(BatchNotFound):
        desk.send()
    assert desk.count("pension_file") == 0


def test_a_supervisor_only_looks(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        desk.send(by=desk.caisse.supervisor)
