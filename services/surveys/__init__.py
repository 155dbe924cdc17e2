"""Surveys on phones: written in the console, asked as the flow `survey:{code}`, answered one screen at a time."""

from services.surveys.answering import (
    BeginRun,
    Begun,
    KeepAnswer,
    OpenSurvey,
    begin_run,
    forget_respondent,
    keep_answer,
    list_open,
)
from services.surveys.orders import (
    OptionDraft,
    QuestionDraft,
    QuestionnaireRefused,
    SaveSurvey,
    SurveyNotFound,
    SurveyRefusedByLint,
    SurveyRow,
)
from services.surveys.preview import ScreenPreview, preview_screens
from services.surveys.questionnaire import flow_key, flow_of
from services.surveys.reads import count_surveys, get_survey, list_surveys
from services.surveys.verbs import close_due, close_survey, open_survey, save_survey

__all__ = [
    "BeginRun",
    "Begun",
    "KeepAnswer",
    "OpenSurvey",
    "OptionDraft",
    "QuestionDraft",
    "QuestionnaireRefused",
    "SaveSurvey",
    "ScreenPreview",
    "SurveyNotFound",
    "SurveyRefusedByLint",
    "SurveyRow",
    "begin_run",
    "close_due",
    "close_survey",
    "count_surveys",
    "flow_key",
    "flow_of",
    "forget_respondent",
    "get_survey",
    "keep_answer",
    "list_open",
    "list_surveys",
    "open_survey",
    "preview_screens",
    "save_survey",
]
