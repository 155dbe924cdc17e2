"""A notice on its way: how much is written, what each network made of it, and the button that stops it."""

from functools import partial

from core.permissions import Permission
from models.notices import NoticeState
from services import approvals, notices
from services.notices import NoticeRow, Progress
from ui import live, shell
from ui.components import buttons, cards, chips, decisions, layout, reason_dialog, toasts
from ui.components import progress as bars
from ui.components.facts import facts
from ui.components.progress import Part
from ui.labels import Tone, count, moment, percent, t
from ui.markup import Markup, show, tag
from ui.pages.ussd.notices import words

MOVING = frozenset({NoticeState.SCHEDULED, NoticeState.SENDING})


async def draw_progress(row: NoticeRow) -> None:
    """Draw the page; figures follow the outbox."""
    place = layout.stack()

    async def draw() -> None:
        present = await shell.read(notices.get_notice, row.id)
        found = await shell.read(notices.get_progress, row.id)
        if present is None or found is None or place.is_deleted:
            return
        asked = await _waiting(present)
        place.clear()
        with place:
            _draw(present, found)
            if asked:
                decisions.card(asked, draw)

    await draw()
    live.hub.subscribe(["notices", "messages.moved"], lambda _: draw())


async def _waiting(row: NoticeRow) -> list[approvals.ApprovalRow]:
    if row.state != NoticeState.REVIEW or not shell.visitor().may(Permission.USSD_NOTICES_WRITE):
        return []
    found = await shell.read(approvals.list_waiting, kinds=frozenset({"notice.send"}))
    return [each for each in found or () if each.subject_id == row.id]


def _draw(row: NoticeRow, found: Progress) -> None:
    chip = chips.chip(words.STATES[row.state])
    with layout.page_head(row.name, words.audience(row.audience), crumbs=_crumbs(), chip=chip):
        if _is_stoppable(row, found) and shell.visitor().may(Permission.USSD_NOTICES_WRITE):
            buttons.secondary(t("Arrêter"), partial(_ask_stop, row), icon="stop_circle")
    with layout.grid():
        with layout.cell(7):
            with cards.titled(t("Avancement"), is_live=row.state == NoticeState.SENDING):
                show(_parts(row, found))
            if row.has_sms:
                with cards.titled(t("Par réseau"), t("SMS, réseau estimé"), is_flush=True):
                    show(_networks(found), classes="entries")
        with layout.cell(5):
            with cards.titled(t("Envoi")):
                show(facts(_facts(row, found)))
            for text in row.texts.values():
                with cards.titled(t("Texte")):
                    show(tag("div", tag("span", text, class_="bubble-text"), class_="bubble"), classes="bubbles")


def _is_stoppable(row: NoticeRow, found: Progress) -> bool:
    """Say whether something can still be kept from leaving."""
    waits = any(each.waiting for each in found.networks)
    return row.state in MOVING or (row.state == NoticeState.SENT and waits)


def _crumbs() -> list[tuple[str, str]]:
    return [(t("Notifications"), words.NOTICES)]


def _facts(row: NoticeRow, found: Progress) -> list[tuple[str, str | Markup]]:
    return [
        (t("Destinataires"), count(row.recipients)),
        (t("Écrites"), count(row.written)),
        (t("Départ"), moment(row.started_at or row.starts_at)),
        (t("Fin"), moment(row.ended_at)),
        (t("Canaux"), words.channels(row)),
        (t("Dans le menu, lues"), f"{count(found.inbox_read)} / {count(found.inbox)}"),
    ]


def _parts(row: NoticeRow, found: Progress) -> Markup:
    def total(name: str) -> int:
        return sum(getattr(each, name) for each in found.networks)

    if not row.has_sms:
        return _in_menu(row, found)
    parts = [
        Part(t("remis"), total("delivered"), Tone.ACCENT),
        Part(t("envoyés"), total("sent"), Tone.BLUE),
        Part(t("en attente"), total("waiting"), Tone.OCHRE),
        Part(t("échoués"), total("failed"), Tone.RED),
        Part(t("écartés"), total("refused") + total("cancelled"), Tone.NEUTRAL),
    ]
    messages = sum(part.number for part in parts)
    done = parts[0].number + parts[1].number
    rate = percent(done / messages, 1) if messages else "–"
    written = t("messages sur {people} destinataires") if row.has_flash else t("SMS sur {people} destinataires")
    told = written.format(people=count(row.recipients))
    return bars.progress(parts, headline=tag("b", count(messages)), detail=told, rate=rate)


def _in_menu(row: NoticeRow, found: Progress) -> Markup:
    parts = [
        Part(t("lues"), found.inbox_read, Tone.ACCENT),
        Part(t("à lire"), found.inbox - found.inbox_read, Tone.NEUTRAL),
    ]
    rate = percent(found.inbox_read / found.inbox, 1) if found.inbox else "–"
    told = t("dans le menu, sur {people} destinataires").format(people=count(row.recipients))
    return bars.progress(parts, headline=tag("b", count(found.inbox)), detail=told, rate=rate)


def _networks(found: Progress) -> Markup:
    names = (t("Réseau"), t("Canal"), t("Messages"), t("Remis"), t("Échoués"), t("En attente"))
    head = tag(
        "tr", *(tag("th", name, scope="col", class_="number" if at > 1 else "") for at, name in enumerate(names))
    )
    lines = [
        tag(
            "tr",
            tag("td", each.network or t("réseau inconnu")),
            tag("td", words.channel(each.channel)),
            *(
                tag("td", count(number), class_="number")
                for number in (each.total, each.delivered, each.failed, each.waiting)
            ),
        )
        for each in found.networks
    ]
    return tag("table", tag("thead", head), tag("tbody", *lines), class_="plain-table")


def _ask_stop(row: NoticeRow) -> None:
    async def confirm(reason: str) -> bool:
        stopped = await shell.act(notices.stop_notice, row.id, reason)
        if stopped is not None:
            toasts.done(t("Arrêtée : plus rien ne part."))
        return stopped is not None

    reason_dialog.reason_dialog(
        t("Arrêter « {name} »").format(name=row.name),
        t("Plus rien ne part, dès maintenant. Ce qui est parti reste compté."),
        act=t("Arrêter l'envoi"),
        confirm=confirm,
        is_danger=True,
    )
