"""The rules of a recipe: consent, languages, what is read again, what is looked for."""

from functools import partial
from typing import Any

from nicegui import events, ui

from services.ciu import editing
from ui.components import cards, fields
from ui.labels import t
from ui.markup import show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.draft import RecipeDraft

CHOICES = {"consent": ("notice", "explicit"), "confirm_style": ("full", "masked")}
HINTS = {
    "consent": "La version de la recette est celle du texte accepté ; elle est gardée avec la date et la langue.",
    "near": "Des empreintes par le son des réponses : deux orthographes d'une personne se retrouvent.",
    "qr": "Il faut aussi ENABLE_QR_CODE sur le serveur.",
}
MOST_UNKNOWN = 3


class RulesForm:
    """The switches of a recipe."""

    def __init__(self, draft: RecipeDraft) -> None:
        self._draft = draft
        self._place = ui.element("div").classes("stack")

    def draw(self) -> None:
        """Draw the rules as they stand."""
        self._place.clear()
        with self._place:
            with cards.titled(t("Langues")), fields.form():
                self._draw_languages()
            with cards.titled(t("Consentement et relecture")), fields.form():
                self._draw_choice("consent")
                self._draw_switch("language_step")
                self._draw_switch("confirm")
                self._draw_choice("confirm_style")
            with cards.titled(t("Réponses et doublons")), fields.form():
                self._draw_unknown()
                self._draw_switch("near")
                self._draw_switch("qr")

    def _draw_languages(self) -> None:
        spoken = self._draft.recipe.languages
        with ui.element("div").classes("choices"):
            for code in dict.fromkeys([*spoken, *words.LANGUAGES]):
                tick = fields.checkbox(words.language(code), is_on=code in spoken)
                tick.on_value_change(partial(self._speak, code)).set_enabled(self._draft.is_writable)
        box = fields.choice(
            t("Langue par défaut"),
            {code: words.language(code) for code in spoken},
            value=self._draft.recipe.default_language,
        )
        box.set_enabled(self._draft.is_writable)
        box.on_value_change(lambda event: self._put("default_language", event.value))

    def _draw_choice(self, name: str) -> None:
        choices = {code: words.value(code) for code in CHOICES[name]}
        hint = t(HINTS[name]) if name in HINTS else ""
        box = fields.choice(t(words.RULES[name]), choices, value=getattr(self._draft.recipe, name), hint=hint)
        box.set_enabled(self._draft.is_writable)
        box.on_value_change(lambda event: self._put(name, event.value))

    def _draw_switch(self, name: str) -> None:
        switch = fields.switch(t(words.RULES[name]), is_on=bool(getattr(self._draft.recipe, name)))
        switch.on_value_change(lambda event: self._put(name, bool(event.value)))
        switch.set_enabled(self._draft.is_writable)
        if name in HINTS:
            show(tag("p", t(HINTS[name]), class_="caption"))

    def _draw_unknown(self) -> None:
        most = max(MOST_UNKNOWN, self._draft.recipe.max_unknown)
        choices = {str(number): str(number) for number in range(most + 1)}
        box = fields.choice(t(words.RULES["max_unknown"]), choices, value=str(self._draft.recipe.max_unknown))
        box.set_enabled(self._draft.is_writable)
        box.on_value_change(lambda event: self._put("max_unknown", int(str(event.value))))

    async def _speak(self, code: str, event: events.ValueChangeEventArguments[bool | None]) -> None:
        spoken = self._draft.recipe.languages
        wanted = [*spoken, code] if event.value else [one for one in spoken if one != code]
        is_kept = await self._draft.attempt(lambda: editing.put_languages(self._draft.recipe, wanted), is_shape=True)
        if not is_kept:
            self.draw()

    async def _put(self, name: str, value: Any) -> None:
        await self._draft.attempt(lambda: editing.changed(self._draft.recipe, **{name: value}))
