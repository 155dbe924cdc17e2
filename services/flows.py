"""Menus as versions: a draft is saved without losing anybody's edit, published in one step, rolled back in one.

A published version never changes. Sessions keep the version they began with; a new one reads the pointer of its
service. What a document may say is judged by the channels' lint, which callers hand over.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic import Field
from sqlalchemy import event
from sqlmodel import col, func, select

from core import clock, live
from core.database import Session, fetch_all
from core.errors import Conflict, NotFound, Refusal, WrongState
from core.orders import Order
from core.permissions import SYSTEM, Actor, Permission
from core.states import transition
from models.flows import VERSION_STEPS, Flow, FlowVersion, VersionState
from models.ussd import UssdPublication, UssdService, UssdTrial
from services import audit

TOPIC = "flows"
LONGEST_NOTE = 500

_WAS_LIVE = """
select 1 from ussd_publication
where service_id = %(service)s and %(version)s in (version_id, replaces_id) limit 1
"""

_IN_USE = """
select 1 from ussd_service where live_version_id = %(version)s
union all select 1 from ussd_trial where version_id = %(version)s and ended_at is null limit 1
"""


class Finding(Protocol):
    """One thing lint found."""

    @property
    def rule(self) -> str:
        """The rule, `L01` to `L20`."""

    @property
    def screen(self) -> str:
        """The screen it is about, empty for the whole document."""

    @property
    def message(self) -> str:
        """What to change, in the language of the reader."""

    @property
    def is_error(self) -> bool:
        """Whether it blocks publishing."""


Lint = Callable[[Mapping[str, Any]], Iterable[Finding]]


class FlowNotFound(NotFound):
    """No such menu, service or version, or they do not belong together."""

    code = "parcours_introuvable"
    sentence = "Ce parcours est introuvable."


class DraftChanged(Conflict):
    """Somebody saved since this draft was read; `checksum` is what it is now."""

    code = "brouillon_modifie"
    sentence = "Ce brouillon a changé depuis que vous l'avez ouvert : rechargez-le."


class LintRefused(Refusal):
    """The document has errors; `findings` lists them all."""

    code = "parcours_en_erreur"
    status = 422
    sentence = "Ce parcours a {errors} erreurs : corrigez-les avant de publier."


class SameAuthor(Refusal):
    """This service wants a second person: none of those who wrote a version publishes it."""

    code = "quatre_yeux"
    status = 403
    sentence = "Une autre personne que l'auteur doit publier cette version."


class VersionInUse(Refusal):
    """Dialogues stand on this version: a trial of it, for a draft."""

    code = "version_utilisee"
    status = 409
    sentence = "Des sessions utilisent cette version : elle reste."


class SaveDraft(Order):
    """A document to keep. Without `version_id` a new draft begins; with it, `checksum` is the one that was read."""

    flow_key: str = Field(min_length=1, max_length=64)
    body: dict[str, Any]
    version_id: UUID | None = None
    checksum: str = ""
    note: str = Field(default="", max_length=LONGEST_NOTE)


class RequestReview(Order):
    """A version as it was read: to be looked at by a second person, given back, or thrown away."""

    version_id: UUID
    checksum: str


class PublishVersion(Order):
    """Put a version live on a service, as it was read."""

    service_key: str
    version_id: UUID
    checksum: str
    reason: str = Field(default="", max_length=LONGEST_NOTE)


class RollBack(Order):
    """Put an older version live again, and say why."""

    service_key: str
    version_id: UUID
    reason: str = Field(min_length=1, max_length=LONGEST_NOTE)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a menu, without its document."""

    id: UUID
    flow_key: str
    number: int
    state: VersionState
    checksum: str
    note: str
    created_by: UUID | None
    created_at: datetime
    published_at: datetime | None
    findings: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Published:
    """What went live, and what it replaced."""

    version: VersionRow
    replaced_id: UUID | None


