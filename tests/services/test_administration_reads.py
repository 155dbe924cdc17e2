"""What the console reads of people, books and messages: who may, what exactly, and nothing of a neighbour."""

from uuid import uuid4

import pytest

from core import clock
from core.database import Database
from core.errors import Forbidden, NotFound
from core.permissions import Grant, Role, Scope
from models.messages import Channel, MessageState
from models.tasks import RunState
from models.users import User, UserState
from services import audit, books, health, jobs, messages, users
from services.messages import OutgoingMessage
from services.users import UserSearch, consoles
from tests.builders import people

READER = people.actor(uuid4(), Grant(Scope.USSD, Role.LECTEUR))
ADMIN = people.admin_actor(uuid4())


def test_only_who_may_reads_sessions_history_holders_health_and_examination(database: Database) -> None:
    yao = people.person(database, "yao@palabre.org")
    with database.transaction() as session:
        for read in (
            lambda: users.list_console_sessions(session, READER, yao),
            lambda: users.list_user_history(session, READER, yao),
            lambda: users.list_holders(session, READER),
            lambda: health.get_health(session, READER),
            lambda: books.get_examination(session, READER),
            lambda: audit.get_entry(session, READER, uuid4()),
            lambda: messages.get_message(session, READER, uuid4()),
        ):
            with pytest.raises(Forbidden):
                read()


def test_one_session_ends_and_the_others_stay(database: Database) -> None:
    yao = people.person(database, "yao@palabre.org")
    with database.transaction() as session:
        user = session.get_one(User, yao)
        tokens = [consoles.open_console(session, user, "", agent) for agent in ("un", "deux")]
    himself = people.actor(yao)
    with database.transaction() as session:
        kept, ended = sorted(users.list_console_sessions(session, himself), key=lambda row: row.agent, reverse=True)
        with pytest.raises(NotFound):
            users.end_console_session(session, READER, ended.id)
        with pytest.raises(NotFound):
            users.end_console_session(session, ADMIN, uuid4())
        assert users.end_console_session(session, himself, ended.id) == ended
        users.end_console_session(session, himself, ended.id)
    with database.transaction() as session:
        assert users.list_console_sessions(session, ADMIN, yao) == [kept]
        alive = [users.actor_of_console_session(session, token, "") is not None for token in tokens]
    assert alive == [kept.agent == agent for agent in ("un", "deux")]
    assert len(people.trail(database, "user.session_end")) == 1


def test_people_are_narrowed_by_role_place_and_state(database: Database) -> None:
    chief = people.admin(database)
    lectors = {scope: people.person(database, f"{scope}@palabre.org") for scope in (Scope.USSD, Scope.CIU)}
    for scope, user_id in lectors.items():
        people.holds(database, user_id, scope, Role.LECTEUR)
    plain = people.person(database, "awa@palabre.org", state="closed")

    def found(**search: object) -> set[object]:
        with database.transaction() as session:
            rows, total = users.list_users(session, ADMIN, UserSearch(**search))
            assert total == len(rows)
            return {row.id for row in rows}

    assert found(has_role=True) == {chief, *lectors.values()}
    assert found(has_role=False) == {plain}
    assert found(role=Role.LECTEUR) == set(lectors.values())
    assert found(role=Role.LECTEUR, scope=Scope.CIU) == {lectors[Scope.CIU]}
    assert found(state=UserState.CLOSED) == {plain}


def test_holders_are_those_who_may_act(database: Database) -> None:
    place = people.organisation(database, "CNSS")
    people.admin(database, first_name="Élise", last_name="Ba")
    zoe = people.person(database, "zoe@cnss.org", first_name="Zoé", last_name="Dossou")
    gone = people.person(database, "gone@cnss.org", state="closed")
    for user_id in (zoe, gone):
        people.holds(database, user_id, Scope.ORGANISATION, Role.SUPERVISEUR, place)
    with database.transaction() as session:
        held = [(one.name, one.role, one.organisation) for one in users.list_holders(session, ADMIN)]
    assert held == [("Élise Ba", Role.ADMIN, ""), ("Zoé Dossou", Role.SUPERVISEUR, "Caisse CNSS")]


def test_an_examination_is_what_the_last_run_wrote(database: Database) -> None:
    with database.transaction() as session:
        assert books.get_examination(session, ADMIN) == books.Examination(None, ())
    for violations in ([["compte 7", "solde -500"]], []):
        with database.transaction() as session:
            run = jobs.begin_run(session, "books")
        with database.transaction() as session:
            if violations:
                changes = {"count": 1, "violations": violations}
                audit.record(session, ADMIN, "books.broken", "books", "3", changes=changes)
        with database.transaction() as session:
            jobs.end_run(session, run, RunState.DONE, "")
            examination = books.get_examination(session, ADMIN)
        broken = [(one.invariant.number, one.count, one.violations) for one in examination.findings if not one.holds]
        assert len(examination.findings) == len(books.INVARIANTS)
        assert broken == ([(3, 1, (("compte 7", "solde -500"),))] if violations else [])
        assert examination.are_right == (not violations)


def test_health_knows_the_migrations_though_the_application_may_not_read_them(database: Database) -> None:
    with database.transaction() as session:
        found = health.get_health(session, ADMIN)
        role = session.connection().exec_driver_sql("select current_user").scalar()
    assert role == "palabre_app"
    assert found.database.is_migrated
    assert found.database.revisions == health.heads()
    assert (found.ledger.entries, found.ledger.unsealed, found.ledger.seal, found.ledger.sha256) == (0, 0, None, "")
    assert (found.jobs.total, found.jobs.failing, found.jobs.has_leader) == (0, (), False)


def test_a_message_shows_its_steps_and_its_parts_and_no_code(database: Database) -> None:
    made = OutgoingMessage(
        dedupe_key="code:1",
        type="code_verification",
        channel=Channel.SMS,
        address="+237699000001",
        template_code="code_verification",
        variables={"minutes": 15},
        secrets={"code": "730518"},
    )
    with database.transaction() as session:
        message_id = messages.enqueue(session, made)
        for state in (MessageState.SENDING, MessageState.SENT):
            messages.record_progress(session, message_id, state)
    with database.transaction() as session:
        row, steps = messages.get_message(session, ADMIN, message_id)
        counts = [
            messages.count_messages(session, ADMIN, channel=channel, kind=kind)
            for channel, kind in (("sms", ""), ("email", ""), ("sms", "code_verification"), ("sms", "pin_bloque"))
        ]
        with pytest.raises(NotFound):
            messages.get_message(session, ADMIN, uuid4())
    assert [step.state for step in steps] == ["sending", "sent"]
    assert (row.segments, row.tries, row.address, "730518" in row.body) == (1, 0, "+23769****01", False)
    assert counts == [1, 0, 1, 0]
    assert row.created_at <= clock.now()
