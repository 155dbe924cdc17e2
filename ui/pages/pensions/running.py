"""A batch on its way, or over: one bar, the sum that must be right, the pace, the acts, the payments."""

from functools import partial

from nicegui import ui

from core import clock
from models.pension_stages import BatchStage, PaymentStage
from services.pensions import accounts, summary
from services.pensions.accounts import AccountRow
from services.pensions.policy import Act
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow
from ui import shell
from ui.components import buttons, cards, chips, facts, figures, layout, progress
from ui.labels import Tone, count, decimal, moment, percent, t, when
from ui.labels import clock as clock_text
from ui.markup import Markup, icon, join, show, tag
from ui.pages.pensions import acts, parts, rights, words
from ui.pages.pensions.pace import Pace
from ui.pages.pensions.payments_table import Payments

SLOWEST_PER_S = 1.0
PER_MINUTE = 60


class Running:
    """The page of a batch that was confirmed."""

    def __init__(self, batch: BatchRow, settings: SettingsRow) -> None:
        self._batch = batch
        self._settings = settings
        self._pace = Pace()
        self._stood = ("", "", False)

    async def draw(self) -> None:
        """Place everything; what changes is kept to be changed in place."""
        self._head = ui.element("div").classes("stack")
        with cards.card():
            self._progress = show(Markup())
            self._invariant = show(Markup())
        with layout.grid():
            with layout.cell(8):
                self._payments = Payments(self._batch)
            with layout.cell(4):
                with cards.titled(t("Compte payeur"), self._batch.account_code):
                    self._money = show(Markup())
                self._reasons = ui.element("div").classes("stack")
                if self._batch.skipped_count and self._batch.file_id is not None:
                    _draw_skipped(self._batch)
                with cards.titled(t("Qui a fait quoi")):
                    self._hands = show(Markup())
                    show(parts.seal(self._batch, t("Sceau")))
        await self._show()

    async def follow(self, batch: BatchRow) -> None:
        """Show the batch as it is now."""
        self._batch = batch
        await self._show()
        await self._payments.follow(batch)

    async def _show(self) -> None:
        batch = self._batch
        self._pace.see(clock.now(), batch.completed.count + batch.failed.count)
        stands = (batch.stage, batch.pause_reason, batch.needs_attention)
        if stands != self._stood:  # the buttons of a step are not torn down under a finger
            self._stood = stands
            self._draw_head()
        self._progress.set_content(self._bar())
        self._invariant.set_content(_invariant(batch))
        self._hands.set_content(parts.hands(batch))
        account = await self._account()
        if account is not None:
            self._money.set_content(_money(batch, account))
        await self._draw_reasons()

    async def _account(self) -> AccountRow | None:
        found = await shell.read(accounts.list_accounts, self._batch.organisation_id) or []
        return next((one for one in found if one.id == self._batch.account_id), None)

    def _draw_head(self) -> None:
        batch = self._batch
        self._head.clear()
        with self._head:
            with layout.page_head(
                words.title(batch),
                _subtitle(batch),
                crumbs=[(t("Pensions"), words.BATCHES)],
                chip=chips.chip(words.stage(batch)),
            ):
                self._draw_acts()
            _draw_notice(batch)

    def _draw_acts(self) -> None:
        batch = self._batch
        may = partial(rights.may, actor=shell.visitor(), batch=batch, settings=self._settings)
        if may(Act.PAUSE):
            buttons.secondary(t("Mettre en pause"), lambda: acts.ask_pause(self._batch), icon="pause")
        if batch.seal:
            acts.report_button(batch)
        if may(Act.CANCEL):
            buttons.quiet(t("Annuler le reste"), lambda: acts.ask_cancel(self._batch), icon="close")
        if may(Act.RETRY):
            buttons.secondary(t("Relancer les échecs"), lambda: acts.ask_retry(self._batch), icon="replay")
        if may(Act.RESUME):
            buttons.primary(t("Reprendre l'envoi"), lambda: acts.ask_resume(self._batch), icon="play_arrow")

    def _bar(self) -> Markup:
        batch = self._batch
        answered = t("payés, {answers} réponses sur {total}").format(
            answers=count(batch.completed.count + batch.failed.count), total=count(batch.total.count)
        )
        return progress.progress(
            parts.parts(batch),
            headline=figures.figure(percent(batch.success_rate / 100), is_big=True),
            detail=answered,
            rate=self._rate(),
        )

    def _rate(self) -> Markup | str:
        batch = self._batch
        if batch.is_over:
            return t("terminé le {moment}").format(moment=moment(batch.completed_at))
        per_s = self._pace.per_s if batch.stage is BatchStage.PROCESSING else 0.0
        if not per_s:
            return ""
        if per_s >= SLOWEST_PER_S:
            said = t("{number} par seconde").format(number=decimal(per_s, 0))
        else:
            said = t("{number} par minute").format(number=decimal(per_s * PER_MINUTE, 0))
        end = self._pace.end(batch.waiting.less(batch.held).count + batch.processing.less(batch.unknown).count)
        ends = t("fin vers {time}").format(time=clock_text(end)) if end else ""
        return join(tag("b", said), f", {ends}" if ends else None)

    async def _draw_reasons(self) -> None:
        """Draw why payments failed, each reason with what to do; the card is not there while nothing failed."""
        batch = self._batch
        number = batch.sums[PaymentStage.FAILED].count
        if number == getattr(self, "_failed", -1):
            return
        self._failed = number
        found = await shell.read(summary.count_by_reason, batch.bulk_id) if number else []
        if self._reasons.is_deleted:
            return
        self._reasons.clear()
        self._reasons.set_visibility(bool(found))
        if not found:
            return
        with self._reasons, cards.titled(t("Pourquoi des échecs"), count=count(number), is_flush=True, is_ruled=True):
            show(parts.reasons(batch, found))


