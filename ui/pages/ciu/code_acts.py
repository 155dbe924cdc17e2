"""What a person does about one code: read its numbers, show it as a QR code, part two people, forget it."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from services.ciu.store import deciding, forgetting, reveals
from services.ciu.store.deciding import SplitRecord
from services.ciu.store.forgetting import ForgetCode
from services.ciu.store.records import Holder, RecordCard
from services.ciu.store.reveals import RevealPhones
from ui import shell
from ui.components import buttons, dialogs, fields, reason_dialog, toasts
from ui.components.facts import prose
from ui.components.qr_code import qr_code
from ui.labels import counted, t
from ui.markup import show, tag
from ui.pages.ciu import words

LONGEST_REASON = 500

Refresh = Callable[[], Awaitable[Any]]


def ask_reveal(card: RecordCard, refresh: Refresh) -> None:
    """Ask why the numbers must be read."""

    async def confirm(reason: str) -> bool:
        if await shell.act(reveals.reveal_phones, RevealPhones(record_id=card.row.id, reason=reason)) is None:
            return False
        await refresh()
        return True

    reason_dialog.reason_dialog(
        t("Lire les numéros de {code}").format(code=card.row.code),
        t("Vous seul les verrez, pendant dix minutes. Dites pourquoi : par exemple, un résultat à rendre."),
        act=t("Lire les numéros"),
        confirm=confirm,
    )


def show_qr(code: str) -> None:
    """Show the code as a picture: it holds the code alone."""
    with dialogs.dialog(t("Code QR")) as dialog:
        show(tag("div", qr_code(code, label=code), tag("p", code, class_="line-title"), class_="qr-shown"))
        with dialogs.actions():
            buttons.secondary(t("Fermer"), dialog.close)
    dialog.open()


def ask_split(card: RecordCard, holder: Holder, refresh: Refresh) -> None:
    """Ask how one knows that a number is another person's."""

    async def confirm(reason: str) -> bool:
        order = SplitRecord(record_id=card.row.id, identity_id=holder.identity_id, reason=reason)
        if await shell.act(deciding.split_record, order) is None:
            return False
        toasts.done(t("Deux personnes : la seconde a son propre code, et en est prévenue."))
        await refresh()
        return True

    reason_dialog.reason_dialog(
        t("{address} est une autre personne").format(address=holder.address),
        t(
            "Les réponses sont les mêmes, les personnes non : {address} reçoit un code plus long, et en est prévenu."
            " {code} reste à l'autre. La décision peut être annulée."
        ).format(address=holder.address, code=card.row.code),
        act=t("Donner un autre code"),
        confirm=confirm,
    )


def ask_forget(card: RecordCard) -> None:
    """Ask for a reason and for the code itself: what is forgotten does not come back."""
    with dialogs.dialog(t("Oublier {code}").format(code=card.row.code)) as dialog:
        show(prose(_loss(card)))
        reason = fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit ; n'y écrivez ni nom ni numéro."))
        reason.props(f"maxlength={LONGEST_REASON} autofocus")
        name = fields.text(t("Pour confirmer, écrivez « {name} »").format(name=card.row.code))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.danger(t("Oublier ce code"))

    async def run() -> None:
        text = reason_dialog.written_reason(reason)
        is_named = str(name.value or "").strip() == card.row.code
        fields.show_error(name, None if is_named else t("Écrivez le code exactement."))
        if not (text and is_named):
            return
        button.disable()
        try:
            gone = await shell.act(forgetting.forget_code, ForgetCode(record_id=card.row.id, reason=text))
        finally:
            if not button.is_deleted:
                button.enable()
        if gone is not None:
            said = counted(gone, t("Oublié, avec {count} numéro."), t("Oublié, avec {count} numéros."))
            toasts.done(said)
            ui.navigate.to(words.CODES)

    button.on_click(run)
    dialog.open()


def _loss(card: RecordCard) -> str:
    lost = t(
        "Le code, ses numéros et ses empreintes disparaissent pour toujours ; personne d'autre ne recevra ce code."
        " Un numéro qui détient un autre code reste."
    )
    others = t("Les autres codes de la même personne disparaissent aussi.") if card.joined or card.survivor else ""
    there = t("S'il a été envoyé à DHIS2, effacez-le là-bas aussi, et d'abord : ce service ne le fera pas.")
    return " ".join(filter(None, (lost, others, there)))
