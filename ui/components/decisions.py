"""What one person asked and another decides: who, what, why, and two buttons."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from services import approvals
from services.approvals import ApprovalRow, DecideApproval, WithdrawApproval
from ui import shell
from ui.components import buttons, cards, chips, confirm_dialog, reason_dialog, toasts
from ui.labels import Tone, t, when
from ui.markup import Markup, show, tag

Then = Callable[[], Awaitable[Any]]


def card(waiting: Sequence[ApprovalRow], then: Then, title: str = "") -> None:
    """Place what waits for a second person; nothing when nothing does. `then` follows every decision."""
    if not waiting:
        return
    with cards.titled(title or t("À décider à deux"), count=str(len(waiting)), is_flush=True, is_ruled=True):
        for asked in waiting:
            with ui.element("div").classes("waiting-line"):
                show(_words(asked), classes="waiting-asked")
                _buttons(asked, then)


def act_of(asked: ApprovalRow) -> str:
    """Return what a second person is asked, in one line."""
    return f"{t(approvals.known_kinds()[asked.kind].title)} : {asked.summary}"


def _words(asked: ApprovalRow) -> Markup:
    who = t("Demandé par {name}, {when}").format(name=asked.asked_by_name, when=when(asked.asked_at))
    return tag(
        "span",
        chips.tile_icon("approval_delegation", Tone.BLUE),
        tag(
            "span",
            tag("span", act_of(asked), class_="line-title"),
            tag("span", f"{who} : {asked.reason}" if asked.reason else who, class_="line-detail"),
            class_="waiting-words",
        ),
        class_="waiting-asked-words",
    )


def _buttons(asked: ApprovalRow, then: Then) -> None:
    if asked.asked_by == shell.visitor().user_id:
        buttons.secondary(t("Retirer ma demande"), partial(_withdraw, asked, then))
        return
    buttons.secondary(t("Refuser"), partial(_refuse, asked, then))
    buttons.primary(t("Approuver"), partial(_approve, asked, then))


async def _withdraw(asked: ApprovalRow, then: Then) -> None:
    if await shell.act(approvals.withdraw, WithdrawApproval(approval_id=asked.id)) is not None:
        toasts.done(t("Demande retirée. Rien n'a changé."))
        await then()


def _refuse(asked: ApprovalRow, then: Then) -> None:
    async def confirm(reason: str) -> bool:
        order = DecideApproval(approval_id=asked.id, is_approved=False, reason=reason)
        if await shell.act(approvals.decide, order) is None:
            return False
        toasts.done(t("Demande refusée."))
        await then()
        return True

    consequence = t("{summary}. Rien ne changera, et {name} le verra.").format(
        summary=act_of(asked), name=asked.asked_by_name
    )
    reason_dialog.reason_dialog(t("Refuser"), consequence, act=t("Refuser la demande"), confirm=confirm)


def _approve(asked: ApprovalRow, then: Then) -> None:
    async def confirm() -> ApprovalRow | None:
        decided = await shell.act(approvals.decide, DecideApproval(approval_id=asked.id, is_approved=True))
        if decided is not None:
            toasts.done(t("Approuvé, et fait."))
            await then()
        return decided

    confirm_dialog.confirm_dialog(
        t("Approuver"),
        t("Vous signez en second. L'acte est fait aussitôt, et les deux noms restent dans la piste d'audit."),
        act=t("Approuver et faire"),
        confirm=confirm,
        notes=(
            (t("Acte"), act_of(asked)),
            (t("Demandé par"), asked.asked_by_name),
            (t("Motif"), asked.reason),
        ),
    )
