"""The dialog that reserves the money of a batch: how much in figures and in words, for how many, from where."""

from collections.abc import Sequence

from nicegui import ui

from services.pensions import batches
from services.pensions.batches import ConfirmBatch
from services.pensions.files.totals import Sum
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow
from services.pensions.summary import SetAside
from ui import shell
from ui.components import buttons, cards, dialogs, facts, fields, figures, toasts
from ui.labels import counted, moment, money, page_language, t
from ui.markup import show, tag
from ui.pages.pensions import words


def act_of(batch: BatchRow, settings: SettingsRow, accepted: Sequence[SetAside] = ()) -> str:
    """Return the verb of the confirmation: it reserves where a second person must agree, it sends where none must."""
    total = _total(batch, accepted)
    amount = money(batch.money(total.amount_minor))
    if _needs_second(batch, settings, accepted):
        return t("Réserver {amount} pour {payments}").format(amount=amount, payments=words.payments(total.count))
    payees = counted(total.count, t("{count} bénéficiaire"), t("{count} bénéficiaires"))
    return t("Envoyer {amount} à {payees}").format(amount=amount, payees=payees)


def ask(batch: BatchRow, settings: SettingsRow, *, left_out: int, accepted: Sequence[SetAside]) -> ui.dialog:
    """Open the dialog; where lines are left out, the number of those that go on is typed."""
    total = _total(batch, accepted)
    seen = batch.total.plus(_sum(accepted))
    amount = batch.money(total.amount_minor)
    act = act_of(batch, settings, accepted)
    with dialogs.dialog(act) as dialog:
        show(figures.amount(amount, is_big=True), classes="money-figure")
        show(tag("p", amount.in_words(page_language()), class_="money-words"))
        show(facts.facts(_lines(batch, total, left_out=left_out, accepted=accepted)))
        _draw_consequence(needs_second=_needs_second(batch, settings, accepted))
        box = None
        if left_out:
            box = fields.text(t("Pour continuer sans elles, écrivez le nombre de paiements qui partent"))
            box.props("inputmode=numeric")
        with dialogs.actions():
            buttons.quiet(t("Annuler"), dialog.close)
            primary = buttons.primary(act)

    def is_typed() -> bool:
        return box is None or "".join(str(box.value or "").split()) == str(total.count)

    async def confirm() -> None:
        if not is_typed():
            return
        primary.disable()
        primary.props("loading")
        order = ConfirmBatch(
            bulk_id=batch.bulk_id,
            on_error="split" if left_out else "refuse",
            expected_count=seen.count,
            expected_total=seen.amount_minor,
            accept_duplicates=tuple(row.line for row in accepted),
        )
        try:
            done = await shell.act(batches.confirm, order)
        finally:
            if not primary.is_deleted:
                primary.props(remove="loading")
                primary.enable()
        if done is not None:
            dialog.close()
            toasts.done(_said(done))

    if box is not None:
        primary.disable()
        box.on_value_change(lambda _: primary.set_enabled(is_typed()))
    primary.on_click(confirm)
    dialog.open()
    return dialog


def _needs_second(batch: BatchRow, settings: SettingsRow, accepted: Sequence[SetAside]) -> bool:
    """Say whether a second person must agree; the threshold is compared with all that the file asked for."""
    asked = batch.total.plus(_sum(accepted))
    return settings.needs_approval(asked.amount_minor, has_accepted_duplicates=bool(accepted))


def _draw_consequence(*, needs_second: bool) -> None:
    if needs_second:
        cards.notice(
            t("Une deuxième personne devra approuver avant que rien ne parte."), icon_name="approval_delegation"
        )
    else:
        cards.notice(t("L'envoi commence dès que le switch est prêt."), icon_name="send")


def _lines(batch: BatchRow, total: Sum, *, left_out: int, accepted: Sequence[SetAside]) -> list[facts.Fact]:
    lines: list[facts.Fact] = [
        (t("Lot"), words.title(batch)),
        (t("À"), words.payments(total.count)),
        (t("Depuis"), batch.account_code),
    ]
    if accepted:
        lines.append((t("Payées une deuxième fois"), words.lines(len(accepted))))
    if left_out:
        lines.append((t("Laissées de côté"), words.lines(left_out)))
    if batch.failed.count:
        lines.append((t("Ne partiront pas"), words.payments(batch.failed.count)))
    if batch.not_before is not None:
        lines.append((t("Départ"), moment(batch.not_before)))
    return lines


def _total(batch: BatchRow, accepted: Sequence[SetAside]) -> Sum:
    return batch.open.plus(_sum(accepted))


def _sum(accepted: Sequence[SetAside]) -> Sum:
    return Sum(len(accepted), sum(row.amount_minor for row in accepted))


def _said(batch: BatchRow) -> str:
    if batch.approved_by is None and batch.expires_at is not None:
        return t("Fonds réservés : une deuxième personne doit approuver.")
    return t("Lot en file : {payments}.").format(payments=words.payments(batch.open.count))
