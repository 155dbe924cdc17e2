"""Every code of pensions has a word, and every word its English."""

import pytest

from core import i18n
from models.pension_stages import BatchStage, PayeeType, PaymentStage, Rail
from providers.mojaloop.contract import Operation
from reports.pension_acts import ACTS
from services.pensions.batches import stopping
from services.pensions.dispatch import stops
from services.pensions.files.sentences import SENTENCES
from ui.pages.pensions import acts, fault_words, models, new_account, rail, settings_form, settling, words

SIGNS = (words.STAGES, words.PAYMENTS, words.VERDICTS, words.DIFFERENCES)
TABLES = (
    *(words.TYPES, words.PURPOSES, words.RAILS, words.PAUSES, words.CODES, words.OPERATIONS, fault_words.SHORT),
    *(models.COLUMNS, models.LABELS, acts.FORMATS, settings_form.FOUR_EYES, settings_form.LOOKUPS),
    *(settings_form.NAMES, new_account.AMOUNT_TYPES, new_account.NUMBER_FORMS, rail.PROVEN, rail.MODES),
    settling.ENDINGS,
)


def test_every_stage_type_rail_and_call_has_a_word() -> None:
    assert set(words.STAGES) == set(BatchStage)
    assert set(words.PAYMENTS) == set(PaymentStage)
    assert set(words.TYPES) == {str(kind) for kind in PayeeType}
    assert set(words.RAILS) == {str(one) for one in Rail}
    assert {str(one) for one in Operation} <= set(words.OPERATIONS)
    assert {*stops.OF_THE_HOUSE, stopping.BY_HAND} <= set(words.PAUSES)


def test_every_fault_of_a_file_has_few_words_beside_its_sentence() -> None:
    assert set(fault_words.SHORT) == set(SENTENCES)


def test_every_word_exists_in_english() -> None:
    said = [sign.word for table in SIGNS for sign in table.values()]
    said += [word for table in TABLES for word in table.values()]
    said += [words.DOUBT, words.UNSEEN, *(word for word, _, _ in ACTS.values())]
    assert [word for word in said if word not in i18n.catalogue("en")] == []


@pytest.mark.parametrize(
    ("cycle", "title"),
    [
        ("2025-12", "Pensions de décembre 2025"),
        ("2026-04", "Pensions d’avril 2026"),
        ("2026-08", "Pensions d’août 2026"),
        ("2026-10", "Pensions d’octobre 2026"),
    ],
)
def test_a_month_is_named_with_its_elision(cycle: str, title: str) -> None:
    assert words.cycle_title(cycle) == title
