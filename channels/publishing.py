"""Saving and publishing menus, judged by lint with what this installation knows: actions, prices, other flows."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from channels import document
from channels.actions import Action
from channels.flow import parse_flow
from channels.lint import Facts, Finding, lint
from channels.ussd import gateways
from channels.ussd.actions import REGISTRY, http
from core.database import Session, fetch_all
from core.permissions import Actor, Permission
from services import flows, new_services, surveys, tariffs, trials
from services.flows import Lint, Published, PublishVersion, SaveDraft, VersionRow
from services.new_services import CreateMenu
from services.surveys import SurveyRow
from services.trials import StartTrial, TrialRow

SURVEYS_SERVICE = "service"


def save_draft(session: Session, actor: Actor, order: SaveDraft) -> VersionRow:
    """Keep a draft with its findings; errors only block publishing."""
    return flows.save_draft(session, actor, order, linter(session, order.flow_key))


def create_menu(session: Session, actor: Actor, order: CreateMenu) -> VersionRow:
    """Begin a menu with its first draft: one screen, or what another version says."""
    new_services.open_menu(session, actor, order.key, order.title)
    if order.version_id is None:
        body = document.begin(order.key, order.languages)
    else:
        body = {**flows.get_body(session, actor, order.version_id), "flow": order.key}
    return save_draft(session, actor, SaveDraft(flow_key=order.key, body=body))


def publish(session: Session, actor: Actor, order: PublishVersion) -> Published:
    """Put a version live on a service unless lint finds an error."""
    return flows.publish(session, actor, order, linter(session, order.service_key))


def start_trial(session: Session, actor: Actor, order: StartTrial) -> TrialRow:
    """Let a share of the callers meet a version unless lint finds an error."""
    return trials.start_trial(session, actor, order, linter(session, order.service_key))


def open_survey(session: Session, actor: Actor, survey_id: UUID) -> SurveyRow:
    """Put a survey on phones unless lint finds an error in the screens it makes."""
    return surveys.open_survey(session, actor, survey_id, linter(session, SURVEYS_SERVICE))


def linter(session: Session, service_key: str, registry: Mapping[str, Action] = REGISTRY) -> Lint:
    """Return lint as the service `service_key` needs it; for a flow of no service, prices are not looked at."""
    return partial(_lint, facts_of(session, service_key, registry))


def facts_of(session: Session, service_key: str, registry: Mapping[str, Action] = REGISTRY) -> Facts:
    """Return what this installation knows that a document of this service may rely on."""
    services = fetch_all(session, "select currency, settings from ussd_service where key = %s", (service_key,))
    others = fetch_all(
        session,
        "select distinct on (f.key) f.key, v.body from flow f join flow_version v on v.flow_id = f.id"
        " where v.state = 'published' and f.key like 'survey:%%' order by f.key, v.number desc",
    )
    settings: dict[str, Any] = services[0]["settings"] if services else {}
    return Facts(
        registry=registry,
        limits=gateways.narrowest_of(session, service_key),
        connectors=http.list_shaped(session),
        flows={row["key"]: parse_flow(row["body"]) for row in others},
        givens={"brand", "pin_length", *settings},
        priced=tariffs.get_priced_types(session, services[0]["currency"]) if services else None,
        is_ucs2=settings.get("fold") is False,
    )


def get_facts(session: Session, actor: Actor, flow_key: str) -> Facts:
    """Return what a menu is judged by, for the page on which it is written."""
    actor.require(Permission.USSD_READ)
    return facts_of(session, flow_key)


def _lint(facts: Facts, body: Mapping[str, Any]) -> list[Finding]:
    return lint(body, facts)
