"""The dialogs in which a person says who is who: what will follow, and why he thinks so."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal
from uuid import UUID

from nicegui import ui

from services.ciu.store import deciding
from services.ciu.store.deciding import Decided, DecidePair, UndoDecision
from services.ciu.store.reviews import PairCard, PairRow
from ui import shell
from ui.components import buttons, dialogs, fields, reason_dialog, toasts
from ui.components.facts import prose
from ui.labels import counted, t
from ui.markup import show

LONGEST_REASON = 500

Refresh = Callable[[], Awaitable[Any]]


def ask_same(card: PairCard, refresh: Refresh) -> None:
    """Ask which code stands for both, and why they are one person."""
    row = card.row
    codes = _codes(card)
    if len(codes) == 1:
        _ask_same_number(row, refresh)
        return
    said = (
        t("Un code reste ; l'autre y mènera, et les réponses des deux aussi. Rien n'est perdu : cela s'annule.")
        if row.right
        else t("Plusieurs personnes ont ces réponses : dites laquelle écrit de ce numéro.")
    )
    with dialogs.dialog(t("Une seule personne")) as dialog:
        show(prose(said))
        label = t("Code qui reste") if row.right else t("Son code")
        kept = fields.choice(label, codes, value=next(iter(codes)))
        reason = fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        reason.props(f"maxlength={LONGEST_REASON} autofocus")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("C'est une seule personne"))

    async def run() -> None:
        text = reason_dialog.written_reason(reason)
        if not text:
            return
        button.disable()
        try:
            is_done = await _decide(row, "same", text, refresh, UUID(str(kept.value)))
        finally:
            if not button.is_deleted:
                button.enable()
        if is_done and not dialog.is_deleted:
            dialog.close()

    reason.on_value_change(lambda _: fields.show_error(reason, None))
    reason.on("keydown.enter", run)
    button.on_click(run)
    dialog.open()


def ask_two(row: PairRow, refresh: Refresh) -> None:
    """Ask how one knows that they are two."""
    said = (
        t("Chacun garde son code, et ces deux codes ne seront plus jamais proposés ensemble.")
        if row.right
        else t(
            "{asker} reçoit un code à lui, plus long, et en est prévenu ; {code} reste à l'autre personne. Chacun"
            " retrouvera le sien."
        ).format(asker=row.asker, code=row.left.code)
    )
    _ask(t("Deux personnes"), said, t("Ce sont deux personnes"), row, "two", refresh)


def ask_later(row: PairRow, refresh: Refresh) -> None:
    """Ask what is waited for."""
    said = t("Le doublon quitte la file et reste sous « Plus tard ». Rien d'autre ne change.")
    _ask(t("Plus tard"), said, t("Remettre à plus tard"), row, "later", refresh)


def ask_undo(row: PairRow, refresh: Refresh) -> None:
    """Ask why a decision is taken back."""

    async def confirm(reason: str) -> bool:
        decided = await shell.act(deciding.undo, UndoDecision(pair_id=row.id, reason=reason))
        if decided is None:
            return False
        toasts.done(_said(t("Décision annulée : chaque code est de nouveau ce qu'il était."), decided))
        await refresh()
        return True

    reason_dialog.reason_dialog(
        t("Annuler la décision"),
        t("Les codes redeviennent ce qu'ils étaient avant elle, et le doublon attend de nouveau."),
        act=t("Annuler la décision"),
        confirm=confirm,
    )


def _ask_same_number(row: PairRow, refresh: Refresh) -> None:
    said = t("{asker} et le premier numéro sont à la même personne : rien ne change, et la question est close.")
    _ask(t("Une seule personne"), said.format(asker=row.asker), t("C'est une seule personne"), row, "same", refresh)


def _ask(  # what a dialog says, and what it decides
    title: str, said: str, act: str, row: PairRow, decision: Literal["same", "two", "later"], refresh: Refresh
) -> ui.dialog:
    async def confirm(reason: str) -> bool:
        return await _decide(row, decision, reason, refresh)

    return reason_dialog.reason_dialog(title, said, act=act, confirm=confirm)


async def _decide(
    row: PairRow,
    decision: Literal["same", "two", "later"],
    reason: str,
    refresh: Refresh,
    keep_id: UUID | None = None,
) -> bool:
    order = DecidePair(pair_id=row.id, decision=decision, keep_id=keep_id, reason=reason)
    decided = await shell.act(deciding.decide, order)
    if decided is None:
        return False
    words = {
        "same": t("Décidé : une seule personne."),
        "two": t("Décidé : deux personnes."),
        "later": t("Remis à plus tard."),
    }
    toasts.done(_said(words[decision], decided))
    await refresh()
    return True


def _said(word: str, decided: Decided) -> str:
    if not decided.told:
        return word
    told = counted(
        decided.told,
        t("{count} personne apprend son nouveau code, tout de suite ou à son prochain message."),
        t("{count} personnes apprennent leur nouveau code, tout de suite ou à leur prochain message."),
    )
    return f"{word} {told}"


def _codes(card: PairCard) -> dict[str, str]:
    """Return the codes of which one stands, the pair's own first."""
    row = card.row
    sides = [row.left, row.right] if row.right else [row.left, *card.same_answers]
    return {str(side.record_id): side.code for side in sides if side is not None}
