"""Two versions of a menu side by side: a share of a service's callers meets the one on trial, each always the same.

The choice is made where a session is inserted (`ussd_trial_choose`), so every process and every gateway makes it alike.
A test session, a caller without a number and a session taken up again stay out of it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlmodel import col, select

from core import clock
from core.database import Session, fetch_all
from core.errors import Conflict, InvalidInput, WrongState
from core.i18n import t
from core.orders import Order
from core.permissions import SYSTEM, Actor, Permission
from core.states import transition
from models.flows import VERSION_STEPS, VersionState
from models.ussd import UssdTrial
from services import audit, flows
from services.flows import LONGEST_NOTE, FlowNotFound, Lint, LintRefused

KEY_OCTETS = 32
TIME_IS_UP = "Fin prévue"


class TrialIsOn(Conflict):
    """One trial at a time for a service: two would share one crowd."""

    code = "essai_en_cours"
    sentence = "Un essai est déjà en cours sur ce service : arrêtez-le d'abord."


class NoTrial(Conflict):
    """Nothing is on trial there."""

    code = "aucun_essai"
    sentence = "Aucun essai n'est en cours sur ce service."


class StartTrial(Order):
    """A version as it was read, the share of callers that meets it, and until when (until a person says when empty)."""

    service_key: str
    version_id: UUID
    checksum: str
    share_percent: int = Field(ge=1, le=99)
    ends_at: AwareDatetime | None = None
    reason: str = Field(min_length=1, max_length=LONGEST_NOTE)


class StopTrial(Order):
    """End the trial of a service, and say why."""

    service_key: str
    reason: str = Field(min_length=1, max_length=LONGEST_NOTE)


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial: B beside A on a service. `ended_at` is empty while it goes on."""

    id: UUID
    service_key: str
    service: str
    version_id: UUID
    number: int
    against_id: UUID
    against_number: int
    share_percent: int
    begun_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    who: str
    reason: str
    end_reason: str


def start_trial(session: Session, actor: Actor, order: StartTrial, lint: Lint) -> TrialRow:
    """Let a share of the callers meet a version; it must be as fit to go live as one that is published.

    Refuses with `TrialIsOn` while another goes on, and as `flows.publish` does.
    """
    actor.require(Permission.USSD_MENUS_WRITE)
    service = flows.lock_service(session, order.service_key)
    version = flows.lock_version(session, order.version_id, order.checksum)
    if version.flow_id != service.flow_id or service.live_version_id is None:
        raise FlowNotFound
    if version.id == service.live_version_id:
        raise WrongState(state=version.state, wanted=VersionState.REVIEW)
    if order.ends_at is not None and order.ends_at <= clock.now():
        raise InvalidInput({"ends_at": t("une date à venir")})
    if session.exec(_open_trial(service.id)).first() is not None:
        raise TrialIsOn
    if service.needs_four_eyes and actor != SYSTEM:
        flows.require_second_person(version, actor)
    findings = flows.lint_of(lint(version.body))
    errors = [finding for finding in findings["findings"] if finding["is_error"]]
    if errors:
        raise LintRefused(errors=len(errors), findings=findings["findings"])
    if version.state != VersionState.PUBLISHED:
        transition(version, VERSION_STEPS, VersionState.PUBLISHED)
        version.published_at = clock.now()
    version.lint, version.reviewed_by = findings, actor.user_id
    trial = UssdTrial(
        service_id=service.id,
        version_id=version.id,
        against_id=service.live_version_id,
        share_percent=order.share_percent,
        key=secrets.token_bytes(KEY_OCTETS),
        ends_at=order.ends_at,
        begun_by=actor.user_id,
        begin_reason=order.reason,
    )
    session.add_all((version, trial))
    session.flush()
    changes = {"number": version.number, "share_percent": order.share_percent}
    audit.record(session, actor, "ussd.trial_start", "ussd_service", service.id, summary=order.reason, changes=changes)
    flows.ring(session)
    return TrialRow(**_rows(session, {"id": trial.id})[0])


def stop_trial(session: Session, actor: Actor, order: StopTrial) -> TrialRow:
    """End a trial: new sessions begin on what is live, open ones end on the version they began with."""
    actor.require(Permission.USSD_MENUS_WRITE)
    service = flows.lock_service(session, order.service_key)
    trial = flows.end_trial(session, actor, service.id, order.reason)
    if trial is None:
        raise NoTrial
    flows.retire(session, trial.version_id)
    flows.ring(session)
    return TrialRow(**_rows(session, {"id": trial.id})[0])


def end_due(session: Session) -> int:
    """End the trials whose date has come; return how many. Callers left them at that very instant."""
    due = session.exec(
        select(UssdTrial)
        .where(col(UssdTrial.ended_at).is_(None), col(UssdTrial.ends_at) <= clock.now())
        .with_for_update(skip_locked=True)
    ).all()
    for trial in due:
        flows.end_trial(session, SYSTEM, trial.service_id, TIME_IS_UP)
        flows.retire(session, trial.version_id)
    if due:
        flows.ring(session)
    return len(due)


def _open_trial(service_id: UUID) -> Any:
    return select(UssdTrial.id).where(UssdTrial.service_id == service_id, col(UssdTrial.ended_at).is_(None))


# Reads

_TRIALS = """
select x.id, s.key as service_key, s.name as service, x.version_id, b.number, x.against_id, a.number as against_number,
    x.share_percent, x.created_at as begun_at, x.ends_at, x.ended_at, x.begin_reason as reason, x.end_reason,
    btrim(concat_ws(' ', u.first_name, u.last_name)) as who
from ussd_trial x
join ussd_service s on s.id = x.service_id
join flow f on f.id = s.flow_id
join flow_version a on a.id = x.against_id
join flow_version b on b.id = x.version_id
left join users u on u.id = x.begun_by
where (%(id)s::uuid is null or x.id = %(id)s) and (%(key)s::text is null or f.key = %(key)s)
order by x.ended_at is not null, x.created_at desc limit 100
"""


def list_trials(session: Session, actor: Actor, flow_key: str) -> list[TrialRow]:
    """Return the trials of a menu: those that go on, then the newest."""
    actor.require(Permission.USSD_READ)
    return [TrialRow(**row) for row in _rows(session, {"key": flow_key})]


def _rows(session: Session, asked: dict[str, Any]) -> list[dict[str, Any]]:
    return fetch_all(session, _TRIALS, {"id": None, "key": None} | asked)
