"""Wallets that somebody should look at: what happened there, and one act that closes the case with a word."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from core.permissions import Permission
from services import wallets
from services.wallets import CloseWalletCase, WalletCaseRow
from ui import forms, shell
from ui.components import buttons, cards, reason_dialog, toasts
from ui.labels import count, moment, t
from ui.markup import Markup, show, tag
from ui.pages.ussd_money import words

KINDS = {"many_received": "Reçoit plus qu'à l'ordinaire en une heure"}


def card(found: Sequence[WalletCaseRow], then: Callable[[], Awaitable[Any]]) -> None:
    """Place the open cases; nothing when there is none. `then` follows each that is closed."""
    if not found:
        return
    with cards.titled(t("Portefeuilles à regarder"), count=count(len(found)), is_flush=True, is_ruled=True):
        for row in found:
            with ui.element("div").classes("waiting-line"):
                show(_line(row), classes="waiting-asked")
                if shell.visitor().may(Permission.SUBSCRIBERS_WRITE):
                    buttons.secondary(t("Classer"), partial(_ask_close, row, then))


def _line(row: WalletCaseRow) -> Markup:
    times = t("{number} fois, la dernière le {moment}").format(number=count(row.times), moment=moment(row.last_at))
    return tag(
        "span",
        tag("a", row.name or row.phone, class_="line-title", href=f"{words.SECTION}/abonnes/{row.user_id}"),
        tag("span", f"{t(KINDS[row.kind])} · {times}", class_="line-detail"),
        class_="waiting-words",
    )


def _ask_close(row: WalletCaseRow, then: Callable[[], Awaitable[Any]]) -> None:
    async def confirm(reason: str) -> bool:
        order = forms.fill(CloseWalletCase, {}, case_id=row.id, resolution=reason)
        if order is None or await shell.act(wallets.close_wallet_case, order) is None:
            return False
        toasts.done(t("Classé. Une nouvelle alerte ouvrira un autre dossier."))
        await then()
        return True

    reason_dialog.reason_dialog(
        t("Classer ce dossier"),
        t("Dites ce que vous avez constaté. Rien n'a été refusé à cette personne, et rien ne le sera."),
        act=t("Classer"),
        confirm=confirm,
    )
