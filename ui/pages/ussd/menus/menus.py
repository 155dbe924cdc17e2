"""`/ussd-console/menus`: every menu, what is live of it and where, who waits for a second pair of eyes."""

from core.permissions import Permission
from services import menus as reads
from services.menus import MenuRow, ServiceLine
from ui import live, shell
from ui.components import buttons, chips, layout
from ui.components.empty import sentence
from ui.labels import State, Tone, count, counted, moment, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd.menus import new_menu, words
from ui.pages.ussd.words import SECTION

FOLLOWS_EVERY_S = 2.0
SURVEY = "survey:"  # the menus that questionnaires make of themselves


@shell.screen(words.MENUS, title="Menus", needs=Permission.USSD_READ)
async def menus() -> None:
    """Draw the menus, one a card."""
    said = t("Ce que les codes donnent à lire : la version en ligne, et celles qui s'écrivent.")
    with layout.page_head(t("Menus"), said, crumbs=[("USSD", SECTION)]):
        if shell.visitor().may(Permission.USSD_MENUS_WRITE):
            buttons.primary(t("Nouveau menu"), new_menu.ask, icon="add")
    place = show(Markup(), classes="menu-cards")

    async def refresh() -> None:
        found = await shell.read(reads.list_menus)
        if found is not None and not place.is_deleted:
            place.set_content(join(*map(_menu, found)) if found else sentence(t("Aucun menu."), "account_tree"))

    await refresh()
    live.subscribe(["flows", "ussd"], lambda _: refresh(), every_s=FOLLOWS_EVERY_S)


def _menu(row: MenuRow) -> Markup:
    title = tag("a", row.title or row.key, href=words.menu_path(row.key))
    is_survey = row.key.startswith(SURVEY)
    marks = [chips.plain(t("Sondage"), icon_name="rule") if is_survey else chips.plain(row.key)]
    if row.reviews:
        word = counted(row.reviews, t("{count} à relire"), t("{count} à relire"))
        marks.append(chips.plain(word, icon_name="fact_check", tone=Tone.OCHRE))
    if row.drafts:
        word = counted(row.drafts, t("{count} brouillon"), t("{count} brouillons"))
        marks.append(chips.plain(word, icon_name="edit"))
    if row.needs_four_eyes:
        marks.append(chips.plain(t("Quatre yeux"), icon_name="visibility"))
    head = tag(
        "div",
        tag("h2", title, class_="card-title"),
        tag("span", *marks, class_="abreast"),
        tag("span", words.sessions(row.open_sessions), class_="card-note"),
        class_="card-head card-head-ruled",
    )
    waiting = t("Le menu des services y mène.") if is_survey else t("Aucun service n'a encore ce menu.")
    nothing = sentence(waiting, "rule" if is_survey else "dialpad")
    table = _services(row.services) if row.services else nothing
    return tag("section", head, tag("div", table, class_="entries"), class_="card card-flush")


def _services(lines: tuple[ServiceLine, ...]) -> Markup:
    head = tag(
        "tr",
        tag("th", t("Service"), scope="col"),
        tag("th", t("En ligne"), scope="col"),
        tag("th", t("Depuis"), scope="col", class_="number wide-only"),
        tag("th", t("Sessions dessus"), scope="col", class_="number"),
        tag("th", t("Sur une plus ancienne"), scope="col", class_="number wide-only"),
    )
    return tag("table", tag("thead", head), tag("tbody", *map(_service, lines)), class_="plain-table")


def _service(line: ServiceLine) -> Markup:
    codes = tag("span", ", ".join(line.codes), class_="template-code") if line.codes else None
    stopped = None if line.state == "live" else chips.chip(State.SUSPENDED, t("Arrêté"))
    number = words.version(line.live_number) if line.live_number is not None else t("aucune version")
    return tag(
        "tr",
        tag("td", tag("span", line.name, class_="line-title"), " ", codes, stopped),
        tag("td", number),
        tag("td", moment(line.published_at), class_="number wide-only"),
        tag("td", count(line.open_live), class_="number"),
        tag("td", count(line.open_older), class_="number wide-only"),
    )
