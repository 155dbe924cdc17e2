"""`/pensions/nouveau`: choose the account and the month, drop the file, and watch its lines being read."""

from datetime import date
from typing import Any
from uuid import UUID

from nicegui import events, ui
from nicegui.elements.upload_files import FileUpload

from core.clock import today
from core.errors import Refusal
from core.money import Money
from core.permissions import Permission
from services import organisations
from services.pensions import accounts, batches, settings
from services.pensions.accounts import AccountRow
from services.pensions.batches import UploadBatch
from services.pensions.files.refusals import ControlTotals, InvalidRows
from services.pensions.refusals import SameFile
from services.pensions.settings import SettingsRow
from ui import forms, shell
from ui.components import buttons, cards, fields, layout, uploads
from ui.components.plain_tables import Head, Line, plain_table
from ui.labels import count, money, t
from ui.markup import show, tag
from ui.pages.pensions import models, words
from ui.pages.pensions.file_work import FileWork
from ui.pages.ussd import moments

LARGEST_BYTES = 100 * uploads.MEGABYTE
MONTHS_BACK, MONTHS_AHEAD = 3, 1
MONTHS = 12


@shell.screen(words.NEW, title="Nouveau lot", needs=Permission.PENSIONS_WRITE)
async def new_batch() -> None:
    """Draw the terms beside the drop zone; the file is read as soon as it is dropped."""
    layout.title(
        t("Nouveau lot"),
        t("Le fichier est vérifié en entier avant qu'un franc bouge. Rien n'est réservé avant votre confirmation."),
        crumbs=[(t("Pensions"), words.BATCHES)],
    )
    actor = shell.visitor()
    found = await shell.read(organisations.list_organisations) or []
    mine = {one.id: one.name for one in found if actor.may(Permission.PENSIONS_WRITE, one.id)}
    with layout.grid():
        with layout.cell(4), cards.titled(t("Ce lot")):
            terms = Terms(mine)
            await terms.draw()
        with layout.cell(8):
            await DropZone(terms).draw()
            _draw_models()


class Terms:
    """The choices beside the file: whose, from which account, for which month, and what the sender counted."""

    account: Any
    cycle: Any
    expected_count: Any
    expected_total: Any
    not_before: Any
    same_person: Any | None

    def __init__(self, mine: dict[UUID, str]) -> None:
        self._mine = mine
        self._organisation_id = next(iter(mine))
        self._accounts: list[AccountRow] = []

    async def draw(self) -> None:
        """Place the fields, with what the organisation usually chooses."""
        with fields.form():
            if len(self._mine) > 1:
                names = {str(one): name for one, name in self._mine.items()}
                box = fields.choice(t("Organisation"), names, value=str(self._organisation_id))
                box.on_value_change(self._choose_organisation)
            self._place = ui.element("div").classes("form")
        await self._draw_fields()

    @property
    def boxes(self) -> dict[str, Any]:
        """Return the fields by the names an order gives them."""
        return {
            "payer_account": self.account,
            "cycle": self.cycle,
            "expected_count": self.expected_count,
            "expected_total": self.expected_total,
            "not_before": self.not_before,
        }

    def order(self, file_name: str) -> UploadBatch | None:
        """Return what is asked; None when a field is wrong, which is then said under it."""
        return forms.fill(
            UploadBatch,
            self.boxes,
            organisation_id=self._organisation_id,
            file_name=file_name,
            payer_account=str(self.account.value or ""),
            cycle=str(self.cycle.value or ""),
            on_error="split",
            expected_count=_number(self.expected_count),
            expected_total=self._amount(),
            allow_same_person=bool(self.same_person and self.same_person.value),
            not_before=moments.read(str(self.not_before.value or "")),
        )

    async def _choose_organisation(self, event: events.ValueChangeEventArguments[Any]) -> None:
        self._organisation_id = UUID(str(event.value))
        self._place.clear()
        await self._draw_fields()

    async def _draw_fields(self) -> None:
        kept = await shell.read(settings.get_settings, self._organisation_id)
        found = await shell.read(accounts.list_accounts, self._organisation_id) or []
        self._accounts = [one for one in found if one.is_active]
        if kept is None:
            return
        with self._place:
            self._draw_account(kept)
            self.cycle = fields.choice(t("Mois payé"), _cycles(), value=f"{today(kept.timezone):%Y-%m}")
            self.expected_count = fields.text(t("Nombre de paiements attendu"), hint=t("Facultatif : un contrôle."))
            self.expected_count.props("inputmode=numeric")
            self.expected_total = fields.text(t("Montant total attendu"), hint=t("Facultatif : un contrôle."))
            self.expected_total.props("inputmode=numeric")
            self.not_before = fields.text(t("Départ de l'envoi"), kind="datetime-local", hint=t("Vide : dès que prêt."))
            self.same_person = None
            if kept.is_same_person_allowed:
                self.same_person = fields.checkbox(t("Une personne peut figurer plusieurs fois (arriérés)"))

    def _draw_account(self, kept: SettingsRow) -> None:
        choices = {one.account_id: f"{one.account_id} · {money(one.available)}" for one in self._accounts}
        usual = next((one.account_id for one in self._accounts if one.id == kept.default_account_id), None)
        self.account = fields.choice(
            t("Compte payeur"), choices, value=usual or next(iter(choices), None), hint=t("Avec ce qui est disponible.")
        )
        if not choices:
            cards.notice(t("Aucun compte payeur ouvert : demandez-en un à l'administrateur."), tone="ochre")

    def _amount(self) -> int | None:
        text = _digits(self.expected_total)
        chosen = next((one for one in self._accounts if one.account_id == self.account.value), None)
        if not text or chosen is None:
            return None
        return Money.parse(text.replace(",", "."), chosen.currency).minor


