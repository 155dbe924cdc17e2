"""The payments of a batch: tabs with their counts, a search, a page at a time, kept fresh while money moves."""

from models.pension_stages import PaymentStage
from services.pensions import payment_reading
from services.pensions.payment_search import PaymentSearch
from services.pensions.shapes import BatchRow, PaymentRow
from ui import shell
from ui.components import cards, chips, tables, tabs
from ui.components.tables import Answer, Ask, Column, Filter
from ui.components.tabs import Tab
from ui.labels import clock, count, t
from ui.pages.pensions import words

ALL = "all"
GROUPS: dict[str, tuple[PaymentStage, ...]] = {
    ALL: (),
    "failed": (PaymentStage.FAILED, PaymentStage.CANCELLED, PaymentStage.REVERSED),
    "unknown": (PaymentStage.UNKNOWN,),
    "held": (PaymentStage.HELD,),
    "out": (PaymentStage.SENDING, PaymentStage.SENT),
    "waiting": (PaymentStage.WAITING,),
    "paid": (PaymentStage.COMPLETED,),
}


class Payments:
    """The card of a batch's payments."""

    def __init__(self, batch: BatchRow, *, is_draft: bool = False) -> None:
        self._batch = batch
        self._group = ALL
        with cards.titled(t("Tous les paiements"), is_flush=True) if is_draft else cards.card(is_flush=True):
            self._tabs = None if is_draft else tabs.tabs(self._choices(), self._choose)
            self._table = tables.Table(
                "pension-draft" if is_draft else "pension-payments",
                _columns(is_draft=is_draft),
                self._source,
                search=t("Nom, numéro, ligne, référence"),
                choices=[
                    Filter("verdict", t("Concordance"), {code: t(sign.word) for code, sign in words.VERDICTS.items()})
                ],
                empty=t("Aucun paiement ici."),
            )

    async def follow(self, batch: BatchRow) -> None:
        """Count again, and fetch the page that is open."""
        self._batch = batch
        if self._tabs is not None:
            tabs.recount(self._tabs, {name: count(_count(batch, name)) for name in GROUPS})
        await self._table.load()

    def _choices(self) -> list[Tab]:
        labels = {
            ALL: t("Tous"),
            "failed": t("Échoués"),
            "unknown": t("Incertains"),
            "held": t("À vérifier"),
            "out": t("En cours"),
            "waiting": t("À envoyer"),
            "paid": t("Payés"),
        }
        return [Tab(name, label, count(_count(self._batch, name))) for name, label in labels.items()]

    async def _choose(self, name: str) -> None:
        self._group = name
        await self._table.narrow()

    async def _source(self, ask: Ask) -> Answer | None:
        search = PaymentSearch(stages=GROUPS[self._group], text=ask.search, name_verdict=ask.filters.get("verdict", ""))
        found = await shell.survey(
            payment_reading.list_payments, self._batch.bulk_id, search, limit=ask.limit, offset=ask.offset
        )
        return None if found is None else Answer([_row(payment) for payment in found.payments], found.total)


def _count(batch: BatchRow, group: str) -> int:
    if group == ALL:
        return batch.total.count
    return sum(batch.sums[stage].count for stage in GROUPS[group])


def _columns(*, is_draft: bool) -> list[Column]:
    return [
        Column("line", t("Ligne"), is_on_phone=False),
        Column("name", t("Bénéficiaire"), "name"),
        Column("identifier", t("Identifiant"), is_on_phone=False, is_on_tablet=False),
        Column("amount", t("Montant"), "amount"),
        Column("purpose", t("Objet"), is_on_phone=False, is_on_tablet=False, is_shown=is_draft),
        Column("state", t("État"), "chip", is_shown=not is_draft),
        Column("next", t("Suite"), is_on_phone=False, is_on_tablet=False, is_shown=not is_draft),
        Column("verdict", t("Concordance"), "chip", is_on_phone=False, is_on_tablet=False, is_shown=is_draft),
        Column("at", t("Heure"), "time", is_on_phone=False, is_shown=not is_draft),
    ]


def _row(payment: PaymentRow) -> tables.Row:
    figure, _ = payment.amount.parts()
    verdict = words.VERDICTS.get(payment.name_verdict)
    return tables.row(
        str(payment.id),
        {
            "line": count(payment.line),
            "name": words.who(payment),
            "identifier": words.masked(payment),
            "amount": figure,
            "purpose": words.purpose(payment.purpose),
            "state": chips.cell(words.PAYMENTS[payment.stage]),
            "next": words.next_step(payment),
            "verdict": chips.cell(verdict) if verdict else None,
            "at": clock(payment.completed_at, with_seconds=True) if payment.completed_at else "",
        },
        href=words.payment_path(payment),
        phone_under=words.list_text([t("ligne {number}").format(number=count(payment.line)), words.masked(payment)]),
    )
