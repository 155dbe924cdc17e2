"""One question in the builder: what is written in its fields, and the question it makes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments
from pydantic import ValidationError

from models.surveys import QuestionKind
from services.surveys import QuestionDraft
from services.surveys.orders import END, LONGEST_TEXT, SCREEN_OUT
from ui.components import buttons, fields, layout
from ui.labels import count, t
from ui.pages.ussd.surveys import words

FEWEST, MOST = 2, 9
RESTS_MS = 300
NUMBERS = frozenset({QuestionKind.NUMBER, QuestionKind.SCALE})

Then = Callable[[], Any]


@dataclass
class Choice:
    """One answer to choose, as it is written."""

    labels: dict[str, str] = field(default_factory=dict)
    next: str = ""


@dataclass
class Question:
    """One question, as it is written."""

    code: str
    kind: str = QuestionKind.CHOICE
    texts: dict[str, str] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=lambda: [Choice(), Choice()])
    is_required: bool = True
    minimum: str = ""
    maximum: str = ""
    next: str = ""

    @classmethod
    def blank(cls, number: int) -> "Question":
        """Return a question to be written."""
        return cls(f"q{number}")

    @classmethod
    def read(cls, draft: QuestionDraft) -> "Question":
        """Return a question that was written before."""
        choices = [Choice(dict(option.label), option.next) for option in draft.options]
        low, high = ("" if bound is None else str(bound) for bound in (draft.minimum, draft.maximum))
        own = choices or [Choice(), Choice()]
        return cls(draft.code, draft.kind, dict(draft.text), own, draft.is_required, low, high, draft.next)

    def draw(self, languages: Sequence[str], later: Mapping[str, str], then: Then, again: Then) -> None:
        """Draw the fields; `then` follows every change, `again` one that changes which fields there are."""
        with layout.grid():
            with layout.cell(6):
                _follow(fields.text(t("Code de la question"), value=self.code), partial(setattr, self, "code"), then)
            with layout.cell(6):
                _follow(
                    fields.choice(t("Genre"), words.kinds(), value=self.kind), partial(setattr, self, "kind"), again
                )
        for code in languages:
            box = fields.long_text(_named(t("Question"), code, languages), value=self.texts.get(code, ""))
            box.props(f"maxlength={LONGEST_TEXT}")
            _follow(box, partial(self.texts.__setitem__, code), then)
        targets = {"": t("La question suivante"), **later, END: t("Fin du sondage"), SCREEN_OUT: t("Hors cible")}
        if self.kind == QuestionKind.CHOICE:
            self._draw_choices(languages, targets, then, again)
        else:
            follows = fields.choice(t("Ensuite"), targets, value=self.next if self.next in targets else "")
            _follow(follows, partial(setattr, self, "next"), then)
        if self.kind in NUMBERS:
            self._draw_bounds(then)
        if self.kind != QuestionKind.INFO:
            switch = fields.switch(t("Réponse obligatoire"), is_on=self.is_required)
            _follow(switch, partial(setattr, self, "is_required"), then)

    def _draw_bounds(self, then: Then) -> None:
        with layout.grid():
            for label, name in ((t("De"), "minimum"), (t("À"), "maximum")):
                with layout.cell(6):
                    box = fields.text(label, value=getattr(self, name), kind="number")
                    _follow(box, partial(setattr, self, name), then)

    def _draw_choices(self, languages: Sequence[str], targets: Mapping[str, str], then: Then, again: Then) -> None:
        for number, choice in enumerate(self.choices, start=1):
            with layout.grid():
                with layout.cell(7), layout.stack(is_tight=True):
                    for code in languages:
                        label = t("Réponse {key}").format(key=count(number))
                        box = fields.text(_named(label, code, languages), value=choice.labels.get(code, ""))
                        _follow(box, partial(choice.labels.__setitem__, code), then)
                with layout.cell(5):
                    follows = fields.choice(t("Mène à"), targets, value=choice.next if choice.next in targets else "")
                    _follow(follows, partial(setattr, choice, "next"), then)
        with layout.row():
            if len(self.choices) < MOST:
                buttons.quiet(t("Ajouter une réponse"), partial(self._choose_among, 1, again), icon="add")
            if len(self.choices) > FEWEST:
                buttons.quiet(t("Retirer la dernière"), partial(self._choose_among, -1, again), icon="remove")

    def _choose_among(self, more: int, again: Then) -> None:
        self.choices = [*self.choices, Choice()] if more > 0 else self.choices[:-1]
        again()


def drafted(question: Question, languages: Sequence[str]) -> QuestionDraft | str:
    """Return the question that is written, or the sentence that says why there is none."""
    is_choice, has_bounds = question.kind == QuestionKind.CHOICE, question.kind in NUMBERS
    try:
        return QuestionDraft.model_validate(
            {
                "code": question.code.strip(),
                "kind": question.kind,
                "text": {code: question.texts.get(code, "").strip() for code in languages},
                "options": [
                    {
                        "key": str(number),
                        "label": {code: choice.labels.get(code, "").strip() for code in languages},
                        "next": choice.next,
                    }
                    for number, choice in enumerate(question.choices, start=1)
                ]
                if is_choice
                else [],
                "is_required": question.is_required,
                "minimum": question.minimum or None if has_bounds else None,
                "maximum": question.maximum or None if has_bounds else None,
                "next": "" if is_choice else question.next,
            }
        )
    except ValidationError:
        return t("{code} : un code commence par une lettre, sans espace ni accent ; les bornes sont entières.").format(
            code=question.code
        )


def _follow(box: ui.input | ui.textarea | ui.select | ui.switch, keep: Callable[[Any], None], then: Then) -> None:
    """Keep what a field holds whenever it changes."""

    def change(event: ValueChangeEventArguments[Any]) -> None:
        keep("" if event.value is None else event.value)
        then()

    if not isinstance(box, ui.switch):
        box.props(f"debounce={RESTS_MS}")
    box.on_value_change(change)


def _named(word: str, code: str, languages: Sequence[str]) -> str:
    """Return the label of a field, with its language where there are several."""
    return f"{word} ({words.language(code)})" if len(languages) > 1 else word
