"""From the file to the payees' hands: the document's own example, through the real verbs."""

from datetime import timedelta

import pytest

from core.errors import Forbidden
from services.pensions import batches
from services.pensions.batches import ApproveBatch, CancelBatch, ConfirmBatch, ResumeBatch, RetryBatch, UploadBatch
from tests.builders.switch import Switch

EXAMPLE = b"type_id,valeur_id,devise,montant\nMSISDN,22997000001,XOF,50000\nMSISDN,22997000002,XOF,75000\n"


def order(switch: Switch, **more: object) -> UploadBatch:
    return UploadBatch.model_validate(
        {
            "organisation_id": switch.own.organisation_id,
            "file_name": "pensions.csv",
            "payer_account": "ACC-CNSS-BJ-001",
            "cycle": "2025-12",
            **more,
        }
    )


def test_the_documents_own_file_pays_two_pensioners_once_each(switch: Switch) -> None:
    uploaded = batches.upload(switch.database, switch.own.manager, order(switch), [EXAMPLE])
    assert uploaded.batch.stage == "QUEUED"
    assert switch.balances() == (1_000_000_000 - 125_000, 125_000)
    switch.pass_time()
    assert sorted((row.party, row.amount_minor) for row in switch.book) == [
        ("2290197000001", 50_000),
        ("2290197000002", 75_000),
    ]
    assert switch.balances() == (1_000_000_000 - 125_000, 0)
    switch.assert_agrees()


def test_a_batch_is_looked_up_confirmed_approved_by_another_and_only_then_sent(switch: Switch) -> None:
    switch.settings(four_eyes_from_minor=0, lookup="before")
    content = EXAMPLE + b"MSISDN,22997000901,XOF,10000\nMSISDN,22997000917,XOF,20000\n"
    drafted = batches.preview(switch.database, switch.own.manager, order(switch), [content])
    switch.pass_time()
    bulk_id = drafted.batch.bulk_id
    with switch.database.transaction() as session:
        confirmed = batches.confirm(session, switch.own.manager, ConfirmBatch(bulk_id=bulk_id))
    assert confirmed.stage == "AWAITING_APPROVAL"
    assert switch.balances()[1] == 145_000  # the unknown payee is out already
    switch.pass_time()
    assert switch.book == []
    with switch.database.transaction() as session, pytest.raises(Forbidden):
        batches.approve(session, switch.own.manager, ApproveBatch(bulk_id=bulk_id, seal=confirmed.seal))
    with switch.database.transaction() as session:
        batches.approve(session, switch.own.supervisor, ApproveBatch(bulk_id=bulk_id, seal=confirmed.seal))
    switch.pass_time()
    assert len(switch.book) == 2
    assert switch.balances()[1] == 0

    with switch.database.transaction() as session:
        again = batches.retry(session, switch.own.manager, RetryBatch(bulk_id=bulk_id))
    assert (again.stage, again.total.count, again.retry_of) == ("DRAFT", 1, bulk_id)  # the limit, not the unknown one
    switch.assert_agrees()


def test_after_an_empty_position_a_person_resumes_and_may_cancel_the_rest(switch: Switch) -> None:
    switch.run(position=60_000)
    uploaded = batches.upload(switch.database, switch.own.manager, order(switch), [EXAMPLE])
    bulk_id = uploaded.batch.bulk_id
    switch.pass_time(timedelta(minutes=10))
    with switch.database.transaction() as session:
        resumed = batches.resume(session, switch.own.manager, ResumeBatch(bulk_id=bulk_id, reason="Approvisionné"))
    assert resumed.stage == "PROCESSING"
    switch.pass_time(timedelta(minutes=10))
    with switch.database.transaction() as session:
        ended = batches.cancel(session, switch.own.manager, CancelBatch(bulk_id=bulk_id, reason="Reste en janvier"))
    assert (ended.already_sent, ended.batch.stage) == (1, "PARTIALLY_COMPLETED")
    assert len(switch.book) == 1
    assert switch.balances()[1] == 0
    switch.assert_agrees()
