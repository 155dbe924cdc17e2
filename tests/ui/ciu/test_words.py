"""Every code of the identifiers has a word, and every word its English."""

from core import i18n
from models.ciu import RecordSource
from models.ciu_pairs import PairState
from reports.ciu.acts import ACTS
from services.ciu.answers import ERROR_TEXTS
from services.ciu.recipes import SHIPPED, shipped
from ui.navigation import SECTIONS
from ui.pages.ciu import codes, dashboard, dhis2_queue, duplicates, file_dialogs, files, words

TABLES = (
    *(words.QUESTIONS, words.PAGES, words.SOURCES, words.ERRORS, words.CAUSES, words.EVIDENCE),
    *(dashboard.LENGTHS, duplicates.NOTHING, files.KINDS, file_dialogs.FORMATS, file_dialogs.PERIODS),
    file_dialogs.CUTS,
)
SIGNS = (words.PAIR_STATES, words.SENDERS, files.STATES, codes.SHAPES, dhis2_queue.STATES)


def test_every_state_source_question_and_refusal_has_a_word() -> None:
    assert set(words.PAIR_STATES) == set(PairState)
    assert set(words.SOURCES) == {str(one) for one in RecordSource}
    asked = {question.id for key in SHIPPED for question in shipped(key).questions}
    assert asked <= set(words.QUESTIONS)
    assert set(ERROR_TEXTS) <= set(words.ERRORS)


def test_every_word_exists_in_english() -> None:
    said = [word for table in TABLES for word in table.values()]
    said += [sign.word for table in SIGNS for sign in table.values()]
    said += [word for _, word in words.ACTS.values()]
    said += [word for word, _, _ in ACTS.values()]
    said += [words.TWINS, files.ERASED.word, codes.JOINED.word]
    said += [section.label for section in SECTIONS if section.group == "CIU"]
    assert [word for word in said if word not in i18n.catalogue("en")] == []
