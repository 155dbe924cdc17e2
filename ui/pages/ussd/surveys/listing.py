"""`/ussd-console/sondages`: every survey, how many answered, and the way to write the next."""

from core.permissions import Permission
from services import surveys as service
from services.surveys import SurveyRow
from ui import live, shell
from ui.components import buttons, cards, chips, layout, tables
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import count, moment, percent, t
from ui.pages.ussd.surveys import words


@shell.screen(words.SURVEYS, title="Sondages", needs=Permission.USSD_READ)
async def surveys() -> None:
    """Draw the list; figures follow the phones."""
    subtitle = t("Quelques questions sur un téléphone, chaque réponse gardée dès qu'elle est donnée.")
    with layout.page_head(t("Sondages"), subtitle, crumbs=[("USSD", "/ussd-console")]):
        if shell.visitor().may(Permission.USSD_SURVEYS_WRITE):
            buttons.primary(t("Nouveau sondage"), icon="add", href=f"{words.SURVEYS}/{words.NEW}")
    with cards.card(is_flush=True):
        table = tables.Table(
            "ussd-surveys",
            [
                Column("name", t("Sondage"), "name"),
                Column("code", t("Code"), "code", is_on_phone=False),
                Column("state", t("État"), "chip"),
                Column("started", t("Participations"), "number", is_on_phone=False),
                Column("completed", t("Terminées"), "number"),
                Column("rate", t("Achèvement"), "number", is_on_phone=False),
                Column("closes", t("Fin"), "time", is_on_phone=False),
            ],
            _source,
            search=t("Nom ou code"),
            choices=[Filter("state", t("État"), {code: t(sign.word) for code, sign in words.STATES.items()})],
            empty=t("Aucun sondage. Le premier que vous écrirez paraîtra ici."),
        )
    live.hub.subscribe(["ussd"], lambda _: table.load())


async def _source(ask: Ask) -> Answer | None:
    state = ask.filters.get("state", "")
    rows = await shell.read(service.list_surveys, search=ask.search, state=state, limit=ask.limit, offset=ask.offset)
    total = await shell.read(service.count_surveys, search=ask.search, state=state)
    return None if rows is None or total is None else Answer([_row(row) for row in rows], total)


def _row(row: SurveyRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "name": row.name,
            "code": row.code,
            "state": chips.cell(words.STATES[row.state]),
            "started": count(row.started),
            "completed": count(row.completed),
            "rate": percent(row.completed / row.started, 0) if row.started else "–",
            "closes": moment(row.closed_at or row.closes_at) if row.closed_at or row.closes_at else "–",
        },
        href=f"{words.SURVEYS}/{row.id}",
    )
