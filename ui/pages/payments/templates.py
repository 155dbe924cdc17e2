"""`/paiements/messages/modeles`: every text we send, its languages, what it weighs, and what waits to be read again."""

from collections.abc import Sequence

from core.permissions import Permission
from services.messages import editions
from services.messages.editions import TextRow
from ui import shell
from ui.components import cards, chips, layout, tabs
from ui.labels import count, t
from ui.markup import Markup, join, show, tag
from ui.pages.administration import words
from ui.pages.payments import message_words

LOCALES = ("fr", "en", "ln")
IN_FORCE = "published"


@shell.screen(message_words.TEMPLATES, title="Modèles de messages", needs=Permission.OUTBOX_READ)
async def templates() -> None:
    """Draw the texts, one a line; all of them, or those somebody must read again."""
    layout.title(
        t("Modèles de messages"),
        t("Un texte en vigueur par langue ; on le change ici, il part dès le message suivant."),
        crumbs=[(t("Messages"), message_words.MESSAGES)],
    )
    rows = await shell.read(editions.list_texts)
    if rows is None:
        return
    by_code: dict[str, list[TextRow]] = {}
    for row in rows:
        by_code.setdefault(row.code, []).append(row)
    waiting = {code: texts for code, texts in by_code.items() if any(_waits(row) for row in texts)}
    groups = {"all": by_code, "review": waiting}
    choices = [
        tabs.Tab("all", t("Tous"), count(len(by_code))),
        tabs.Tab("review", t("À relire"), count(len(waiting))),
    ]
    with cards.card(is_flush=True):
        place = show(_table(by_code), classes="entries")
    row_of_tabs = tabs.tabs(choices, lambda name: place.set_content(_table(groups[name])))
    row_of_tabs.move(target_index=1)


def _waits(row: TextRow) -> bool:
    return row.needs_review and row.state == IN_FORCE


def _table(by_code: dict[str, list[TextRow]]) -> Markup:
    head = tag(
        "tr",
        tag("th", t("Modèle"), scope="col"),
        *(tag("th", message_words.language(locale), scope="col") for locale in LOCALES),
        tag("th", t("Parties de SMS"), scope="col", class_="number wide-only"),
    )
    return tag(
        "table",
        tag("thead", head),
        tag("tbody", *(_line(code, rows) for code, rows in by_code.items())),
        class_="plain-table",
    )


def _line(code: str, rows: Sequence[TextRow]) -> Markup:
    heaviest = max((row.weight.segments for row in rows if row.state == IN_FORCE), default=0)
    link = tag("a", words.message_type(code), href=f"{message_words.TEMPLATES}/{code}")
    return tag(
        "tr",
        tag("td", link, tag("code", code, class_="template-code wide-only")),
        *(tag("td", _locale([row for row in rows if row.locale == locale])) for locale in LOCALES),
        tag("td", count(heaviest), class_="number wide-only"),
    )


def _locale(rows: Sequence[TextRow]) -> Markup:
    present = next((row for row in rows if row.state == IN_FORCE), None)
    draft = next((row for row in rows if row.state == "draft"), None)
    marks = []
    if present is not None:
        marks.append(
            chips.chip(message_words.TO_REVIEW) if present.needs_review else tag("span", f"v{present.version}")
        )
    if draft is not None:
        marks.append(chips.chip(message_words.STATES["draft"]))
    return join(*marks) if marks else tag("span", "–")
