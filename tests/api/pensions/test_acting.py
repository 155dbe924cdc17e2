"""A batch's life by curl: previewed, confirmed, approved by a second person, paused, cancelled, tried again."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from httpx import Response

from core.database import Database
from models.pension_stages import BatchStage, PaymentStage
from services.pensions import settings
from services.pensions.settings import ChangeSettings
from tests.api.pensions.conftest import EXAMPLE, MANAGER, ROOT, SUPERVISOR, Client, SignIn
from tests.builders import people
from tests.builders.pension_batches import Pay, paid, put, some
from tests.builders.pensions import PensionWorld

REASON = {"reason": "Vérification demandée"}


@pytest.fixture
def four_eyes(database: Database, world: PensionWorld) -> PensionWorld:
    """Let the organisation ask for a second person always, and look nobody up."""
    return choose(database, world, four_eyes_from_minor=0, lookup="off")


@pytest.fixture
def unasked(database: Database, world: PensionWorld) -> PensionWorld:
    """Let the organisation look nobody up."""
    return choose(database, world, lookup="off")


def choose(database: Database, world: PensionWorld, **chosen: Any) -> PensionWorld:
    """Set how the organisation pays."""
    order = ChangeSettings(organisation_id=world.own.organisation_id, default_account_id=world.own.account.id, **chosen)
    with database.transaction() as session:
        settings.change_settings(session, world.administrator, order)
    return world


def available(client: Client) -> tuple[int, int]:
    (account,) = client.get("/api/accounts").json()
    return account["available"], account["reserved"]


def told(answer: Response) -> tuple[int, Any]:
    return answer.status_code, answer.json().get("code") or answer.json().get("stage")


@pytest.mark.usefixtures("four_eyes")
def test_a_draft_is_confirmed_and_approved_by_another_person(sign_in: SignIn) -> None:
    manager, supervisor = sign_in(MANAGER), sign_in(SUPERVISOR)
    draft = manager.upload(EXAMPLE, to="/preview").json()
    at = f"{ROOT}/{draft['bulkTransferId']}"
    assert available(manager) == (1_000_000, 0)
    assert told(supervisor.post(f"{at}/approve", {"seal": "sha256:x"})) == (409, "wrong_stage")
    assert told(manager.post(f"{at}/confirm", {"expected_count": 3})) == (400, "control_totals")
    confirmed = manager.post(f"{at}/confirm", {"expected_count": 2, "expected_total": 125_000})
    assert told(confirmed) == (200, "AWAITING_APPROVAL"), confirmed.text
    assert available(manager) == (875_000, 125_000)
    assert told(manager.post(f"{at}/confirm")) == (409, "wrong_stage")
    assert told(manager.post(f"{at}/approve", {"seal": confirmed.json()["seal"]})) == (403, "permission_denied")
    assert told(supervisor.post(f"{at}/approve", {"seal": "sha256:" + "0" * 64})) == (409, "seal_changed")
    assert supervisor.post(f"{at}/approve", {}).json() == {"seal": ["champ obligatoire"]}
    details = supervisor.get(f"{at}/details").json()
    approved = supervisor.post(f"{at}/approve", {"seal": details["seal"]})
    assert told(approved) == (200, "QUEUED"), approved.text
    signed = supervisor.get(f"{at}/details").json()
    assert (signed["created_by"], signed["confirmed_by"], signed["approved_by"]) == ("Awa Diop",) * 3
    assert signed["state"] == "PENDING"


@pytest.mark.usefixtures("four_eyes")
def test_a_second_person_says_no_and_the_money_is_free(sign_in: SignIn) -> None:
    manager, supervisor = sign_in(MANAGER), sign_in(SUPERVISOR)
    sent = manager.upload(EXAMPLE).json()
    assert sent["stage"] == "AWAITING_APPROVAL"
    at = f"{ROOT}/{sent['bulkTransferId']}"
    for body, field in (({}, "reason"), ({"reason": "no"}, "reason"), ({"reason": "x" * 501}, "reason")):
        refused = supervisor.post(f"{at}/reject", body)
        assert (refused.status_code, set(refused.json())) == (400, {field})
    rejected = supervisor.post(f"{at}/reject", {"reason": "Montants de novembre"})
    assert told(rejected) == (200, "REJECTED")
    assert rejected.json()["state"] == "FAILED"
    assert available(manager) == (1_000_000, 0)
    assert manager.get(f"{at}/details").json()["end_reason"] == "Montants de novembre"
    assert told(manager.upload(EXAMPLE)) == (200, "AWAITING_APPROVAL")  # a refused file may be sent again


def test_a_person_who_changed_his_role_does_not_approve_his_own(
    database: Database, four_eyes: PensionWorld, sign_in: SignIn
) -> None:
    manager = sign_in(MANAGER)
    sent = manager.upload(EXAMPLE).json()
    with database.transaction() as session:
        session.connection().exec_driver_sql(
            "update role_grant set role = 'SUPERVISEUR' where user_id = %s", (four_eyes.own.manager.user_id,)
        )
    refused = manager.post(f"{ROOT}/{sent['bulkTransferId']}/approve", {"seal": sent["seal"]})
    assert told(refused) == (403, "same_person"), refused.text
    assert set(refused.json()) == {"error", "code"}


def test_a_queued_batch_is_paused_resumed_and_cancelled(manager: Client) -> None:
    sent = manager.upload(EXAMPLE).json()
    at = f"{ROOT}/{sent['bulkTransferId']}"
    assert told(manager.post(f"{at}/resume", REASON)) == (409, "wrong_stage")
    assert told(manager.post(f"{at}/pause", REASON)) == (200, "PAUSED")
    assert manager.get(at).json()["pause_reason"]
    assert told(manager.post(f"{at}/resume", REASON))[0] == 200
    assert told(manager.post(f"{at}/cancel", {})) == (400, None)
    cancelled = manager.post(f"{at}/cancel/", {"reason": "Fichier de test"})
    assert cancelled.status_code == 200, cancelled.text
    assert (cancelled.json()["state"], cancelled.json()["already_sent"]) in {("FAILED", 0), ("PROCESSING", 0)}
    assert told(manager.post(f"{at}/cancel", REASON))[0] == 409


def test_what_failed_is_tried_again_in_a_batch_of_its_own(
    database: Database, world: PensionWorld, manager: Client
) -> None:
    failed = Pay(
        PaymentStage.FAILED, identifier="+2290197000099", code="5001", reason="provider_unavailable", is_retryable=True
    )
    lost = Pay(PaymentStage.FAILED, identifier="+2290197000098", code="3204", reason="payee_not_found")
    ended = put(database, world.own, [*paid(2), failed, lost], BatchStage.PARTIALLY_COMPLETED)
    again = manager.post(f"{ROOT}/{ended.bulk_id}/retry")
    assert again.status_code == 201, again.text
    body = again.json()
    assert (body["stage"], body["total"], body["retry_of"]) == ("DRAFT", 1, ended.bulk_id)
    (line,) = manager.get(f"{ROOT}/{body['bulkTransferId']}").json()["individual_transfers"]
    assert line["amount"] == failed.amount_minor
    hopeless = f"{ended.bulk_id}-0000005"
    refused = manager.post(f"{ROOT}/{ended.bulk_id}/retry", {"transfer_ids": [hopeless]})
    assert told(refused) == (409, "nothing_to_retry")
    running = put(database, world.own, some(PaymentStage.SENT), BatchStage.PROCESSING)
    assert told(manager.post(f"{ROOT}/{running.bulk_id}/retry"))[0] == 409


def test_a_draft_waits_until_its_people_were_looked_up(manager: Client) -> None:
    draft = manager.upload(EXAMPLE, to="/preview").json()
    refused = manager.post(f"{ROOT}/{draft['bulkTransferId']}/confirm")
    assert told(refused) == (409, "lookups_running")
    assert available(manager) == (1_000_000, 0)


@pytest.mark.usefixtures("unasked")
def test_the_same_key_confirms_once_and_says_the_same(manager: Client) -> None:
    draft = manager.upload(EXAMPLE, to="/preview").json()
    at = f"{ROOT}/{draft['bulkTransferId']}/confirm"
    key = {"Idempotency-Key": "confirmer-décembre".replace("é", "e")}
    first = manager.post(at, {}, headers=key)
    again = manager.post(at, {}, headers=key)
    assert first.status_code == 200, first.text
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    other = manager.post(at, {"expected_count": 2}, headers=key)
    assert told(other) == (409, "idempotency_conflict")
    assert available(manager) == (875_000, 125_000)


@pytest.mark.usefixtures("unasked")
def test_of_many_who_confirm_at_once_one_does(manager: Client) -> None:
    draft = manager.upload(EXAMPLE, to="/preview").json()
    at = f"{ROOT}/{draft['bulkTransferId']}/confirm"
    with ThreadPoolExecutor(8) as pool:
        answers = [told(answer) for answer in pool.map(lambda _: manager.post(at), range(8))]
    assert sorted(answers) == [(200, "QUEUED"), *[(409, "wrong_stage")] * 7]
    assert available(manager) == (875_000, 125_000)


def test_the_same_file_at_once_is_one_batch(manager: Client) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = [told(answer) for answer in pool.map(lambda _: manager.upload(EXAMPLE), range(4))]
    assert sorted(answers) == [(200, "QUEUED"), *[(409, "same_file")] * 3]
    assert available(manager) == (875_000, 125_000)


BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"12",
    b'"texte"',
    b"{}",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"reason":' + b"9" * 5000 + b"}",
    b'{"reason":"a\\u0000b","seal":"\\ud800","transfer_ids":["\\u0000"],"proof_id":"\\ud800","outcome":"x"}',
    b'{"reason":{"a":1},"seal":["x"],"transfer_ids":{"a":1},"accept_duplicates":["x"],"expected_count":true}',
    b'{"accept_duplicates":[' + b"1," * 100_001 + b"1]}",
    b'{"expected_count":1e400,"expected_total":-1,"not_before":"hier","accept_duplicates":[99999999999999999999]}',
    b'{"expected_count":NaN,"not_before":1e300,"reason":"ok, mais trop"}',
    b'{"accept_duplicates":[-1,0,9223372036854775808],"transfer_ids":["' + b"x" * 10_000 + b'"]}',
    b'{"not_before":"0001-01-01T00:00:00+14:00","reason":"trop","seal":"' + b"x" * 500 + b'"}',
]


def test_no_body_makes_a_door_fail(database: Database, world: PensionWorld, sign_in: SignIn) -> None:
    people_of = [sign_in(email) for email in (MANAGER, SUPERVISOR)]
    batch = put(database, world.own, [*some(PaymentStage.HELD), *some(PaymentStage.UNKNOWN, first=70_000)])
    acts = ("confirm", "cancel", "pause", "resume", "retry", "approve", "reject")
    payment = f"payments/{batch.bulk_id}-0000002"
    decisions = tuple(f"{payment}/{act}" for act in ("release", "refuse", "inquire", "settle"))
    for act in (*acts, *decisions):
        for body in BODIES:
            for client in people_of:
                headers = {"Content-Type": "application/json"}
                answer = client.call("POST", f"{ROOT}/{batch.bulk_id}/{act}", content=body, headers=headers)
                assert answer.status_code < 500, (act, body[:60], answer.text)
                if answer.status_code >= 400:
                    fields = answer.json()
                    is_form = all(isinstance(value, list) for value in fields.values())
                    assert is_form or ("code" in fields and ("error" in fields or "detail" in fields)), answer.text
                assert b"ud800" not in answer.content
    assert people.trail(database, "pension_batch.confirm") == []
