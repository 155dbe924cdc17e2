"""What leaves by phone: in three languages, one SMS long, once, and never a code in clear."""

from collections.abc import Iterator
from string import Formatter

import pytest

from core import clock, gsm7
from core.database import Database
from core.errors import Forbidden, NotFound
from core.ids import new_id
from models.messages import Channel, MessageState
from services import messages
from services.messages import DOTS, LOCALES, OutgoingMessage, Template, templates
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import ADMIN, AWA, READER

EMAIL_ONLY = {code for code, template in templates().items() if template.channel == "email"}


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        yield database


def sms(key: str = "pin_bloque:1", **changes: object) -> OutgoingMessage:
    base = OutgoingMessage(
        dedupe_key=key,
        type="pin_bloque",
        channel=Channel.SMS,
        address=AWA,
        template_code="pin_bloque",
        variables={"minutes": 15},
    )
    return base.model_copy(update=changes)


def code(key: str = "code:1", channel: Channel = Channel.SMS) -> OutgoingMessage:
    return OutgoingMessage(
        dedupe_key=key,
        type="code_verification",
        channel=channel,
        address="awa@example.org" if channel is Channel.EMAIL else AWA,
        template_code="code_verification",
        variables={"minutes": 15},
        secrets={"code": "730518"},
        priority=0,
    )


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("template_code", sorted(set(templates()) - EMAIL_ONLY))
def test_every_sms_keeps_to_its_parts_at_its_longest(template_code: str, locale: str) -> None:
    template = templates()[template_code]
    longest = {name: "8" * length for name, length in template.variables.items()}

    body = messages.render(template_code, locale, longest).body

    assert gsm7.measure(body).coding is gsm7.Coding.GSM7
    assert gsm7.count_segments(body) <= template.max_segments, gsm7.measure(body).size


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("template_code", sorted(templates()))
def test_every_language_says_the_same_things(template_code: str, locale: str) -> None:
    template: Template = templates()[template_code]
    named = {field for _, field, _, _ in Formatter().parse(template.text(locale)) if field}

    assert named == set(template.variables)
    assert template.secrets <= set(template.variables)


def test_a_message_is_written_once_by_its_key(bank: Database) -> None:
    with bank.transaction() as session:
        first = messages.enqueue(session, sms())
        assert messages.enqueue(session, sms(address="+237699000099")) == first
        assert messages.enqueue_many(session, [sms("a"), sms(), sms("b")])[1] == first
        assert people.count(session, "message") == 3
        assert messages.list_messages(session, ADMIN, search=AWA)[-1].body.startswith("Code PIN bloqué pour 15 min")


def test_a_code_is_dots_to_everybody_but_the_sender(bank: Database) -> None:
    with bank.transaction() as session:
        message_id = messages.enqueue(session, code())
        (shown,) = messages.list_messages(session, ADMIN)
        assert shown.body == f"Code {DOTS} pour Palabre, valable 15 min. Ne le donnez à personne."
        assert shown.address == "+23769****01"
        assert messages.open_text(session, message_id).body.startswith("Code 730518 pour Palabre")
    assert "730518" not in world.everything(bank)
    assert "730518" not in repr(code())


def test_an_email_has_a_subject_and_a_masked_address(bank: Database) -> None:
    with bank.transaction() as session:
        messages.enqueue(session, code(channel=Channel.EMAIL))
        (shown,) = messages.list_messages(session, ADMIN)
    assert (shown.subject, shown.address) == ("Votre code Palabre", "a****@example.org")


def test_a_template_is_filled_with_what_it_declares_and_nothing_else(bank: Database) -> None:
    with bank.transaction() as session:
        for wrong in (
            sms(variables={}),
            sms(variables={"minutes": 1, "pin": "48213"}),
            code().model_copy(update={"secrets": {}, "variables": {"minutes": 1, "code": "730518"}}),
        ):
            with pytest.raises(ValueError, match="takes"):
                messages.enqueue(session, wrong)
        assert people.count(session, "message") == 0


def test_an_unknown_locale_reads_french_and_a_long_value_is_cut() -> None:
    assert messages.render("pin_change", "sw", {"date": "21/11/2026"}).body.startswith("Votre code PIN")
    assert messages.render("pin_change", "en", {"date": "9" * 99}).body.startswith(
        "Your PIN was changed on 9999999999."
    )


def test_states_only_climb_whatever_order_reports_come_in(bank: Database) -> None:
    with bank.transaction() as session:
        message_id = messages.enqueue(session, sms())
        steps = [
            (MessageState.SENDING, True),
            (MessageState.SENT, True),
            (MessageState.SENT, False),
            (MessageState.DELIVERED, True),
            (MessageState.SENT, False),
            (MessageState.FAILED, False),
            (MessageState.READ, True),
            (MessageState.QUEUED, False),
        ]
        for state, is_taken in steps:
            assert messages.record_progress(session, message_id, state) is is_taken, state
        session.flush()
        assert people.count(session, "message_event") == 4
        with pytest.raises(NotFound):
            messages.record_progress(session, new_id(), MessageState.SENT)


def test_who_may_not_read_the_outbox_reads_nothing(bank: Database) -> None:
    with bank.transaction() as session:
        for ask in (messages.list_messages, messages.count_messages):
            with pytest.raises(Forbidden):
                ask(session, READER)


def test_the_outbox_is_searched_by_address_type_and_state(bank: Database) -> None:
    with bank.transaction() as session:
        messages.enqueue_many(session, [sms("a"), sms("b", address="+237677000002"), code()])
        assert messages.count_messages(session, ADMIN) == 3
        assert messages.count_messages(session, ADMIN, search=AWA) == 2
        assert messages.count_messages(session, ADMIN, search="code_verification", state="queued") == 1
        assert messages.count_messages(session, ADMIN, state="sent") == 0
        assert len(messages.list_messages(session, ADMIN, limit=2, offset=2)) == 1


def test_a_person_reads_his_own_with_his_number_in_full(bank: Database) -> None:
    world.build(bank)
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)
        messages.enqueue_many(session, [sms("a", recipient_id=awa), sms("b")])
        (own,) = messages.list_for_person(session, awa)
        assert own.address == AWA
        assert messages.count_for_person(session, awa) == 1
