"""`/ussd-console/sondages/{survey_id}`: a draft is written, an open or closed survey shows what it found."""

from core.errors import NotFound
from core.ids import parse_id
from core.permissions import Permission
from models.surveys import SurveyState
from services import surveys as service
from ui import shell
from ui.pages.ussd.surveys import words
from ui.pages.ussd.surveys.builder import Builder
from ui.pages.ussd.surveys.results import draw_results


@shell.screen(words.SURVEYS + "/{survey_id}", title="Sondage", needs=Permission.USSD_READ)
async def survey(survey_id: str) -> None:
    """Draw one survey as its state asks."""
    if survey_id == words.NEW:
        shell.visitor().require(Permission.USSD_SURVEYS_WRITE)
        await Builder(None).draw()
        return
    key = parse_id(survey_id)
    if key is None:
        raise NotFound(thing="survey")
    row = await shell.read(service.get_survey, key)
    if row is None:
        return
    if row.state == SurveyState.DRAFT:
        await Builder(row).draw()
    else:
        await draw_results(row)
