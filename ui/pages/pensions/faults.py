"""`/pensions/fichiers/{id}`: what is wrong in a file, line by line, and the two ways on: correct it, or go without."""

from uuid import UUID

from nicegui import ui

from core import ids
from core.errors import Refusal
from core.permissions import Permission
from services.pensions import correction, file_reading
from services.pensions.file_reading import FileNotFound
from services.pensions.shapes import FileErrorRow, FileRow
from ui import downloads, shell
from ui.components import buttons, cards, chips, layout, tables
from ui.components.progress import plain_bar
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import Sign, Tone, count, moment, printed, t
from ui.markup import Markup, show, tag
from ui.pages.pensions import fault_words, words

MOST_REASONS = 8
TO_CORRECT = Sign("error", "À corriger", Tone.RED)


@shell.screen("/pensions/fichiers/{file_id}", title="Lignes à corriger", needs=Permission.PENSIONS_WRITE)
async def faults(file_id: str) -> None:
    """Draw the reasons with their counts, then every wrong line."""
    identifier = ids.parse_id(file_id)
    if identifier is None:
        raise FileNotFound
    file = await shell.attempt(file_reading.get_file, identifier)
    if isinstance(file, Refusal):
        raise file
    reasons = await shell.survey(file_reading.count_by_code, file.id) or {}
    subtitle = t("{invalid} sur {rows} dans {name}, le {moment}").format(
        invalid=words.lines(file.invalid), rows=count(file.rows), name=file.name, moment=moment(file.uploaded_by.at)
    )
    with layout.page_head(
        t("Lignes à corriger"),
        subtitle,
        crumbs=[(t("Pensions"), words.BATCHES)],
        chip=chips.chip(TO_CORRECT) if file.invalid else None,
    ):
        if file.bulk_id:
            buttons.secondary(t("Voir le lot"), href=words.BATCH.format(file.bulk_id))
        else:
            buttons.secondary(t("Envoyer un autre fichier"), href=words.NEW)
        download_button(file.id)
    if not file.bulk_id:
        cards.notice(t("Rien n'a été envoyé. Corrigez ces lignes, puis déposez le fichier entier."), icon_name="info")
    with layout.grid():
        with layout.cell(8), cards.card(is_flush=True).classes("faults"):
            draw_table(file, list(reasons))
        with layout.cell(4), cards.titled(t("Par motif"), is_flush=True, is_ruled=True):
            show(reasons_list(reasons))


def download_button(file_id: UUID, *, is_primary: bool = True) -> ui.button:
    """Place the button that gives the wrong lines back, each with its reason, ready to be corrected and sent alone."""
    kind = buttons.primary if is_primary else buttons.secondary
    button = kind(t("Télécharger les lignes à corriger"), icon="download")

    async def send() -> None:
        button.props("loading")
        try:
            await downloads.send(correction.write_correction, file_id)
        finally:
            if not button.is_deleted:
                button.props(remove="loading")

    button.on_click(send)
    return button


def reasons_list(reasons: dict[str, int]) -> Markup:
    """Return the reasons with their bars, the most frequent first."""
    most = max(reasons.values(), default=1)
    lines = (
        tag(
            "li",
            tag(
                "span",
                tag("span", fault_words.short(code)),
                plain_bar(times / most, label=fault_words.short(code), tone=Tone.RED),
                class_="reason-words reason-barred",
            ),
            tag("b", count(times)),
        )
        for code, times in list(reasons.items())[:MOST_REASONS]
    )
    return tag("ul", *lines, class_="reasons")


def draw_table(file: FileRow, codes: list[str]) -> tables.Table:
    """Place the table of a file's wrong cells."""

    async def source(ask: Ask) -> Answer | None:
        code = ask.filters.get("code", "")
        found = await shell.read(file_reading.list_file_errors, file.id, code=code, limit=ask.limit, offset=ask.offset)
        return None if found is None else Answer([_row(error) for error in found[0]], found[1])

    return tables.Table(
        "pension-faults",
        [
            Column("line", t("Ligne"), is_on_phone=False),
            Column("column", t("Colonne"), "code", is_on_phone=False),
            Column("value", t("Valeur reçue"), "code", is_on_phone=False),
            Column("reason", t("Motif"), "name"),
        ],
        source,
        choices=[Filter("code", t("Motif"), {code: fault_words.short(code) for code in codes})],
        empty=t("Aucune ligne à corriger dans ce fichier."),
    )


def _row(error: FileErrorRow) -> tables.Row:
    return tables.row(
        f"{error.line}-{error.column}-{error.code}",
        {"line": count(error.line), "column": error.column, "value": error.value, "reason": printed(error.message)},
        phone_under=words.list_text([t("ligne {number}").format(number=count(error.line)), error.column, error.value]),
    )
