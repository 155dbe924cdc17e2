"""A document as YAML on the page: what can be read is kept at once, what cannot says where."""

from nicegui import ui

from channels import yaml_form
from channels.yaml_form import UnreadableText
from ui import shell
from ui.components import cards
from ui.components.copy_field import copy_button
from ui.labels import speaking, t
from ui.markup import Markup, show, tag
from ui.pages.ussd.menus.draft import Draft

TYPING_RESTS_MS = 600


class TextForm:
    """The text; it follows the form until somebody types in it."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._written = ""
        with cards.titled(t("Texte"), "YAML"):
            self._state = show(Markup()).props("role=status")
            self._box = ui.textarea(value="").props(
                "outlined autogrow no-error-icon hide-bottom-space spellcheck=false"
            )
            self._box.props(f"debounce={TYPING_RESTS_MS}").classes("yaml-text")
            self._box.props["aria-label"] = t("Le parcours en YAML")
            self._box.props["readonly"] = not draft.is_writable
            self._box.on_value_change(self._read)
            self._copy = show(Markup())

    def draw(self) -> None:
        """Write the document as it is now, unless it is what was typed here."""
        self._written = yaml_form.to_text(self._draft.body)
        self._box.value = self._written
        self._say(None)

    async def _read(self) -> None:
        text = str(self._box.value or "")
        if text == self._written or not self._draft.is_writable:
            return
        self._written = text
        try:
            with speaking():
                body = yaml_form.from_text(text)
        except UnreadableText as refusal:
            self._say(refusal)
            return
        self._say(None)
        await self._draft.change(body)

    def _say(self, refusal: UnreadableText | None) -> None:
        self._copy.set_content(tag("span", copy_button(), class_="copy-box", data_copy=self._written))
        if refusal is None:
            hint = t("Tout ce qui se lit est gardé. Les commentaires ne le sont pas.")
            self._state.set_content(tag("p", hint, class_="caption"))
        else:
            self._state.set_content(tag("p", shell.sentence_of(refusal), class_="tone-red"))
