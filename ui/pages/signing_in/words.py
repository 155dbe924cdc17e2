"""What the pages of the door share."""

from nicegui import ui

from core.errors import InvalidInput, Refusal
from ui import shell
from ui.components import fields
from ui.labels import t
from ui.markup import join, show, tag


def heading(title: str, sentence: str = "") -> None:
    """Write the title of the card and one sentence."""
    show(join(tag("h1", title, class_="page-title"), tag("p", sentence, class_="page-subtitle") if sentence else None))


def link(text: str, href: str) -> None:
    """Place a line that leads to another page of the door."""
    show(tag("a", text, href=href), classes="door-links")


def say(refusal: Refusal, boxes: dict[str, ui.input], otherwise: ui.input) -> None:
    """Write a refusal beside the field it is about."""
    for box in boxes.values():
        fields.show_error(box, None)
    if isinstance(refusal, InvalidInput):
        for name, sentence in refusal.fields.items():
            fields.show_error(boxes.get(name, otherwise), t(sentence))
    else:
        fields.show_error(otherwise, shell.sentence_of(refusal))


def differ(first: ui.input, second: ui.input) -> bool:
    """Say beside the second field that two passwords differ."""
    is_different = bool(first.value != second.value)
    fields.show_error(second, t("Les deux saisies diffèrent.") if is_different else None)
    return is_different
