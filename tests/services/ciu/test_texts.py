"""Texts: whole, in three languages, within what a message holds."""

import re

import pytest

from services.ciu import Say, compose, render, shipped
from services.ciu.lint import TEXT_KEYS
from services.ciu.recipes import SHIPPED, UNKNOWABLE_KINDS
from services.ciu.texts import question_payloads
from services.ciu.words import command_words, find_command, fold_word, greeted_language, is_thanks, read_yes_no

TWILIO_MOST = 1600
BUTTON_MOST = 20


@pytest.mark.parametrize("key", SHIPPED)
@pytest.mark.parametrize("language", ["fr", "en", "ln"])
def test_welcome_and_first_question_fit_in_one_message(key: str, language: str) -> None:
    recipe = shipped(key)
    question = recipe.questions[0]
    says = [Say("expired", {"minutes": "15"}), Say("welcome", {"n": "5"}), Say(question.id, {"i": "1", "n": "5"})]
    text = compose(recipe, language, says, {"programme": "Programme national de lutte contre le sida"}).text
    assert len(text) < TWILIO_MOST
    assert "{" not in text
    assert f"\n\n1/5 {recipe.texts[language][question.id]}" in text


@pytest.mark.parametrize("language", ["fr", "en", "ln"])
def test_what_the_welcome_announces_is_always_a_command(language: str) -> None:
    announced = re.findall(r"[A-ZÇ]{4,}(?: [A-Z]{2,})*", shipped("document").texts[language]["welcome"].split(":")[-1])
    assert len(announced) == 7
    for word in announced:
        assert find_command(word, "name"), word


def test_buttons_are_short_enough_to_be_buttons() -> None:
    recipe = shipped("document")
    for language in recipe.languages:
        for key, ends in (("confirm", 2), ("consent_ask", 2), ("forget_ask", 2), ("language_ask", 3)):
            reply = render(recipe, language, Say(key, {"lines": "1 1985"}, tuple("x" * ends)))
            assert len(reply.choices) == ends
            assert all(len(choice.label) <= BUTTON_MOST for choice in reply.choices), (language, key)


def test_the_anonymous_recipe_says_that_the_code_shows_nothing() -> None:
    assert "ne montre rien" in shipped("random").texts["fr"]["welcome"]
    assert "montre quelques lettres" in shipped("document").texts["fr"]["welcome"]
    assert set(shipped("compact").texts["ln"]) == {*TEXT_KEYS, *(one.id for one in shipped("compact").questions)}


def test_braces_of_a_person_are_no_placeholder() -> None:
    reply = render(shipped("document"), "fr", Say("issued", {"code": "{programme}"}), {"programme": "PNLS"})
    assert "{programme}" in reply.text


def test_a_text_that_lost_its_numbers_is_plain() -> None:
    recipe = shipped("document").model_copy(update={"texts": {"fr": {"consent_ask": "D'accord ?"}}})
    reply = render(recipe, "fr", Say("consent_ask", {}, ("consent:yes", "consent:no")))
    assert (reply.body, reply.choices) == ("D'accord ?", ())
    assert compose(recipe, "fr", [], {}).text == ""


def test_words() -> None:
    assert fold_word("  Oubliez‑MOI !…  ") == "oubliez-moi"
    assert read_yes_no("Ee.") is True
    assert read_yes_no("TE") is False
    assert read_yes_no("peut-être") is None
    assert greeted_language("Eh, Mbote na bino, hello", ("fr", "en", "ln")) == "ln"
    assert greeted_language("Hiver", ("fr", "en", "ln")) is None
    assert not is_thanks("merci Jean")
    assert not is_thanks("")
    assert not command_words() & {"bonjour", "merci", "oui", "1"}


def test_only_some_questions_may_stay_unknown() -> None:
    for recipe in map(shipped, SHIPPED):
        assert all(question.kind in UNKNOWABLE_KINDS for question in recipe.questions if question.unknown)
    assert question_payloads(shipped("document").questions[0]) == ()
