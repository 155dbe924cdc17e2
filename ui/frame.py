"""The frame around every page: rail, header, bottom bar of a phone, foot with the state of the books."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nicegui import context, ui

from core.permissions import Actor
from ui import search, theme
from ui.components import buttons, chips, dialogs, filters
from ui.labels import count, initials, moment, page_language, t
from ui.markup import Markup, icon, join, show, tag
from ui.navigation import IN_BOTTOM_BAR, Books, Section, Standing, section_of

CROWN = (
    "M12 1C6.5 1 2.4 5 2 10.2c-.1 1 1 1.5 1.8.9l2-1.6 2 1.9c.5.5 1.3.5 1.8 0L12 9l2.4 2.4c.5.5 1.3.5 1.8 0l2-1.9 2 1.6"
    "c.8.6 1.9.1 1.8-.9C21.6 5 17.5 1 12 1Z"
)
TRUNK = "M12 9v15M12 18l-4-4M12 16l3.5-3.5"
EARTH = "M4.5 26.5h15"

LANGUAGES = {"fr": "Français", "en": "English"}


@dataclass(frozen=True, slots=True)
class Doors:
    """What the frame may ask for: reads, another language, the way out."""

    read: Callable[..., Awaitable[Any]]
    choose_language: Callable[[str], Awaitable[None]]
    sign_out: Callable[[], Awaitable[None]]


@contextmanager
def frame(
    actor: Actor, sections: Sequence[Section], standing: Standing, path: str, doors: Doors
) -> Iterator[ui.element]:
    """Draw the frame; the block is the page, inside the element it is given."""
    here = section_of(path, sections)
    _free_landmarks()
    with ui.element("div").classes("frame"):
        _rail(sections, here, standing)
        with ui.element("div").classes("stage"):
            if standing.trials or standing.is_unsigned:
                show(_bands(standing), classes="trial-place")
            _topbar(actor, doors)
            with ui.element("main") as main:
                yield main
    ui.skip_link(t("Aller au contenu"), target=main)
    _bottom_bar(sections, here, standing)


@contextmanager
def bare() -> Iterator[None]:
    """Draw a page without a frame: sign-in, and what went wrong before anybody was known."""
    _free_landmarks()
    with ui.element("main").classes("bare"):
        show(brand(), classes="bare-brand")
        with ui.element("div").classes("bare-card card"):
            yield


def _free_landmarks() -> None:
    """Take the landmark from the toolkit's own `<main>`: ours holds the page alone."""
    slot = context.client.content.parent_slot
    if slot is not None:
        slot.parent.tag = "div"


def brand() -> Markup:
    """Return the tree under which a village meets, and the name."""
    tree = tag(
        "svg",
        tag("path", d=CROWN, class_="crown"),
        tag("path", d=TRUNK, class_="trunk", fill="none", stroke_width="2.4", stroke_linecap="round"),
        tag("path", d=EARTH, class_="earth", fill="none", stroke_width="2.4", stroke_linecap="round"),
        viewBox="0 0 24 28",
        aria_hidden="true",
    )
    return tag("a", tree, tag("span", "Palabre"), href="/", class_="brand", aria_label="Palabre")


def _rail(sections: Sequence[Section], here: Section | None, standing: Standing) -> None:
    groups: dict[str, list[Section]] = {}
    for section in sections:
        groups.setdefault(section.group, []).append(section)
    lines = []
    for group, members in groups.items():
        lines.append(tag("div", t(group), class_="rail-group") if group else None)
        lines += [_item(section, here, standing, "rail-item") for section in members]
    with ui.element("nav").classes("rail") as rail:
        rail.props["aria-label"] = t("Sections")
        show(join(brand(), *lines), classes="rail-shown")
        if standing.books:
            show(_books(standing.books), classes="rail-shown")


def _item(section: Section, here: Section | None, standing: Standing, class_: str) -> Markup:
    waiting = standing.waiting.get(section.path)
    return tag(
        "a",
        icon(section.icon),
        tag("span", t(section.label), class_="rail-word"),
        _count(waiting.number, is_failure=waiting.is_failure) if waiting and waiting.number else None,
        href=section.path,
        class_=class_,
        title=t(section.label),
        aria_current="page" if section is here else None,
    )


def _count(number: int, *, is_failure: bool) -> Markup:
    words = t("en échec") if is_failure else t("en attente")
    return tag(
        "span",
        count(number),
        class_="rail-count count-failed" if is_failure else "rail-count",
        aria_label=f"{number} {words}",
        role="img",
    )


def _books(books: Books) -> Markup:
    words = t("Grand livre équilibré") if books.is_balanced else t("Grand livre en écart")
    sign = icon("verified" if books.is_balanced else "error")
    text = tag("span", tag("b", words), moment(books.at))
    return tag("div", sign, text, class_="rail-foot" if books.is_balanced else "rail-foot rail-foot-bad", title=words)


def _bands(standing: Standing) -> Markup:
    trials = _trial_band(standing.trials) if standing.trials else None
    return join(trials, _unsigned_band() if standing.is_unsigned else None)


