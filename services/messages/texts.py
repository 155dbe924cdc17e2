"""Texts: what ships with a release (`message_templates.yaml`), what is published as data, and how one is filled.

A text that a person edited lives in `message_template`; until `install_shipped` ran, the shipped one speaks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from core.database import Session, fetch_one
from core.gsm7 import fold
from models.messages import Channel

TEMPLATES_FILE = Path(__file__).parent.parent / "message_templates.yaml"
LOCALES = ("fr", "en", "ln")
EVERY_CHANNEL = "*"
DOTS = "••••••"
BY_PHONE = frozenset({Channel.SMS, Channel.USSD})
NEUTRAL = "notification_push"  # a browser shows its pushes to whoever is near: no amount, no name


class Template(BaseModel):
    """One message in every locale; `variables` are the longest lengths, `secrets` the ones that are sealed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    channel: str = EVERY_CHANNEL
    variables: dict[str, int]
    secrets: frozenset[str] = frozenset()
    max_segments: int = 1
    duplicate_ok: bool = False
    subject: dict[str, str] = {}
    fr: str
    en: str
    ln: str

    def text(self, locale: str) -> str:
        """Return the text of a locale; French where there is no such locale."""
        return {"fr": self.fr, "en": self.en, "ln": self.ln}.get(locale, self.fr)


@dataclass(frozen=True, slots=True)
class Text:
    """One version of a text in one language, as it is sent."""

    code: str
    channel: str
    locale: str
    version: int
    subject: str
    body: str
    variables: Mapping[str, int]
    secrets: frozenset[str]
    max_segments: int
    duplicate_ok: bool
    provider_template: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as its reader sees it; the subject is empty where the channel has none."""

    subject: str
    body: str


@lru_cache(maxsize=1)
def templates() -> dict[str, Template]:
    """Return every shipped template by its code."""
    raw = yaml.safe_load(TEMPLATES_FILE.read_text(encoding="utf-8"))
    return {code: Template.model_validate(body) for code, body in raw.items()}


def shipped_text(code: str, locale: str) -> Text:
    """Return the text of this release; French where it has no such locale."""
    template = templates()[code]
    return Text(
        code=code,
        channel=template.channel,
        locale=locale if locale in LOCALES else LOCALES[0],
        version=template.version,
        subject=template.subject.get(locale, template.subject.get(LOCALES[0], "")),
        body=template.text(locale),
        variables=template.variables,
        secrets=template.secrets,
        max_segments=template.max_segments,
        duplicate_ok=template.duplicate_ok,
        provider_template={},
    )


_PUBLISHED = """
select * from message_template
where code = %(code)s and state = 'published' and locale in (%(locale)s, 'fr') and channel in (%(channel)s, '*')
order by locale = %(locale)s desc, channel <> '*' desc limit 1
"""


def find_text(session: Session, code: str, locale: str, channel: Channel) -> Text:
    """Return the text in force: published for the channel, else for all; in the language, else in French."""
    wanted = NEUTRAL if channel is Channel.PUSH else code
    row = fetch_one(session, _PUBLISHED, {"code": wanted, "locale": locale, "channel": channel})
    return shipped_text(wanted, locale) if row is None else text_of_row(row)


def text_of_row(row: Mapping[str, Any]) -> Text:
    """Return a row of `message_template` as a text."""
    return Text(
        **{name: row[name] for name in ("code", "channel", "locale", "version", "subject", "body", "variables")},
        secrets=frozenset(row["secrets"]),
        max_segments=row["max_segments"],
        duplicate_ok=row["duplicate_ok"],
        provider_template=row["provider_template"],
    )


def names_in(text: str) -> frozenset[str]:
    """Return the variables a text names; raise ValueError when it is more than text and plain names in braces."""
    names = set()
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise ValueError(name)
        names.add(name)
    return frozenset(names)


def fill(text: Text, variables: Mapping[str, Any], channel: Channel, *, is_folded: bool = True) -> Rendered:
    """Fill a text. Values longer than declared are cut, sealed ones are dots, an SMS is folded towards GSM-7."""
    is_short = channel in BY_PHONE and is_folded
    shown = {
        name: _shown(variables.get(name, ""), longest, is_folded=is_short) for name, longest in text.variables.items()
    }
    body = text.body.format_map(shown)
    if is_short:
        # A stand-in for a secret is not sent: it stays readable.
        body = DOTS.join(fold(part) for part in body.split(DOTS))
    has_subject = channel in {Channel.EMAIL, Channel.IN_APP}
    return Rendered(text.subject.format_map(shown) if has_subject else "", body)


def render(template_code: str, locale: str, variables: Mapping[str, Any], channel: Channel = Channel.SMS) -> Rendered:
    """Fill a shipped text."""
    return fill(shipped_text(template_code, locale), variables, channel)


def _shown(value: Any, longest: int, *, is_folded: bool) -> str:
    if isinstance(value, dict):
        return DOTS
    return (fold(str(value)) if is_folded else str(value))[:longest]
