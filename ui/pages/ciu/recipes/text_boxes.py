"""One text of a recipe in all its languages, side by side: what is typed is kept once the typing rests."""

from functools import partial

from nicegui import ui

from services.ciu import editing
from services.ciu.lint import LONGEST_TEXT
from ui.components import fields
from ui.labels import count, counted, t
from ui.markup import Markup, show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.draft import RecipeDraft

TYPING_RESTS_MS = 500


class TextBoxes:
    """The boxes of one text."""

    def __init__(self, draft: RecipeDraft, key: str) -> None:
        self._draft, self._key = draft, key

    def draw(self) -> None:
        """Place a box a language, each with how long its text is."""
        with ui.element("div").classes("texts-languages"):
            for language in self._draft.recipe.languages:
                with ui.element("div").classes("text-language"):
                    self._draw_box(language)

    def _draw_box(self, language: str) -> None:
        text = self._draft.recipe.texts.get(language, {}).get(self._key, "")
        box = fields.long_text(words.language(language), value=text)
        box.props(f"debounce={TYPING_RESTS_MS} lang={language}")
        box.props["aria-label"] = f"{words.text(self._key)}, {words.language(language)}"
        box.props["readonly"] = not self._draft.is_writable
        note = show(self._note(language, text), classes="text-note")
        box.on_value_change(partial(self._keep, language, box, note))

    async def _keep(self, language: str, box: ui.textarea, note: ui.html) -> None:
        text = str(box.value or "")
        recipe = self._draft.recipe
        await self._draft.attempt(lambda: editing.put_text(recipe, language, self._key, text))
        if not note.is_deleted:
            note.set_content(self._note(language, text))

    def _note(self, language: str, text: str) -> Markup:
        place = f"{language}.{self._key}"
        fault = next((one.message for one in self._draft.findings if one.place == place), "")
        size = counted(len(text), t("{count} signe"), t("{count} signes"))
        if len(text) > LONGEST_TEXT // 2:
            size = t("{count} signes sur {most}").format(count=count(len(text)), most=count(LONGEST_TEXT))
        return tag("span", fault, class_="caption tone-red") if fault else tag("span", size, class_="caption")
