"""From a screen to the octets that leave, as the profile says."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from channels.ussd.profiles import pages
from channels.ussd.profiles.model import Profile
from channels.ussd.profiles.templates import compile_template
from channels.ussd.profiles.wire import Outgoing, WireAnswer, address_mark
from core.orders import made_storable

TEXT, JSON, XML, XHTML = (
    "text/plain; charset=utf-8", "application/json", "text/xml; charset=utf-8", "text/html; charset=utf-8"
)  # fmt: skip
MEDIA_TYPES = {"text": TEXT, "json": JSON, "xml": XML, "xhtml": XHTML}


class Encoder:
    """The answers of one profile, its templates read once."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        reply = profile.reply
        self._body = compile_template(reply.body)
        self._headers = {name: compile_template(text) for name, text in reply.headers.items()}
        self._notice = compile_template(reply.notice)
        self.media_type = reply.media_type or MEDIA_TYPES[reply.type]

    def encode(self, answer: Outgoing) -> WireAnswer:
        """Write a screen."""
        facts = _Facts(self._profile, answer)
        match self._profile.reply.type:
            case "text":
                body = str(self._body(facts)).encode()
            case "json":
                body = _json(self._body(facts))
            case "xml":
                body = _xml(self._body(facts))
            case "xhtml":
                body = pages.page_of(answer, facts.next)
        return WireAnswer(self.media_type, body, self.headers(answer))

    def headers(self, answer: Outgoing) -> dict[str, str]:
        """Return the headers of the gateway's own, the empty ones left out."""
        if not self._headers:
            return {}
        facts = _Facts(self._profile, answer)
        filled = {name: fill(facts) for name, fill in self._headers.items()}
        return {name: _printable(str(value)) for name, value in filled.items() if value not in {None, ""}}

    def notice(self, answer: Outgoing) -> WireAnswer:
        """Write what acknowledges a notice: an empty 200 unless the profile says more."""
        if self._profile.reply.notice is None:
            return WireAnswer("", b"")
        return WireAnswer(self.media_type, _json(self._notice(_Facts(self._profile, answer))))


class _Facts:
    """What a template may name."""

    def __init__(self, profile: Profile, answer: Outgoing) -> None:
        self._profile = profile
        self.answer = answer
        self._raw: Mapping[str, Any] = answer.turn.raw if answer.turn else {}

    @property
    def next(self) -> int:
        """The number that the next turn's address carries."""
        present = self._raw.get("path.n", 0)
        return present + 1 if isinstance(present, int) else 1

    @property
    def closes(self) -> bool:
        """Whether the gateway is told to close: some refuse it in their first message."""
        return not self.answer.has_more and not (self.answer.is_first and self._profile.first_never_closes)

    def __call__(self, name: str) -> Any:
        if name.startswith("raw."):
            return self._raw.get(name[4:])
        if name.startswith("echo."):
            return self._raw.get(self._profile.fields.echo.get(name[5:], ""))
        if name.startswith("screen."):
            return self._screen(name[7:])
        return _PLAIN[name](self)

    def _screen(self, name: str) -> Any:
        match name:
            case "id":
                return self.answer.screen
            case "title":
                return pages.title_of(self.answer)
            case "label":
                return self.answer.text.partition("\n")[0]
            case "links":
                return pages.links_of(self.answer, self.next)
            case "form":
                return pages.form_of(self.answer, self.next)
        raise KeyError(name)


_PLAIN: dict[str, Callable[[_Facts], Any]] = {
    "text": lambda facts: facts.answer.text,
    "more": lambda facts: facts.answer.has_more,
    "word": lambda facts: facts.answer.words[0 if facts.answer.has_more else 1],
    "closes": lambda facts: facts.closes,
    "first": lambda facts: facts.answer.is_first,
    "restarted": lambda facts: facts.answer.is_restart,
    "ucs2": lambda facts: facts.answer.coding == "ucs2",
    "session": lambda facts: facts.answer.turn.session_key if facts.answer.turn else "",
    "next": lambda facts: facts.next,
    "address": lambda _facts: address_mark(),
    "transaction": lambda facts: facts.answer.transaction,
}


def _json(value: Any) -> bytes:
    return json.dumps(made_storable(value), ensure_ascii=False, separators=(",", ":")).encode()


def _printable(text: str) -> str:
    """Return what a header may hold: of what a request brought, no line end and nothing beyond ASCII."""
    return "".join(mark if " " <= mark <= "~" else "?" for mark in text)


def _xml(value: Mapping[str, Any]) -> bytes:
    (name, members), *_ = value.items()
    root = ET.Element(name)
    for tag, content in members.items():
        ET.SubElement(root, tag).text = str(content)
    octets: bytes = ET.tostring(root, "utf-8")
    return octets
