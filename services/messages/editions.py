"""Texts as data: shipped rows, drafts, what a text may not do, publishing, coming back. One version speaks at a time.

A shipped text follows each release until a person publishes something in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, func, select

from core import clock
from core.database import Session
from core.errors import InvalidInput, NotFound, Refusal
from core.gsm7 import count_segments, measure
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.messages import TEMPLATE_STEPS, Channel, MessageTemplate, TemplateState
from services import audit
from services.messages.texts import (
    EVERY_CHANNEL,
    LOCALES,
    Rendered,
    Template,
    Text,
    fill,
    names_in,
    templates,
    text_of_row,
)

LONGEST_BODY = 4_000
NEEDS_REVIEW = frozenset({"ln"})
BY_SMS = frozenset({EVERY_CHANNEL, Channel.SMS.value})


class TextRefused(Refusal):
    """A text that names what does not exist, or costs more than its author allowed, is not published."""

    code = "modele_refuse"
    status = 422
    sentence = "Ce modèle ne peut pas être publié : {defauts}"


class SaveText(Order):
    """A new version of a text; what is not given is as in the shipped one."""

    code: str
    locale: str
    channel: str = EVERY_CHANNEL
    subject: str = Field(default="", max_length=200)
    body: str = Field(min_length=1, max_length=LONGEST_BODY)
    max_segments: int | None = Field(default=None, ge=1, le=10)
    duplicate_ok: bool | None = None
    provider_template: dict[str, Any] = Field(default={})


@dataclass(frozen=True, slots=True)
class TextRow:
    """One version of a text and what it weighs at its longest values."""

    id: UUID
    code: str
    channel: str
    locale: str
    version: int
    subject: str
    body: str
    variables: Mapping[str, int]
    max_segments: int
    duplicate_ok: bool
    provider_template: Mapping[str, Any]
    state: str
    needs_review: bool
    is_shipped: bool
    created_at: datetime
    published_at: datetime | None
    weight: "Weight"
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weight:
    """How heavy a text is as an SMS, with the longest values its variables may have."""

    coding: str
    size: int
    segments: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a text would be: its weight, what forbids it, and how it reads with the longest values."""

    weight: Weight
    faults: tuple[str, ...]
    longest: Rendered


def install_shipped(session: Session) -> int:
    """Write the texts of this release that are not there; return how many. A person's own text stays in force."""
    shelf = _Shelf(session)
    new = [
        row
        for code, template in templates().items()
        for locale in LOCALES
        if (row := shelf.shipped(code, locale, template)) is not None
    ]
    session.flush()  # what steps down does so before what takes its place
    session.add_all(new)
    session.flush()
    return len(new)


