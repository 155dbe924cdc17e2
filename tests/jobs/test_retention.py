from datetime import datetime, timedelta
from threading import Event

import pytest

from core import clock, ids
from core.database import Database, fetch_all
from jobs import retention
from models.inbox import IdempotencyRecord, InboundEvent
from models.offers import CatalogService, HookState, ServiceHook, Subscription
from models.tasks import JobRun
from models.transfers import TransferAttempt, TransferEvent
from models.users import ConsoleSession, OneTimeCode, RefreshToken, SignInFailure, User
from models.ussd import VelocityBucket, VelocityRule, WireRecord
from models.velocity import VelocityRefusal
from services import retention as rules
from tests.builders import payments, traffic
from tests.builders.traffic import Step

NOW = datetime.fromisoformat("2026-11-21T02:45:00Z")
DAY = timedelta(days=1)


def counts(database: Database) -> dict[str, int]:
    with database.transaction() as session:
        return {
            rule.table: fetch_all(session, f"select count(*) as rows from {rule.table}")[0]["rows"]
            for rule in rules.RULES
        }


def test_texts_live_thirty_days_and_dialogues_thirteen_months(database: Database) -> None:
    two = [Step("home"), Step("end")]
    with database.transaction() as session:
        line = traffic.open_line(session)
        fresh = traffic.add_session(session, line, NOW - 30 * DAY + timedelta(minutes=1), two)
        silent = traffic.add_session(session, line, NOW - 31 * DAY, two)
        traffic.add_session(session, line, NOW - 397 * DAY, two)
        traffic.add_session(session, line, NOW - 400 * DAY, two)
    with clock.travel(NOW):
        assert retention.work(Event()) == "textes vidés : 6, dialogues : 2."
        assert retention.work(Event()) == "Rien à effacer."
    with database.transaction() as session:
        rows = fetch_all(
            session,
            "select session_id, array_agg(response_text order by number) as texts, array_agg(input_text) as inputs,"
            " count(wire_body) as bodies, array_agg(screen_after order by number) as screens"
            " from ussd_turn group by session_id order by min(created_at)",
        )
    screens = ["home", "end"]
    assert [tuple(row.values()) for row in rows] == [
        (silent.id, ["", ""], ["", ""], 0, screens),
        (fresh.id, ["texte de home", "texte de end"], ["1", "1"], 2, screens),
    ]


