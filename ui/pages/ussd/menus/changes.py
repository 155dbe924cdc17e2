"""The review: what a version changes against another, screen by screen, text by text, in septets."""

from channels.difference import Change, Difference, ScreenChange, TextChange, ValueChange
from ui.components import chips
from ui.components.empty import sentence
from ui.labels import Sign, Tone, counted, t
from ui.markup import Markup, icon, join, tag
from ui.pages.ussd.menus import words

SIGNS = {
    Change.ADDED: Sign("add_circle", "Ajouté", Tone.ACCENT),
    Change.REMOVED: Sign("remove", "Retiré", Tone.RED),
    Change.CHANGED: Sign("edit", "Changé", Tone.BLUE),
}


def changes(found: Difference) -> Markup:
    """Return the list of what changes."""
    if found.is_empty:
        return sentence(t("Les deux versions disent la même chose."), "difference")
    settings = _settings(found.settings) if found.settings else None
    return tag("ul", settings, *map(_screen, found.screens), class_="changes")


def summary(found: Difference) -> str:
    """Return `2 ajoutés · 1 retiré · 3 changés`."""
    parts = (
        counted(found.count(Change.ADDED), t("{count} ajouté"), t("{count} ajoutés")),
        counted(found.count(Change.REMOVED), t("{count} retiré"), t("{count} retirés")),
        counted(found.count(Change.CHANGED), t("{count} changé"), t("{count} changés")),
    )
    return " · ".join(parts)


def _settings(values: tuple[ValueChange, ...]) -> Markup:
    head = tag("span", t("Réglages du parcours"), class_="line-title")
    return tag("li", tag("div", head, class_="change-head"), *map(_value, values), class_="change")


def _screen(screen: ScreenChange) -> Markup:
    septets = words.delta(screen.septets) if screen.septets else ""
    name = tag("button", screen.name, type="button", class_="change-name", data_screen=screen.name)
    is_gone = screen.change is Change.REMOVED
    head = tag(
        "div",
        tag("span", screen.name, class_="line-title") if is_gone else name,
        chips.plain(words.kind(screen.kind), icon_name=words.kind_icon(screen.kind)),
        chips.chip(SIGNS[screen.change]),
        tag("span", septets, class_="card-note") if septets else None,
        class_="change-head",
    )
    rows = join(*map(_text, screen.texts), *map(_target, screen.targets), *map(_value, screen.others))
    return tag("li", head, rows, class_="change")


def _text(change: TextChange) -> Markup:
    where = f"{words.place(change.place)} · {words.language(change.language)}"
    delta = tag("span", words.delta(change.septets), class_="caption") if change.septets else None
    return _row(where, change.before, change.after, delta)


def _target(change: ValueChange) -> Markup:
    return _row(t("{place} mène à").format(place=words.place(change.place)), change.before, change.after)


def _value(change: ValueChange) -> Markup:
    return _row(words.place(change.place), change.before, change.after)


def _row(where: str, before: str, after: str, note: Markup | None = None) -> Markup:
    return tag(
        "div",
        tag("span", where, note, class_="change-where"),
        tag("del", before, class_="change-before") if before else None,
        icon("arrow_forward") if before and after else None,
        tag("ins", after, class_="change-after") if after else None,
        class_="change-row",
    )
