"""Writing a survey, opening it to phones, closing it for good."""

import secrets
from typing import Any
from uuid import UUID

from sqlmodel import col, delete, select

from core import clock
from core.database import Session, fetch_one
from core.errors import InvalidInput, WrongState
from core.i18n import t
from core.permissions import SYSTEM, Actor, Permission
from core.security import seal_secret
from core.states import transition
from models.flows import VERSION_STEPS, Flow, FlowVersion, VersionState
from models.surveys import SURVEY_STEPS, Survey, SurveyQuestion, SurveyState
from services import audit, flows
from services.flows import Lint
from services.surveys.orders import (
    CodeTaken,
    QuestionnaireRefused,
    SaveSurvey,
    SurveyNotFound,
    SurveyRefusedByLint,
    SurveyRow,
)
from services.surveys.questionnaire import faults_of, flow_key, flow_of
from services.surveys.reads import questions_of, row_of

KEY_BYTES = 32


def save_survey(session: Session, actor: Actor, order: SaveSurvey) -> SurveyRow:
    """Keep a survey as it is written; once open, only its end and its quota still change."""
    actor.require(Permission.USSD_SURVEYS_WRITE)
    if order.opens_at and order.closes_at and order.closes_at <= order.opens_at:
        raise InvalidInput({"closes_at": t("La fin vient après le début.")})
    survey = _locked(session, order.survey_id) if order.survey_id else _begun(session, actor, order)
    if survey.state == SurveyState.CLOSED:
        raise WrongState(state=survey.state, wanted=SurveyState.OPEN)
    survey.closes_at, survey.quota = order.closes_at, order.quota
    if survey.state == SurveyState.DRAFT:
        _rewrite(session, survey, order)
    session.add(survey)
    session.flush()
    audit.record(session, actor, "survey.save", "survey", survey.id, survey.name, {"questions": len(order.questions)})
    return row_of(session, survey)


def open_survey(session: Session, actor: Actor, survey_id: UUID, lint: Lint) -> SurveyRow:
    """Put a survey on phones: its screens become the flow `survey:{code}`, and its questions change no more."""
    actor.require(Permission.USSD_SURVEYS_WRITE)
    survey = _locked(session, survey_id)
    transition(survey, SURVEY_STEPS, SurveyState.OPEN)
    body = _body(session, survey)
    findings = [finding for finding in lint(body) if finding.is_error]
    if findings:
        listed = [{"rule": each.rule, "screen": each.screen, "message": each.message} for each in findings]
        raise SurveyRefusedByLint(first=findings[0].message, findings=listed)
    if survey.is_anonymous:
        survey.key_sealed = seal_secret(secrets.token_hex(KEY_BYTES), key_context(survey.id))
    survey.opened_at = clock.now()
    _publish(session, actor, survey, body)
    session.add(survey)
    session.flush()
    audit.record(session, actor, "survey.open", "survey", survey.id, survey.name)
    return row_of(session, survey)


def close_survey(session: Session, actor: Actor, survey_id: UUID) -> SurveyRow:
    """Ask nobody any more, and forget for good who took part in an anonymous survey. A run begun may finish."""
    actor.require(Permission.USSD_SURVEYS_WRITE)
    survey = _locked(session, survey_id)
    transition(survey, SURVEY_STEPS, SurveyState.CLOSED)
    survey.key_sealed, survey.closed_at = None, clock.now()
    version = _published(session, survey)
    if version is not None:
        transition(version, VERSION_STEPS, VersionState.RETIRED)
        session.add(version)
    session.add(survey)
    session.flush()
    audit.record(session, actor, "survey.close", "survey", survey.id, survey.name)
    return row_of(session, survey)


def close_due(session: Session, most: int = 20) -> int:
    """Close the surveys whose time is over; return how many."""
    due = session.exec(
        select(Survey.id)
        .where(Survey.state == SurveyState.OPEN, col(Survey.closes_at) <= clock.now())
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    for survey_id in due:
        close_survey(session, SYSTEM, survey_id)
    return len(due)


def key_context(survey_id: UUID) -> str:
    """Return what a survey's key is sealed to."""
    return f"survey:{survey_id}"


def _locked(session: Session, survey_id: UUID) -> Survey:
    survey = session.get(Survey, survey_id, with_for_update=True, populate_existing=True)
    if survey is None:
        raise SurveyNotFound
    return survey


def _begun(session: Session, actor: Actor, order: SaveSurvey) -> Survey:
    if fetch_one(session, "select 1 as found from survey where code = %s", (order.code,)):
        raise CodeTaken({"code": t("Un autre sondage porte ce code.")})
    survey = Survey(code=order.code, name=order.name, created_by=actor.user_id)
    session.add(survey)
    session.flush()
    return survey


def _rewrite(session: Session, survey: Survey, order: SaveSurvey) -> None:
    faults = faults_of(order.questions, order.languages)
    if faults:
        raise QuestionnaireRefused(faults)
    survey.name, survey.languages, survey.opens_at = order.name, list(order.languages), order.opens_at
    survey.has_one_answer_per_phone, survey.is_anonymous = order.has_one_answer_per_phone, order.is_anonymous
    survey.audience = order.audience.model_dump(mode="json")
    session.exec(delete(SurveyQuestion).where(col(SurveyQuestion.survey_id) == survey.id))
    session.add_all(
        SurveyQuestion(survey_id=survey.id, number=number, **question.model_dump(mode="json"))
        for number, question in enumerate(order.questions, start=1)
    )


def _body(session: Session, survey: Survey) -> dict[str, Any]:
    questions = questions_of(session, survey.id)
    if not questions:
        raise QuestionnaireRefused({"questions": t("Écrivez au moins une question.")})
    return flow_of(survey.code, survey.languages, questions, is_anonymous=survey.is_anonymous)


def _publish(session: Session, actor: Actor, survey: Survey, body: dict[str, Any]) -> None:
    flow = Flow(key=flow_key(survey.code), title=survey.name)
    session.add(flow)
    session.flush()
    version = FlowVersion(
        flow_id=flow.id,
        number=1,
        state=VersionState.PUBLISHED,
        body=body,
        checksum=flows.checksum_of(body),
        created_by=actor.user_id,
        published_at=clock.now(),
    )
    session.add(version)


def _published(session: Session, survey: Survey) -> FlowVersion | None:
    return session.exec(
        select(FlowVersion)
        .join(Flow, col(Flow.id) == col(FlowVersion.flow_id))
        .where(Flow.key == flow_key(survey.code), FlowVersion.state == VersionState.PUBLISHED)
        .with_for_update(of=FlowVersion)
    ).first()
