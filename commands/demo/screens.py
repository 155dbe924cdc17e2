"""The screens of a published menu as a phone showed them, for the turns of the history."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from channels import texts
from core import gsm7

_PLACEHOLDER = re.compile(r"\{([a-z_.]+)(?:\|[a-z]+)?\}")


class Shown(NamedTuple):
    """One screen on a phone."""

    text: str
    coding: str
    size: int


class Menu:
    """A published menu, read for its texts alone."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._screens: Mapping[str, Any] = body["screens"]
        self._default = str(body.get("default_language", "fr"))
        self._plain: dict[tuple[str, str, str], Shown] = {}

    def has(self, screen: str) -> bool:
        """Say whether the menu has this screen."""
        return screen in self._screens

    def goal(self, screen: str) -> str:
        """Return the goal that this screen reaches, or nothing."""
        return str(self._screens.get(screen, {}).get("goal", ""))

    def is_end(self, screen: str) -> bool:
        """Say whether this screen closes the dialogue; the last-resort answer does too."""
        return screen == "" or self._screens[screen]["kind"] == "end"

    def show(self, screen: str, language: str, values: Mapping[str, str], refusal: str = "") -> Shown:
        """Return the screen, its error line above when an answer was refused."""
        key = (screen, language, refusal)
        if key in self._plain:
            return self._plain[key]
        template = self._template(screen, language, refusal)
        text = gsm7.fold(_PLACEHOLDER.sub(lambda match: values.get(match[1], ""), template))
        shown = Shown(text, *gsm7.measure(text)[:2])
        if "{" not in template:
            self._plain[key] = shown
        return shown

    def _template(self, screen: str, language: str, refusal: str) -> str:
        if not screen:
            return texts.sentence(texts.DEFECT, language)
        described = self._screens[screen]
        text = self._said(described["text"], language)
        options = [option for option in described.get("options", ()) if "if" not in option]
        lines = [f"{option['key']}. {self._said(option['label'], language)}" for option in options]
        if described["kind"] == "confirm":
            lines = [texts.sentence(line, language) for line in (texts.AMOUNT, texts.FEE, texts.TOTAL)]
            lines += [f"1. {texts.sentence(texts.CONFIRM, language)}", f"0. {texts.sentence(texts.CANCEL, language)}"]
        errors = {"invalid": texts.INVALID_CHOICE} if described["kind"] == "menu" else described.get("errors", {})
        error = self._said(errors.get(refusal, ""), language)
        return "\n".join(part for part in (error, text, *lines) if part)

    def _said(self, text: str | Mapping[str, str], language: str) -> str:
        if isinstance(text, str):
            return text
        return text.get(language) or text[self._default]
