"""The questions of a recipe: what is asked in each language, how the answer is read, in which order."""

from collections.abc import Callable
from functools import partial

from nicegui import ui

from services.ciu import editing
from services.ciu.recipes import UNKNOWABLE_KINDS, Kind, Option, Question, Recipe
from ui.components import buttons, cards, fields
from ui.components.empty import empty
from ui.labels import t
from ui.markup import Markup, join, show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.draft import RecipeDraft
from ui.pages.ciu.recipes.new_question import ask_question
from ui.pages.ciu.recipes.text_boxes import TextBoxes

TYPING_RESTS_MS = 600
MOST_OPTIONS = 10


class QuestionsForm:
    """One card a question."""

    def __init__(self, draft: RecipeDraft) -> None:
        self._draft = draft
        self._place = ui.element("div").classes("stack")

    def draw(self) -> None:
        """Draw the questions as they stand."""
        self._place.clear()
        with self._place:
            for number, question in enumerate(self._draft.recipe.questions, start=1):
                self._draw_question(number, question)
            if not self._draft.recipe.questions:
                empty(t("Aucune question : chacun reçoit un code, et personne n'est reconnu quand il revient."))
            if self._draft.is_writable:
                with ui.element("div").classes("abreast"):
                    buttons.secondary(t("Ajouter une question"), partial(ask_question, self._draft), icon="add")

    def _draw_question(self, number: int, question: Question) -> None:
        with cards.card().classes("question-card"):
            with ui.element("div").classes("question-head"):
                show(tag("span", str(number), class_="question-number"), name="span")
                show(_title(question), name="span", classes="question-title")
                ui.element("div").classes("spacer")
                if self._draft.is_writable:
                    self._draw_acts(number, question)
            with ui.element("div").classes("question-reading"):
                self._draw_kind(question)
                self._draw_bounds(question)
            TextBoxes(self._draft, question.id).draw()
            if question.kind is Kind.CHOICE:
                self._draw_options(question)

    def _draw_acts(self, number: int, question: Question) -> None:
        said = {"question": words.asked(question.id)}
        up = buttons.icon_only("arrow_upward", t("Monter {question}").format(**said), partial(self._move, question, -1))
        up.set_enabled(number > 1)
        down = buttons.icon_only(
            "arrow_downward", t("Descendre {question}").format(**said), partial(self._move, question, 1)
        )
        down.set_enabled(number < len(self._draft.recipe.questions))
        buttons.icon_only("delete", t("Retirer {question}").format(**said), partial(self._remove, question))

    def _draw_kind(self, question: Question) -> None:
        box = fields.choice(t("Lecture"), {kind: words.kind(kind) for kind in Kind}, value=question.kind)
        box.set_enabled(self._draft.is_writable)
        box.on_value_change(lambda event: self._set_kind(question, Kind(str(event.value))))
        if question.kind in UNKNOWABLE_KINDS:
            tick = fields.checkbox(
                t("Peut rester inconnue"),
                is_on=question.unknown,
                on_change=lambda event: self._put(question, unknown=bool(event.value)),
            )
            tick.set_enabled(self._draft.is_writable)

    def _draw_bounds(self, question: Question) -> None:
        if question.kind is not Kind.NUMBER:
            return
        for name, label in (("min", t("Au moins")), ("max", t("Au plus"))):
            box = fields.text(label, value=str(getattr(question, name)))
            box.props(f"inputmode=numeric debounce={TYPING_RESTS_MS}").set_enabled(self._draft.is_writable)
            box.on_value_change(partial(self._set_bound, question.id, name, box))

    def _draw_options(self, question: Question) -> None:
        with ui.element("fieldset").classes("texts"):
            show(tag("span", t("Réponses possibles")), name="legend")
            for place, option in enumerate(question.options):
                self._draw_option(question, place, option)
            if self._draft.is_writable and len(question.options) < MOST_OPTIONS:
                buttons.quiet(t("Ajouter une réponse"), partial(self._add_option, question.id), icon="add")

    def _draw_option(self, question: Question, place: int, option: Option) -> None:
        with ui.element("div").classes("option-line"):
            show(tag("span", f"{place + 1} · {option.code}", class_="question-number"), name="span")
            with ui.element("div").classes("texts-languages"):
                for language in self._draft.recipe.languages:
                    box = fields.text(words.language(language), value=option.labels.get(language, ""))
                    box.props(f"debounce={TYPING_RESTS_MS} maxlength=24 lang={language}")
                    box.set_enabled(self._draft.is_writable)
                    box.on_value_change(partial(self._set_label, question.id, place, language, box))
            if self._draft.is_writable and len(question.options) > 1:
                label = t("Retirer la réponse {code}").format(code=option.code)
                buttons.icon_only("delete", label, partial(self._remove_option, question.id, place))

    # Changes

    async def _move(self, question: Question, by: int) -> None:
        await self._shape(lambda recipe: editing.move_question(recipe, question.id, by))

    async def _remove(self, question: Question) -> None:
        await self._shape(lambda recipe: editing.remove_question(recipe, question.id))

    async def _set_kind(self, question: Question, kind: Kind) -> None:
        def change(recipe: Recipe) -> Recipe:
            asked = editing.as_kind(self._now(question.id), kind, recipe.languages)
            return editing.put_question(recipe, question.id, asked)

        await self._shape(change)

    async def _put(self, question: Question, **fields_: object) -> None:
        asked = self._now(question.id).model_copy(update=fields_)
        await self._draft.attempt(lambda: editing.put_question(self._draft.recipe, question.id, asked))

    async def _set_bound(self, name: str, bound: str, box: ui.input) -> None:
        text = "".join(str(box.value or "").split())
        is_number = text.isdecimal() and text.isascii()
        fields.show_error(box, None if is_number else t("Un nombre entier."))
        if is_number:
            asked = self._now(name).model_copy(update={bound: int(text)})
            await self._draft.attempt(lambda: editing.put_question(self._draft.recipe, name, asked))

    async def _set_label(self, name: str, place: int, language: str, box: ui.input) -> None:
        options = list(self._now(name).options)
        labels = {**options[place].labels, language: str(box.value or "").strip()}
        options[place] = options[place].model_copy(update={"labels": labels})
        await self._put_options(name, options, is_shape=False)

    async def _add_option(self, name: str) -> None:
        options = list(self._now(name).options)
        taken = {option.code for option in options}
        code = next(letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in taken)
        options.append(Option(code=code, labels=dict.fromkeys(self._draft.recipe.languages, "")))
        await self._put_options(name, options, is_shape=True)

    async def _remove_option(self, name: str, place: int) -> None:
        options = list(self._now(name).options)
        del options[place]
        await self._put_options(name, options, is_shape=True)

    async def _put_options(self, name: str, options: list[Option], *, is_shape: bool) -> None:
        asked = self._now(name).model_copy(update={"options": tuple(options)})
        await self._draft.attempt(lambda: editing.put_question(self._draft.recipe, name, asked), is_shape=is_shape)

    async def _shape(self, change: Callable[[Recipe], Recipe]) -> None:
        await self._draft.attempt(lambda: change(self._draft.recipe), is_shape=True)

    def _now(self, name: str) -> Question:
        """Return a question as it stands now, whatever was typed since it was drawn."""
        return next(one for one in self._draft.recipe.questions if one.id == name)


def _title(question: Question) -> Markup:
    """Return what a question is about, and its name where that is something else."""
    name = tag("code", question.id, class_="code-inline")
    about = words.asked(question.id)
    return name if about == question.id else join(tag("span", about, class_="line-title"), " ", name)
