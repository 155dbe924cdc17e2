"""Who is told what of a batch: figures and a link, once, and never a payee."""

from datetime import timedelta

import pytest

from core import clock
from core.database import Database, fetch_all
from core.permissions import Role, Scope
from core.settings import get_settings
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from services.messages.outbox import open_text
from services.pensions import messages
from tests.builders import pension_batches, pensions, people
from tests.builders.pension_batches import paid, some
from tests.builders.pensions import PensionWorld


@pytest.fixture
def world(database: Database) -> PensionWorld:
    return pensions.build(database, funds_minor=1_000_000)


def put(database: Database, world: PensionWorld, stage: BatchStage, **columns: object) -> PensionBatch:
    lines = [*paid(2), *some(PaymentStage.UNKNOWN), *some(PaymentStage.FAILED, first=70_000)]
    return pension_batches.put(database, world.own, lines, stage, **columns)


def outbox(database: Database) -> list[tuple[str, str, str]]:
    """Return who was told by which way, and the whole text."""
    with database.transaction() as session:
        rows = fetch_all(
            session,
            "select m.id, m.channel, coalesce(u.email, m.address) as who from message m"
            " left join users u on u.id = m.recipient_id order by who, m.channel",
        )
        return [
            (row["who"], row["channel"], open_text(session, row["id"]).body.replace("\u202f", " ").replace("\xa0", " "))
            for row in rows
        ]


MANAGER, SUPERVISOR = "gestionnaire@cnss-bj.example", "superviseur@cnss-bj.example"


def test_approvers_are_asked_and_makers_are_not(database: Database, world: PensionWorld) -> None:
    batch = put(database, world, BatchStage.AWAITING_APPROVAL, approved_by=None, approved_at=None)
    for _ in range(2):
        with database.transaction() as session:
            messages.tell_approval_asked(session, batch.id)
    told = outbox(database)
    assert [(who, channel) for who, channel, _ in told] == [(SUPERVISOR, "email"), (SUPERVISOR, "in_app")]
    said = f"Caisse CNSS-BJ: le lot {batch.bulk_id} attend votre accord. Paiements: 4, 200 000 FCFA. "
    link = get_settings().public_base_url + f"/pensions/lots/{batch.bulk_id}"
    assert {text for _, _, text in told} == {said + link}


def test_an_approver_who_uploaded_is_not_asked(database: Database, world: PensionWorld) -> None:
    both = world.own.manager.user_id
    assert both
    people.holds(database, both, Scope.ORGANISATION, Role.SUPERVISEUR, world.own.organisation_id)
    batch = put(database, world, BatchStage.AWAITING_APPROVAL, approved_by=None, approved_at=None)
    with database.transaction() as session:
        messages.tell_approval_asked(session, batch.id)
    assert {who for who, _, _ in outbox(database)} == {SUPERVISOR}


def test_makers_learn_the_decision(database: Database, world: PensionWorld) -> None:
    approved = put(database, world, BatchStage.QUEUED)
    rejected = put(
        database, world, BatchStage.REJECTED, end_reason="Le 97 00 00 01 est faux", approved_by=None, approved_at=None
    )
    with database.transaction() as session:
        messages.tell_decided(session, approved.id)
        messages.tell_decided(session, rejected.id)
    told = outbox(database)
    assert {who for who, _, _ in told} == {MANAGER}
    texts = sorted({text for _, _, text in told})
    assert len(texts) == 2
    assert any("est approuvé" in text for text in texts)
    (refused,) = [text for text in texts if "est refusé" in text]
    assert "97 00 00 01" not in refused
    assert "est faux" in refused


def test_the_end_is_told_with_its_figures(database: Database, world: PensionWorld) -> None:
    batch = put(database, world, BatchStage.PARTIALLY_COMPLETED)
    with database.transaction() as session:
        messages.tell_ended(session, batch.id)
    told = outbox(database)
    assert {who for who, _, _ in told} == {MANAGER, SUPERVISOR}
    assert f"le lot {batch.bulk_id} est terminé. Payés: 2 sur 4 (50,00 %), soit 100 000 FCFA. " in told[0][2]


