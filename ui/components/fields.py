"""Form fields: the label above, the error under, 36 px high and 48 on a phone."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from nicegui import ui

from ui.components.buttons import symbol
from ui.labels import t
from ui.markup import show, tag

Check = Callable[[Any], bool]
Box = TypeVar("Box", ui.input, ui.textarea, ui.select)


@contextmanager
def form() -> Iterator[ui.element]:
    """Open a form: fields one under the other."""
    with ui.element("div").classes("form") as opened:
        yield opened


def text(
    label: str,
    *,
    value: str = "",
    hint: str = "",
    checks: Mapping[str, Check] | None = None,
    kind: str = "text",
    autocomplete: str = "off",
) -> ui.input:
    """Place a field of text; `checks` maps an error sentence to the test that must hold."""
    with _field(label):
        box = ui.input(value=value, validation=dict(checks or {})).without_auto_validation()
    box.props(f"outlined dense autocomplete={autocomplete} type={kind} no-error-icon hide-bottom-space")
    return _finish(box, hint)


def password(label: str, *, autocomplete: str = "current-password", hint: str = "") -> ui.input:
    """Place a field for a secret, with an eye that shows it."""
    with _field(label):
        box = ui.input(password=True)
    box.props(f"outlined dense autocomplete={autocomplete} no-error-icon hide-bottom-space")
    with box.add_slot("append"):
        eye = ui.button(color=None, icon=symbol("visibility")).props("flat dense :ripple=false").classes("field-eye")

    def turn() -> None:
        is_hidden = box.props.get("type") == "password"
        box.props["type"] = "text" if is_hidden else "password"
        eye.icon = symbol("visibility_off" if is_hidden else "visibility")

    eye.on_click(turn)
    eye.props["aria-label"] = t("Montrer ou cacher")
    return _finish(box, hint)


def long_text(label: str, *, value: str = "", hint: str = "") -> ui.textarea:
    """Place a field of several lines."""
    with _field(label):
        box = ui.textarea(value=value)
    box.props("outlined dense autogrow no-error-icon hide-bottom-space")
    return _finish(box, hint)


def choice(label: str, choices: Mapping[str, str], *, value: str | None = None, hint: str = "") -> ui.select:
    """Place a drop-down of a form."""
    with _field(label):
        box = ui.select(dict(choices), value=value)
    box.props(
        f"outlined dense options-dense dropdown-icon={symbol('expand_more')} popup-content-class=menu hide-bottom-space"
    )
    return _finish(box, hint)


def checkbox(label: str, *, is_on: bool = False, on_change: Callable[..., Any] | None = None) -> ui.checkbox:
    """Place a box to tick, its words beside it."""
    return ui.checkbox(label, value=is_on, on_change=on_change).props("dense :ripple=false").classes("tick")


def switch(label: str, *, is_on: bool = False, on_change: Callable[..., Any] | None = None) -> ui.switch:
    """Place a switch: what it turns on is true at once."""
    return ui.switch(label, value=is_on, on_change=on_change).props("dense").classes("tick")


def show_error(box: ui.input | ui.textarea | ui.select, sentence: str | None) -> None:
    """Write an error under a field, or take it away with None."""
    box.props["error"] = bool(sentence)
    box.props["error-message"] = sentence or ""


def _field(label: str) -> ui.element:
    field = ui.element("div").classes("field")
    with field:
        show(tag("span", label), name="label", classes="field-label")
    return field


def _finish(box: Box, hint: str) -> Box:
    identity = f"field-{box.id}"
    box.props["for"] = identity
    if box.parent_slot is not None:
        box.parent_slot.children[0].props["for"] = identity
    if hint:
        box.props["hint"] = hint
    return box
