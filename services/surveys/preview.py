"""A questionnaire as it will stand on phones, before it is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.gsm7 import Coding, Limits, fold, measure
from services.surveys.orders import OptionDraft, QuestionDraft
from services.surveys.questionnaire import faults_of, flow_of


@dataclass(frozen=True, slots=True)
class ScreenPreview:
    """One screen: its text, its size, the size of a page, and whether phones can show its letters."""

    code: str
    text: str
    size: int
    limit: int
    is_plain: bool


def preview_screens(
    languages: Sequence[str], questions: Sequence[QuestionDraft], language: str
) -> tuple[list[ScreenPreview], dict[str, str]]:
    """Return the screens of the questions that can be asked, and the faults of the others by their code."""
    faults = faults_of(questions, languages)
    sound = [question for question in questions if question.code not in faults]
    if not sound:
        return [], faults
    loose = [question.model_copy(update={"next": "", "options": _loosened(question)}) for question in sound]
    screens = flow_of("preview", languages, loose, is_anonymous=False)["screens"]
    return [_shown(question.code, screens[f"q_{question.code}"], language) for question in sound], faults


def _loosened(question: QuestionDraft) -> tuple[OptionDraft, ...]:
    """Return the answers without where they lead: a question that is faulty now may be there later."""
    return tuple(option.model_copy(update={"next": ""}) for option in question.options)


def _shown(code: str, screen: dict[str, Any], language: str) -> ScreenPreview:
    options = screen.get("options", [])
    lines = [screen["text"][language], *(f"{each['key']}. {each['label'][language]}" for each in options)]
    text = fold("\n".join(lines))
    measured = measure(text)
    return ScreenPreview(code, text, measured.size, Limits().of(measured.coding), measured.coding is Coding.GSM7)
