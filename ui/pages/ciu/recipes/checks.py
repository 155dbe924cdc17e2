"""What keeps a version from being published: every fault, and where it is mended."""

from collections.abc import Callable
from typing import Any

from services.ciu.lint import Finding
from ui.components import cards
from ui.components.empty import sentence
from ui.labels import t
from ui.markup import Markup, icon, show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.draft import RecipeDraft

PRESSED = "(event) => { const found = event.target.closest('[data-tab]'); if (found) emit(found.dataset.tab); }"


class ChecksPanel:
    """The list of faults; each leads to the tab where it is mended."""

    def __init__(self, draft: RecipeDraft, choose: Callable[[str], Any]) -> None:
        self._draft = draft
        with cards.titled(t("Contrôle"), t("une faute empêche de publier"), is_flush=True, is_ruled=True):
            self._list = show(Markup())
            self._list.on("click", lambda event: choose(str(event.args)), js_handler=PRESSED)

    def draw(self) -> None:
        """Draw what lint found."""
        found = self._draft.findings
        if not found:
            self._list.set_content(sentence(t("Aucune faute : cette version peut être publiée."), "verified"))
            return
        lines = (tag("li", _fault(one, _tab(one, self._draft))) for one in found)
        self._list.set_content(tag("ul", *lines, class_="findings"))


def _fault(one: Finding, tab: str) -> Markup:
    return tag(
        "button",
        icon("error", class_="tone-red"),
        tag(
            "span",
            tag("span", one.message, class_="line-title"),
            tag("span", _place(one.place), class_="line-detail"),
            class_="line-words",
        ),
        icon("chevron_right"),
        type="button",
        class_="finding",
        data_tab=tab,
    )


def _tab(one: Finding, draft: RecipeDraft) -> str:
    """Return the tab where a fault is mended."""
    if one.place == "layout" or one.rule == "unknown_question":
        return "code"
    language, dot, key = one.place.partition(".")
    is_question = not dot or key in {question.id for question in draft.recipe.questions}
    return "questions" if is_question or language not in draft.recipe.languages else "texts"


def _place(place: str) -> str:
    if place == "layout":
        return t("Code")
    language, dot, key = place.partition(".")
    return f"{words.text(key)} · {words.language(language)}" if dot else words.asked(place)
