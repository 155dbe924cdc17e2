"""Every text a person may read, in the order he meets them, its languages side by side."""

from nicegui import ui

from services.ciu.lint import ANYWHERE, PLACEHOLDERS, REQUIRED_PLACEHOLDERS
from ui.components import cards
from ui.labels import t
from ui.markup import Markup, show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.draft import RecipeDraft
from ui.pages.ciu.recipes.text_boxes import TextBoxes


class TextsForm:
    """A card of texts; those of the questions stand with their questions."""

    def __init__(self, draft: RecipeDraft) -> None:
        self._draft = draft
        cards.notice(t("Une ligne qui commence par un numéro est un choix : bouton ou liste là où WhatsApp en a."))
        with cards.card():
            self._place = ui.element("div").classes("stack")

    def draw(self) -> None:
        """Draw the boxes with what the texts say now."""
        self._place.clear()
        with self._place:
            for key in words.TEXTS:
                with ui.element("fieldset").classes("texts"):
                    show(_legend(key), name="legend")
                    TextBoxes(self._draft, key).draw()


def _legend(key: str) -> Markup:
    """Return what a text is for, and the values that may stand in it."""
    required = REQUIRED_PLACEHOLDERS.get(key, set())
    names = [*sorted(PLACEHOLDERS.get(key, set())), *sorted(ANYWHERE)]
    shown = " ".join(f"{{{name}}}" for name in names if name not in ANYWHERE or key in {"welcome", "help"})
    note = t("doit contenir {names}") if required else t("peut contenir {names}")
    hint = tag("span", note.format(names=shown), class_="caption") if shown else None
    return tag("span", words.text(key), " ", hint)
