"""What survey verbs are asked, what they give back, and how they refuse."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from core.errors import InvalidInput, NotFound, Refusal
from core.orders import Order
from models.surveys import QuestionKind
from services.audiences import Audience

LONGEST_NAME = 20  # one line of a menu
LONGEST_TEXT = 160
END, SCREEN_OUT = "end", "screen_out"


class SurveyNotFound(NotFound):
    """No such survey."""

    code = "sondage_introuvable"
    sentence = "Ce sondage est introuvable."


class CodeTaken(InvalidInput):
    """Another survey has this code."""

    code = "code_pris"


class QuestionnaireRefused(InvalidInput):
    """Questions that cannot be asked as they are; `fields` names each question with its fault."""

    code = "questionnaire_refuse"


class SurveyRefusedByLint(Refusal):
    """The screens a survey makes have faults; `findings` lists them."""

    code = "sondage_en_erreur"
    status = 422
    sentence = "Ce sondage ne tient pas sur les téléphones : {first}."


class OptionDraft(Order):
    """One answer to choose; `next` is `end`, `screen_out`, a later question, or empty for the one that follows."""

    key: str = Field(pattern="^[1-9]$")
    label: dict[str, str]
    next: str = ""


class QuestionDraft(Order):
    """One question as it is written."""

    code: str = Field(pattern="^[a-z][a-z0-9_]{0,19}$")
    kind: QuestionKind
    text: dict[str, str]
    options: tuple[OptionDraft, ...] = ()
    is_required: bool = True
    minimum: int | None = Field(default=None, ge=-999_999_999, le=999_999_999)
    maximum: int | None = Field(default=None, ge=-999_999_999, le=999_999_999)
    next: str = ""


class SaveSurvey(Order):
    """A survey as it is written; without `survey_id` a new one begins."""

    survey_id: UUID | None = None
    code: str = Field(pattern="^[a-z][a-z0-9-]{1,19}$")
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    languages: tuple[Literal["fr", "en", "ln"], ...] = Field(default=("fr",), min_length=1)
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    has_one_answer_per_phone: bool = True
    quota: int | None = Field(default=None, ge=1, le=10_000_000)
    audience: Audience = Audience()
    is_anonymous: bool = False
    questions: tuple[QuestionDraft, ...] = Field(default=(), max_length=40)


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """One survey, with what is known of its answers."""

    id: UUID
    code: str
    name: str
    languages: tuple[str, ...]
    opens_at: datetime | None
    closes_at: datetime | None
    has_one_answer_per_phone: bool
    quota: int | None
    audience: Audience
    is_anonymous: bool
    state: str
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    started: int
    completed: int
    questions: tuple[QuestionDraft, ...]
