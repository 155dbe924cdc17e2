"""A notice from the draft to the phones: tried on oneself, counted, agreed by two, written once each, stopped."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from core import clock
from core.database import Database, Session, fetch_all
from core.errors import Forbidden, InvalidInput, WrongState
from core.permissions import Actor
from core.settings import get_settings
from jobs.notices import advance
from models.notices import NoticeState
from models.users import User
from services import approvals, notices
from services.approvals import DecideApproval, SamePerson
from services.messages import sending, suppressions
from services.notices import (
    NobodyMeant,
    NoOwnPhone,
    NotTested,
    NotWorthSending,
    SaveNotice,
    SendNotice,
    outbox,
)
from tests.builders import people, world
from tests.services.notices_desk import GRANTS, TEXT, operator, rows, saved, sent
from tests.services.wallet_world import AWA, JEAN, READER, STRANGER, while_open

__all__ = ["operator"]


def test_everybody_gets_one_sms_and_one_line_in_the_inbox_in_his_language(database: Database, operator: Actor) -> None:
    notice_id = sent(database, operator)
    found = rows(database)
    assert len(found) == 7  # six active people of the world and the operator; Marie is suspended
    keys = {row["dedupe_key"] for row in found}
    assert keys == {f"notice:{notice_id}:{row['recipient_id']}" for row in found}
    assert {row["variables"]["texte"] for row in found if row["locale"] == "fr"} == {TEXT["fr"]}
    assert [row["variables"]["texte"] for row in found if row["locale"] == "en"] == [TEXT["en"]]
    assert {(row["state"], row["priority"], row["guard"]) for row in found} == {("queued", 3, "notice_going_out")}
    with database.transaction() as session:
        assert notices.read_latest(session, AWA) == TEXT["fr"]
        assert notices.read_latest(session, AWA) == ""
        progress = notices.get_progress(session, READER, notice_id)
        notice = notices.get_notice(session, READER, notice_id)
    assert (notice.state, notice.recipients, notice.written) == (NoticeState.SENT, 7, 7)
    assert [(each.network, each.waiting, each.total) for each in progress.networks] == [
        ("Orange", 5, 5), ("MTN", 2, 2)
    ]  # fmt: skip
    assert (progress.inbox, progress.inbox_read) == (7, 1)


def test_batches_go_on_where_the_last_one_ended_and_write_nobody_twice(
    database: Database, operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 3)
    notice_id = sent(database, operator, has_inbox=False)
    assert len(rows(database)) == 7
    with database.transaction() as session:
        session.connection().exec_driver_sql("update notice set state = 'sending', cursor = ''")
    while advance(database):
        pass
    assert len(rows(database)) == 7
    assert {row["data"]["notice_id"] for row in rows(database)} == {str(notice_id)}


def test_a_notice_is_read_on_ones_own_phone_first_and_again_when_its_text_changes(
    database: Database, operator: Actor
) -> None:
    with database.transaction() as session:
        notice_id = saved(session, operator)
        with pytest.raises(NotTested):
            notices.send_notice(session, operator, SendNotice(notice_id=notice_id))
        assert notices.test_notice(session, operator, notice_id).is_tested
        tried = fetch_all(session, "select address, channel, priority, variables from message order by channel")
        assert [(row["address"], row["channel"], row["priority"]) for row in tried] == [
            ("+237699000050", "in_app", 1), ("+237699000050", "sms", 1)
        ]  # fmt: skip
        assert {row["variables"]["texte"] for row in tried} == {TEXT["en"]}
        changed = notices.save_notice(
            session, operator, SaveNotice(notice_id=notice_id, name="Fermeture", texts={"fr": "Autre texte."})
        )
        assert not changed.is_tested
        with pytest.raises(NotTested):
            notices.send_notice(session, operator, SendNotice(notice_id=notice_id))
        with pytest.raises(NoOwnPhone):
            notices.test_notice(session, replace(operator, user_id=None), notice_id)


def test_above_the_threshold_another_person_agrees_or_the_draft_comes_back(
    database: Database, operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "notice_four_eyes_above", 5)
    second = Actor(people.person(database, "second@palabre.example"), "Seconde", GRANTS)
    with database.transaction() as session:
        notice_id = saved(session, operator)
        notices.test_notice(session, operator, notice_id)
        assert notices.send_notice(session, operator, SendNotice(notice_id=notice_id)).state == NoticeState.REVIEW
        (asked,) = approvals.list_waiting(session, second)
        assert asked.summary == "Envoyer « Fermeture » à 7 personnes"
        with pytest.raises(SamePerson):
            approvals.decide(session, operator, DecideApproval(approval_id=asked.id, is_approved=True))
        approvals.decide(session, second, DecideApproval(approval_id=asked.id, is_approved=False, reason="trop tôt"))
        assert notices.get_notice(session, second, notice_id).state == NoticeState.DRAFT
        notices.send_notice(session, operator, SendNotice(notice_id=notice_id))
        (asked,) = approvals.list_waiting(session, second)
    assert advance(database) == 0
    with database.transaction() as session:
        approvals.decide(session, second, DecideApproval(approval_id=asked.id, is_approved=True))
    advance(database)
    assert len(rows(database)) == 7


def test_a_big_audience_cut_in_small_ones_needs_another_person_too(
    database: Database, operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "notice_four_eyes_above", 3)
    colleague = Actor(people.person(database, "second@palabre.example", phone="+237699000051"), "Seconde", GRANTS)

    def send(session: Session, actor: Actor, *numbers: str, notice_id: UUID | None = None) -> str:
        audience = {"kind": "numbers"}
        notice_id = notice_id or saved(session, actor, audience=audience, numbers=numbers, has_inbox=False)
        notices.test_notice(session, actor, notice_id)
        return notices.send_notice(session, actor, SendNotice(notice_id=notice_id)).state

    with clock.travel(world.NOW) as traveller:
        with database.transaction() as session:
            assert send(session, operator, AWA, JEAN) == NoticeState.SCHEDULED
            assert send(session, operator, "699000003", "699000005") == NoticeState.REVIEW
            others = saved(session, colleague, audience={"kind": "numbers"}, numbers=("699000006", "699000007"))
            assert send(session, operator, notice_id=others) == NoticeState.REVIEW, "whoever wrote the draft"
            assert send(session, operator, "699000008") == NoticeState.SCHEDULED, "three are not many"
            assert send(session, colleague, "699000003", "699000005") == NoticeState.SCHEDULED, "each for himself"
            for asked in approvals.list_waiting(session, colleague):
                approvals.decide(session, colleague, DecideApproval(approval_id=asked.id, is_approved=True))
            assert send(session, colleague, "699000009") == NoticeState.SCHEDULED, "what two agreed on weighs nothing"
        traveller.advance(24 * 3_600)
        with database.transaction() as session:
            assert send(session, operator, "699000003", "699000005", "699000007") == NoticeState.SCHEDULED


def test_two_sendings_at_the_same_instant_are_added_up_too(
    database: Database, operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "notice_four_eyes_above", 3)
    with database.transaction() as session:
        drafts = [
            saved(session, operator, audience={"kind": "numbers"}, numbers=numbers, has_inbox=False)
            for numbers in ((AWA, JEAN), ("699000003", "699000005"))
        ]
        for each in drafts:
            notices.test_notice(session, operator, each)

    def second() -> str:
        with database.transaction() as session:
            return notices.send_notice(session, operator, SendNotice(notice_id=drafts[1])).state

    def first(session: Session) -> None:
        notices.send_notice(session, operator, SendNotice(notice_id=drafts[0]))

    assert while_open(database, first, second) == NoticeState.REVIEW


@pytest.mark.parametrize("spelling", ["699 00 00 01", "+237699000001", "00237 699-000-001", "699.00.00.01"])
def test_who_opted_out_is_not_written_to_however_the_list_spells_him(
    database: Database, operator: Actor, spelling: str
) -> None:
    with database.transaction() as session:
        notices.opt_out(session, AWA)
    sent(database, operator, audience={"kind": "numbers"}, numbers=(spelling, JEAN), has_inbox=False)
    assert handed_over(database) == {JEAN}


def handed_over(database: Database) -> set[str]:
    """Take from the outbox what may leave; return to whom, and check that the others were left alone for good."""
    with (
        clock.travel(max(clock.now(), world.NOW).replace(hour=12) + timedelta(days=1)),
        database.transaction() as session,
    ):
        while sending.take_next(session, ["sms"]) is not None:
            pass
    states = {row["address"]: row["state"] for row in rows(database)}
    assert set(states.values()) <= {"queued", "sending", "suppressed"}
    return {address for address, state in states.items() if state != "suppressed"}


def test_a_stop_is_at_once_and_what_was_sent_stays_counted(database: Database, operator: Actor) -> None:
    notice_id = sent(database, operator, has_inbox=False)
    with database.transaction() as session:
        session.connection().exec_driver_sql(f"update message set state = 'sent' where address = '{AWA}'")
        assert notices.stop_notice(session, operator, notice_id).state == NoticeState.STOPPED
    while advance(database):
        pass
    with database.transaction() as session:
        progress = notices.get_progress(session, operator, notice_id)
        assert notices.get_notice(session, operator, notice_id).ended_at is not None
        with pytest.raises(WrongState):
            notices.stop_notice(session, operator, notice_id)
    assert [(each.network, each.sent, each.cancelled) for each in progress.networks] == [
        ("Orange", 1, 4), ("MTN", 0, 2)
    ]  # fmt: skip


def test_a_planned_notice_waits_for_its_hour(database: Database, operator: Actor) -> None:
    with clock.travel(world.NOW) as traveller:
        with database.transaction() as session:
            notice_id = saved(session, operator)
            notices.test_notice(session, operator, notice_id)
            later = clock.now().replace(hour=18)
            notices.send_notice(session, operator, SendNotice(notice_id=notice_id, starts_at=later))
        assert advance(database) == 0
        traveller.advance(9 * 3_600)
        assert advance(database) == 7


def test_the_preview_counts_people_parts_and_who_wants_none(database: Database, operator: Actor) -> None:
    with database.transaction() as session:
        suppressions.suppress(session, "sms", JEAN, "stop")
        session.connection().exec_driver_sql(
            "insert into message (id, created_at, dedupe_key, type, channel, address, locale, template_code,"
            " template_version, variables, data, guard, priority, not_before, state, sent_at, tries, encoding,"
            " segments, error_code, cost_minor, cost_currency)"
            " values (gen_random_uuid(), now(), 'x', 'information', 'sms', '+237699000099', 'fr', 'information', 1,"
            " '{}', '{}', '', 3, now(), 'sent', now(), 1, 'gsm7', 2, '', 30, 'XAF')"
        )
        notice_id = saved(session, operator, texts={"fr": "x" * 161, "en": "short"})
        found = notices.preview_notice(session, READER, notice_id)
    assert (found.people, found.opted_out, found.parts) == (7, 1, 4 * 2 + 1 + 1 * 2)
    assert [(each.network, each.people, each.opted_out, each.parts, each.cost_minor) for each in found.networks] == [
        ("Orange", 5, 0, 9, 135), ("MTN", 2, 1, 2, None)
    ]  # fmt: skip


def test_a_list_of_numbers_reaches_strangers_too_and_a_wrong_line_is_named(database: Database, operator: Actor) -> None:
    numbers = ("677000002", "+237 699 00 00 77", "677000002")
    notice_id = sent(database, operator, audience={"kind": "numbers"}, numbers=numbers, has_inbox=False)
    assert [(row["address"], row["recipient_id"] is None) for row in rows(database)] == [
        (JEAN, False), ("+237699000077", True)
    ]  # fmt: skip
    assert rows(database)[1]["dedupe_key"] == f"notice:{notice_id}:+237699000077"
    with database.transaction() as session, pytest.raises(InvalidInput) as refused:
        saved(session, operator, audience={"kind": "numbers"}, numbers=("677000002", "12"))
    assert refused.value.fields["numbers"].startswith("Ligne 2 :")


def test_a_filter_narrows_and_nobody_is_a_refusal(database: Database, operator: Actor) -> None:
    agents = {"kind": "filter", "roles": ["agent"]}
    sent(database, operator, audience=agents, has_inbox=False)
    assert [row["address"] for row in rows(database)] == ["+237699000003"]
    with database.transaction() as session:
        notice_id = saved(session, operator, audience={"kind": "filter", "roles": ["agent"], "networks": ["MTN"]})
        notices.test_notice(session, operator, notice_id)
        with pytest.raises(NobodyMeant):
            notices.send_notice(session, operator, SendNotice(notice_id=notice_id))
        nobody_seen = saved(session, operator, audience={"kind": "filter", "seen_within_days": 30})
        assert notices.preview_notice(session, operator, nobody_seen).people == 0


def test_a_text_of_three_parts_or_without_its_own_language_is_refused(database: Database, operator: Actor) -> None:
    with database.transaction() as session:
        for texts in ({"fr": "x" * 307}, {"en": "only English"}, {"fr": "😀" * 70}):
            notice_id = saved(session, operator, texts=texts)
            with pytest.raises(NotWorthSending):
                notices.test_notice(session, operator, notice_id)


def test_opting_out_is_the_persons_own_and_an_operators_stop_is_not_undone(database: Database, operator: Actor) -> None:
    assert operator.user_id
    with database.transaction() as session:
        notices.opt_out(session, AWA)
        assert not notices.wants_sms(session, AWA)
        assert notices.opt_in(session, AWA)
        assert notices.wants_sms(session, AWA)
        suppressions.suppress(session, "sms", JEAN, "operator")
        assert not notices.opt_in(session, JEAN)


def test_a_reader_looks_on_and_a_stranger_sees_nothing(database: Database, operator: Actor) -> None:
    with database.transaction() as session:
        notice_id = saved(session, operator)
        assert [row.name for row in notices.list_notices(session, READER, search="ferm")] == ["Fermeture"]
        assert notices.count_notices(session, READER, state="sent") == 0
        for refused in (
            lambda: saved(session, READER),
            lambda: notices.test_notice(session, READER, notice_id),
            lambda: notices.send_notice(session, READER, SendNotice(notice_id=notice_id)),
            lambda: notices.stop_notice(session, READER, notice_id),
            lambda: notices.list_notices(session, STRANGER),
            lambda: notices.get_progress(session, STRANGER, notice_id),
            lambda: notices.preview_notice(session, STRANGER, notice_id),
        ):
            with pytest.raises(Forbidden):
                refused()
        assert session.get(User, operator.user_id) is not None


# Screens shown by the network
