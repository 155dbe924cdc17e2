"""The page of who approves: names that differ first, then what changed since the last cycle, and the whole seal."""

from functools import partial
from typing import Any

from nicegui import ui

from core.permissions import Permission
from services.pensions import accounts, batches, comparison, summary
from services.pensions.batches import ApproveBatch, RejectBatch
from services.pensions.comparison import Comparison, Difference
from services.pensions.policy import Act
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow
from services.pensions.summary import Summary
from ui import shell
from ui.components import (
    buttons,
    cards,
    chips,
    dialogs,
    empty,
    facts,
    figures,
    layout,
    reason_dialog,
    skeletons,
    tiles,
    toasts,
)
from ui.components.plain_tables import Head, Line, plain_table
from ui.components.tiles import Measure
from ui.labels import count, moment, money, page_language, t
from ui.markup import Markup, join, show, tag
from ui.pages.pensions import acts, parts, rights, words
from ui.pages.pensions.payments_table import Payments


class Approval:
    """The page of a batch that waits for its second person."""

    def __init__(self, batch: BatchRow, settings: SettingsRow) -> None:
        self._batch = batch
        self._settings = settings
        self._payments: Payments | None = None

    async def draw(self) -> None:
        """Place the head at once, and what the second person must read as soon as it is counted."""
        self._draw_head()
        with layout.stack() as self._place:
            show(skeletons.rows())
        ui.timer(0, self._fill, once=True)  # beside what it clears: a timer that is cleared stops what it began

    async def follow(self, batch: BatchRow) -> None:
        """Count again; the rows are sealed, so nothing else can have changed."""
        self._batch = batch
        if self._payments is not None:
            await self._payments.follow(batch)

    async def _fill(self) -> None:
        """Draw what must be read, in the order of what matters."""
        batch = self._batch
        found = await shell.survey(summary.get_summary, batch.bulk_id)
        compared = await shell.survey(comparison.compare_with_last_cycle, batch.bulk_id)
        if found is None or self._place.is_deleted:
            return
        self._place.clear()
        with self._place:
            with layout.grid():
                with layout.cell(8):
                    _draw_names(batch, found)
                    _draw_comparison(batch, compared)
                    with cards.titled(t("Les plus gros montants"), is_flush=True):
                        show(parts.payments_table(found.biggest, t("Les plus gros montants")))
                with layout.cell(4):
                    with cards.titled(t("Sceau"), t("Il lie votre accord à ces lignes exactes.")):
                        show(parts.seal(batch))
                    with cards.titled(t("Qui a fait quoi")):
                        show(parts.hands(batch))
                    await _draw_funds(batch)
                    with cards.titled(t("Totaux"), is_flush=True):
                        show(parts.sums(batch, found.by_type, t("Type"), are_types=True))
                        show(parts.sums(batch, found.by_purpose, t("Objet"), are_types=False))
            self._payments = Payments(batch, is_draft=True)

    def _draw_head(self) -> None:
        batch = self._batch
        may = partial(rights.may, actor=shell.visitor(), batch=batch, settings=self._settings)
        confirmed = batch.confirmed_by or batch.created_by
        subtitle = t("{sum}, confirmé par {name} le {moment}").format(
            sum=words.sum_text(batch, batch.total), name=confirmed.name, moment=moment(confirmed.at)
        )
        with layout.page_head(
            words.title(batch), subtitle, crumbs=[(t("Pensions"), words.BATCHES)], chip=chips.chip(words.stage(batch))
        ):
            if may(Act.CANCEL):
                buttons.quiet(t("Annuler le lot"), lambda: acts.ask_cancel(batch), icon="close")
            if may(Act.APPROVE):
                buttons.secondary(t("Refuser"), lambda: _ask_rejection(batch))
                total = words.amount(batch, batch.open.amount_minor)
                buttons.primary(
                    t("Approuver l'envoi de {amount}").format(amount=total), lambda: _ask_approval(batch), icon="check"
                )
        if not may(Act.APPROVE):
            cards.notice(_why_not(batch), icon_name="approval_delegation")
        elif batch.has_accepted_duplicates:
            cards.notice(
                t("Des personnes déjà payées ce mois sont acceptées dans ce lot : vérifiez-les."),
                tone="ochre",
                icon_name="warning",
            )


def _why_not(batch: BatchRow) -> str:
    until = t("jusqu'au {moment}").format(moment=moment(batch.expires_at)) if batch.expires_at else ""
    if shell.visitor().may(Permission.PENSIONS_APPROVE, batch.organisation_id):
        said = t("Vous avez déposé ou confirmé ce lot : une autre personne doit l'approuver")
    else:
        said = t("Une autre personne de l'organisation doit approuver ce lot")
    return f"{words.list_text([said, until])}."


