"""A draft: what the file holds, what is wrong in it, what stands out, and the way on: confirm, correct, or drop it."""

import time
from functools import partial

from nicegui import ui

from core.permissions import Permission
from models.pension_stages import LookupPolicy, PaymentStage
from services.pensions import accounts, file_reading, summary
from services.pensions.accounts import AccountRow
from services.pensions.files.sentences import warning_sentence
from services.pensions.policy import Act
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow, FileRow
from services.pensions.summary import SetAside, Summary
from ui import shell
from ui.components import buttons, cards, chips, facts, layout, skeletons
from ui.components.progress import plain_bar
from ui.labels import count, counted, decimal, moment, printed, t
from ui.markup import Markup, show, tag
from ui.pages.pensions import acts, confirming, parts, rights, words
from ui.pages.pensions.fault_words import short
from ui.pages.pensions.faults import download_button
from ui.pages.pensions.payments_table import Payments
from ui.pages.pensions.repeats import Repeats

FEW_REASONS = 5
KILOBYTE = 1024
ROWS_COUNTED_A_S = 20_000  # a page may cost the database this much, and no more


class Draft:
    """The page of a batch that nobody confirmed yet."""

    def __init__(self, batch: BatchRow, settings: SettingsRow) -> None:
        self._batch = batch
        self._settings = settings
        self._file: FileRow | None = None
        self._aside: tuple[SetAside, ...] = ()
        self._is_filled = False
        self._read_at = 0.0

    async def draw(self) -> None:
        """Place the head at once; what is counted over all the rows comes when it is counted."""
        batch = self._batch
        if batch.file_id is not None and shell.visitor().may(Permission.PENSIONS_WRITE, batch.organisation_id):
            self._file = await shell.read(file_reading.get_file, batch.file_id)
            self._aside = await shell.read(summary.list_set_aside, batch.bulk_id) or ()
        self._repeats = Repeats(batch, self._aside)
        self._head = ui.element("div").classes("stack")
        self._draw_head()
        with layout.stack() as self._place:
            show(skeletons.rows())
        ui.timer(0, self._fill, once=True)  # beside what it clears: a timer that is cleared stops what it began

    async def follow(self, batch: BatchRow) -> None:
        """Show how far the look-ups are, and the names they found; a large batch is counted less often."""
        had_lookups = self._batch.lookups_left > 0
        self._batch = batch
        if had_lookups and not batch.lookups_left:
            self._draw_head()
        is_early = time.monotonic() - self._read_at < batch.total.count / ROWS_COUNTED_A_S
        if not self._is_filled or (is_early and batch.lookups_left):
            return
        self._read_at = time.monotonic()
        found = await shell.survey(summary.get_summary, batch.bulk_id)
        if found is not None:
            self._lookups.set_content(_lookups(batch, self._settings, found))
            self._names_card.set_visibility(bool(found.differing))
            self._names.set_content(parts.names_table(found.differing))
        await self._unpayable.show(batch)
        account = await self._account()
        if account is not None:
            self._funds.set_content(parts.funds(batch, account.available.minor, is_reserved=False))
        await self._payments.follow(batch)

    async def _fill(self) -> None:
        self._read_at = time.monotonic()
        found = await shell.survey(summary.get_summary, self._batch.bulk_id)
        account = await self._account()
        if found is None or account is None or self._place.is_deleted:
            return
        self._place.clear()
        with self._place:
            with layout.grid():
                with layout.cell(8):
                    await self._draw_left(found)
                with layout.cell(4):
                    self._draw_right(found, account)
            self._payments = Payments(self._batch, is_draft=True)
        self._is_filled = True

    async def _account(self) -> AccountRow | None:
        found = await shell.read(accounts.list_accounts, self._batch.organisation_id) or []
        return next((one for one in found if one.id == self._batch.account_id), None)

    def _draw_head(self) -> None:
        batch = self._batch
        may = partial(rights.may, actor=shell.visitor(), batch=batch, settings=self._settings)
        self._head.clear()
        with self._head:
            with layout.page_head(
                words.title(batch),
                _subtitle(batch),
                crumbs=[(t("Pensions"), words.BATCHES)],
                chip=chips.chip(words.stage(batch)),
            ):
                if may(Act.CANCEL):
                    buttons.quiet(t("Annuler le brouillon"), lambda: acts.ask_cancel(self._batch), icon="close")
                if may(Act.CONFIRM) and batch.open.count:
                    self._draw_confirm()
            if batch.expires_at is not None:
                said = t("Rien n'est réservé. Ce brouillon disparaît le {moment} s'il n'est pas confirmé.")
                cards.notice(said.format(moment=moment(batch.expires_at)), icon_name="info")

    def _draw_confirm(self) -> None:
        """Place the one act of this page; it waits for the look-ups where they come before approval."""
        batch = self._batch
        left_out = self._left_out()
        label = words.going_on(batch.open.count) if left_out else confirming.act_of(batch, self._settings)
        button = buttons.primary(label, self._ask_confirmation)
        is_waiting = batch.lookups_left > 0 and self._settings.lookup is LookupPolicy.BEFORE
        button.set_enabled(not is_waiting)
        if is_waiting:
            button.props["title"] = t("La vérification des bénéficiaires n'est pas finie.")

    def _ask_confirmation(self) -> None:
        accepted = self._repeats.accepted
        confirming.ask(self._batch, self._settings, left_out=self._left_out() - len(accepted), accepted=accepted)

    def _left_out(self) -> int:
        return self._file.invalid if self._file else self._batch.skipped_count

    async def _draw_left(self, found: Summary) -> None:
        if self._file is not None and self._file.invalid:
            await _draw_faults(self._file, self._batch)
        self._repeats.draw()
        self._unpayable = Unpayable()
        await self._unpayable.show(self._batch)
        self._names_card, self._names = _names_card(found)
        with layout.grid():
            with layout.cell(6), cards.titled(t("Par type d'identifiant"), is_flush=True):
                show(parts.sums(self._batch, found.by_type, t("Type"), are_types=True))
            with layout.cell(6), cards.titled(t("Par objet"), is_flush=True):
                show(parts.sums(self._batch, found.by_purpose, t("Objet"), are_types=False))
        with cards.titled(t("Les plus gros montants"), is_flush=True):
            show(parts.payments_table(found.biggest, t("Les plus gros montants")))
        if found.repaired:
            number = count(found.repaired_count)
            with cards.titled(t("Numéros complétés"), t("Avant et après"), count=number, is_flush=True):
                show(parts.repaired_table(found.repaired), classes="tall")
        if found.repeated:
            number = count(found.repeated_count)
            with cards.titled(t("Plusieurs fois la même personne"), count=number, is_flush=True):
                show(parts.payments_table(found.repeated, t("Plusieurs fois la même personne")), classes="tall")

    def _draw_right(self, found: Summary, account: AccountRow) -> None:
        batch = self._batch
        with cards.titled(t("Compte payeur"), batch.account_code):
            self._funds = show(parts.funds(batch, account.available.minor, is_reserved=False))
        with cards.titled(t("Vérification des bénéficiaires")):
            self._lookups = show(_lookups(batch, self._settings, found))
        if self._file is not None:
            with cards.titled(t("Fichier")):
                for warning in self._file.warnings:
                    cards.notice(_warning(warning), tone="ochre", icon_name="warning")
                show(facts.facts(_file_facts(self._file)))
        with cards.titled(t("Qui a fait quoi")):
            show(parts.hands(batch))