def test_a_stop_is_told_at_once_and_to_the_watch(
    database: Database, world: PensionWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "email_alertes", "garde@palabre.example, GARDE2@palabre.example")
    batch = put(database, world, BatchStage.PAUSED, pause_reason="position")
    for _ in range(2):
        with database.transaction() as session:
            messages.tell_paused(session, batch.id)
    told = outbox(database)
    assert [(who, channel) for who, channel, _ in told] == [
        ("GARDE2@palabre.example", "email"),
        ("garde@palabre.example", "email"),
        (MANAGER, "email"),
        (MANAGER, "in_app"),
        (SUPERVISOR, "email"),
        (SUPERVISOR, "in_app"),
    ]
    assert "est en pause (position insuffisante au switch). Paiements restants: 1, 50 000 FCFA." in told[0][2]
    with database.transaction() as session:
        rows = fetch_all(session, "select distinct priority from message")
    assert [row["priority"] for row in rows] == [1]


def test_doubts_are_told_after_an_hour_and_after_a_day(database: Database, world: PensionWorld) -> None:
    with clock.travel(pension_batches.STARTED + timedelta(minutes=50)) as time:
        put(database, world, BatchStage.PROCESSING)

        def due() -> int:
            with database.transaction() as session:
                messages.tell_due(session)
            return len({text for _, _, text in outbox(database)})

        assert due() == 0
        time.advance(20 * 60)
        assert due() == 1
        assert due() == 1
        time.advance(23 * 3600)
        assert due() == 2
    texts = sorted({text for _, _, text in outbox(database)})
    assert "paiements sans nouvelle depuis 1 h: 1, 50 000 FCFA. Ne renvoyez rien." in texts[0]
    assert "sans nouvelle depuis 24 h" in texts[1]


def test_what_is_about_to_expire_is_told_a_day_before(database: Database, world: PensionWorld) -> None:
    now = pension_batches.STARTED
    with clock.travel(now) as time:
        draft = put(database, world, BatchStage.DRAFT, expires_at=now + timedelta(days=2))
        asked = put(
            database,
            world,
            BatchStage.AWAITING_APPROVAL,
            expires_at=now + timedelta(days=2),
            approved_by=None,
            approved_at=None,
        )
        with database.transaction() as session:
            assert messages.tell_due(session) == 0
        time.advance(25 * 3600)
        for _ in range(2):
            with database.transaction() as session:
                messages.tell_due(session)
    told = outbox(database)
    of_draft = {who for who, _, text in told if draft.bulk_id in text and "périme" in text}
    of_asked = {who for who, _, text in told if asked.bulk_id in text and "périme" in text}
    assert (of_draft, of_asked) == ({MANAGER}, {MANAGER, SUPERVISOR})
    assert any("(brouillon) se périme le 23/11/2026 10:00" in text for _, _, text in told)


def test_no_message_names_a_payee(database: Database, world: PensionWorld) -> None:
    batch = put(database, world, BatchStage.PAUSED, pause_reason="adapter_unwell")
    with database.transaction() as session:
        for tell in (messages.tell_approval_asked, messages.tell_decided, messages.tell_ended, messages.tell_paused):
            tell(session, batch.id)
        messages.tell_doubt(session, batch.id, 1)
    everything = " ".join(text for _, _, text in outbox(database))
    assert everything
    for part in ("Diop", "DIOP", "97000001", "2290"):
        assert part not in everything


def test_who_left_is_told_nothing(database: Database, world: PensionWorld) -> None:
    batch = put(database, world, BatchStage.COMPLETED)
    with database.transaction() as session:
        session.connection().exec_driver_sql("update users set state = 'closed' where email = %s", (MANAGER,))
        messages.tell_ended(session, batch.id)
    assert {who for who, _, _ in outbox(database)} == {SUPERVISOR}
