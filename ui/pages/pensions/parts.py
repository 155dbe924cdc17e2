"""Pieces that several faces of a batch show: its bar, its seal, who did what, tables of payments."""

from collections.abc import Sequence
from datetime import datetime

from core.permissions import Permission
from models.pension_stages import BatchStage
from services.pensions.files.totals import Sum
from services.pensions.shapes import BatchRow, PaymentRow, Signature
from ui import shell
from ui.components import chips
from ui.components.copy_field import copy_field
from ui.components.facts import Fact, facts
from ui.components.history import Happening, history
from ui.components.plain_tables import Head, Line, plain_table
from ui.components.progress import Part
from ui.labels import Tone, count, money, t
from ui.markup import Markup, join, tag
from ui.pages.pensions import words


def parts(batch: BatchRow) -> list[Part]:
    """Return a batch as the parts of one bar: paid, out, in doubt, not paid, to send; together they are the whole."""
    left = t("À annuler") if batch.stage is BatchStage.CANCELLING else t("À envoyer")
    shown = [
        (t("Payés"), batch.completed, Tone.ACCENT),
        (t("En cours"), batch.processing.less(batch.unknown), Tone.BLUE),
        (t("Incertains"), batch.unknown, Tone.OCHRE),
        (t("Échoués"), batch.failed, Tone.RED),
        (left, batch.waiting.less(batch.held), Tone.NEUTRAL),
    ]
    if batch.held.count:
        shown.insert(3, (t("À vérifier"), batch.held, Tone.OCHRE))
    return [Part(label, total.count, tone, words.amount(batch, total.amount_minor)) for label, total, tone in shown]


def seal(batch: BatchRow, label: str = "") -> Markup:
    """Return the seal whole, to be read and copied; nothing before the confirmation."""
    return copy_field(batch.seal, label=label) if batch.seal else Markup()


def hands(batch: BatchRow) -> Markup:
    """Return who did what, newest first."""
    acts: list[Happening] = []

    def add(signature: Signature | None, title: str, icon: str, tone: Tone, at: datetime | None = None) -> None:
        moment = at or (signature.at if signature else None)
        if moment is not None:
            acts.append(Happening(moment, title, signature.name if signature else "", icon=icon, tone=tone))

    add(batch.created_by, t("Déposé"), "upload_file", Tone.NEUTRAL)
    add(batch.confirmed_by, t("Confirmé, fonds réservés"), "lock", Tone.NEUTRAL)
    add(batch.approved_by, t("Approuvé"), "approval_delegation", Tone.ACCENT)
    add(None, t("Premier envoi"), "send", Tone.BLUE, batch.started_at)
    sign = words.stage(batch)
    add(batch.ended_by, t(sign.word), sign.icon, sign.tone, batch.completed_at)
    return history(sorted(acts, key=lambda act: act.at, reverse=True))


def reasons(batch: BatchRow, found: Sequence[tuple[PaymentRow, Sum]]) -> Markup:
    """Return why payments failed, one reason a line, with how many and how much."""
    lines = (
        tag(
            "li",
            tag(
                "span",
                tag("span", words.why(example) or t("Refus non précisé."), class_="line-title"),
                tag("span", _can_retry(example), class_="line-detail"),
                class_="reason-words",
            ),
            tag(
                "span",
                tag("b", count(total.count)),
                tag("span", words.amount(batch, total.amount_minor), class_="caption"),
                class_="reason-figure",
            ),
        )
        for example, total in found
    )
    return tag("ul", *lines, class_="reasons")


def sums(batch: BatchRow, found: dict[str, Sum], head: str, *, are_types: bool) -> Markup:
    """Return sums by type or by purpose, with their total."""
    name = words.payee_type if are_types else words.purpose
    rows = [Line(name(code), (count(one.count), words.amount(batch, one.amount_minor))) for code, one in found.items()]
    if len(rows) > 1:
        whole = (count(batch.total.count), words.amount(batch, batch.total.amount_minor))
        rows.append(Line(t("Total"), whole))
    heads = (Head(head, is_number=False), Head(t("Paiements")), Head(t("Montant")))
    return plain_table(heads, rows, label=head)


def payments_table(found: Sequence[PaymentRow], label: str) -> Markup:
    """Return payments one a line: name, identifier as it will be used, amount."""
    heads = (
        Head(t("Bénéficiaire"), is_number=False),
        Head(t("Identifiant"), is_number=False, is_on_phone=False),
        Head(t("Montant")),
    )
    rows = [
        Line(
            payment.name or payment.name_found or words.masked(payment),
            (payment.identifier, money(payment.amount)),
            note=t("ligne {number}").format(number=count(payment.line)),
        )
        for payment in found
    ]
    return plain_table(heads, rows, label=label)


def repaired_table(found: Sequence[PaymentRow]) -> Markup:
    """Return repaired numbers, as they were written beside what they became."""
    heads = (
        Head(t("Bénéficiaire"), is_number=False),
        Head(t("Dans le fichier"), is_number=False),
        Head(t("Compris"), is_number=False),
    )
    rows = [
        Line(
            payment.name or t("ligne {number}").format(number=count(payment.line)),
            (_code(payment.identifier_raw), _code(payment.identifier)),
            note=t("ligne {number}").format(number=count(payment.line)) if payment.name else "",
        )
        for payment in found
    ]
    return plain_table(heads, rows, label=t("Numéros complétés"))


def names_table(found: Sequence[PaymentRow]) -> Markup:
    """Return declared names beside those the switch knows; each leads to its payment."""
    heads = (
        Head(t("Nom déclaré"), is_number=False),
        Head(t("Nom connu du switch"), is_number=False),
        Head(t("Montant")),
    )
    rows = [
        Line(
            payment.name,
            (join(payment.name_found, " ", verdict(payment.name_verdict)), money(payment.amount)),
            note=t("ligne {number}").format(number=count(payment.line)),
        )
        for payment in found
    ]
    return plain_table(heads, rows, label=t("Noms qui diffèrent"))


def verdict(code: str) -> Markup | None:
    """Return how two names compare, as a chip."""
    sign = words.VERDICTS.get(code)
    return chips.chip(sign) if sign else None


def funds(batch: BatchRow, available_minor: int, *, is_reserved: bool) -> Markup:
    """Return what the account has, what the batch takes, what is left after it."""
    total = batch.open.amount_minor
    before = available_minor + total if is_reserved else available_minor
    left = before - total
    after = tag("b", words.amount(batch, left), class_="tone-red" if left < 0 else None)
    lines: list[Fact] = [
        (t("Disponible"), words.amount(batch, before)),
        (t("Ce lot"), words.amount(batch, -total)),
        (t("Disponible après ce lot"), after),
    ]
    return facts(lines)


def may_see_ledger() -> bool:
    """Say whether this reader's entries are links."""
    return shell.visitor().may(Permission.LEDGER_READ)


def _can_retry(example: PaymentRow) -> str:
    return t("Peut être relancé") if example.is_retryable else t("À corriger, puis à renvoyer dans un autre fichier")


def _code(text: str) -> Markup:
    return tag("code", text, class_="code-inline")