def _unsigned_band() -> Markup:
    """Return the line that says anybody may write to the identifiers as anybody."""
    words = t("Messages WhatsApp non signés acceptés : n'importe qui peut écrire au nom de n'importe qui.")
    return tag("div", icon("gpp_maybe"), tag("span", words), class_="trial-band", title="WHATSAPP_ALLOW_UNSIGNED")


def _trial_band(accounts: Sequence[str]) -> Markup:
    """Return the line that says money on this installation is not all real."""
    words = t("Comptes d'essai actifs : cet argent n'est pas réel.")
    return tag("div", icon("experiment"), tag("span", words), class_="trial-band", title=", ".join(accounts))


def _topbar(actor: Actor, doors: Doors) -> None:
    with ui.element("header").classes("topbar").props("role=banner"):
        show(brand(), classes="topbar-brand")
        search.search(doors.read)
        with ui.element("div").classes("topbar-end"):
            _language_menu(doors)
            _scheme_menu()
            _user_menu(actor, doors)


def _language_menu(doors: Doors) -> None:
    button = buttons.quiet(page_language().upper()).classes("wide-only")
    button.props["aria-label"] = t("Langue")
    with button, ui.menu().classes("menu"):
        for code, name in LANGUAGES.items():
            line = ui.menu_item(name, _choosing(doors.choose_language, code))
            line.props["active"] = code == page_language()


def _choosing(choose: Callable[[str], Awaitable[None]], code: str) -> Callable[[], Awaitable[None]]:
    return lambda: choose(code)


def _scheme_menu() -> None:
    button = buttons.icon_only("", t("Thème")).classes("wide-only")
    with button:
        show(join(icon("dark_mode", class_="theme-moon"), icon("light_mode", class_="theme-sun")), name="span")
        _scheme_choices_menu()


def _scheme_choices_menu() -> None:
    with ui.menu().classes("menu"):
        for scheme, word, sign in _schemes():
            with ui.menu_item(on_click=_applying(scheme)):
                with ui.item_section().props("avatar"):
                    ui.icon(buttons.symbol(sign))
                ui.item_section(word)


def _schemes() -> list[tuple[theme.Scheme, str, str]]:
    return [
        (theme.Scheme.SYSTEM, t("Système"), "contrast"),
        (theme.Scheme.LIGHT, t("Clair"), "light_mode"),
        (theme.Scheme.DARK, t("Sombre"), "dark_mode"),
    ]


def _applying(scheme: theme.Scheme) -> Callable[[], None]:
    return lambda: theme.choose_scheme(scheme)


def _user_menu(actor: Actor, doors: Doors) -> None:
    who = ui.button(color=None).props("flat no-caps :ripple=false").classes("who")
    who.props["aria-label"] = t("Mon compte") + f", {actor.name}"
    role = role_word(actor)
    with who:
        words = tag(
            "span",
            tag("span", actor.name, class_="line-title"),
            tag("span", role, class_="line-detail"),
            class_="who-words",
        )
        show(tag("span", chips.avatar(initials(actor.name), is_done=True)), name="span")
        show(words, name="span")
        with ui.menu().classes("menu"):
            show(tag("div", tag("b", actor.name), tag("span", role, class_="caption"), class_="menu-who"))
            schemes = {scheme.value: word for scheme, word, _ in _schemes()}
            ui.label(t("Thème")).classes("menu-title")
            filters.segments(
                schemes,
                theme.chosen_scheme().value,
                lambda value: theme.choose_scheme(theme.Scheme(value)),
                label=t("Thème"),
            )
            ui.label(t("Langue")).classes("menu-title")
            filters.segments(LANGUAGES, page_language(), doors.choose_language, label=t("Langue"))
            ui.element("div").classes("menu-rule")
            _menu_line(t("Mon compte"), "account_circle", lambda: ui.navigate.to("/mon-compte"))
            _menu_line(t("Se déconnecter"), "logout", doors.sign_out)


def _menu_line(word: str, sign: str, on_click: Callable[[], Any]) -> None:
    with ui.menu_item(on_click=on_click):
        with ui.item_section().props("avatar"):
            ui.icon(buttons.symbol(sign))
        ui.item_section(word)


def role_word(actor: Actor) -> str:
    """Return what this person is, in a word."""
    words = {"admin": t("Administration"), "GESTIONNAIRE": t("Gestionnaire"), "SUPERVISEUR": t("Superviseur")}
    words |= {"operateur": t("Opérations"), "lecteur": t("Lecture")}
    held = [grant.role.value for grant in actor.grants if grant.role.value in words]
    return words[held[0]] if held else t("Membre")


def _bottom_bar(sections: Sequence[Section], here: Section | None, standing: Standing) -> None:
    first, rest = sections[:IN_BOTTOM_BAR], sections[IN_BOTTOM_BAR:]
    with ui.element("nav").classes("bottom-bar") as bar:
        bar.props["aria-label"] = t("Sections, en bas")
        show(join(*(_item(section, here, standing, "bottom-item") for section in first)))
        if not rest:
            return
        with dialogs.dialog(t("Plus")) as more:
            show(join(*(_item(section, here, standing, "") for section in rest)), classes="more-list")
        button = ui.button(t("Plus"), on_click=more.open, color=None, icon=buttons.symbol("more_horiz"))
        button.props("flat no-caps stack :ripple=false").classes("bottom-item")
        if here in rest:
            button.props["aria-current"] = "true"
