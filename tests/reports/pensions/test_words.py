"""Every stage, verdict and reason has its words, in both languages."""

from core import i18n
from models.pension_stages import BatchStage, PaymentStage
from providers.answers import Reason
from reports.pensions import words
from reports.pensions.lines import COLUMNS
from services.pensions.messages import PAUSES


def test_every_stage_and_reason_has_words() -> None:
    assert set(words.BATCH_STAGES) == set(BatchStage)
    assert set(words.PAYMENT_STAGES) == set(PaymentStage)
    assert {reason.value for reason in Reason} <= set(words.REASONS)


def test_what_is_chosen_by_a_table_is_translated() -> None:
    tables = (
        *(words.BATCH_STAGES, words.PAYMENT_STAGES, words.NAME_VERDICTS, words.REASONS, words.BY_STAGE),
        *(words.OWN_ENDS, words.HOLDS, PAUSES),
    )
    sources = {text for table in tables for text in table.values()} | {column.title for column in COLUMNS}
    english = i18n.catalogue("en")
    assert sorted(text for text in sources if text not in english) == []


def test_an_end_that_asks_for_nothing_says_nothing() -> None:
    assert words.act_of(PaymentStage.COMPLETED, "", "") == ""
    assert words.act_of(PaymentStage.WAITING, "4001", "our_wallet_empty") == ""
    assert words.act_of(PaymentStage.FAILED, "", "") == ""
    assert words.act_of(PaymentStage.FAILED, "", "never_received") == "Rien n'est parti : à relancer."
    assert words.act_of(PaymentStage.FAILED, "", "what_is_this") == "Refus non précisé."
    assert words.act_of(PaymentStage.HELD, "name_different", "") == "Comparez les noms, puis laissez partir ou refusez."
    assert words.act_of(PaymentStage.HELD, "fee_too_high", "").startswith("Les frais dépassent")
    assert words.reason_of("name_different", "") == "Nom différent"
    assert words.reason_of("5200", "") == ""


def test_a_month_is_said_in_words() -> None:
    assert words.cycle_of("2025-12") == "décembre 2025"
