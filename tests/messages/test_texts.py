"""Texts as data: installed, edited, linted, published at once, brought back."""

from uuid import UUID

import pytest

from core.database import Database
from core.errors import Forbidden, InvalidInput
from core.permissions import SYSTEM
from models.messages import Channel
from models.users import User
from services import messages
from services.messages import editions, figures
from services.messages.editions import SaveText, TextRefused
from services.messages.kinds import KINDS
from services.messages.texts import LOCALES, find_text, templates
from tests.messages.house import House, number
from tests.services.wallet_world import ADMIN, OPERATOR, READER


@pytest.fixture
def shelf(database: Database) -> Database:
    """Give an installation with the shipped texts."""
    with database.transaction() as session:
        assert editions.install_shipped(session) == len(templates()) * len(LOCALES)
        assert editions.install_shipped(session) == 0
        session.add(editor())
    return database


def editor() -> User:
    """Return who edits, as a row."""
    assert OPERATOR.user_id
    return User(id=OPERATOR.user_id, email="editor@example.org", first_name="Ed", last_name="Iteur")


def find(database: Database, code: str = "pin_bloque", locale: str = "fr") -> editions.TextRow:
    with database.transaction() as session:
        rows = editions.list_texts(session, ADMIN, code=code, locale=locale)
        return next(row for row in rows if row.state == "published")


def draft(database: Database, body: str, **changes: object) -> UUID:
    with database.transaction() as session:
        order = SaveText(code="pin_bloque", locale="fr", body=body, **changes)
        return editions.save_draft(session, OPERATOR, order).id


def test_every_type_has_its_text_in_three_languages() -> None:
    assert set(KINDS) <= set(templates())


def test_every_published_text_keeps_to_its_parts(shelf: Database) -> None:
    with shelf.transaction() as session:
        rows = editions.list_texts(session, ADMIN)
    assert len(rows) == len(templates()) * len(LOCALES)
    for row in rows:
        assert row.faults == (), (row.code, row.locale)
        if row.channel == "*":
            assert row.weight.coding == "gsm7"
            assert row.weight.segments <= row.max_segments <= 2
    assert {row.locale for row in rows if row.needs_review} == {"ln"}


def test_a_new_text_speaks_from_its_publication_on(house: House) -> None:
    with house.database.transaction() as session:
        editions.install_shipped(session)
        session.add(editor())
    first = house.write("1")
    house.send()
    made = draft(house.database, "PIN fermé {minutes} min.")
    house.write("2")
    house.send()
    with house.database.transaction() as session:
        assert editions.publish(session, OPERATOR, made).state == "published"
    house.write("3")
    house.send()
    with house.database.transaction() as session:
        editions.roll_back(session, OPERATOR, made)
    house.write("4")
    house.send()
    shown = ["Code PIN blo", "Code PIN blo", "PIN fermé 15", "Code PIN blo"]
    assert [text[:12] for text in house.texts(number())] == shown
    with house.database.transaction() as session:
        kept = {row.id: row.body[:12] for row in messages.list_messages(session, SYSTEM)}
    assert kept[first] == "Code PIN blo"
    assert [row["template_version"] for row in house.rows("select * from message order by created_at, id")] == [
        1,
        1,
        2,
        1,
    ]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("PIN fermé {heures} h.", "heures"),
        ("{minutes", "accolade"),
        ("{}", "accolade"),
        ("{minutes!r:>99999999}", "accolade"),
        ("{minutes.__class__}", "accolade"),
        ("a" * 161, "2 parties"),
        ("Ɐ" * 71, "2 parties"),
    ],
)
def test_what_a_text_may_not_do(shelf: Database, body: str, fault: str) -> None:
    made = draft(shelf, body)
    with shelf.transaction() as session, pytest.raises(TextRefused) as refused:
        editions.publish(session, OPERATOR, made)
    assert fault in str(refused.value)
    assert find(shelf).version == 1


def test_a_code_without_its_code_is_no_code(shelf: Database) -> None:
    with shelf.transaction() as session:
        order = SaveText(code="code_verification", locale="fr", body="Bonjour")
        made = editions.save_draft(session, OPERATOR, order)
        assert made.faults == ("Il manque ce que le message porte : code.",)


def test_more_parts_are_allowed_to_who_says_so(shelf: Database) -> None:
    made = draft(shelf, "a" * 161, max_segments=2)
    with shelf.transaction() as session:
        assert editions.publish(session, OPERATOR, made).weight.segments == 2


def test_a_persons_text_outlives_a_release(shelf: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made = draft(shelf, "PIN fermé.")
    with shelf.transaction() as session:
        editions.publish(session, OPERATOR, made)
    changed = {
        code: template.model_copy(update={"fr": template.fr + "!"})
        for code, template in templates().items()
        if code in {"pin_bloque", "pin_change"}
    }
    monkeypatch.setattr(editions, "templates", lambda: changed)
    with shelf.transaction() as session:
        assert editions.install_shipped(session) == 2
    assert find(shelf).body == "PIN fermé."
    assert find(shelf, "pin_change").body.endswith("!")


def test_a_channel_may_have_its_own_text_and_a_language_falls_back(shelf: Database) -> None:
    made = draft(shelf, "Bloqué {minutes}", channel="whatsapp")
    with shelf.transaction() as session:
        editions.publish(session, OPERATOR, made)
        assert find_text(session, "pin_bloque", "fr", Channel.WHATSAPP).body == "Bloqué {minutes}"
        assert find_text(session, "pin_bloque", "fr", Channel.SMS).body.startswith("Code PIN")
        assert find_text(session, "pin_bloque", "sw", Channel.SMS).locale == "fr"
        assert find_text(session, "pin_bloque", "en", Channel.PUSH).body == "News about your savings group"


def test_a_speaker_approves_lingala(shelf: Database) -> None:
    row = find(shelf, locale="ln")
    assert row.needs_review
    with shelf.transaction() as session:
        assert not editions.mark_reviewed(session, OPERATOR, row.id).needs_review


def test_who_may_not_write_texts_does_not(shelf: Database) -> None:
    with shelf.transaction() as session, pytest.raises(Forbidden):
        editions.save_draft(session, READER, SaveText(code="pin_bloque", locale="fr", body="x"))
    with shelf.transaction() as session, pytest.raises(Forbidden):
        editions.list_texts(session, READER)
    with shelf.transaction() as session, pytest.raises(InvalidInput):
        editions.save_draft(session, ADMIN, SaveText(code="nothing", locale="fr", body="x"))
    with shelf.transaction() as session, pytest.raises(InvalidInput):
        editions.save_draft(session, ADMIN, SaveText(code="pin_bloque", locale="sw", body="x"))


def test_what_messages_cost_and_how_networks_do(house: House) -> None:
    house.route("sms", "africas_talking")
    for key, code in (("1", "500"), ("2", "501"), ("3", "014"), ("4", "015")):
        house.write(key, address=number(code))
    house.send()
    house.wait(2)
    with house.database.transaction() as session:
        (day,) = figures.list_days(session, ADMIN)
        (network,) = figures.list_networks(session, ADMIN)
    assert (day.channel, day.messages, day.segments, day.cost_minor, day.currency) == ("sms", 3, 3, 45, "XOF")
    counted = (network.account_code, network.sent, network.delivered, network.failed, network.unknown)
    assert counted == ("africas-talking-fictif", 3, 2, 2, 0)
    with house.database.transaction() as session, pytest.raises(Forbidden):
        figures.list_days(session, READER)
