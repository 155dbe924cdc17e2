"""The numbers of a programme: opened, given to another programme, closed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from nicegui import ui

from core.errors import Refusal
from models.whatsapp import WhatsappChannel
from services import provider_accounts
from services.ciu.store import senders
from services.ciu.store.senders import CloseSender, MoveSender, OpenSender, SenderRow
from services.ciu.store.settings import ProgrammeRow
from ui import forms, shell
from ui.components import buttons, cards, dialogs, fields, reason_dialog, toasts
from ui.components.empty import sentence
from ui.labels import count, counted, t
from ui.markup import join, show, tag

CHANNELS = {WhatsappChannel.TWILIO: "Twilio", WhatsappChannel.META: "Meta"}
ADDRESSES = {
    "twilio_whatsapp": (WhatsappChannel.TWILIO, "from"),
    "meta_whatsapp": (WhatsappChannel.META, "phone_number_id"),
}
SETTINGS = "/ciu/reglages"


def draw(row: ProgrammeRow, programmes: Sequence[ProgrammeRow]) -> None:
    """Place the card of a programme's numbers."""
    with cards.titled(t("Numéros"), count=count(len(row.senders)), is_flush=True, is_ruled=True):
        for sender in row.senders:
            _draw_sender(sender, [one for one in programmes if one.code != row.code])
        if not row.senders:
            show(sentence(t("Aucun numéro : personne ne peut écrire à ce programme."), "mobile"))
        with cards.foot():
            buttons.secondary(t("Ouvrir un numéro"), partial(_ask, row), icon="add")


def _draw_sender(sender: SenderRow, others: Sequence[ProgrammeRow]) -> None:
    waiting = counted(sender.waiting, t("{count} message attend"), t("{count} messages attendent"))
    told = " · ".join(filter(None, (CHANNELS[sender.channel], waiting if sender.waiting else "")))
    with ui.element("div").classes("line line-wrapping"):
        address = tag("code", sender.address, class_="code-inline")
        show(
            join(tag("span", address, class_="line-title"), tag("span", told, class_="line-detail")),
            classes="line-words",
        )
        if others:
            moving = buttons.secondary(t("Confier"), partial(_ask_move, sender, others))
            buttons.name_in_row(moving, sender.address)
        closing = buttons.quiet(t("Fermer le numéro"), partial(_ask_closing, sender))
        buttons.name_in_row(closing, sender.address)


async def _ask(row: ProgrammeRow) -> None:
    """Ask for a number of ours; those of the accounts that nobody answers at are offered."""
    known = await shell.read(provider_accounts.list_accounts) or []
    offered = [ADDRESSES[one.adapter][0] + ":" + str(one.settings.get(ADDRESSES[one.adapter][1], ""))
               for one in known if one.adapter in ADDRESSES]  # fmt: skip
    with dialogs.dialog(t("Ouvrir un numéro")) as dialog, fields.form():
        channels = {channel.value: name for channel, name in CHANNELS.items()}
        channel = fields.choice(t("Par"), channels, value=WhatsappChannel.TWILIO.value)
        address = fields.text(
            t("Numéro"), hint=t("+243… chez Twilio ; chez Meta, l'identifiant du numéro (des chiffres).")
        )
        for one in dict.fromkeys(offered):
            name, _, number = one.partition(":")
            if number:
                buttons.quiet(f"{CHANNELS[WhatsappChannel(name)]} · {number}", partial(_take, channel, address, one))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Ouvrir le numéro"))

    async def run() -> None:
        boxes = {"address": address, "channel": channel}
        order = forms.fill(OpenSender, boxes, channel=channel.value, address=forms.written(address), programme=row.code)
        if order is None:
            return
        done = await shell.attempt(senders.open_sender, order)
        if isinstance(done, Refusal):
            forms.say(done, boxes)
            return
        dialog.close()
        _again(row.code, t("Numéro ouvert."))

    button.on_click(run)
    dialog.open()


def _take(channel: ui.select, address: ui.input, offered: str) -> None:
    name, _, number = offered.partition(":")
    channel.value, address.value = name, number.removeprefix("whatsapp:")


def _ask_move(sender: SenderRow, others: Sequence[ProgrammeRow]) -> None:
    with dialogs.dialog(t("Confier {address}").format(address=sender.address)) as dialog, fields.form():
        box = fields.choice(t("Programme"), {one.code: one.name for one in others}, value=others[0].code)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Confier le numéro"))

    async def run() -> None:
        order = MoveSender(sender_id=sender.id, programme=str(box.value))
        if await shell.act(senders.move_sender, order) is not None:
            dialog.close()
            _again(sender.programme, t("Numéro confié."))

    button.on_click(run)
    dialog.open()


def _ask_closing(sender: SenderRow) -> None:
    async def confirm(reason: str) -> Any:
        done = await shell.act(senders.close_sender, CloseSender(sender_id=sender.id, reason=reason))
        if done is not None:
            _again(sender.programme, t("Numéro fermé."))
        return done is not None

    reason_dialog.reason_dialog(
        t("Fermer {address}").format(address=sender.address),
        t("Plus rien ne répondra à ce numéro, sinon à STOP. Les codes déjà donnés restent."),
        act=t("Fermer le numéro"),
        confirm=confirm,
        is_danger=True,
    )


def _again(programme: str, words: str) -> None:
    toasts.done(words)
    ui.navigate.to(f"{SETTINGS}?programme={programme}")
