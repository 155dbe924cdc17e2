"""`/administration/boite-envoi`: every message written, where it stands, and its text; codes stay dots."""

from uuid import UUID

from core.permissions import Permission
from services import messages
from services.messages import MessageRow
from ui import shell
from ui.components import cards, chips, code, dialogs, facts, layout, tables
from ui.components.history import Happening, history
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import State, count, moment, t, when
from ui.markup import show, tag
from ui.pages.administration import words


@shell.screen("/administration/boite-envoi", title="Boîte d'envoi", needs=Permission.OUTBOX_READ)
async def outbox(etat: str = "") -> None:
    """Draw the messages, the newest first; a row opens the text as its reader gets it. `etat` narrows to a state."""
    layout.title(t("Boîte d'envoi"), t("Les messages écrits par chaque opération. Les codes ne se lisent pas ici."))
    with cards.card(is_flush=True):
        tables.Table(
            "administration-outbox",
            [
                Column("type", t("Message"), "name"),
                Column("channel", t("Canal"), is_on_phone=False),
                Column("address", t("Destinataire"), is_on_phone=False),
                Column("state", t("État"), "chip"),
                Column("text", t("Texte"), is_on_phone=False),
                Column("segments", t("Parties"), "number", is_on_phone=False),
                Column("at", t("Écrit le"), "time", is_on_phone=False),
            ],
            _source,
            search=t("Adresse, type ou référence"),
            choices=[
                Filter("kind", t("Message"), words.choices(words.MESSAGE_TYPES)),
                Filter("channel", t("Canal"), words.choices(words.CHANNELS)),
                Filter("state", t("État"), words.sign_choices(words.MESSAGE_STATES)),
            ],
            empty=t("Aucun message. Le premier paraîtra avec la première opération."),
            first=Ask(filters={"state": etat} if etat in words.MESSAGE_STATES else {}),
            on_open=_open,
        )


async def _source(ask: Ask) -> Answer | None:
    chosen = {name: ask.filters.get(name, "") for name in ("state", "channel", "kind")}
    rows = await shell.read(messages.list_messages, search=ask.search, limit=ask.limit, offset=ask.offset, **chosen)
    total = await shell.read(messages.count_messages, search=ask.search, **chosen)
    return None if rows is None or total is None else Answer([_row(row) for row in rows], total)


def _row(row: MessageRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "type": words.message_type(row.type),
            "channel": words.channel(row.channel),
            "address": row.address,
            "text": _short(row.subject or row.body),
            "segments": row.segments or "",
            "state": chips.cell(words.MESSAGE_STATES[row.state]),
            "at": moment(row.created_at),
        },
        phone_under=f"{row.address} · {when(row.created_at)}",
    )


def _short(text: str, most: int = 56) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


async def _open(key: str) -> None:
    found = await shell.read(messages.get_message, UUID(key))
    if found is None:
        return
    row, steps = found
    with dialogs.dialog(words.message_type(row.type)) as dialog:
        show(code.block(row.body, title=row.subject or words.channel(row.channel)), classes="code-wrapped")
        show(facts.facts(_facts(row)))
        if steps:
            show(history([_happening(step) for step in steps]))
    dialog.open()


def _facts(row: MessageRow) -> list[facts.Fact]:
    lines: list[facts.Fact] = [
        (t("État"), chips.chip(words.MESSAGE_STATES[row.state])),
        (t("Destinataire"), row.address),
        (t("Canal"), words.channel(row.channel)),
        (t("Modèle"), tag("code", row.template_code, class_="code-inline")),
        (t("Langue"), words.LANGUAGES.get(row.locale, row.locale)),
        (t("Essais"), count(row.tries)),
        (t("Écrit le"), moment(row.created_at)),
    ]
    if row.segments:
        lines.insert(3, (t("Parties de SMS"), count(row.segments)))
    if row.expires_at:
        lines.append((t("Vaut jusqu'au"), moment(row.expires_at)))
    if row.error_code:
        lines.append((t("Erreur"), row.error_code))
    return lines


def _happening(step: messages.MessageStep) -> Happening:
    shown = words.MESSAGE_STATES[step.state]
    sign = shown.value if isinstance(shown, State) else shown
    return Happening(step.at, t(sign.word), icon=sign.icon, tone=sign.tone)
