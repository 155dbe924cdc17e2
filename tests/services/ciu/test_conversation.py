"""The conversation, as people have it: what they say, what they are told, and what must not happen."""

import pytest

from channels.ciu.conversation import EndReason, Message, Page, Rules, State, pack_answers, unpack_answers
from channels.ciu.turns import expire, settle_issue, take_turn
from services.ciu import shipped
from services.ciu.codes import Issue
from services.ciu.recipes import Kind, Option, Question
from tests.services.ciu.speaker import CODE, KABILA, NOW, TIMEOUT, Speaker, varied, with_texts


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


def test_five_answers_a_page_and_the_code(speaker: Speaker) -> None:
    speaker.say("Bonjour", *KABILA, "1")
    assert CODE in speaker.text.split("\n")
    assert speaker.state == State(issued_at=speaker.now)
    assert speaker.turn.ended is not None
    assert speaker.turn.ended.reason is EndReason.ISSUED
    assert speaker.events == ["started", *["asked", "answered"] * 5, "confirmed", "issued_new"]


def test_a_reply_says_where_one_is_and_gives_choices_to_tap(speaker: Speaker) -> None:
    speaker.say("Bonjour", *KABILA[:2])
    assert speaker.text == "Bien noté.\n\n3/5 Quel est votre prénom ? Exemple : Jean"
    speaker.say(*KABILA[2:])
    reply = speaker.turn.reply({})
    assert reply.body == "Avons-nous bien compris ?\n1 1985\n2 KINSHASA\n3 JEAN\n4 15\n5 KABILA"
    assert [(choice.payload, choice.label) for choice in reply.choices] == [
        ("confirm:yes", "Oui, donner mon code"),
        ("confirm:no", "Corriger"),
    ]
    assert reply.text.endswith("5 KABILA\n\n1 Oui, donner mon code\n2 Corriger")


def test_every_way_to_say_yes(speaker: Speaker) -> None:
    for word in ("1", "١", "OUI", "ee", "iyo", "ok.", "Oui, donner mon code"):
        other = Speaker()
        assert other.say("Bonjour", *KABILA, word) == ["issued"], word
    speaker.say("Bonjour", *KABILA)
    assert speaker.tap("confirm:yes") == ["issued"]


def test_the_first_message_is_never_an_answer(speaker: Speaker) -> None:
    assert speaker.say("1985") == ["welcome", "birth_year"]
    assert speaker.state.run is not None
    assert speaker.state.run.answers == (None,) * 5
    assert "PNLS" in speaker.text
    assert "en 5 questions" in speaker.text


def test_a_refused_answer_stores_nothing_and_asks_the_same(speaker: Speaker) -> None:
    speaker.say("Bonjour")
    assert speaker.say("1899") == ["error:year_range", "birth_year"]
    assert "de 1900 à 2026" in speaker.text
    assert speaker.state.step == 0
    assert speaker.turn.events[0].error == "year_range"
    assert speaker.events.count("answered") == 0


def test_only_one_answer_may_stay_unknown(speaker: Speaker) -> None:
    speaker.say("Bonjour", "je ne sais pas")
    assert speaker.say("?") == ["error:too_many_unknown", "mother_birthplace"]
    speaker.say("Kinshasa", "Jean", "15", "Kabila", "2", "1")
    assert speaker.say("?") == ["confirm"], "the answer that is replaced does not count"


def test_one_goes_back_as_far_as_one_likes(speaker: Speaker) -> None:
    speaker.say("Bonjour", "1985", "Kinshasa", "Jean")
    assert speaker.say("retour") == ["first_name"]
    assert speaker.say("retour") == ["mother_birthplace"]
    assert speaker.say("back", "back", "back") == ["birth_year"]
    assert speaker.state.run is not None
    assert speaker.state.run.answers == (None,) * 5
    speaker.say(*KABILA, "1")
    assert CODE in speaker.text


def test_a_correction_keeps_the_other_answers(speaker: Speaker) -> None:
    speaker.say("Bonjour", "1985", "Kinshasa", "Jeanne", "15", "Kabila")
    assert speaker.say("non") == ["fix_list"]
    assert "\n3 Quel est votre prénom ? JEANNE\n" in speaker.text
    assert speaker.text.endswith("\n0 Aucune")
    assert speaker.say("7") == ["error:choice", "fix_list"]
    assert speaker.say("0") == ["confirm"]
    assert speaker.say("2") == ["fix_list"]
    assert speaker.tap("fix:3") == ["first_name"]
    assert speaker.say("retour") == ["mother_birthplace"]
    assert speaker.say("Kinshasa") == ["ok", "first_name"]
    assert speaker.say("Jean") == ["confirm"]
    speaker.say("1")
    assert CODE in speaker.text


