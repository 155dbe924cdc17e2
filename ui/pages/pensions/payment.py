"""`/pensions/lots/{lot}/paiements/{id}`: one payment, its two names, what was done about it, what proves it."""

import json
from functools import partial
from typing import Any

from core.errors import Refusal
from core.permissions import Actor, Permission
from models.pension_stages import PaymentStage
from reports import pensions as reports
from services.pensions import counters, oversight, payment_reading, settings
from services.pensions.payment_reading import PaymentAttempt, PaymentDetail, PaymentEntry, PaymentStep
from services.pensions.policy import Act
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow, PaymentRow
from ui import downloads, live, shell
from ui.components import buttons, cards, chips, empty, facts, figures, history, layout
from ui.components.copy_field import copy_field
from ui.components.plain_tables import Head, Line, plain_table
from ui.labels import NO_BREAK, Tone, clock, count, moment, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.ledger import words as ledger_words
from ui.pages.payments import words as payment_words
from ui.pages.payments.shown import took, until
from ui.pages.pensions import deciding, parts, rights, words

EVERY_S = 1.0
MS_PER_S = 1_000


@shell.screen(
    "/pensions/lots/{bulk_id}/paiements/{shown_id}", title="Paiement de pension", needs=Permission.PENSIONS_READ
)
async def payment(bulk_id: str, shown_id: str) -> None:
    """Draw the payment; it is drawn again when it moves."""
    batch = await shell.attempt(oversight.open_batch, bulk_id)
    if isinstance(batch, Refusal):
        raise batch
    found = await shell.attempt(payment_reading.get_payment, bulk_id, shown_id)
    if isinstance(found, Refusal):
        raise found
    kept = await shell.read(settings.get_settings, batch.organisation_id)
    if kept is None:
        return
    page = _Page(batch, kept, found)
    page.draw()
    live.subscribe([counters.batch_topic(batch.id)], lambda _: page.follow(), every_s=EVERY_S)


class _Page:
    """One payment as it was drawn last."""

    def __init__(self, batch: BatchRow, kept: SettingsRow, found: PaymentDetail) -> None:
        self._batch = batch
        self._settings = kept
        self._found = found
        self._place = layout.stack()

    def draw(self) -> None:
        """Draw all of it."""
        self._place.clear()
        with self._place:
            self._draw_head()
            with layout.grid():
                with layout.cell(8):
                    _draw_course(self._found)
                    _draw_calls(self._found.attempts)
                    _draw_entries(self._found.entries)
                with layout.cell(4):
                    _draw_facts(self._batch, self._found)
                    _draw_names(self._found.payment)
                    _draw_switch(self._found)

    async def follow(self) -> None:
        """Read it again; nothing that somebody reads is torn down for another payment's news."""
        shown = self._found.payment
        fresh = await shell.read(payment_reading.get_payment, self._batch.bulk_id, shown.shown_id)
        if fresh is not None and fresh != self._found and not self._place.is_deleted:
            self._found = fresh
            self.draw()

    def _draw_head(self) -> None:
        shown = self._found.payment
        crumbs = [(t("Pensions"), words.BATCHES), (words.title(self._batch), words.BATCH.format(self._batch.bulk_id))]
        subtitle = t("Ligne {line}, {purpose}, {identifier}").format(
            line=count(shown.line), purpose=words.purpose(shown.purpose).lower(), identifier=shown.identifier
        )
        with layout.page_head(words.who(shown), subtitle, crumbs=crumbs, chip=chips.chip(words.PAYMENTS[shown.stage])):
            self._draw_acts()
        self._draw_notice()

    def _draw_acts(self) -> None:
        shown, batch = self._found.payment, self._batch
        may = partial(rights.may_pay, actor=shell.visitor(), payment=shown, batch=batch, settings=self._settings)
        if may(Act.REFUSE):
            buttons.secondary(t("Refuser"), lambda: deciding.ask_refusal(shown))
        if may(Act.RELEASE):
            buttons.primary(
                t("Laisser partir {amount}").format(amount=money(shown.amount)), lambda: deciding.ask_release(shown)
            )
        if may(Act.SETTLE):
            buttons.secondary(t("Régler avec une preuve"), lambda: deciding.ask_settlement(shown), icon="gavel")
        if may(Act.INQUIRE):
            buttons.primary(t("Interroger maintenant"), partial(deciding.inquire, shown), icon="sync")
        if shown.stage is PaymentStage.COMPLETED:
            buttons.quiet(t("Reçu signé (JSON)"), partial(_send_receipt, shown), icon="data_object")
            buttons.secondary(t("Reçu (PDF)"), partial(_send_paper, shown), icon="receipt")

    def _draw_notice(self) -> None:
        shown = self._found.payment
        if shown.stage is PaymentStage.UNKNOWN:
            cards.notice(t(words.DOUBT), tone="ochre", icon_name="help")
        elif words.why(shown) and shown.stage in (PaymentStage.FAILED, PaymentStage.HELD):
            tone, icon = ("red", "error") if shown.stage is PaymentStage.FAILED else ("ochre", "back_hand")
            cards.notice(words.why(shown), tone=tone, icon_name=icon)


async def _send_receipt(shown: PaymentRow) -> None:
    await downloads.send(_receipt_file, shown.bulk_id, shown.shown_id)


def _receipt_file(session: Any, actor: Actor, bulk_id: str, shown_id: str) -> downloads.Made:
    """Return the signed receipt as a file."""
    paper = reports.receipt(session, actor, bulk_id, shown_id)
    return f"recu-{shown_id}.json", "application/json", [json.dumps(paper, ensure_ascii=False, indent=2).encode()]


