"""`/ussd-console/notifications`: every notice, how far it went, and the way to write the next."""

from core.permissions import Permission
from services import notices as service
from services.notices import NoticeRow
from ui import live, shell
from ui.components import buttons, cards, chips, layout, tables
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import count, moment, t
from ui.pages.ussd.notices import words


@shell.screen(words.NOTICES, title="Notifications", needs=Permission.USSD_READ)
async def notices() -> None:
    """Draw the list; figures follow the outbox."""
    subtitle = t("Un texte pour beaucoup de monde, par SMS ou message flash, dans le menu des services, ou les deux.")
    with layout.page_head(t("Notifications"), subtitle, crumbs=[("USSD", "/ussd-console")]):
        if shell.visitor().may(Permission.USSD_NOTICES_WRITE):
            buttons.primary(t("Nouvelle notification"), icon="add", href=f"{words.NOTICES}/{words.NEW}")
    with cards.card(is_flush=True):
        table = tables.Table(
            "ussd-notices",
            [
                Column("name", t("Notification"), "name"),
                Column("audience", t("Pour"), is_on_phone=False),
                Column("channels", t("Canaux"), is_on_phone=False, is_on_tablet=False),
                Column("state", t("État"), "chip"),
                Column("written", t("Écrites"), "number"),
                Column("at", t("Départ"), "time", is_on_phone=False),
            ],
            _source,
            search=t("Nom"),
            choices=[Filter("state", t("État"), {code: t(sign.word) for code, sign in words.STATES.items()})],
            empty=t("Aucune notification. La première que vous écrirez paraîtra ici."),
        )
    live.hub.subscribe(["notices"], lambda _: table.load())


async def _source(ask: Ask) -> Answer | None:
    state = ask.filters.get("state", "")
    rows = await shell.read(service.list_notices, search=ask.search, state=state, limit=ask.limit, offset=ask.offset)
    total = await shell.read(service.count_notices, search=ask.search, state=state)
    return None if rows is None or total is None else Answer([_row(row) for row in rows], total)


def _row(row: NoticeRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "name": row.name,
            "audience": words.audience(row.audience),
            "channels": words.channels(row),
            "state": chips.cell(words.STATES[row.state]),
            "written": count(row.written),
            "at": moment(row.started_at or row.starts_at) or "–",
        },
        href=f"{words.NOTICES}/{row.id}",
    )