class _Shelf:
    """Every version there is, read once: a start compares a hundred texts and mostly writes none."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._versions: dict[tuple[str, str, str], list[MessageTemplate]] = {}
        for row in session.exec(select(MessageTemplate).order_by(col(MessageTemplate.version))):
            self._versions.setdefault((row.code, row.channel, row.locale), []).append(row)

    def shipped(self, code: str, locale: str, template: Template) -> MessageTemplate | None:
        """Return the row of a text of this release, None when it is there already."""
        versions = self._versions.get((code, template.channel, locale), [])
        subject, body = template.subject.get(locale, template.subject.get(LOCALES[0], "")), template.text(locale)
        if any(row.is_shipped and (row.subject, row.body) == (subject, body) for row in versions):
            return None
        present = next((row for row in versions if row.state == TemplateState.PUBLISHED), None)
        speaks = present is None or present.is_shipped
        if present is not None and speaks:
            transition(present, TEMPLATE_STEPS, TemplateState.RETIRED)
            self._session.add(present)
        row = _new(code, locale, template.channel, versions[-1].version + 1 if versions else 1, template)
        row.subject, row.body, row.is_shipped = subject, body, True
        if speaks:
            transition(row, TEMPLATE_STEPS, TemplateState.PUBLISHED)
            row.published_at = clock.now()
        return row


def save_draft(session: Session, actor: Actor, order: SaveText) -> TextRow:
    """Keep a new version; nothing is sent with it before it is published."""
    actor.require(Permission.MESSAGES_WRITE)
    shipped = _shipped(order.code)
    if order.locale not in LOCALES:
        raise InvalidInput({"locale": t("valeur inconnue")})
    if order.channel != EVERY_CHANNEL and order.channel not in set(Channel):
        raise InvalidInput({"channel": t("valeur inconnue")})
    row = _new(
        order.code,
        order.locale,
        order.channel,
        _next_version(session, order.code, order.channel, order.locale),
        shipped,
    )
    row.subject, row.body, row.provider_template = order.subject, order.body, order.provider_template
    row.max_segments = order.max_segments or shipped.max_segments
    row.duplicate_ok = shipped.duplicate_ok if order.duplicate_ok is None else order.duplicate_ok
    session.add(row)
    session.flush()
    audit.record(session, actor, "message_template.draft", "message_template", row.id, _name(row))
    return row_of(row)


def publish(session: Session, actor: Actor, template_id: UUID) -> TextRow:
    """Put a version in force at once in the place of the present one; `TextRefused` says what is wrong with it.

    An earlier version comes back the same way.
    """
    actor.require(Permission.MESSAGES_WRITE)
    row = _locked(session, template_id)
    faults = find_faults(text_of_row(row.model_dump()))
    if faults:
        raise TextRefused(defauts=" ".join(faults))
    if row.state != TemplateState.PUBLISHED:
        _put_in_force(session, row, actor.user_id)
        audit.record(session, actor, "message_template.publish", "message_template", row.id, _name(row))
    return row_of(row)


def roll_back(session: Session, actor: Actor, template_id: UUID) -> TextRow:
    """Bring back what was in force before this version."""
    actor.require(Permission.MESSAGES_WRITE)
    row = _locked(session, template_id)
    before = session.exec(
        select(MessageTemplate)
        .where(
            MessageTemplate.code == row.code,
            MessageTemplate.channel == row.channel,
            MessageTemplate.locale == row.locale,
            MessageTemplate.id != row.id,
            col(MessageTemplate.published_at).is_not(None),
        )
        .order_by(col(MessageTemplate.published_at).desc())
    ).first()
    if before is None:
        raise NotFound(thing="message_template")
    return publish(session, actor, before.id)


def mark_reviewed(session: Session, actor: Actor, template_id: UUID) -> TextRow:
    """Note that a speaker of the language approved a text."""
    actor.require(Permission.MESSAGES_WRITE)
    row = _locked(session, template_id)
    row.needs_review = False
    session.add(row)
    audit.record(session, actor, "message_template.review", "message_template", row.id, _name(row))
    return row_of(row)


def find_faults(text: Text) -> tuple[str, ...]:
    """Return what forbids a text: variables nobody gives, secrets left out, more parts than allowed at the longest."""
    try:
        named = names_in(text.body) | names_in(text.subject)
        weight = weigh(text)
    except (ValueError, KeyError, IndexError, AttributeError):
        return (t("Une accolade n'est pas fermée."),)
    faults = []
    unknown = sorted(named - set(text.variables))
    if unknown:
        faults.append(t("Variables inconnues : {names}.").format(names=", ".join(unknown)))
    missing = sorted(text.secrets - named)
    if missing:
        faults.append(t("Il manque ce que le message porte : {names}.").format(names=", ".join(missing)))
    if text.channel in BY_SMS and weight.segments > text.max_segments:
        faults.append(
            t("{segments} parties de SMS avec les valeurs les plus longues, {most} permises.").format(
                segments=weight.segments, most=text.max_segments
            )
        )
    return tuple(faults)


def weigh(text: Text) -> Weight:
    """Measure a text as an SMS, every variable at its longest."""
    unknown = dict.fromkeys(names_in(text.body) - set(text.variables), 1)
    whole = replace(text, variables={**text.variables, **unknown})
    longest = {name: "8" * length for name, length in whole.variables.items()}
    body = fill(whole, longest, Channel.SMS).body
    coding, size, _ = measure(body)
    return Weight(coding, size, count_segments(body))


def preview(text: Text, channel: Channel, values: Mapping[str, Any]) -> Rendered:
    """Return a text as its reader would get it."""
    return fill(text, values, channel)


def _new(code: str, locale: str, channel: str, version: int, shipped: Template) -> MessageTemplate:
    return MessageTemplate(
        code=code,
        channel=channel,
        locale=locale,
        version=version,
        body="",
        variables=dict(shipped.variables),
        secrets=sorted(shipped.secrets),
        max_segments=shipped.max_segments,
        duplicate_ok=shipped.duplicate_ok,
        needs_review=locale in NEEDS_REVIEW,
    )


def _put_in_force(session: Session, row: MessageTemplate, user_id: UUID | None) -> None:
    present = _in_force(session, row)
    if present is not None:
        transition(present, TEMPLATE_STEPS, TemplateState.RETIRED)
        session.add(present)
        session.flush()
    transition(row, TEMPLATE_STEPS, TemplateState.PUBLISHED)
    row.published_at, row.published_by = clock.now(), user_id
    session.add(row)
    session.flush()


def _in_force(session: Session, row: MessageTemplate) -> MessageTemplate | None:
    return session.exec(
        select(MessageTemplate)
        .where(
            MessageTemplate.code == row.code,
            MessageTemplate.channel == row.channel,
            MessageTemplate.locale == row.locale,
            MessageTemplate.state == TemplateState.PUBLISHED,
        )
        .with_for_update()
    ).first()


def _next_version(session: Session, code: str, channel: str, locale: str) -> int:
    newest = session.exec(
        select(func.max(MessageTemplate.version)).where(
            MessageTemplate.code == code, MessageTemplate.channel == channel, MessageTemplate.locale == locale
        )
    ).one()
    return int(newest or 0) + 1


def _locked(session: Session, template_id: UUID) -> MessageTemplate:
    row = session.get(MessageTemplate, template_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(thing="message_template")
    return row


def _shipped(code: str) -> Template:
    try:
        return templates()[code]
    except KeyError:
        raise InvalidInput({"code": t("valeur inconnue")}) from None


def _name(row: MessageTemplate) -> str:
    return f"{row.code} {row.channel} {row.locale} {row.version}"


# Reads


def list_texts(
    session: Session, actor: Actor, *, code: str = "", locale: str = "", with_history: bool = False
) -> list[TextRow]:
    """Return the texts in force and the drafts, by code, channel and language; the retired ones too if asked."""
    actor.require(Permission.OUTBOX_READ)
    query = select(MessageTemplate).order_by(
        MessageTemplate.code, MessageTemplate.channel, MessageTemplate.locale, col(MessageTemplate.version).desc()
    )
    if code:
        query = query.where(MessageTemplate.code == code)
    if locale:
        query = query.where(MessageTemplate.locale == locale)
    if not with_history:
        query = query.where(MessageTemplate.state != TemplateState.RETIRED)
    return [row_of(row) for row in session.exec(query)]


def get_text(session: Session, actor: Actor, template_id: UUID) -> TextRow:
    """Return one version of a text."""
    actor.require(Permission.OUTBOX_READ)
    row = session.get(MessageTemplate, template_id)
    if row is None:
        raise NotFound(thing="message_template")
    return row_of(row)


def row_of(row: MessageTemplate) -> TextRow:
    """Return a version as a screen shows it."""
    text = text_of_row(row.model_dump())
    faults = find_faults(text)
    columns = {name: getattr(row, name) for name in TextRow.__slots__ if name not in {"weight", "faults"}}
    return TextRow(**columns, weight=Weight("", 0, 0) if faults else weigh(text), faults=faults)


def check_text(_session: Session, actor: Actor, order: SaveText) -> Checked:
    """Return what publishing a text would find, while it is still being written; nothing is kept."""
    actor.require(Permission.OUTBOX_READ)
    row = _new(order.code, order.locale, order.channel, 0, _shipped(order.code))
    row.subject, row.body = order.subject, order.body
    row.max_segments = order.max_segments or row.max_segments
    text = text_of_row(row.model_dump())
    faults = find_faults(text)
    longest = {name: name[:length].ljust(length, ".") for name, length in text.variables.items()}
    try:
        shown = fill(text, longest, Channel.EMAIL if text.subject else Channel.SMS)
        return Checked(weigh(text), faults, shown)
    except (ValueError, KeyError, IndexError, AttributeError):
        return Checked(Weight("", 0, 0), faults, Rendered(order.subject, order.body))
