"""Commands: what may be written at any time, and what it does where one stands."""

import pytest

from channels.ciu.conversation import Aside, State, Wish
from tests.services.ciu.speaker import KABILA, Speaker, varied


@pytest.fixture
def speaker() -> Speaker:
    return Speaker()


def test_a_language_step_comes_before_the_welcome() -> None:
    speaker = Speaker(varied(language_step=True))
    assert speaker.say("Bonjour") == ["language_ask"]
    assert speaker.state.step == -2
    assert speaker.say("3") == ["welcome", "birth_year"]
    assert (speaker.turn.language, speaker.state.language) == ("ln", "ln")
    assert Speaker(varied(language_step=True)).say("Bonjour", "English") == ["welcome", "birth_year"]


def test_the_language_command_asks_and_goes_on_in_that_language(speaker: Speaker) -> None:
    assert speaker.say("langue") == ["language_ask"]
    assert speaker.say("4") == ["error:choice", "language_ask"]
    assert speaker.say("2") == ["welcome", "birth_year"]
    assert speaker.turn.language == "en"
    speaker.say("1985")
    assert speaker.say("bongola lokota") == ["language_ask"]
    assert speaker.say("Lingala") == ["language_set", "mother_birthplace"]
    assert speaker.state.aside is None


def test_a_greeted_language_lasts_until_another_is_chosen(speaker: Speaker) -> None:
    speaker.say("Mbote na yo")
    assert speaker.turn.language == "ln"
    speaker.say("RESTART")
    assert speaker.turn.language == "ln"
    speaker.wait(minutes=16)
    assert speaker.say("1985") == ["expired", "welcome", "birth_year"]
    assert speaker.turn.language == "ln"
    assert "15" in speaker.text.split("\n")[0]
    speaker.say("français", "RESTART", "STOP", "Hello")
    assert speaker.turn.language == "fr", "what was chosen wins over a greeting"


def test_a_language_the_recipe_does_not_speak_is_an_answer() -> None:
    speaker = Speaker(varied(languages=("fr", "en")))
    assert speaker.say("Bonjour", "1985", "Lingala") == ["ok", "first_name"]


def test_a_name_that_is_a_word_of_everyday_is_a_name(speaker: Speaker) -> None:
    speaker.say("Bonjour", "1985")
    assert speaker.say("Zonga") == ["ok", "first_name"]
    assert speaker.say("Lisalisi") == ["ok", "birth_day"]
    assert speaker.say("lisalisi") == ["help", "birth_day"]


def test_help_starts_nothing(speaker: Speaker) -> None:
    assert speaker.say("aide") == ["help"]
    assert speaker.state.run is None
    assert "Contact : +243 99" in speaker.text


def test_stop_erases_and_silences(speaker: Speaker) -> None:
    speaker.say("Bonjour", "1985")
    assert speaker.say("stop") == ["stopped"]
    assert speaker.state == State(is_stopped=True)
    assert speaker.turn.ended is not None
    assert speaker.say("STOP") == ["stopped"]
    assert speaker.turn.ended is None
    speaker.say("Bonjour")
    assert not speaker.state.is_stopped


def test_to_forget_is_asked_first(speaker: Speaker) -> None:
    speaker.say("Bonjour", "1985")
    assert speaker.say("effacer") == ["forget_ask"]
    assert speaker.state.aside is Aside.FORGET
    assert speaker.say("peut-être") == ["error:choice", "forget_ask"]
    assert speaker.say("aide") == ["help", "forget_ask"]
    assert speaker.say("english") == ["language_set", "forget_ask"]
    assert speaker.say("2") == ["mother_birthplace"], "back where one was"
    assert speaker.say("forget me", "yes") == ["forgotten"]
    assert speaker.turn.language == "en"
    assert speaker.turn.wish is Wish.FORGET
    assert speaker.state == State()
    assert speaker.events[-1] == "forgotten"


def test_not_to_forget_without_a_conversation_is_noted(speaker: Speaker) -> None:
    assert speaker.say("effacer", "non") == ["ok"]
    assert speaker.state.run is None


def test_a_question_about_forgetting_does_not_wait_for_ever(speaker: Speaker) -> None:
    speaker.say("effacer")
    speaker.wait(minutes=16)
    assert speaker.say("1") == ["welcome", "birth_year"]


def test_a_forgotten_person_gets_a_new_and_longer_code(speaker: Speaker) -> None:
    speaker.say("Bonjour", *KABILA, "1", "effacer", "1")
    assert not speaker.register.records
    speaker.say("Bonjour", *KABILA, "1")
    assert "985-KINS-15-JEA-KABI-DA6A79" in speaker.text.split("\n")


def test_thanks_are_answered_for_a_quarter_of_an_hour(speaker: Speaker) -> None:
    speaker.say("Bonjour", *KABILA, "1")
    for thanks in ("Merci !", "matondo", "👍🏾", "❤️", "🙏🙏"):
        assert speaker.say(thanks) == ["thanks"], thanks
    assert speaker.say("Merci beaucoup à tous") == ["welcome", "birth_year"]
    speaker.say(*KABILA, "1")
    speaker.wait(minutes=15)
    assert speaker.say("merci") == ["welcome", "birth_year"]


def test_to_begin_again_leaves_every_question_beside(speaker: Speaker) -> None:
    assert speaker.say("effacer", "RESTART") == ["welcome", "birth_year"]
    assert speaker.state.aside is None
    assert speaker.say("1985") == ["ok", "mother_birthplace"]