def test_a_masked_page_shows_three_characters() -> None:
    speaker = Speaker(varied(confirm_style="masked"))
    speaker.say("Bonjour", *KABILA)
    assert "1 198…\n2 KIN…\n3 JEA…\n4 15\n5 KAB…" in speaker.text


def test_the_same_person_from_two_phones_is_one_record_and_a_stranger_learns_nothing(speaker: Speaker) -> None:
    other = Speaker(register=speaker.register, phone="+243810000002")
    assert speaker.say("Bonjour", *KABILA, "1") == ["issued"]
    assert other.say("Bonjour", "85", "KINSHASA", "jean", "le 15", "kabila", "1") == ["issued"]
    assert CODE in other.text
    assert other.events[-1] == "issued_existing"
    assert speaker.say("RESTART", *KABILA, "1") == ["existing"]
    assert len(speaker.register.records) == 1


def test_without_a_confirmation_page_the_last_answer_gives_the_code() -> None:
    speaker = Speaker(varied(confirm=False))
    assert speaker.say("Bonjour", *KABILA) == ["issued"]


def test_explicit_consent_is_a_step_and_no_ends() -> None:
    speaker = Speaker(varied(consent="explicit"))
    assert speaker.say("Bonjour") == ["welcome", "consent_ask"]
    assert speaker.state.step == -1
    assert speaker.say("1985") == ["error:choice", "consent_ask"]
    assert speaker.say("2") == ["stopped"]
    assert speaker.state == State(is_stopped=True)
    speaker.say("Bonjour")
    assert speaker.say("oui") == ["birth_year"]
    assert speaker.state.run is not None
    assert speaker.state.run.consented_at == speaker.now


def test_notice_is_agreed_to_by_the_first_answer(speaker: Speaker) -> None:
    speaker.say("Bonjour")
    assert speaker.state.run is not None
    assert speaker.state.run.consented_at is None
    speaker.say("1985")
    agreed = speaker.now
    speaker.say("Kinshasa")
    assert speaker.state.run.consented_at == agreed


def test_a_photo_changes_nothing(speaker: Speaker) -> None:
    speaker.say("Bonjour", "1985")
    before = speaker.state.run
    assert speaker.say("", is_media=True) == ["media", "mother_birthplace"]
    assert before is not None
    assert speaker.state.run is not None
    assert speaker.state.run.answers == before.answers


def test_a_blank_message_is_a_missing_answer(speaker: Speaker) -> None:
    speaker.say("Bonjour")
    assert speaker.say(" \u200b ") == ["error:empty", "birth_year"]


def test_a_button_of_an_earlier_page_is_refused(speaker: Speaker) -> None:
    speaker.say("Bonjour", "1985", "Kinshasa")
    assert speaker.tap("confirm:yes") == ["error:choice", "first_name"]
    assert speaker.tap("Jean") == ["ok", "birth_day"], "a button of a template is what it says"
    speaker.say("15", "Kabila")
    assert speaker.tap("forget:yes") == ["error:choice", "confirm"]


def test_a_late_message_is_never_an_answer(speaker: Speaker) -> None:
    assert speaker.say("1985", is_late=True) == ["welcome", "birth_year"]
    before = speaker.state
    assert speaker.say("1985", is_late=True) == []
    assert speaker.say("RESTART", is_late=True) == []
    assert speaker.state == before
    speaker.say("effacer")
    assert speaker.say("1", is_late=True) == []
    assert speaker.say("stop", is_late=True) == ["stopped"]


def test_expiry_slides_with_every_message_and_not_one_second_more(speaker: Speaker) -> None:
    speaker.say("Bonjour")
    for text in ("1985", "12", "aide", "langue", "2"):
        speaker.wait(seconds=TIMEOUT.total_seconds() - 1)
        assert "expired" not in speaker.say(text)
    speaker.wait(seconds=TIMEOUT.total_seconds())
    assert speaker.say("Kinshasa") == ["expired", "welcome", "birth_year"]


def test_after_expiry_commands_act_and_the_rest_is_told(speaker: Speaker) -> None:
    speaker.say("Bonjour", "1985")
    speaker.wait(minutes=16)
    assert speaker.say("aide") == ["help"]
    assert speaker.turn.ended is not None
    assert speaker.turn.ended.reason is EndReason.EXPIRED
    assert speaker.say("Kinshasa") == ["expired", "welcome", "birth_year"]
    assert speaker.events.count("expired") == 1
    speaker.wait(minutes=16)
    assert speaker.say("RESTART") == ["welcome", "birth_year"]


