"""Random walks through the CIU conversation: nothing crashes, all can be said, every conversation is counted once."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.ciu.conversation import EndReason, Message, pack_answers, unpack_answers
from services.ciu import shipped
from services.ciu.recipes import Recipe
from services.ciu.words import command_words
from tests.services.ciu.speaker import KABILA, Speaker, varied

ENDS = {EndReason.STOPPED, EndReason.EXPIRED, EndReason.RESTARTED, EndReason.FORGOTTEN, "issued_new", "issued_existing"}
TEXTS = st.one_of(
    st.sampled_from([*KABILA, *"0123456", "oui", "non", "?", "Bonjour", "Hello", "merci", "Marie", "1990", "", "👍"]),
    st.sampled_from(sorted(command_words())),
    st.text(max_size=12),
)
PAYLOADS = st.sampled_from(
    [
        "",
        "",
        "",
        "",
        "confirm:yes",
        "confirm:no",
        "fix:2",
        "fix:0",
        "forget:yes",
        "forget:no",
        "language:en",
        "gender:1",
    ]
)
MESSAGES = st.builds(
    Message,
    text=TEXTS,
    payload=PAYLOADS,
    is_media=st.sampled_from([False] * 9 + [True]),
    is_late=st.sampled_from([False] * 9 + [True]),
)
STEPS = st.lists(st.tuples(MESSAGES, st.sampled_from([0, 0, 0, 0, 0, 890, 901])), max_size=40)
RECIPES = st.sampled_from(
    [
        shipped("document"),
        shipped("compact"),
        shipped("random"),
        varied(consent="explicit", language_step=True),
        varied(confirm=False),
        varied("random", questions=()),
    ]
)


@settings(max_examples=150, deadline=None)
@given(RECIPES, STEPS)
def test_a_random_walk(recipe: Recipe, steps: list[tuple[Message, int]]) -> None:
    speaker = Speaker(recipe)
    for message, seconds in steps:
        speaker.wait(seconds=seconds)
        speaker.hear(message)
        _look(speaker, recipe)
    counts = Counter(speaker.events)
    assert counts["started"] == sum(counts[end] for end in ENDS) + (speaker.state.run is not None)
    assert counts["issued_new"] >= len(speaker.register.records)
    assert sum(turn.ended is not None for turn in speaker.turns) == sum(counts[end] for end in ENDS)


def _look(speaker: Speaker, recipe: Recipe) -> None:
    """Look at one turn: what is said can be said, and what is kept can be kept."""
    turn, run = speaker.turn, speaker.state.run
    assert "{" not in speaker.text
    assert len(speaker.text) <= 1600
    assert turn.says or speaker.turn.state.run or speaker.turn.state.aside
    assert turn.language in recipe.languages
    if run is None:
        assert turn.state.step is None
        return
    assert -2 <= run.step <= len(recipe.questions)
    assert run.expires_at <= speaker.now + timedelta(minutes=15)
    assert replace(run, answers=unpack_answers(pack_answers(run.answers))) == run
    unknown = sum(answer is not None and answer.canonical == "?" for answer in run.answers)
    assert unknown <= recipe.max_unknown


@given(st.permutations(range(5)))
def test_answers_corrected_in_any_order_give_the_same_code(order: list[int]) -> None:
    speaker = Speaker()
    speaker.say("Bonjour", "1990", "Goma", "Marie", "3", "Ilunga")
    for place in order:
        speaker.say("2", str(place + 1), KABILA[place])
    speaker.say("1")
    assert "985-KINS-15-JEA-KABI-DA6A7" in speaker.text
