"""The code of a recipe, part by part: what it shows of which answer, and what tells two persons apart."""

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui import ui

from services.ciu import editing
from services.ciu.recipes import Check, Group, Hash, LayoutPart, Literally, Random, Recipe, Segment
from ui.components import buttons, cards, fields
from ui.components.empty import sentence
from ui.labels import t
from ui.markup import show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.draft import RecipeDraft

TYPING_RESTS_MS = 600
TAKES = {"first": "Les premiers", "last": "Les derniers"}


class CodeForm:
    """One line a part, and what may be added."""

    def __init__(self, draft: RecipeDraft) -> None:
        self._draft = draft
        with cards.titled(t("Parties du code"), t("de gauche à droite"), is_flush=True, is_ruled=True):
            self._place = ui.element("div")
        self._adding = ui.element("div").classes("abreast")

    def draw(self) -> None:
        """Draw the parts as they stand."""
        self._place.clear()
        with self._place:
            for place, part in enumerate(self._draft.recipe.layout):
                self._draw_part(place, part)
            if not self._draft.recipe.layout:
                show(sentence(t("Aucune partie : ajoutez une réponse, une empreinte ou un tirage."), "pin"))
        self._adding.clear()
        if not self._draft.is_writable:
            return
        with self._adding:
            for part in self._addable():
                buttons.secondary(t(words.PARTS[type(part)]), partial(self._add, part), icon="add")

    def _addable(self) -> list[LayoutPart]:
        recipe = self._draft.recipe
        has = {type(part) for part in recipe.layout}
        parts: list[LayoutPart] = [Literally(lit="-")]
        if recipe.questions:
            parts.insert(0, Segment(q=recipe.questions[0].id, take="first", n=3))
        if Hash not in has and recipe.questions:
            parts.append(Hash(hash="sha256", n=5))
        if Random not in has:
            parts.append(Random(random=10))
        else:
            parts += [Check(check="mod37")] if Check not in has else []
            parts += [Group(group="4-4-3")] if Group not in has else []
        return parts

    def _draw_part(self, place: int, part: LayoutPart) -> None:
        with ui.element("div").classes("line part-line"):
            show(tag("span", t(words.PARTS[type(part)]), class_="line-title"), classes="part-kind")
            with ui.element("div").classes("part-fields part-segment" if isinstance(part, Segment) else "part-fields"):
                self._draw_fields(place, part)
            if self._draft.is_writable:
                with ui.element("span").classes("version-acts"):
                    self._draw_acts(place, part)

    def _draw_acts(self, place: int, part: LayoutPart) -> None:
        said = {"part": words.part(part)}
        up = buttons.icon_only("arrow_upward", t("Avancer {part}").format(**said), partial(self._move, place, -1))
        up.set_enabled(place > 0)
        down = buttons.icon_only("arrow_downward", t("Reculer {part}").format(**said), partial(self._move, place, 1))
        down.set_enabled(place + 1 < len(self._draft.recipe.layout))
        buttons.icon_only("delete", t("Retirer {part}").format(**said), partial(self._remove, place))

    def _draw_fields(self, place: int, part: LayoutPart) -> None:
        match part:
            case Segment():
                ids = dict.fromkeys([*(one.id for one in self._draft.recipe.questions), part.q])
                self._choice(place, "q", t("Question"), {name: words.asked(name) for name in ids}, part.q)
                self._choice(place, "take", t("Signes"), {name: t(word) for name, word in TAKES.items()}, part.take)
                self._number(place, "n", t("Combien"), part.n)
                self._text(place, "pad", t("Complété par"), part.pad)
            case Literally():
                self._text(place, "lit", t("Signe"), part.lit)
            case Hash():
                self._number(place, "n", t("Chiffres"), part.n)
                self._number(place, "extend_to", t("Au plus"), part.extend_to)
            case Random():
                self._number(place, "random", t("Signes"), part.random)
            case Group():
                self._text(place, "group", t("Tailles"), part.group)
            case Check():
                show(tag("span", t("Un signe faux ou deux signes échangés se voient."), class_="caption"))

    def _choice(self, place: int, name: str, label: str, choices: dict[str, str], value: str) -> None:
        box = fields.choice(label, choices, value=value)
        box.set_enabled(self._draft.is_writable)
        box.on_value_change(lambda event: self._set(place, name, str(event.value), box))

    def _number(self, place: int, name: str, label: str, value: int) -> None:
        box = fields.text(label, value=str(value))
        box.props(f"inputmode=numeric debounce={TYPING_RESTS_MS}").set_enabled(self._draft.is_writable)
        box.on_value_change(lambda event: self._set(place, name, str(event.value or "").strip(), box))

    def _text(self, place: int, name: str, label: str, value: str) -> None:
        box = fields.text(label, value=value)
        box.props(f"debounce={TYPING_RESTS_MS} maxlength=16").set_enabled(self._draft.is_writable)
        box.on_value_change(lambda event: self._set(place, name, str(event.value or "").strip().upper(), box))

    # Changes

    async def _set(self, place: int, name: str, value: str, box: Any) -> None:
        """Change one field of a part; what cannot be read is said under it and not kept."""
        recipe = self._draft.recipe
        parts: list[Any] = [part.model_dump(mode="json") for part in recipe.layout]
        parts[place][name] = int(value) if value.isdecimal() and name in {"n", "extend_to", "random"} else value
        try:
            made = editing.changed(recipe, layout=parts)
        except editing.NotARecipe:
            fields.show_error(box, t("Valeur refusée."))
            return
        fields.show_error(box, None)
        await self._draft.change(made)

    async def _add(self, part: LayoutPart) -> None:
        await self._shape(lambda parts: parts.append(part))

    async def _move(self, place: int, by: int) -> None:
        await self._shape(lambda parts: parts.insert(place + by, parts.pop(place)))

    async def _remove(self, place: int) -> None:
        await self._shape(lambda parts: parts.pop(place))

    async def _shape(self, change: Callable[[list[LayoutPart]], Any]) -> None:
        def make() -> Recipe:
            parts = list(self._draft.recipe.layout)
            change(parts)
            return editing.put_layout(self._draft.recipe, parts)

        await self._draft.attempt(make, is_shape=True)
