"""From a form to an order, and from a refusal back to the field it is about."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nicegui import ui
from pydantic import ValidationError

from core.errors import FieldRefusal, InvalidInput, Refusal
from core.orders import Order
from core.permissions import Actor
from ui import shell
from ui.components import fields, toasts
from ui.labels import t

Asked = TypeVar("Asked", bound=Order)
Done = TypeVar("Done")
Then = Callable[[Done], Any]
Verb = Callable[[Any, Actor, Asked], Done]
Box = ui.input | ui.textarea | ui.select
Boxes = Mapping[str, Any]


def fill(kind: type[Asked], boxes: Boxes, /, **values: Any) -> Asked | None:
    """Return the order these fields ask for; None when one has no right shape, which is then said under it."""
    for box in boxes.values():
        fields.show_error(box, None)
    try:
        return kind(**values)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            wrong: Box | None = boxes.get(str(fault["loc"][0]) if fault["loc"] else "")
            sentence = _sentence(str(fault["type"]), fault.get("ctx", {}))
            if wrong is None:
                toasts.refused(sentence)
            else:
                fields.show_error(wrong, sentence)
        return None


def say(refusal: Refusal, boxes: Boxes) -> None:
    """Write a refusal under the field it is about, else in a toast."""
    if isinstance(refusal, InvalidInput):
        faults = {name: t(sentence) for name, sentence in refusal.fields.items()}
    elif isinstance(refusal, FieldRefusal):
        faults = {refusal.field: shell.sentence_of(refusal)}
    else:
        faults = {"": shell.sentence_of(refusal)}
    for name, sentence in faults.items():
        if name in boxes:
            fields.show_error(boxes[name], sentence)
        else:
            toasts.refused(sentence)


def written(box: Box) -> str:
    """Return what stands in a field, without the spaces around it."""
    return str(box.value or "").strip()


def _sentence(fault: str, about: Mapping[str, Any]) -> str:
    if fault == "string_too_long":
        return t("{max_length} caractères au plus").format(**about)
    if fault == "string_too_short" and about.get("min_length", 1) > 1:
        return t("{min_length} caractères au moins").format(**about)
    if fault in {"string_too_short", "missing"}:
        return t("À remplir.")
    if fault == "value_error":
        return t(str(about.get("error", "")))
    return t("valeur invalide")
