"""`/paiements/rappels`: every callback as it came; one opened shows its masked body and may be asked about again."""

from functools import partial
from uuid import UUID

from core import ids
from core.permissions import Permission
from services import inbound
from services.inbound import EventDetail, EventRow, EventSearch
from ui import live, shell
from ui.components import buttons, cards, chips, code, confirm_dialog, dialogs, facts, layout, tables, toasts
from ui.components.tables import Answer, Ask, Column, Day, Filter
from ui.labels import count, moment, t
from ui.markup import show, tag
from ui.pages.payments import shown, words
from ui.pages.payments.transfers import ONE_DAY, day_start

REFRESH_S = 2.0
NONE = "\N{EM DASH}"


@shell.screen("/paiements/rappels", title="Rappels reçus", needs=Permission.PAYMENTS_READ)
async def callbacks(rappel: str = "") -> None:
    """Draw the callbacks, the newest first; `rappel` opens one."""
    layout.title(
        t("Rappels reçus"), t("Ce que les opérateurs disent d'eux-mêmes. Un rappel n'est qu'un indice : on va lire.")
    )
    may_open = shell.visitor().may(Permission.PAYMENTS_EXCHANGES_READ)
    with cards.card(is_flush=True):
        table = tables.Table(
            "payments-callbacks",
            _columns(),
            _source,
            choices=[
                Filter("source", t("Origine"), words.choices(words.DOORS)),
                Filter("authenticity", t("Preuve"), words.sign_choices(words.AUTHENTICITIES)),
                Filter("outcome", t("Suite"), words.choices(words.OUTCOMES)),
                Day("since", t("Du")),
                Day("until", t("Au")),
            ],
            empty=t("Aucun rappel. Le premier paraîtra quand un opérateur appellera."),
            on_open=_open if may_open else None,
        )
    live.hub.subscribe(["transfers"], lambda _: table.load(), every_s=REFRESH_S)
    if may_open and ids.parse_id(rappel):
        await _open(rappel)


def _columns() -> list[Column]:
    return [
        Column("source", t("Origine"), "name"),
        Column("authenticity", t("Preuve"), "chip"),
        Column("claimed", t("Dit"), "code", is_on_phone=False, is_on_tablet=False),
        Column("transfer", t("Transfert"), is_on_phone=False),
        Column("outcome", t("Suite"), is_on_phone=False, is_on_tablet=False),
        Column("repeats", t("Répétés"), "number", is_on_phone=False, is_on_tablet=False),
        Column("delay", t("Après l'envoi"), "number", is_on_phone=False, is_on_tablet=False),
        Column("at", t("Reçu"), "time", is_on_phone=False),
    ]


async def _source(ask: Ask) -> Answer | None:
    chosen = ask.filters
    search = EventSearch(
        source=chosen.get("source", ""),
        authenticity=chosen.get("authenticity", ""),
        outcome=chosen.get("outcome", ""),
        since=day_start(chosen.get("since", "")),
        until=day_start(chosen.get("until", ""), ONE_DAY),
        skip=ask.offset,
        limit=ask.limit,
    )
    found = await shell.read(inbound.list_events, search)
    return None if found is None else Answer([_row(line) for line in found[0]], found[1])


def _row(line: EventRow) -> tables.Row:
    return tables.row(
        str(line.id),
        {
            "source": shown.source(line),
            "authenticity": chips.cell(words.AUTHENTICITIES[line.authenticity]),
            "claimed": line.claimed_state,
            "transfer": words.short(line.transfer_reference) if line.transfer_reference else "",
            "outcome": words.outcome(line.outcome),
            "repeats": count(line.repeats) if line.repeats else "",
            "delay": shown.delay(line),
            "at": moment(line.received_at),
        },
        phone_under=f"{line.claimed_state} · {moment(line.received_at)}".removeprefix(" · "),
    )


async def _open(key: str) -> None:
    card = await shell.read(inbound.get_event, UUID(key))
    if card is None:
        return
    with dialogs.dialog(t("Rappel : {source}").format(source=shown.source(card.row))) as dialog:
        show(facts.facts(_facts(card)))
        headers = "\n".join(f"{name}: {value}" for name, value in sorted(card.headers.items()))
        show(code.block(headers or NONE, title=t("En-têtes")), classes="code-wrapped")
        show(code.block(card.body or NONE, title=t("Corps, numéros masqués")), classes="code-wrapped")
        if card.row.is_accepted and shell.visitor().may(Permission.PAYMENTS_ACT):
            with dialogs.actions():
                buttons.secondary(t("Rejouer"), partial(_ask_replay, card.row), icon="replay")
    dialog.open()


def _ask_replay(line: EventRow) -> None:
    async def confirm() -> bool | None:
        is_planned = await shell.act(inbound.replay, inbound.ReplayEvent(event_id=line.id))
        if is_planned is not None:
            toasts.done(t("La question part ; la réponse paraîtra sur le transfert."))
        return is_planned

    confirm_dialog.confirm_dialog(
        t("Rejouer ce rappel"),
        t("Rien n'est enregistré une deuxième fois : l'opérateur est interrogé sur le transfert dont ce rappel parle."),
        act=t("Interroger l'opérateur"),
        confirm=confirm,
    )


def _facts(card: EventDetail) -> list[facts.Fact]:
    line = card.row
    link = f"{words.SECTION}/transferts/{line.transfer_id}"
    lines: list[facts.Fact] = [
        (t("Reçu le"), moment(line.received_at)),
        (t("Preuve"), chips.chip(words.AUTHENTICITIES[line.authenticity])),
        (t("Dit"), tag("code", line.claimed_state, class_="code-inline") if line.claimed_state else ""),
        (
            t("Transfert"),
            tag("a", words.short(line.transfer_reference), href=link, class_="link") if line.transfer_id else "",
        ),
        (t("Suite"), words.outcome(line.outcome)),
        (t("Après l'envoi"), shown.delay(line)),
        (t("Répétés"), count(line.repeats)),
        (t("Adresse"), tag("code", f"{line.method} {line.path}", class_="code-inline")),
        (t("Taille"), f"{count(line.size_bytes)} {t('octets')}"),
    ]
    return [(label, value) for label, value in lines if value]
