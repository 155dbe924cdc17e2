"""`/pensions`: what runs now, and every batch there was."""

from datetime import date

from core.formats import day as day_text
from core.permissions import Permission
from models.pension_stages import BatchStage
from services import organisations
from services.pensions import oversight, reading
from services.pensions.reading import BatchSearch
from services.pensions.shapes import BatchRow
from ui import live, shell
from ui.components import buttons, cards, chips, export, layout, tables
from ui.components.tables import Answer, Ask, Column, Day, Filter
from ui.labels import count, moment, page_language, percent, t
from ui.pages.pensions import rights, words
from ui.pages.pensions.board import TOPICS, Board
from ui.pages.pensions.under_way import UnderWay

EVERY_S = 2.0
MOST_EXPORTED = 5_000
PAGE = 200


@shell.screen(words.BATCHES, title="Lots de pensions", needs=Permission.PENSIONS_READ)
async def batches(etat: str = "") -> None:
    """Draw the figures, what is under way, and the history; `etat` narrows it to one stage."""
    actor = shell.visitor()
    with layout.page_head(t("Pensions"), t("Un fichier, un lot : chaque personne payée une fois, et la preuve.")):
        if rights.may_send(actor):
            buttons.primary(t("Nouveau lot"), icon="upload_file", href=words.NEW)
    await shell.read(oversight.note_list)
    await Board().draw()
    await UnderWay().draw()
    names = {one.id: one.name for one in await shell.read(organisations.list_organisations) or []}
    history = History(has_organisations=len(names) > 1)
    history.draw(etat if etat in BatchStage.__members__ else "")
    live.subscribe(TOPICS, lambda _: history.table.load(), every_s=EVERY_S)


class History:
    """The table of the batches a person may read, with the filters of the documented history."""

    table: tables.Table

    def __init__(self, *, has_organisations: bool) -> None:
        self._has_organisations = has_organisations

    def draw(self, stage: str = "") -> None:
        """Place the table; every row leads to its batch."""
        with cards.titled(t("Historique"), is_flush=True):
            self.table = tables.Table(
                "pension-batches",
                self._columns(),
                self._source,
                search=t("Lot, fichier, 2026-11…"),
                choices=[
                    Filter("stage", t("État"), {code: t(sign.word) for code, sign in words.STAGES.items()}),
                    Day("since", t("Du")),
                    Day("until", t("Au")),
                ],
                first=Ask(filters={"stage": stage} if stage else {}),
                empty=t("Aucun lot encore. Le premier fichier que vous enverrez paraîtra ici."),
                actions=self._actions,
            )

    def _columns(self) -> list[Column]:
        return [
            Column("title", t("Lot"), "name"),
            Column("organisation", t("Organisation"), is_on_phone=False, is_shown=self._has_organisations),
            Column("account", t("Compte"), is_on_phone=False, is_on_tablet=False, is_shown=False),
            Column("payments", t("Paiements"), "number", is_on_phone=False),
            Column("total", t("Montant"), "amount", is_on_phone=False),
            Column("paid", t("Payé"), "number", is_on_phone=False, is_on_tablet=False),
            Column("state", t("État"), "chip"),
            Column("by", t("Déposé par"), is_on_phone=False, is_on_tablet=False),
            Column("at", t("Date"), "time", is_on_phone=False),
        ]

    async def _source(self, ask: Ask) -> Answer | None:
        found = await shell.read(reading.list_batches, _search(ask), limit=ask.limit, offset=ask.offset)
        return None if found is None else Answer([_row(batch) for batch in found.batches], found.total)

    def _actions(self) -> None:
        export.export_button(t("lots"), [column.label for column in self._columns()], self._lines)

    async def _lines(self) -> list[list[str]] | None:
        """Return what is filtered, whole: up to `MOST_EXPORTED` batches."""
        lines: list[list[str]] = []
        for offset in range(0, MOST_EXPORTED, PAGE):
            found = await shell.read(reading.list_batches, _search(self.table.ask), limit=PAGE, offset=offset)
            if found is None:
                return None
            lines += [_line(batch) for batch in found.batches]
            if offset + PAGE >= found.total:
                break
        return lines


def _search(ask: Ask) -> BatchSearch:
    stage = ask.filters.get("stage", "")
    return BatchSearch(
        stages=(BatchStage(stage),) if stage else (),
        first_day=_day(ask.filters.get("since", "")),
        last_day=_day(ask.filters.get("until", "")),
        text=ask.search,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _row(batch: BatchRow) -> tables.Row:
    total = words.amount(batch, batch.total.amount_minor)
    return tables.row(
        batch.bulk_id,
        {
            "title": words.title(batch),
            "organisation": batch.organisation_name,
            "account": batch.account_code,
            "payments": count(batch.total.count),
            "total": total,
            "paid": percent(batch.success_rate / 100) if batch.started_at else "",
            "state": chips.cell(words.stage(batch)),
            "by": batch.created_by.name,
            "at": moment(batch.created_by.at),
        },
        href=words.BATCH.format(batch.bulk_id),
        under=batch.bulk_id,
        phone_under=f"{words.payments(batch.total.count)}, {total}",
    )


def _line(batch: BatchRow) -> list[str]:
    created = batch.created_by.at
    return [
        f"{words.title(batch)} ({batch.bulk_id})",
        batch.organisation_name,
        batch.account_code,
        str(batch.total.count),
        batch.money(batch.total.amount_minor).plain,
        f"{batch.success_rate:.2f}",
        t(words.stage(batch).word),
        batch.created_by.name,
        day_text(created.date(), page_language()) if created else "",
    ]