def checksum_of(body: Mapping[str, Any]) -> str:
    """Return the checksum of a document: the same for the same content, however its keys were ordered."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def save_draft(session: Session, actor: Actor, order: SaveDraft, lint: Lint) -> VersionRow:
    """Keep a document, with what lint says of it; refuses with `DraftChanged` rather than lose an edit."""
    actor.require(Permission.USSD_MENUS_WRITE)
    flow = _lock_flow(session, order.flow_key)
    if order.version_id is None:
        newest = session.exec(select(func.max(FlowVersion.number)).where(FlowVersion.flow_id == flow.id)).one()
        version = FlowVersion(flow_id=flow.id, number=(newest or 0) + 1, checksum="", created_by=actor.user_id)
    else:
        version = lock_version(session, order.version_id, order.checksum)
        if version.flow_id != flow.id:
            raise FlowNotFound
        if version.state != VersionState.DRAFT:
            raise WrongState(state=version.state, wanted=VersionState.DRAFT)
    version.body, version.checksum, version.note = order.body, checksum_of(order.body), order.note
    version.lint = lint_of(lint(order.body))
    version.saved_by, version.saved_at = actor.user_id, clock.now()
    if actor.user_id is not None and actor.user_id not in version.authors:
        version.authors = [*version.authors, actor.user_id]
    session.add(version)
    session.flush()
    ring(session)
    return _row(flow, version)


def discard_draft(session: Session, actor: Actor, order: RequestReview) -> None:
    """Throw a draft away, as it was read."""
    actor.require(Permission.USSD_MENUS_WRITE)
    version = lock_version(session, order.version_id, order.checksum)
    if version.state != VersionState.DRAFT:
        raise WrongState(state=version.state, wanted=VersionState.DRAFT)
    if fetch_all(session, "select 1 from ussd_session where version_id = %s limit 1", (version.id,)):
        raise VersionInUse
    audit.record(session, actor, "flow.discard", "flow_version", version.id, summary=f"{version.number}")
    session.delete(version)
    session.flush()
    ring(session)


def request_review(session: Session, actor: Actor, order: RequestReview) -> VersionRow:
    """Close a draft without errors to edits until somebody publishes it or sends it back."""
    actor.require(Permission.USSD_MENUS_WRITE)
    version = lock_version(session, order.version_id, order.checksum)
    if errors := [finding for finding in version.lint.get("findings", ()) if finding["is_error"]]:
        raise LintRefused(errors=len(errors), findings=errors)
    return _move(session, actor, order, VersionState.REVIEW, "flow.request_review")


def return_to_draft(session: Session, actor: Actor, order: RequestReview) -> VersionRow:
    """Send a version under review back to its author."""
    return _move(session, actor, order, VersionState.DRAFT, "flow.return_to_draft")


def publish(session: Session, actor: Actor, order: PublishVersion, lint: Lint) -> Published:
    """Put a version live: new sessions begin on it from the commit on, open ones end on theirs.

    Refuses with `LintRefused`, with `DraftChanged` when the version is no longer what was read and, where the service
    wants four eyes, with `SameAuthor` or with `WrongState` while nobody asked for a review.
    """
    actor.require(Permission.USSD_MENUS_WRITE)
    service = lock_service(session, order.service_key)
    version = lock_version(session, order.version_id, order.checksum)
    if version.state == VersionState.RETIRED or version.id == service.live_version_id:
        raise WrongState(state=version.state, wanted=VersionState.REVIEW)
    if service.needs_four_eyes and actor != SYSTEM:
        require_second_person(version, actor)
    findings = tuple(lint(version.body))
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        raise LintRefused(errors=len(errors), findings=lint_of(findings)["findings"])
    version.lint = lint_of(findings)
    version.reviewed_by = actor.user_id
    return _put_live(session, actor, service, version, order.reason, "ussd.publish")


def roll_back(session: Session, actor: Actor, order: RollBack) -> Published:
    """Put a version live that was live on this service before; it was judged then, and has not changed since."""
    actor.require(Permission.USSD_MENUS_WRITE)
    service = lock_service(session, order.service_key)
    version = lock_version(session, order.version_id, None)
    if version.state not in {VersionState.RETIRED, VersionState.PUBLISHED} or version.id == service.live_version_id:
        raise WrongState(state=version.state, wanted=VersionState.PUBLISHED)
    if not fetch_all(session, _WAS_LIVE, {"service": service.id, "version": version.id}):
        raise FlowNotFound
    return _put_live(session, actor, service, version, order.reason, "ussd.roll_back")


def require_second_person(version: FlowVersion, actor: Actor) -> None:
    """Refuse whoever wrote a version, and a version of which nobody asked for a review."""
    if actor.user_id is None or actor.user_id in {version.created_by, *version.authors}:
        raise SameAuthor
    if version.state == VersionState.DRAFT:
        raise WrongState(state=version.state, wanted=VersionState.REVIEW)


def _put_live(
    session: Session, actor: Actor, service: UssdService, version: FlowVersion, reason: str, action: str
) -> Published:
    """Move the pointer: the one step by which every process switches. What was on trial beside it is over."""
    if version.flow_id != service.flow_id:
        raise FlowNotFound
    if version.state != VersionState.PUBLISHED:
        transition(version, VERSION_STEPS, VersionState.PUBLISHED)
        version.published_at = clock.now()
    replaced_id, service.live_version_id = service.live_version_id, version.id
    publication = UssdPublication(
        service_id=service.id, version_id=version.id, replaces_id=replaced_id, actor_id=actor.user_id, reason=reason
    )
    session.add_all((service, version, publication))
    trial = end_trial(session, actor, service.id, reason)
    session.flush()
    for old_id in (replaced_id, trial.version_id if trial else None):
        retire(session, old_id)
    changes = {"number": version.number, "replaces": str(replaced_id) if replaced_id else None}
    audit.record(session, actor, action, "ussd_service", service.id, summary=reason, changes=changes)
    ring(session)
    return Published(_row(session.get_one(Flow, version.flow_id), version), replaced_id)


def end_trial(session: Session, actor: Actor, service_id: UUID, reason: str) -> UssdTrial | None:
    """End the trial of a service, if one goes on: callers to come begin on what is live."""
    actor.require(Permission.USSD_MENUS_WRITE)
    query = select(UssdTrial).where(UssdTrial.service_id == service_id, col(UssdTrial.ended_at).is_(None))
    trial = session.exec(query.with_for_update()).first()
    if trial is None:
        return None
    trial.ended_at, trial.ended_by, trial.end_reason = clock.now(), actor.user_id, reason
    session.add(trial)
    session.flush()
    audit.record(session, actor, "ussd.trial_end", "ussd_service", service_id, summary=reason)
    return trial


def retire(session: Session, version_id: UUID | None) -> None:
    """Retire a version that no service has live or on trial any more."""
    version = session.get(FlowVersion, version_id) if version_id else None
    if version is None or fetch_all(session, _IN_USE, {"version": version_id}):
        return
    if version.state == VersionState.PUBLISHED:
        transition(version, VERSION_STEPS, VersionState.RETIRED)
        session.add(version)
        session.flush()


def _move(session: Session, actor: Actor, order: RequestReview, to: VersionState, action: str) -> VersionRow:
    actor.require(Permission.USSD_MENUS_WRITE)
    version = lock_version(session, order.version_id, order.checksum)
    transition(version, VERSION_STEPS, to)
    session.add(version)
    session.flush()
    flow = session.get(Flow, version.flow_id)
    assert flow is not None  # noqa: S101  # a foreign key
    audit.record(session, actor, action, "flow_version", version.id, summary=f"{flow.key} {version.number}")
    ring(session)
    return _row(flow, version)


def _lock_flow(session: Session, key: str) -> Flow:
    flow = session.exec(select(Flow).where(Flow.key == key).with_for_update()).first()
    if flow is None:
        raise FlowNotFound
    return flow


def lock_service(session: Session, key: str) -> UssdService:
    """Return a service, held until this transaction ends."""
    service = session.exec(select(UssdService).where(UssdService.key == key).with_for_update()).first()
    if service is None:
        raise FlowNotFound
    return service


def lock_version(session: Session, version_id: UUID, checksum: str | None) -> FlowVersion:
    """Return a version as it was read, held until this transaction ends; without `checksum`, as it is."""
    version = session.exec(
        select(FlowVersion)
        .where(FlowVersion.id == version_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if version is None:
        raise FlowNotFound
    if checksum is not None and version.checksum != checksum:
        raise DraftChanged(checksum=version.checksum)
    return version


def lint_of(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return findings as a version keeps them."""
    names = ("rule", "screen", "message", "is_error")
    return {"findings": [{name: getattr(finding, name) for name in names} for finding in findings]}