def _subtitle(batch: BatchRow) -> str:
    said = [words.sum_text(batch, batch.total), t("déposé par {name}").format(name=batch.created_by.name)]
    if batch.approved_by is not None and batch.approved_by.at is not None:
        approved = t("approuvé par {name} à {time}")
        said.append(approved.format(name=batch.approved_by.name, time=when(batch.approved_by.at)))
    if batch.retry_of:
        said.append(t("relance de {batch}").format(batch=batch.retry_of))
    return words.list_text(said)


def _draw_notice(batch: BatchRow) -> None:
    if batch.stage is BatchStage.PAUSED:
        is_ours = batch.pause_reason in words.STOPPED_BY_US
        said = words.pause(batch.pause_reason)
        cards.notice(
            said if is_ours else t("En pause : {reason}").format(reason=said),
            tone="red" if batch.pause_reason == "seal_broken" else "ochre",
            icon_name="pause_circle",
        )
    elif batch.stage is BatchStage.QUEUED:
        cards.notice(_queued(batch), icon_name="schedule")
    elif batch.stage is BatchStage.CANCELLING:
        cards.notice(t("Ce qui est parti est suivi jusqu'à sa fin. Le reste ne partira pas."), tone="ochre")
    if batch.needs_attention:
        _draw_doubt(batch)
    elif batch.end_reason and batch.is_over:
        name = batch.ended_by.name if batch.ended_by else t("le système")
        cards.notice(t("Arrêté par {name} : {reason}").format(name=name, reason=batch.end_reason), icon_name="info")


def _draw_doubt(batch: BatchRow) -> None:
    number = batch.unknown.count + batch.held.count
    with ui.element("div").classes("notice notice-ochre notice-acting").props("role=status"):
        ui.icon(buttons.symbol("help")).props("aria-hidden=true")
        ui.label(
            t("Il ne reste que {payments} à éclaircir. {doubt}").format(
                payments=words.payments(number), doubt=t(words.DOUBT)
            )
        )
        buttons.secondary(t("Éclaircir"), href=f"{words.ATTENTION}?lot={batch.bulk_id}")


def _queued(batch: BatchRow) -> str:
    if batch.lookups_left:
        left = count(batch.lookups_left)
        return t("Les bénéficiaires sont encore vérifiés : il en reste {left}. L'envoi suivra.").format(left=left)
    if batch.not_before is not None and batch.not_before > clock.now():
        return t("L'envoi commencera le {moment}.").format(moment=moment(batch.not_before))
    return t("Le lot attend son tour : l'envoi commence dès que le switch est prêt.")


def _invariant(batch: BatchRow) -> Markup:
    """Return the sum of every moment, in francs: deposited is paid, out, in doubt, not paid and to send."""
    shown = [(part.label, part.detail) for part in parts.parts(batch) if part.number]
    terms = " + ".join(f"{detail} {label.lower()}" for label, detail in shown)
    total = words.amount(batch, batch.total.amount_minor)
    words_shown = t("{total} déposés = {terms}").format(total=total, terms=terms)
    return tag("p", icon("verified", class_="tone-accent"), tag("span", words_shown), class_="invariant caption")


def _money(batch: BatchRow, account: AccountRow) -> Markup:
    rows: list[progress.Part] = [
        progress.Part(t("Payé"), batch.completed.amount_minor, Tone.ACCENT),
        progress.Part(t("Réservé pour ce lot"), batch.open.amount_minor if batch.seal else 0, Tone.OCHRE),
        progress.Part(t("Rendu au compte"), batch.failed.amount_minor, Tone.NEUTRAL),
    ]
    lines: list[facts.Fact] = [
        (_dotted(part), words.amount(batch, part.number))
        for part in rows  # a term that is a mark and a word
    ]
    lines.append((t("Total du lot"), tag("b", words.amount(batch, batch.total.amount_minor))))
    if batch.fees_minor:
        lines.append((t("Frais dus"), words.amount(batch, batch.fees_minor)))
    return tag(
        "div",
        tag("div", tag("span", t("Disponible"), class_="caption"), figures.amount(account.available, is_big=True)),
        progress.bar(rows, label=t("Ce lot"), total=batch.total.amount_minor),
        facts.facts(lines),
        class_="money-card",
    )


def _dotted(part: progress.Part) -> Markup:
    return join(tag("span", class_=f"dot dot-{part.tone}", aria_hidden="true"), part.label)


def _draw_skipped(batch: BatchRow) -> None:
    title = t("{lines} écartées").format(lines=words.lines(batch.skipped_count))
    with cards.titled(title, is_flush=True, is_ruled=True):
        show(
            facts.prose(t("Elles n'étaient pas valables au dépôt. Corrigez-les et envoyez-les seules.")),
            classes="card-prose",
        )
        cards.foot_link(t("Voir les lignes à corriger"), words.FILES.format(batch.file_id))