async def _send_paper(shown: PaymentRow) -> None:
    await downloads.send(reports.receipt_pdf, shown.bulk_id, shown.shown_id)


# What happened


def _draw_course(found: PaymentDetail) -> None:
    with cards.titled(t("Déroulé")):
        show(history.history([_happening(found, step) for step in reversed(found.steps)]))


def _happening(found: PaymentDetail, step: PaymentStep) -> history.Happening:
    sign = payment_words.STATES[step.to_state]
    said = [payment_words.cause(step.cause), payment_words.reason(step.reason).rstrip("."), step.detail]
    if step.actor and step.cause in {"operator", "request"}:
        said.append(step.actor)
    is_last = step is found.steps[-1]
    title = t("Préparé") if not step.from_state else t(sign.word)
    return history.Happening(
        step.at, title, " · ".join(filter(None, said)), icon=sign.icon, tone=sign.tone if is_last else Tone.NEUTRAL
    )


def _draw_calls(attempts: tuple[PaymentAttempt, ...]) -> None:
    note = t("Le contenu n'est pas montré ici")
    with cards.titled(t("Appels au switch"), note, count=count(len(attempts)), is_flush=True, is_ruled=True):
        if not attempts:
            show(empty.sentence(t("Rien n'est encore parti."), "send"))
            return
        heads = (
            Head(t("Appel"), is_number=False),
            Head(t("Réponse"), is_number=False),
            Head(t("Durée"), is_on_phone=False),
            Head(t("Heure")),
        )
        show(plain_table(heads, [_call(one) for one in attempts], label=t("Appels au switch")))


def _call(one: PaymentAttempt) -> Line:
    status = f"HTTP{NO_BREAK}{one.http_status}" if one.http_status else t("sans réponse")
    lasted = took((one.answered_at - one.sent_at).total_seconds()) if one.answered_at else ""
    said = words.list_text([status, words.answer(one.answer)])
    return Line(words.operation(one.operation), (said, lasted, clock(one.sent_at, with_seconds=True)))


def _draw_entries(entries: tuple[PaymentEntry, ...]) -> None:
    with cards.titled(t("Écritures"), is_flush=True, is_ruled=True):
        if not entries:
            show(empty.sentence(t("La somme est réservée avec le lot ; rien d'autre n'est écrit."), "receipt_long"))
            return
        heads = (Head(t("Compte"), is_number=False), Head(t("Débit")), Head(t("Crédit")))
        show(plain_table(heads, [_entry(one) for one in entries], label=t("Écritures")))


def _entry(one: PaymentEntry) -> Line:
    size = money(-one.amount if one.amount.minor < 0 else one.amount)
    sides = (size if one.amount.minor > 0 else "", size if one.amount.minor < 0 else "")
    return Line(ledger_words.account(one.kind, one.label), sides, note=moment(one.at))


# What it is


def _draw_facts(batch: BatchRow, found: PaymentDetail) -> None:
    shown = found.payment
    with cards.titled(t("Paiement")):
        show(figures.amount(shown.amount, is_big=True))
        lines: list[facts.Fact] = [
            (t("Identifiant du paiement"), tag("code", shown.shown_id, class_="code-inline")),
            (words.payee_type(shown.id_type), shown.identifier),
            (t("Dans le fichier"), shown.identifier_raw if shown.identifier_raw != shown.identifier else ""),
            (t("Utilisé"), shown.rail_identifier if shown.rail_identifier != shown.identifier else ""),
            (t("Mois"), words.cycle(batch.cycle)),
            (t("Occurrence"), count(shown.occurrence) if shown.occurrence > 1 else ""),
            (t("Frais"), money(batch.money(shown.fee_minor)) if shown.fee_minor else ""),
            (t("Code"), tag("code", shown.code, class_="code-inline") if shown.code else ""),
            (t("Essais"), count(shown.tries) if shown.tries > 1 else ""),
            (t("Terminé le"), moment(shown.completed_at)),
        ]
        show(facts.facts([(label, value) for label, value in lines if value]))


def _draw_names(shown: PaymentRow) -> None:
    with cards.titled(t("Noms"), parts.verdict(shown.name_verdict) or ""):
        show(
            facts.facts(
                [(t("Déclaré dans le fichier"), shown.name), (t("Connu du switch"), shown.name_found)], is_stacked=True
            )
        )


def _draw_switch(found: PaymentDetail) -> None:
    shown = found.payment
    if shown.external_id is None and not shown.fsp_id:
        return
    with cards.titled(t("Chez le switch")):
        copies: list[Markup | None] = [
            copy_field(str(shown.external_id), label="transferId") if shown.external_id else None,
            copy_field(shown.fulfilment, label=t("Preuve (fulfilment)")) if shown.fulfilment else None,
        ]
        show(join(*copies), classes="copies")
        lines: list[tuple[str, Any]] = [
            (t("Institution"), shown.fsp_id),
            (t("Parti le"), moment(found.submitted_at)),
            (t("Lectures faites"), count(found.reads) if found.submitted_at else ""),
            (t("Prochaine lecture"), until(found.next_read_at) if found.next_read_at else ""),
            (t("Prochain essai"), _next_try(shown)),
        ]
        show(facts.facts([(label, value) for label, value in lines if value]))


def _next_try(shown: PaymentRow) -> str:
    is_again = shown.stage is PaymentStage.WAITING and shown.tries > 0
    return until(shown.next_try_at) if is_again and shown.next_try_at is not None else ""
