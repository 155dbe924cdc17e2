"""The chat before anybody has it: sample answers go through the very conversation, once in each language."""

from functools import partial

from nicegui import ui

from channels.ciu.preview import Preview, rehearse
from services.ciu import editing
from services.ciu.lint import LONGEST_TEXT
from ui.components import cards, fields
from ui.labels import count, t
from ui.markup import Markup, icon, show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.draft import RecipeDraft

TYPING_RESTS_MS = 400


class PreviewPanel:
    """The sample answers, and one telephone a language."""

    def __init__(self, draft: RecipeDraft) -> None:
        self._draft = draft
        self._typed: dict[str, str] = {}
        with cards.titled(t("Réponses d'exemple"), t("rien n'est gardé")):
            self._boxes = ui.element("div").classes("more-fields")
        self._phones = show(Markup(), classes="rehearsal-place")
        self._asked: tuple[str, ...] | None = None

    def draw(self) -> None:
        """Draw the chats as they would be held now."""
        asked = tuple(question.id for question in self._draft.recipe.questions)
        if asked != self._asked:
            self._asked = asked
            self._draw_boxes()
        self._phones.set_content(tag("div", *map(self._chat, self._draft.recipe.languages), class_="rehearsals"))

    def _draw_boxes(self) -> None:
        samples = editing.sample_answers(self._draft.recipe, self._draft.recipe.default_language)
        self._boxes.clear()
        with self._boxes:
            for question, sample in zip(self._draft.recipe.questions, samples, strict=True):
                box = fields.text(words.asked(question.id), value=self._typed.get(question.id, sample))
                box.props(f"debounce={TYPING_RESTS_MS} maxlength=80")
                box.on_value_change(partial(self._answer, question.id, box))

    def _answer(self, name: str, box: ui.input) -> None:
        self._typed[name] = str(box.value or "")
        self.draw()

    def _chat(self, language: str) -> Markup:
        if any(fault.rule in {"missing_text", "choices"} and self._is_of(fault.place, language)
               for fault in self._draft.findings):  # fmt: skip
            told = t("Des textes manquent encore dans cette langue.")
            return _phone(language, [tag("p", icon("error"), told, class_="rehearsal-note")])
        samples = editing.sample_answers(self._draft.recipe, language)
        asked = zip(self._draft.recipe.questions, samples, strict=True)
        answers = [self._typed.get(question.id, sample) for question, sample in asked]
        found = rehearse(self._draft.recipe, language, answers, self._draft.view.values)
        return _phone(language, [*_bubbles(found), _foot(found)])

    def _is_of(self, place: str, language: str) -> bool:
        return place.startswith(f"{language}.") or ":" in place


def _phone(language: str, inside: list[Markup]) -> Markup:
    head = tag("div", icon("chat"), words.language(language), class_="rehearsal-head")
    return tag("section", head, *inside, class_="rehearsal", lang=language, aria_label=words.language(language))


def _bubbles(found: Preview) -> list[Markup]:
    return [tag("p", line.text, class_="said said-person" if line.is_person else "said") for line in found.lines]


def _foot(found: Preview) -> Markup:
    longest = max((len(line.text) for line in found.lines if not line.is_person), default=0)
    if found.refused:
        told = t("{question} : cet exemple est refusé.").format(question=words.asked(found.refused))
        return tag("p", icon("error"), told, class_="rehearsal-note tone-red")
    told = t("Message le plus long : {count} signes.").format(count=count(longest))
    is_long = longest > LONGEST_TEXT
    return tag("p", icon("warning" if is_long else "check_circle"), told, class_="rehearsal-note")
