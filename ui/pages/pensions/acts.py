"""The acts on a batch under way: each says what it will do before it does it, and cannot happen twice."""

from functools import partial
from typing import Any

from nicegui import ui

from models.pension_stages import BatchStage, PaymentStage
from reports import pensions as reports
from services.pensions import batches
from services.pensions.batches import CancelBatch, Cancelled, PauseBatch, ResumeBatch, RetryBatch
from services.pensions.shapes import BatchRow
from services.pensions.stages import BEFORE_SENDING
from ui import downloads, shell
from ui.components import buttons, confirm_dialog, reason_dialog, toasts
from ui.labels import counted, t
from ui.pages.pensions import words

FORMATS = {"pdf": "Résumé signé (PDF)", "xlsx": "Classeur (XLSX)", "csv": "Texte (CSV)"}


def ask_pause(batch: BatchRow) -> None:
    """Ask why, then let nothing new leave."""

    async def confirm(reason: str) -> bool:
        order = PauseBatch(bulk_id=batch.bulk_id, reason=reason)
        return await _done(batches.pause, order, t("Lot en pause : rien de nouveau ne part."))

    reason_dialog.reason_dialog(
        t("Mettre en pause"),
        t("Plus aucun envoi d'ici deux secondes. {gone} sont déjà partis et seront suivis jusqu'à leur fin.").format(
            gone=words.payments(_gone(batch))
        ),
        act=t("Mettre le lot en pause"),
        confirm=confirm,
    )


def ask_resume(batch: BatchRow) -> None:
    """Let a resting batch go on; a stop of our own asks what was done about it."""
    left = words.sum_text(batch, batch.waiting.less(batch.held))

    async def confirm(reason: str = "") -> bool | None:
        order = ResumeBatch(bulk_id=batch.bulk_id, reason=reason)
        return await _done(batches.resume, order, t("L'envoi reprend.")) or None

    if batch.pause_reason in words.STOPPED_BY_US:
        reason_dialog.reason_dialog(
            t("Reprendre l'envoi"),
            t("{cause} Il reste à envoyer : {left}. Dites ce qui a été réglé.").format(
                cause=words.pause(batch.pause_reason), left=left
            ),
            act=t("Reprendre l'envoi"),
            confirm=confirm,
        )
        return
    confirm_dialog.confirm_dialog(
        t("Reprendre l'envoi"),
        t("Il reste à envoyer : {left}. Chaque personne n'est payée qu'une fois.").format(left=left),
        act=t("Reprendre l'envoi"),
        confirm=confirm,
    )


def ask_cancel(batch: BatchRow) -> None:
    """Cancel what has not left; what has left is said first."""

    async def confirm(reason: str) -> bool:
        cancelled = await shell.act(batches.cancel, CancelBatch(bulk_id=batch.bulk_id, reason=reason))
        if cancelled is None:
            return False
        toasts.done(_cancelled(cancelled))
        return True

    is_draft = batch.stage is BatchStage.DRAFT
    reason_dialog.reason_dialog(
        t("Annuler le brouillon") if is_draft else t("Annuler le reste"),
        _loss(batch),
        act=t("Annuler {what}").format(what=words.payments(batch.waiting.count)),
        confirm=confirm,
        is_danger=True,
    )


def ask_retry(batch: BatchRow) -> None:
    """Make a draft of the payments that failed in a way another try may mend."""

    async def confirm() -> BatchRow | None:
        made = await shell.act(batches.retry, RetryBatch(bulk_id=batch.bulk_id))
        if made is not None:
            toasts.done(t("Brouillon créé : relisez-le, puis confirmez."))
            ui.navigate.to(words.BATCH.format(made.bulk_id))
        return made

    confirm_dialog.confirm_dialog(
        t("Relancer les échecs"),
        t(
            "Un nouveau lot est préparé avec les paiements échoués qui peuvent l'être. Rien ne part avant que vous"
            " l'ayez relu et confirmé ; il a son propre sceau et sa propre approbation."
        ),
        act=t("Préparer la relance"),
        confirm=confirm,
        notes=((t("Échoués"), words.sum_text(batch, batch.sums[PaymentStage.FAILED])),),
    )


def report_button(batch: BatchRow, *, is_short: bool = False) -> ui.button:
    """Place the button of the batch's report, with a menu of its forms."""
    if is_short:
        button = buttons.icon_only("download", t("Rapport de {batch}").format(batch=batch.bulk_id))
    else:
        button = buttons.secondary(t("Rapport"), icon="download")
    button.props["aria-haspopup"] = "menu"
    with button, ui.menu().classes("menu"):
        for form, label in FORMATS.items():
            ui.menu_item(t(label), partial(_send_report, button, batch.bulk_id, form)).classes("menu-line")
    return button


async def _send_report(button: ui.button, bulk_id: str, form: str) -> None:
    button.props("loading")
    try:
        await downloads.send(reports.batch_report, bulk_id, form)
    finally:
        if not button.is_deleted:
            button.props(remove="loading")


async def _done(verb: Any, order: Any, said: str) -> bool:
    if await shell.act(verb, order) is None:
        return False
    toasts.done(said)
    return True


def _gone(batch: BatchRow) -> int:
    """Return how many payments have left, whatever became of them."""
    out = (PaymentStage.SENDING, PaymentStage.SENT, PaymentStage.UNKNOWN, PaymentStage.COMPLETED)
    return sum(batch.sums[stage].count for stage in (*out, PaymentStage.REVERSED))


def _cancelled(done: Cancelled) -> str:
    if done.already_sent:
        sent = t("Annulé. {payments} déjà partis sont suivis jusqu'à leur fin.")
        return sent.format(payments=words.payments(done.already_sent))
    if done.batch.waiting.count:
        left = words.payments(done.batch.waiting.count)
        return t("Annulé : rien ne part plus. {left} sont encore à rendre au compte.").format(left=left)
    return t("Annulé. Rien n'était parti.")


def _loss(batch: BatchRow) -> str:
    gone, waiting = _gone(batch), words.sum_text(batch, batch.waiting)
    if batch.stage is BatchStage.DRAFT:
        return t("Rien n'était réservé. Le fichier pourra être envoyé de nouveau.")
    if batch.stage in BEFORE_SENDING or not gone:
        return t("Rien n'est parti. {left} sont rendus au compte.").format(left=waiting)
    already = counted(
        gone,
        t("{count} paiement déjà parti ne peut plus être annulé."),
        t("{count} paiements déjà partis ne peuvent plus être annulés."),
    )
    return t("{already} Le reste ({left}) ne partira pas et la somme est rendue au compte.").format(
        already=already, left=waiting
    )