def _draw_names(batch: BatchRow, found: Summary) -> None:
    number = found.differing_count
    with cards.titled(t("Noms qui diffèrent"), count=count(number), is_flush=True, is_ruled=True):
        if found.differing:
            show(parts.names_table(found.differing), classes="tall")
            return
        checked = sum(found.by_verdict.get(code, 0) for code in ("same", "close"))
        said = t("Aucun nom n'a encore été comparé avec celui du switch.")
        if checked:
            said = t("Aucun nom ne diffère : {checked} noms concordent sur {total}.")
        show(
            empty.sentence(said.format(checked=count(checked), total=count(batch.total.count)), "how_to_reg"),
        )


def _draw_comparison(batch: BatchRow, compared: Comparison | None) -> None:
    if compared is None:
        with cards.titled(t("Comparaison avec le mois d'avant")):
            show(empty.sentence(t("C'est le premier mois payé ici : rien à comparer."), "compare_arrows"))
        return
    title = t("Comparaison avec {cycle}").format(cycle=words.cycle(compared.earlier_cycle))
    with cards.titled(title, is_flush=True):
        show(tiles.measures(_measures(batch, compared)), classes="measures-inside")
        if compared.shown:
            show(_differences(batch, compared.shown), classes="tall")


def _measures(batch: BatchRow, compared: Comparison) -> list[Measure]:
    return [
        Measure(
            t(label),
            figures.figure(total.count, is_big=True),
            words.signed(batch.money(total.amount_minor)) if total.amount_minor else "",
        )
        for label, total in (
            ("Inchangés", compared.same),
            ("Nouveaux", compared.new),
            ("Sortis", compared.gone),
            ("Montants changés", compared.changed),
        )
    ]


def _differences(batch: BatchRow, found: tuple[Difference, ...]) -> Markup:
    heads = (
        Head(t("Bénéficiaire"), is_number=False),
        Head(t("Différence"), is_number=False),
        Head(t("Avant"), is_on_phone=False),
        Head(t("Maintenant")),
    )
    rows = [
        Line(
            one.name or one.identifier,
            (
                chips.chip(words.DIFFERENCES[one.kind]),
                money(batch.money(one.was_minor)) if one.was_minor else "",
                money(batch.money(one.now_minor)) if one.now_minor else "",
            ),
            note=words.list_text(
                [
                    one.identifier if one.name else "",
                    t("ligne {number}").format(number=count(one.line)) if one.line else "",
                ]
            ),
        )
        for one in found
    ]
    return plain_table(heads, rows, label=t("Différences"))


async def _draw_funds(batch: BatchRow) -> None:
    found = await shell.read(accounts.list_accounts, batch.organisation_id) or []
    account = next((one for one in found if one.id == batch.account_id), None)
    if account is not None:
        with cards.titled(t("Compte payeur"), batch.account_code):
            show(parts.funds(batch, account.available.minor, is_reserved=True))


# Deciding


def _ask_approval(batch: BatchRow) -> None:
    total = batch.money(batch.open.amount_minor)
    act = t("Approuver l'envoi de {amount}").format(amount=money(total))
    with dialogs.dialog(act) as dialog:
        show(figures.amount(total, is_big=True), classes="money-figure")
        show(tag("p", total.in_words(page_language()), class_="money-words"))
        show(facts.facts(_approved(batch)))
        show(parts.seal(batch, t("Sceau")))
        with dialogs.actions():
            buttons.quiet(t("Annuler"), dialog.close)
            button = buttons.primary(act)

    async def approve() -> None:
        button.disable()
        try:
            done = await shell.act(batches.approve, ApproveBatch(bulk_id=batch.bulk_id, seal=batch.seal))
        finally:
            if not button.is_deleted:
                button.enable()
        if done is not None:
            dialog.close()
            toasts.done(t("Approuvé : l'envoi commence dès que le switch est prêt."))

    button.on_click(approve)
    dialog.open()


def _approved(batch: BatchRow) -> list[facts.Fact]:
    confirmed = batch.confirmed_by or batch.created_by
    lines: list[facts.Fact] = [
        (t("Lot"), join(words.title(batch), " ", tag("code", batch.bulk_id, class_="code-inline"))),
        (t("À"), words.payments(batch.open.count)),
        (t("Depuis"), batch.account_code),
        (t("Confirmé par"), confirmed.name),
    ]
    if batch.failed.count:
        lines.append((t("Ne partiront pas"), words.payments(batch.failed.count)))
    if batch.not_before is not None:
        lines.append((t("Départ"), moment(batch.not_before)))
    return lines


def _ask_rejection(batch: BatchRow) -> None:
    async def confirm(reason: str) -> bool:
        done: Any = await shell.act(batches.reject, RejectBatch(bulk_id=batch.bulk_id, reason=reason))
        if done is None:
            return False
        toasts.done(t("Lot refusé : la somme réservée est rendue au compte."))
        return True

    reason_dialog.reason_dialog(
        t("Refuser ce lot"),
        t("Rien ne partira. {sum} sont rendus au compte, et {name} lira votre motif.").format(
            sum=words.sum_text(batch, batch.open), name=batch.created_by.name
        ),
        act=t("Refuser le lot"),
        confirm=confirm,
        is_danger=True,
    )
