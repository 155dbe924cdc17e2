"""Surveys and notices of the demo: one survey answered for weeks, one just written, a notice that went to inboxes."""

from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from commands.demo.chance import Chance
from commands.demo.load import copy
from commands.demo.people import Subscriber
from core.database import Session, driver, fetch_all
from core.permissions import SYSTEM
from models.surveys import RunState
from models.users import UserState
from services import notices, surveys
from services.audiences import Audience
from services.notices import SaveNotice
from services.surveys import OptionDraft, QuestionDraft, SaveSurvey, SurveyRow

RUNS = ("id", "created_at", "survey_id", "respondent", "ordinal", "state", "at_question", "day", "network", "language")
ANSWERS = ("id", "created_at", "run_id", "question_id", "value", "tags")
ASKED_SHARE, FINISHED_SHARE = 0.7, 0.86
LASTED_DAYS = 21
TASTES = (0.46, 0.37, 0.17)
WISHES = (
    ("Moins d'attente au guichet", ("attente",)),
    ("Plus d'agents au village", ("agents",)),
    ("Des frais plus bas", ("frais",)),
    ("Le menu en fulfulde", ("langue",)),
    ("Un reçu par SMS à chaque fois", ("sms",)),
    ("Ouvrir le dimanche", ("attente",)),
)


def _options(*labels: tuple[str, str]) -> tuple[OptionDraft, ...]:
    """Return answers in French and English; all but the last lead to the end."""
    return tuple(
        OptionDraft(key=str(key), label={"fr": fr, "en": en}, next="" if key == len(labels) else "end")
        for key, (fr, en) in enumerate(labels, start=1)
    )


OPINION = SaveSurvey(
    code="satisfaction",
    name="Satisfaction",
    languages=("fr", "en"),
    questions=(
        QuestionDraft(
            code="general",
            kind="choice",
            text={"fr": "Que pensez-vous de nos services ?", "en": "What do you think of our services?"},
            options=_options(("Très bien", "Very good"), ("Bien", "Good"), ("Pas bien", "Not good")),
        ),
        QuestionDraft(code="why", kind="text", text={"fr": "Que faut-il changer ?", "en": "What should change?"}),
    ),
)
MARKET = SaveSurvey(
    code="marche",
    name="Vos marchés",
    is_anonymous=True,
    quota=200,
    questions=(
        QuestionDraft(code="jours", kind="number", text={"fr": "Jours de marché par mois"}, minimum=0, maximum=31),
        QuestionDraft(code="confiance", kind="scale", text={"fr": "Votre confiance"}, minimum=1, maximum=5),
        QuestionDraft(code="souhait", kind="text", text={"fr": "Un souhait ?"}, is_required=False),
    ),
)
CLOSING = {
    "fr": "Nos bureaux ferment vendredi à 15 h. Le service par téléphone reste ouvert.",
    "en": "Our offices close on Friday at 3 p.m. The service by phone stays open.",
}
FEES = {"fr": "Dès le 1er décembre, l'envoi de moins de 5 000 F coûte 50 F. Rien d'autre ne change."}


def write_surveys(session: Session, chance: Chance, now: datetime, everybody: list[Subscriber]) -> None:
    """Write the surveys with their answers, and the notices."""
    opened = surveys.save_survey(session, SYSTEM, OPINION)
    surveys.open_survey(session, SYSTEM, opened.id, lambda _body: ())
    surveys.save_survey(session, SYSTEM, MARKET)
    _answer(session, chance, now, opened, everybody)
    _tell(session, now)


def _answer(session: Session, chance: Chance, now: datetime, survey: SurveyRow, everybody: list[Subscriber]) -> None:
    questions = {
        row["code"]: row["id"]
        for row in fetch_all(session, "select id, code from survey_question where survey_id = %s", (survey.id,))
    }
    runs: list[tuple[Any, ...]] = []
    answers: list[tuple[Any, ...]] = []
    for person in everybody:
        if person.state != UserState.ACTIVE or not chance.is_true(ASKED_SHARE):
            continue
        at = now - timedelta(seconds=chance.randrange(LASTED_DAYS * 86_400))
        run_id, taste = chance.id_at(at), chance.choices("123", TASTES)[0]
        answers.append((chance.id_at(at), at, run_id, questions["general"], taste, Jsonb([])))
        is_finished = taste != "3" or chance.is_true(FINISHED_SHARE)
        if taste == "3" and is_finished:
            wish, tags = chance.choice(WISHES)
            answers.append((chance.id_at(at), at, run_id, questions["why"], wish, Jsonb(list(tags))))
        state = RunState.COMPLETE if is_finished else RunState.OPEN
        standing = "" if is_finished else "why"
        language = "en" if person.language == "en" else "fr"
        runs.append((run_id, at, survey.id, person.phone, 1, state, standing, at.date(), person.network, language))
    copy(session, "survey_run", RUNS, runs)
    copy(session, "survey_answer", ANSWERS, answers)
    driver(session).execute(
        "update survey set opened_at = %s where id = %s", (now - timedelta(days=LASTED_DAYS), survey.id)
    )


def _tell(session: Session, now: datetime) -> None:
    """Put one notice in every inbox, and leave another to be written on."""
    sent = notices.save_notice(session, SYSTEM, SaveNotice(name="Fermeture de vendredi", texts=CLOSING, has_sms=False))
    people = notices.preview_notice(session, SYSTEM, sent.id).people
    driver(session).execute(
        "update notice set state = 'scheduled', starts_at = %s, recipients = %s where id = %s", (now, people, sent.id)
    )
    while notices.write_due(session):
        pass
    draft = SaveNotice(name="Nouveaux frais d'envoi", texts=FEES, audience=Audience(kind="filter", roles=("client",)))
    notices.save_notice(session, SYSTEM, draft)
