"""`/paiements/rappels`: every callback as it came; one opened shows its masked body and may be asked about again."""

from functools import partial
from typing import Any
from uuid import UUID

from core import ids
from core.permissions import Permission
from services import transfers
from services.transfers import callbacks as reads
from services.transfers.callbacks import CallbackCard, CallbackLine, CallbackSearch
from ui import live, shell
from ui.components import buttons, cards, chips, code, confirm_dialog, dialogs, facts, layout, tables, toasts
from ui.components.tables import Answer, Ask, Column, Day, Filter
from ui.labels import count, moment, t
from ui.markup import show, tag
from ui.pages.payments import shown, words
from ui.pages.payments.transfers import ONE_DAY, day_start

REFRESH_S = 2.0
YES, NO = "yes", "no"


@shell.screen("/paiements/rappels", title="Rappels reçus", needs=Permission.PAYMENTS_READ)
async def callbacks(rappel: str = "") -> None:
    """Draw the callbacks, the newest first; `rappel` opens one."""
    layout.title(
        t("Rappels reçus"), t("Ce que les opérateurs disent d'eux-mêmes. Un rappel n'est qu'un indice : on va lire.")
    )
    sources = await shell.read(reads.list_sources) or []
    with cards.card(is_flush=True):
        table = tables.Table(
            "payments-callbacks",
            _columns(),
            _source,
            choices=[
                Filter("source", t("Origine"), {source: source for source in sources}),
                Filter("authenticity", t("Preuve"), words.sign_choices(words.AUTHENTICITIES)),
                Filter("outcome", t("Suite"), {YES: t("Acceptés"), NO: t("Refusés")}),
                Filter("handled", t("Traités"), {YES: t("Oui"), NO: t("En attente")}),
                Day("since", t("Du")),
                Day("until", t("Au")),
            ],
            empty=t("Aucun rappel. Le premier paraîtra quand un opérateur appellera."),
            on_open=_open,
        )
    live.hub.subscribe(["transfers"], lambda _: table.load(), every_s=REFRESH_S)
    if ids.parse_id(rappel):
        await _open(rappel)


def _columns() -> list[Column]:
    return [
        Column("source", t("Origine"), "name"),
        Column("authenticity", t("Preuve"), "chip"),
        Column("claimed", t("Dit"), "code", is_on_phone=False),
        Column("transfer", t("Transfert"), is_on_phone=False),
        Column("outcome", t("Suite"), is_on_phone=False),
        Column("repeats", t("Répétés"), "number", is_on_phone=False),
        Column("delay", t("Délai"), "number", is_on_phone=False),
        Column("at", t("Reçu"), "time", is_on_phone=False),
    ]


async def _source(ask: Ask) -> Answer | None:
    chosen = ask.filters
    search = CallbackSearch(
        source=chosen.get("source", ""),
        authenticity=chosen.get("authenticity", ""),
        is_accepted=_choice(chosen.get("outcome")),
        is_handled=_choice(chosen.get("handled")),
        since=day_start(chosen.get("since", "")),
        until=day_start(chosen.get("until", ""), ONE_DAY),
    )
    found = await shell.read(reads.list_callbacks, search, limit=ask.limit, offset=ask.offset)
    return None if found is None else Answer([_row(line) for line in found[0]], found[1])


def _choice(value: str | None) -> bool | None:
    return {YES: True, NO: False}.get(value or "")


def _row(line: CallbackLine) -> tables.Row:
    return tables.row(
        str(line.id),
        {
            "source": line.account or line.source,
            "authenticity": chips.cell(words.AUTHENTICITIES[line.authenticity]),
            "claimed": line.claimed_state,
            "transfer": words.short(line.reference) if line.reference else "",
            "outcome": words.outcome(line),
            "repeats": count(line.repeats) if line.repeats else "",
            "delay": shown.delay(line),
            "at": moment(line.received_at),
        },
        phone_under=f"{line.claimed_state} · {moment(line.received_at)}".removeprefix(" · "),
    )


async def _open(key: str) -> None:
    card = await shell.read(reads.get_callback, UUID(key))
    if card is None:
        return
    with dialogs.dialog(t("Rappel de {source}").format(source=card.line.account or card.line.source)) as dialog:
        show(facts.facts(_facts(card)))
        if card.body is not None:
            headers = "\n".join(f"{name}: {value}" for name, value in card.headers)
            show(code.block(headers or "\N{EM DASH}", title=t("En-têtes")), classes="code-wrapped")
            show(code.block(card.body or "\N{EM DASH}", title=t("Corps, numéros masqués")), classes="code-wrapped")
        if card.line.transfer_id is not None and shell.visitor().may(Permission.PAYMENTS_ACT):
            with dialogs.actions():
                buttons.secondary(t("Rejouer"), partial(_ask_replay, card.line), icon="replay")
    dialog.open()


def _ask_replay(line: CallbackLine) -> None:
    async def confirm() -> Any:
        if line.transfer_id is None:
            return None
        asked = await shell.act(transfers.ask_now, transfers.AskNow(transfer_id=line.transfer_id))
        if asked is not None:
            toasts.done(t("La question part ; la réponse paraîtra sur le transfert."))
        return asked

    confirm_dialog.confirm_dialog(
        t("Rejouer ce rappel"),
        t("Rien n'est enregistré une deuxième fois : l'opérateur est interrogé sur le transfert dont ce rappel parle."),
        act=t("Interroger l'opérateur"),
        confirm=confirm,
    )


def _facts(card: CallbackCard) -> list[facts.Fact]:
    line = card.line
    link = f"{words.SECTION}/transferts/{line.transfer_id}"
    lines: list[facts.Fact] = [
        (t("Reçu le"), moment(line.received_at)),
        (t("Preuve"), chips.chip(words.AUTHENTICITIES[line.authenticity])),
        (t("Dit"), tag("code", line.claimed_state, class_="code-inline") if line.claimed_state else ""),
        (t("Transfert"), tag("a", words.short(line.reference), href=link, class_="link") if line.transfer_id else ""),
        (t("Suite"), words.outcome(line)),
        (t("Délai"), shown.delay(line)),
        (t("Répétés"), count(line.repeats)),
        (t("Adresse"), tag("code", f"{card.method} {card.path}", class_="code-inline")),
        (t("Taille"), f"{count(card.size)} {t('octets')}"),
    ]
    return [(label, value) for label, value in lines if value]