def test_the_worker_that_erases_leaves_something_to_tell(speaker: Speaker) -> None:
    speaker.say("Mbote", "1985")
    assert expire(speaker.state, speaker.now) == speaker.state
    speaker.wait(minutes=16)
    speaker.state = expire(speaker.state, speaker.now)
    assert speaker.state == State(untold="ln")
    assert speaker.say("Kinshasa") == ["expired", "welcome", "birth_year"]
    assert "expired" not in [event.name for event in speaker.turn.events], "the worker counted it"


def test_too_many_tries_leave_the_person_on_the_page(speaker: Speaker) -> None:
    speaker.is_throttled = True
    assert speaker.say("Bonjour", *KABILA, "1") == ["throttled"]
    assert speaker.state.step == 5
    assert speaker.events[-2:] == ["confirmed", "throttled"]
    speaker.is_throttled = False
    assert speaker.say("1") == ["issued"]


def test_only_a_turn_that_wishes_is_settled(speaker: Speaker) -> None:
    speaker.say("Bonjour")
    with pytest.raises(ValueError, match="does not wish"):
        settle_issue(speaker.turn, Issue("X", is_new=True, is_linked=False), NOW)


def test_a_version_published_meanwhile_waits_for_the_next_conversation(speaker: Speaker) -> None:
    speaker.say("Bonjour")
    shorter = varied(version=2, questions=shipped("document").questions[:1], confirm=False)
    speaker.publish(with_texts(shorter, welcome="Nouvelle version."))
    assert speaker.say("1985") == ["ok", "mother_birthplace"]
    assert speaker.say("RESTART") == ["welcome", "birth_year"]
    assert speaker.text.startswith("Nouvelle version.")
    assert speaker.state.run is not None
    assert (speaker.state.run.recipe_version, len(speaker.state.run.answers)) == (2, 1)


def test_a_programme_without_questions_still_asks_whether_one_wants_a_code() -> None:
    speaker = Speaker(varied("random", questions=(), confirm=False))
    assert speaker.say("Bonjour") == ["welcome", "confirm"]
    assert speaker.state.step == 0
    assert speaker.say("2") == ["error:choice", "confirm"]
    assert speaker.say("retour") == ["confirm"]
    assert speaker.say("1") == ["issued"]


def test_choices_are_tapped_numbered_or_named() -> None:
    options = (
        Option(code="M", labels={"fr": "Moto", "en": "Motorbike", "ln": "Moto"}),
        Option(code="N", labels={"fr": "Je ne sais pas", "en": "Unknown", "ln": "Nayebi te"}),
    )
    question = Question(id="transport", kind=Kind.CHOICE, options=options)
    recipe = with_texts(varied(questions=(question,), near=False), transport="Comment venez-vous ?")
    for answer in ("1", "moto", "Motorbike !"):
        speaker = Speaker(recipe)
        assert speaker.say("Bonjour") == ["welcome", "transport"]
        assert speaker.text.endswith("1/1 Comment venez-vous ?\n1 Moto\n2 Je ne sais pas")
        assert speaker.say(answer) == ["confirm"], answer
        assert "1 Moto\n" in speaker.text
    speaker = Speaker(recipe)
    speaker.say("Bonjour")
    assert speaker.say("3") == ["error:choice", "transport"]
    assert speaker.tap("transport:N") == ["confirm"], "an option may be called Unknown"


def test_the_compact_questions_give_buttons_and_show_labels() -> None:
    speaker = Speaker(shipped("compact"))
    speaker.say("Bonjour", "Mbengue", "Ibrahima", "1997", "DA")
    reply = speaker.turn.reply({})
    assert reply.body.endswith("5/5 Vous êtes :")
    assert [choice.payload for choice in reply.choices] == ["gender:1", "gender:2", "gender:3", "gender:4"]
    speaker.tap("gender:1")
    assert "5 Homme" in speaker.text
    assert speaker.say("1") == ["issued"]
    assert "MBEIBR7DA1" in speaker.text


def test_a_turn_is_a_function_of_what_it_is_given() -> None:
    rules = Rules(shipped("document"), TIMEOUT)
    first, second = (take_turn(rules, State(), Message("Bonjour"), NOW) for _ in range(2))
    assert first == second


def test_answers_are_packed_to_be_sealed(speaker: Speaker) -> None:
    speaker.say("Bonjour", "né en 1985", "Kinshasá\ud800", "2", "retour")
    run = speaker.state.run
    assert run is not None
    assert run.page is Page.QUESTION
    packed = pack_answers(run.answers)
    assert packed.encode()
    assert unpack_answers(packed) == run.answers
    assert [answer.typed for answer in run.answers if answer] == ["né en 1985"]
