"""A recipe tried before anybody meets it: the real conversation, in each language, with a code that is nobody's."""

import pytest

from channels.ciu.preview import rehearse
from services.ciu import editing, shipped
from services.ciu.recipes import SHIPPED

KABILA = ("1985", "Kinshasa", "Jean", "15", "Kabila")
VALUES = {"programme": "PNLS", "contact": "+243 99"}


@pytest.mark.parametrize("language", ["fr", "en", "ln"])
def test_the_chat_is_the_one_people_will_have(language: str) -> None:
    found = rehearse(shipped("document"), language, KABILA, VALUES)
    said = [line.text for line in found.lines if not line.is_person]
    assert "PNLS" in said[0]
    assert said[0].splitlines()[-1].startswith("1/5 ")
    assert found.code.startswith("985-KINS-15-JEA-KABI-")
    assert found.code in said[-1]
    assert [line.text for line in found.lines if line.is_person][1:] == [*KABILA, "1"]


@pytest.mark.parametrize("key", SHIPPED)
@pytest.mark.parametrize("language", ["fr", "en", "ln"])
def test_every_ready_recipe_goes_through_with_its_own_examples(key: str, language: str) -> None:
    recipe = shipped(key)
    found = rehearse(recipe, language, editing.sample_answers(recipe, language))
    assert (found.refused, bool(found.code)) == ("", True)


def test_every_step_is_agreed_to() -> None:
    recipe = editing.changed(shipped("random"), language_step=True, consent="explicit", confirm=False)
    found = rehearse(recipe, "ln", KABILA)
    assert [line.text for line in found.lines if line.is_person][1:3] == ["3", "1"]
    assert len(found.code) == 13


def test_a_refused_example_says_where() -> None:
    found = rehearse(shipped("document"), "fr", ("1985", "Kinshasa", "Jean2", "15", "Kabila"))
    assert (found.refused, found.code) == ("first_name", "")
    assert found.lines[-1].text.startswith("Écrivez seulement le nom")