class Unpayable:
    """The card of payees whom the switch does not know; it is not there while there is none."""

    def __init__(self) -> None:
        note = t("Le switch ne les connaît pas : rien n'est réservé pour elles")
        with cards.titled(t("Ne partiront pas"), note, is_flush=True, is_ruled=True) as self._card:
            self._list = show(Markup())
        self._card.set_visibility(False)

    async def show(self, batch: BatchRow) -> None:
        """Show them as they are now."""
        number = batch.sums[PaymentStage.FAILED].count
        found = await shell.read(summary.count_by_reason, batch.bulk_id) if number else []
        if not self._card.is_deleted:
            self._card.set_visibility(bool(found))
            self._list.set_content(parts.reasons(batch, found or []))


def _subtitle(batch: BatchRow) -> str:
    said = [words.sum_text(batch, batch.total), t("déposé par {name}").format(name=batch.created_by.name)]
    if batch.retry_of:
        said.append(t("relance de {batch}").format(batch=batch.retry_of))
    return words.list_text(said)


async def _draw_faults(file: FileRow, batch: BatchRow) -> None:
    reasons = await shell.read(file_reading.count_by_code, file.id) or {}
    title = counted(file.invalid, t("{count} ligne à corriger"), t("{count} lignes à corriger"))
    with cards.titled(title, t("{valid} sont valables").format(valid=words.lines(batch.total.count)), is_ruled=True):
        first = [f"{short(code)} ({count(times)})" for code, times in list(reasons.items())[:FEW_REASONS]]
        show(facts.prose(words.list_text(first) + "."))
        show(facts.prose(t("Corrigez-les et déposez le fichier de nouveau, ou continuez sans elles.")))
        with layout.row():
            buttons.secondary(t("Voir ligne par ligne"), href=words.FILES.format(file.id), icon="list_alt")
            download_button(file.id, is_primary=False)


def _names_card(found: Summary) -> tuple[ui.element, ui.html]:
    title = t("Noms qui diffèrent")
    with cards.titled(title, t("Ils sont montrés en premier à qui approuve"), is_flush=True, is_ruled=True) as card:
        table = show(parts.names_table(found.differing), classes="tall")
    card.set_visibility(bool(found.differing))
    return card, table


def _lookups(batch: BatchRow, settings: SettingsRow, found: Summary) -> Markup:
    if settings.lookup is LookupPolicy.OFF:
        return facts.prose(t("Votre organisation ne demande pas les noms au switch."))
    if settings.lookup is LookupPolicy.INLINE:
        return facts.prose(t("Les noms seront comparés au moment de l'envoi."))
    done, total = batch.total.count - batch.lookups_left, batch.total.count
    said = t("{done} sur {total} vérifiés").format(done=count(done), total=count(total))
    lines: list[facts.Fact] = [
        (chips.chip(sign), count(found.by_verdict[code]))
        for code, sign in words.VERDICTS.items()
        if found.by_verdict.get(code)
    ]
    return tag(
        "div",
        tag("p", said, class_="line-title"),
        plain_bar(done / (total or 1), label=said),
        facts.facts(lines) if lines else None,
        class_="stack stack-tight",
    )


def _warning(warning: dict[str, object]) -> str:
    said = printed(warning_sentence(str(warning["code"])))
    number = warning.get("count")
    return f"{said} ({count(number)})" if isinstance(number, int) else said


def _file_facts(file: FileRow) -> list[facts.Fact]:
    size = t("{size} ko").format(size=decimal(file.size_bytes / KILOBYTE))
    separators = {",": t("virgule"), ";": t("point-virgule"), "\t": t("tabulation")}
    return [
        (t("Nom"), file.name),
        (t("Lignes"), count(file.rows)),
        (t("Taille"), size),
        (t("Séparateur"), separators.get(file.separator, file.separator)),
        (t("Encodage"), file.encoding.upper()),
        (t("Empreinte"), tag("code", file.sha256, class_="code-inline")),
    ]
