"""What is done to a survey from its page."""

from uuid import UUID

from nicegui import ui

from channels import publishing
from services import surveys as service
from services.surveys import SurveyRow
from ui import shell
from ui.components import toasts
from ui.labels import t
from ui.pages.ussd.surveys import words


async def open_now(survey_id: UUID) -> SurveyRow | None:
    """Put a survey on phones; what lint finds is said."""
    opened = await shell.act(publishing.open_survey, survey_id)
    if opened is not None:
        toasts.done(t("Le sondage est ouvert."))
        ui.navigate.to(f"{words.SURVEYS}/{survey_id}")
    return opened


async def close_now(survey_id: UUID) -> SurveyRow | None:
    """Close a survey for good."""
    closed = await shell.act(service.close_survey, survey_id)
    if closed is not None:
        toasts.done(t("Le sondage est fermé."))
        ui.navigate.to(f"{words.SURVEYS}/{survey_id}")
    return closed