class DropZone:
    """The place of the file: to drop it, to see it read, to read why it was refused."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    async def draw(self) -> None:
        """Place the zone."""
        with cards.card().classes("drop-place"):
            self._said = ui.element("div").classes("stack stack-tight")
            self._said.set_visibility(False)
            self._zone = uploads.upload_large(
                t("Déposez le fichier CSV ou choisissez-le"),
                self._take,
                accept=".csv,.txt,text/csv",
                kinds="CSV",
                largest_bytes=LARGEST_BYTES,
                button=t("Choisir le fichier"),
            )
            self._progress = ui.element("div").classes("reading")
            self._progress.set_visibility(False)

    async def _take(self, file: FileUpload) -> None:
        order = self._terms.order(file.name)
        if order is None:
            return
        self._show(is_busy=True)
        with self._progress:
            previewed = await FileWork(order, file).run(batches.preview)
        if self._zone.is_deleted:
            return  # the draft is in the list
        if isinstance(previewed, Refusal):
            self._show(is_busy=False)
            self._refuse(previewed)
            return
        ui.navigate.to(words.BATCH.format(previewed.batch.bulk_id))

    def _show(self, *, is_busy: bool) -> None:
        self._progress.clear()
        self._said.clear()
        self._said.set_visibility(False)
        self._zone.set_visibility(not is_busy)
        self._progress.set_visibility(is_busy)

    def _refuse(self, refusal: Refusal) -> None:
        """Say why, with the figures that were found, and where to go on."""
        self._said.set_visibility(True)
        with self._said:
            cards.notice(shell.sentence_of(refusal), tone="red", icon_name="error")
            if isinstance(refusal, ControlTotals):
                show(_found_totals(refusal))
            elif isinstance(refusal, InvalidRows) and refusal.data.get("file_id"):
                path = words.FILES.format(refusal.data["file_id"])
                buttons.secondary(t("Voir les lignes à corriger"), href=path)
            elif isinstance(refusal, SameFile):
                buttons.secondary(t("Voir ce lot"), href=words.BATCH.format(refusal.data["bulkTransferId"]))
        for name in ("expected_count", "expected_total"):
            fields.show_error(self._terms.boxes[name], t("À revoir") if isinstance(refusal, ControlTotals) else None)


def _found_totals(refusal: ControlTotals) -> Any:
    found, expected = refusal.data["found"], refusal.data["expected"]
    rows = [
        Line(t(label), (_or_dash(expected[name]), _or_dash(found[name])))
        for label, name in (("Nombre de paiements", "count"), ("Montant", "total_minor"))
    ]
    return plain_table((Head(t("Contrôle")), Head(t("Attendu")), Head(t("Trouvé"))), rows, label=t("Contrôle"))


def _or_dash(number: int | None) -> str:
    return "\N{EM DASH}" if number is None else count(number)


def _draw_models() -> None:
    with cards.titled(t("Modèles de fichier"), t("Séparateur , ou ; · UTF-8 · une ligne par paiement"), is_flush=True):
        show(_columns())
        with cards.foot():
            for name, label in models.LABELS.items():
                buttons.secondary(t(label), models.sender(name), icon="download")


def _columns() -> Any:
    rows = [Line(name, (tag("span", t(meaning)),)) for name, meaning in models.COLUMNS.items()]
    heads = (Head(t("Colonne"), is_number=False), Head(t("Ce qu'on y écrit"), is_number=False))
    return plain_table(heads, rows, label=t("Colonnes du fichier"))


def _cycles() -> dict[str, str]:
    now = today("UTC")
    months = now.year * MONTHS + now.month - 1
    found = {}
    for month in range(months + MONTHS_AHEAD, months - MONTHS_BACK - 1, -1):
        first = date(month // MONTHS, month % MONTHS + 1, 1)
        found[f"{first:%Y-%m}"] = words.cycle_title(f"{first:%Y-%m}")
    return found


def _digits(box: Any) -> str:
    return "".join(forms.written(box).split())


def _number(box: Any) -> int | str | None:
    text = _digits(box)
    return (int(text) if text.isascii() and text.isdecimal() else text) if text else None
