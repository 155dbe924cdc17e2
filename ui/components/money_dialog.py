"""The dialog that moves money: to whom, how much in figures and in words, the fee, from where; then one act, once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nicegui import ui

from core.ids import new_id
from core.money import Money
from ui.components import buttons, chips, dialogs, facts, figures
from ui.labels import initials, money, page_language, t
from ui.markup import Markup, show, tag


@dataclass(frozen=True, slots=True)
class Move:
    """What the dialog says before it happens. `act` is the verb on the button, with `{amount}` and `{name}`."""

    act: str
    name: str
    detail: str
    amount: Money
    source: str
    fee: Money | None = None
    notes: tuple[facts.Fact, ...] = ()

    @property
    def total(self) -> Money:
        """What leaves `source` in all."""
        return self.amount + self.fee if self.fee else self.amount


Confirm = Callable[[UUID], Awaitable[Any]]


def money_dialog(move: Move, confirm: Confirm) -> ui.dialog:
    """Open the dialog; `confirm` gets the key made now, so that two quick clicks are one movement.

    It closes when `confirm` returns something, and stays for another try with the same key when it was refused (None).
    """
    key = new_id()
    sentence = move.act.format(amount=money(move.amount), name=move.name)
    with dialogs.dialog(sentence, lead=_person(move)) as dialog:
        show(figures.amount(move.amount, is_big=True), classes="money-figure")
        show(tag("p", move.amount.in_words(page_language()), class_="money-words"))
        show(facts.facts(_lines(move)))
        with dialogs.actions():
            buttons.quiet(t("Annuler"), dialog.close)
            primary = buttons.primary(sentence)

    async def run() -> None:
        primary.disable()
        primary.props("loading")
        try:
            outcome = await confirm(key)
        finally:
            if not primary.is_deleted:
                primary.props(remove="loading")
                primary.enable()
        if outcome is not None and not dialog.is_deleted:
            dialog.close()

    primary.on_click(run)
    dialog.open()
    return dialog


def _person(move: Move) -> Markup:
    words = tag("span", tag("span", move.name, class_="line-title"), tag("span", move.detail, class_="line-detail"))
    return tag("span", chips.avatar(initials(move.name)), words, class_="money-person")


def _lines(move: Move) -> list[facts.Fact]:
    fee = figures.amount(move.fee) if move.fee and move.fee.minor else t("Sans frais")
    lines: list[facts.Fact] = [(t("Depuis"), move.source), (t("Frais"), fee), *move.notes]
    if move.fee and move.fee.minor:
        lines.append((t("Total débité"), figures.amount(move.total)))
    return lines
