"""`/paiements/messages/oppositions`: who is not written to, and taking it back with a reason."""

from core.permissions import Permission
from services.messages import suppressions as service
from services.messages.suppressions import SuppressionRow
from ui import shell
from ui.components import cards, chips, layout, tables, toasts
from ui.components.reason_dialog import reason_dialog
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import Sign, State, Tone, moment, t
from ui.pages.administration import words as outbox
from ui.pages.payments import message_words

ABSOLUTE = Sign("block", "Rien ne part", Tone.RED)
PARTIAL = Sign("block", "Reçus et codes seulement", Tone.OCHRE)


@shell.screen(message_words.SUPPRESSIONS, title="Oppositions", needs=Permission.OUTBOX_READ)
async def page() -> None:
    """Draw the list; a row asks why it should end."""
    layout.title(
        t("Oppositions"),
        t("Les adresses auxquelles on n'écrit plus, et pourquoi."),
        crumbs=[(t("Messages"), message_words.MESSAGES)],
    )
    rows: dict[str, SuppressionRow] = {}

    async def source(ask: Ask) -> Answer | None:
        chosen = {name: ask.filters.get(name, "") for name in ("channel", "cause")}
        has_ended = ask.filters.get("ended") == "all"
        found = await shell.read(
            service.list_suppressions,
            search=ask.search,
            with_ended=has_ended,
            limit=ask.limit,
            offset=ask.offset,
            **chosen,
        )
        total = await shell.read(service.count_suppressions, search=ask.search, with_ended=has_ended, **chosen)
        if found is None or total is None:
            return None
        rows.update({str(row.id): row for row in found})
        return Answer([_row(row) for row in found], total)

    def open_one(key: str) -> None:
        if rows[key].ended_at is None:
            _ask_end(rows[key], table)

    may_end = shell.visitor().may(Permission.MESSAGES_WRITE)
    with cards.card(is_flush=True):
        table = tables.Table(
            "payments-suppressions",
            [
                Column("address", t("Adresse"), "name"),
                Column("channel", t("Canal"), is_on_phone=False),
                Column("cause", t("Pourquoi"), is_on_phone=False),
                Column("effect", t("Effet"), "chip"),
                Column("at", t("Depuis"), "time", is_on_phone=False),
            ],
            source,
            search=t("Adresse exacte"),
            choices=[
                Filter("channel", t("Canal"), outbox.choices(outbox.CHANNELS)),
                Filter("cause", t("Pourquoi"), outbox.choices(message_words.CAUSES)),
                Filter("ended", t("Finies"), {"all": t("Avec les finies")}),
            ],
            empty=t("Personne ne s'oppose à nos messages."),
            on_open=open_one if may_end else None,
        )


def _row(row: SuppressionRow) -> tables.Row:
    cause = t(message_words.CAUSES[row.cause])
    sign = State.DONE if row.ended_at else ABSOLUTE if row.is_absolute else PARTIAL
    return tables.row(
        str(row.id),
        {
            "address": row.address,
            "channel": outbox.channel(row.channel),
            "cause": f"{cause} ({row.detail})" if row.detail else cause,
            "effect": chips.cell(sign),
            "at": moment(row.at),
        },
        phone_under=f"{outbox.channel(row.channel)} · {cause}",
    )


def _ask_end(row: SuppressionRow, table: tables.Table) -> None:
    async def confirm(reason: str) -> bool | None:
        is_done = await shell.act(service.end_suppression, row.id, reason)
        if is_done:
            toasts.done(t("On écrit de nouveau à {address}.").format(address=row.address))
            await table.load()
        return is_done

    reason_dialog(
        t("Écrire de nouveau à {address}").format(address=row.address),
        t("{cause}. Les rappels et les informations repartiront vers cette adresse.").format(
            cause=t(message_words.CAUSES[row.cause])
        ),
        act=t("Écrire de nouveau"),
        confirm=confirm,
    )
