"""A value to copy: a reference, a code, a key shown once."""

from ui.labels import t
from ui.markup import Markup, icon, tag


def copy_field(value: str, *, label: str = "") -> Markup:
    """Return a value with the button that copies it."""
    return tag(
        "span",
        tag("span", label, class_="field-label") if label else None,
        tag("span", tag("code", value, class_="copy-value"), copy_button(), class_="copy-box"),
        class_="copy-field",
        data_copy=value,
    )


def copy_button() -> Markup:
    """Return the button; it copies `data-copy` of what is around it, in the browser alone."""
    words = t("Copier")
    return tag(
        "button",
        icon("content_copy", class_="copy-idle"),
        icon("check", class_="copy-done"),
        type="button",
        class_="copy-button",
        aria_label=words,
        title=words,
    )