def ring(session: Session) -> None:
    """Tell every console once the change stands."""
    event.listen(session, "after_commit", lambda _: live.ring(TOPIC), once=True)


def _row(flow: Flow, version: FlowVersion) -> VersionRow:
    return VersionRow(
        id=version.id,
        flow_key=flow.key,
        number=version.number,
        state=VersionState(version.state),
        checksum=version.checksum,
        note=version.note,
        created_by=version.created_by,
        created_at=version.created_at,
        published_at=version.published_at,
        findings=tuple(version.lint.get("findings", ())),
    )


# Reads


def list_versions(session: Session, actor: Actor, flow_key: str) -> list[VersionRow]:
    """Return the versions of a menu, newest first."""
    actor.require(Permission.USSD_READ)
    found = session.exec(
        select(Flow, FlowVersion)
        .where(FlowVersion.flow_id == Flow.id, Flow.key == flow_key)
        .order_by(col(FlowVersion.number).desc())
    ).all()
    return [_row(flow, version) for flow, version in found]


def get_body(session: Session, actor: Actor, version_id: UUID) -> dict[str, Any]:
    """Return the document of a version."""
    actor.require(Permission.USSD_READ)
    version = session.get(FlowVersion, version_id)
    if version is None:
        raise FlowNotFound
    return version.body
