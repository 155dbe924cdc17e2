"""What callers said when they were asked whether to send the same again."""

from services.subscribers import repeats
from services.subscribers.repeats import RepeatAnswer
from ui import shell
from ui.components import chips, tables
from ui.components.tables import Answer, Ask, Column
from ui.labels import Sign, Tone, moment, t
from ui.pages.ussd_money import words

YES = Sign("check", "Oui, encore", Tone.OCHRE)
NO = Sign("close", "Non", Tone.NEUTRAL)


def answers() -> tables.Table:
    """Place the answers of the last days, yes and no."""

    async def source(ask: Ask) -> Answer | None:
        found = await shell.read(repeats.list_repeat_answers, limit=ask.offset + ask.limit + 1)
        return None if found is None else Answer([_row(row) for row in found[ask.offset :][: ask.limit]], len(found))

    return tables.Table(
        "ussd-repeat-answers",
        [
            Column("who", t("Qui"), "name"),
            Column("asked", t("Ce qui a été demandé"), is_on_phone=False),
            Column("said", t("Réponse"), "chip"),
            Column("at", t("Le"), "time", is_on_phone=False),
        ],
        source,
        empty=t("La question n'a été posée à personne ces 7 derniers jours."),
    )


def _row(row: RepeatAnswer) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "who": row.name or row.phone,
            "asked": "\N{EN DASH}" if row.asked is None else row.asked.partition("\n")[0],
            "said": chips.cell(YES if row.is_yes else NO),
            "at": moment(row.at),
        },
        href=f"{words.SECTION}/sessions/{row.session_id}",
        phone_under=moment(row.at),
    )