def test_a_dialogue_still_open_is_never_deleted(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        traffic.add_session(session, line, NOW - 400 * DAY, state="open")
    with clock.travel(NOW):
        retention.work(Event())
    assert counts(database)["ussd_session"] == 1


def test_spent_secrets_go_and_living_ones_stay(database: Database) -> None:
    with database.transaction() as session:
        user = User(email="awa@exemple.cm")
        rule = VelocityRule(name="turns", capacity=10, window_s=60)
        session.add_all([user, rule])
        session.flush()
        gateway_id = traffic.open_line(session).gateway_id
        for is_spent, age in ((True, 2 * DAY), (False, timedelta(hours=23))):
            until, secret = NOW - age, ids.new_id().bytes
            session.add_all(
                [
                    ConsoleSession(user_id=user.id, token_digest=secret, last_seen_at=until, expires_at=until),
                    RefreshToken(
                        user_id=user.id, family_id=user.id, token_digest=secret, access_minutes=30, expires_at=until
                    ),
                    OneTimeCode(
                        user_id=user.id, purpose="reset", channel="sms", address="", digest=secret, expires_at=until
                    ),
                    IdempotencyRecord(
                        caller="a", key=str(is_spent), content=secret, expires_at=NOW - DAY if is_spent else NOW + DAY
                    ),
                    SignInFailure(subject=secret, kind="password", created_at=NOW - age * (20 if is_spent else 1)),
                    VelocityBucket(
                        rule_id=rule.id,
                        subject=str(is_spent),
                        tokens=0,
                        refilled_at=NOW - timedelta(seconds=61 if is_spent else 59),
                    ),
                    VelocityRefusal(
                        rule_id=rule.id,
                        subject=str(is_spent),
                        hour=NOW - (31 if is_spent else 29) * DAY,
                        refusals=1,
                        last_at=NOW - (31 if is_spent else 29) * DAY,
                    ),
                    WireRecord(
                        gateway_id=gateway_id,
                        outcome="continue",
                        elapsed_us=1,
                        created_at=NOW - (8 if is_spent else 6) * DAY,
                    ),
                    JobRun(job="seals", state="done", ended_at=NOW - (31 if is_spent else 29) * DAY),
                ]
            )
        session.add(
            ConsoleSession(
                user_id=user.id, token_digest=b"r", last_seen_at=NOW, expires_at=NOW + DAY, revoked_at=NOW - 2 * DAY
            )
        )
    with clock.travel(NOW):
        summary = retention.work(Event())
    assert summary == (
        "sessions de console : 2, jetons : 1, codes : 1, réponses gardées : 1, échecs de connexion : 1,"
        " compteurs de débit : 1, refus de débit : 1,"
        " échanges avec les passerelles : 1, passages : 1."
    )
    absent = {"ussd_session", "inbound_event", "transfer_attempt", "service_hook"}
    assert counts(database) == {rule.table: 0 if rule.table in absent else 1 for rule in rules.RULES}


def test_callbacks_and_exchanges_live_24_months_and_refused_callbacks_30_days(database: Database) -> None:
    account = payments.account(database)
    transfer = payments.transfer(database, account.id)
    with database.transaction() as session:
        for age, is_accepted in ((29, False), (31, False), (31, True), (700, True), (800, True)):
            at = NOW - age * DAY
            event = InboundEvent(
                source="mtn",
                dedupe_key=f"{age}{is_accepted}",
                body=b"{}",
                authenticity="token",
                is_accepted=is_accepted,
                received_at=at,
            )
            attempt = TransferAttempt(
                transfer_id=transfer.id,
                account_id=account.id,
                n=1,
                operation="status",
                method="GET",
                url="",
                sent_at=at,
                created_at=at,
            )
            session.add_all([event, attempt])
            session.flush()
            session.add(
                TransferEvent(
                    transfer_id=transfer.id,
                    from_state="pending",
                    to_state="succeeded",
                    cause="read",
                    attempt_id=attempt.id,
                    inbound_event_id=event.id,
                )
            )
    with clock.travel(NOW):
        assert retention.work(Event()) == "rappels refusés : 1, rappels : 1, échanges avec les opérateurs : 1."
    assert counts(database)["inbound_event"] == 3
    with database.transaction() as session:
        kept = fetch_all(session, "select count(*) as rows, count(attempt_id) as proved from transfer_event")
    assert kept == [{"rows": 5, "proved": 4}]


def test_many_rows_go_in_bounded_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "BATCH", 3)
    with database.transaction() as session:
        for number in range(10):
            session.add(
                IdempotencyRecord(caller="a", key=str(number), content=b"", expires_at=NOW - timedelta(seconds=1))
            )
    with clock.travel(NOW):
        with database.transaction() as session:
            by_table = {rule.table: rule for rule in rules.RULES}
            assert rules.delete_spent(session, by_table["idempotency_record"]) == 3
        assert retention.work(Event()) == "réponses gardées : 7."
    assert counts(database)["idempotency_record"] == 0


def test_notes_to_providers_are_forgotten_a_month_after_unless_they_wait(database: Database) -> None:
    with database.transaction() as session:
        service = CatalogService(code="FOOT", name="Foot", currency="XAF")
        session.add(service)
        session.flush()
        subscription = Subscription(phone="+237699000001", service_id=service.id, subscribed_at=NOW)
        session.add(subscription)
        session.flush()
        for state, days in ((HookState.SENT, 31), (HookState.FAILED, 31), (HookState.QUEUED, 31), (HookState.SENT, 29)):
            session.add(
                ServiceHook(
                    service_id=service.id,
                    subscription_id=subscription.id,
                    event="subscription.activated",
                    body="{}",
                    state=state,
                    next_try_at=NOW,
                    created_at=NOW - days * DAY,
                )
            )
    with clock.travel(NOW):
        assert retention.work(Event()) == "notes aux fournisseurs : 2."
        assert retention.work(Event()) == "Rien à effacer."
    with database.transaction() as session:
        left = fetch_all(session, "select state from service_hook order by created_at")
    assert [row["state"] for row in left] == ["queued", "sent"]
