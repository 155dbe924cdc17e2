"""`/paiements/rapprochement`: a calendar of days per account, what is open in each, and the import of a statement."""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from core.clock import now
from core.formats import day as day_text
from core.permissions import Permission
from services import reconciliation
from services.reconciliation import DayRow
from services.reconciliation.words import SOURCES
from ui import shell
from ui.components import buttons, cards, empty, filters, layout
from ui.components.figures import figure
from ui.components.tiles import Measure, measures
from ui.labels import Tone, count, money, page_language, t
from ui.markup import Markup, icon, show, tag
from ui.pages.payments import statement
from ui.pages.payments.reconciliation_words import PATH, standing

SPANS = {"7": 7, "14": 14, "31": 31}


@shell.screen(PATH, title="Rapprochement", needs=Permission.PAYMENTS_READ)
async def calendar() -> None:
    """Draw the measures and the calendar; a day leads to its differences."""
    with layout.page_head(
        t("Rapprochement"), t("Chaque nuit, la liste de l'opérateur et la nôtre, dans les deux sens.")
    ):
        if shell.visitor().may(Permission.PAYMENTS_ACT):
            buttons.secondary(t("Importer un relevé"), statement.ask, icon="upload_file")
    place = layout.stack()

    async def draw(span: str) -> None:
        last = now().date()
        days = [last - timedelta(days=back) for back in range(SPANS[span] - 1, -1, -1)]
        rows = await shell.read(reconciliation.list_days, first=days[0], last=days[-1])
        place.clear()
        with place:
            if rows is not None:
                _draw(rows, days)

    words = {"7": t("7 jours"), "14": t("14 jours"), "31": t("31 jours")}
    with layout.row():
        filters.segments(words, "14", draw, label=t("Durée"))
    place.move(target_index=-1)
    await draw("14")


def _draw(rows: list[DayRow], days: list[date]) -> None:
    if not rows:
        show(
            empty.sentence(
                t("Aucun jour comparé. Le premier paraîtra cette nuit, ou dès qu'un relevé sera importé."),
                "compare_arrows",
            )
        )
        return
    show(measures(_measures(rows)))
    with cards.card(is_flush=True):
        show(_table(rows, days), classes="matrix-place").props["tabindex"] = "0"
        with cards.foot():
            show(_legend())


def _measures(rows: list[DayRow]) -> list[Measure]:
    waiting = sum(row.open_items for row in rows)
    lines, matched = sum(row.theirs_count for row in rows), sum(row.matched_count for row in rows)
    closed = sum(row.state == "closed" for row in rows)
    return [
        Measure(t("Écarts à régler"), figure(count(waiting), tone=Tone.RED if waiting else None)),
        Measure(t("Lignes rapprochées"), figure(count(matched)), t("sur {count} reçues").format(count=count(lines))),
        Measure(t("Jours clos"), figure(count(closed)), t("sur {count} comparés").format(count=count(len(rows)))),
    ]


def _table(rows: list[DayRow], days: list[date]) -> Markup:
    by_account: dict[UUID, dict[date, list[DayRow]]] = {}
    for row in rows:
        by_account.setdefault(row.account_id, {}).setdefault(row.day, []).append(row)
    labels = {row.account_id: row.account_label for row in rows}
    head = tag("tr", tag("th", t("Compte"), scope="col"), *map(_head, days))
    body = (
        tag("tr", tag("th", labels[account], scope="row"), *(_cell(found.get(one, ()), one) for one in days))
        for account, found in by_account.items()
    )
    return tag("table", tag("thead", head), tag("tbody", *body), class_="plain-table matrix matrix-days")


def _head(one: date) -> Markup:
    return tag("th", f"{one:%d}", tag("span", f"{one:%m}", class_="matrix-scope"), scope="col")


def _cell(rows: Iterable[DayRow], one: date) -> Markup:
    links = [_day(row) for row in rows]
    return tag("td", *links) if links else tag("td", tag("span", "·", title=_title(one, t("pas comparé"))))


def _day(row: DayRow) -> Markup:
    sign = standing(row)
    words = t(sign.word) if not row.open_items else t("{count} à régler").format(count=count(row.open_items))
    title = _title(row.day, f"{words}, {t(SOURCES[row.source])}, {money(row.theirs)}")
    shown = count(row.open_items) if row.open_items else icon(sign.icon)
    spoken = tag("span", title, class_="heard-only")
    return tag(
        "a", shown, spoken, href=f"{PATH}/{row.run_id}", title=title, class_=f"chip chip-{sign.tone.value} day-cell"
    )


def _title(one: date, words: str) -> str:
    return f"{day_text(one, page_language())} : {words}"


def _legend() -> Markup:
    signs = (("lock", t("clos")), ("check", t("sans écart")), ("sync", t("en cours ou sans réponse")))
    words = [tag("span", icon(name), f" {word}", class_="caption") for name, word in signs]
    words.append(tag("span", t("un nombre : écarts à régler"), class_="caption"))
    return tag("div", *words, class_="abreast legend")
