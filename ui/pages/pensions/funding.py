"""The dialog that records money the bank shows on an organisation's account: above a limit, two persons."""

from nicegui import ui

from core.errors import Refusal
from core.money import InvalidAmount, Money
from services.approvals import ApprovalRow
from services.pensions import accounts
from services.pensions.accounts import ONE_PERSON_UP_TO_MINOR, AccountRow, RecordFunding
from ui import forms, shell
from ui.components import buttons, cards, dialogs, facts, fields, toasts
from ui.labels import money, page_language, t
from ui.markup import Markup, show, tag
from ui.pages.pensions import words


def ask(account: AccountRow) -> ui.dialog:
    """Open the dialog; the bank's reference is the key, so that the same line of a statement counts once."""
    title = t("Approvisionner {account}").format(account=account.account_id)
    with dialogs.dialog(title) as dialog:
        show(facts.prose(t("Le virement que montre le relevé de la banque. La même référence ne compte qu'une fois.")))
        with fields.form():
            amount = fields.text(t("Montant, en {unit}").format(unit=account.currency))
            amount.props("inputmode=decimal autofocus")
            said = show(Markup(), classes="money-words-place")
            key = fields.text(t("Référence de la banque"))
            reason = fields.text(t("Motif"), value=t("Virement pour les pensions"))
        cards.notice(
            t("Au-delà de {limit}, une deuxième personne doit approuver.").format(
                limit=money(Money(ONE_PERSON_UP_TO_MINOR, account.currency))
            )
        )
        with dialogs.actions():
            buttons.quiet(t("Annuler"), dialog.close)
            button = buttons.primary(t("Créditer le compte"))
    boxes = {"amount_minor": amount, "key": key, "reason": reason}

    def follow() -> None:
        """Say the amount in words while it is typed."""
        typed = _typed(amount, account)
        said.set_content(tag("p", typed.in_words(page_language()), class_="money-words") if typed else "")
        button.text = t("Créditer {amount}").format(amount=money(typed)) if typed else t("Créditer le compte")

    async def record() -> None:
        typed = _typed(amount, account)
        if typed is None:
            fields.show_error(amount, t("Écrivez un montant, par exemple 1000000."))
            return
        order = forms.fill(
            RecordFunding,
            boxes,
            account_id=account.id,
            amount_minor=typed.minor,
            key=forms.written(key),
            reason=forms.written(reason),
        )
        if order is None:
            return
        button.disable()
        try:
            done = await shell.attempt(accounts.record_funding, order)
        finally:
            if not button.is_deleted:
                button.enable()
        if isinstance(done, Refusal):
            forms.say(done, boxes)
            return
        dialog.close()
        if isinstance(done, ApprovalRow):
            toasts.done(t("Demandé : une deuxième personne décidera."))
            return
        toasts.done(t("{amount} crédités sur {account}.").format(amount=money(typed), account=account.account_id))
        ui.navigate.to(f"{words.ACCOUNTS}/{account.account_id}")

    amount.on_value_change(follow)
    button.on_click(record)
    dialog.open()
    return dialog


def _typed(box: ui.input, account: AccountRow) -> Money | None:
    try:
        typed = Money.parse("".join(forms.written(box).split()).replace(",", "."), account.currency)
    except InvalidAmount:
        return None
    return typed if typed.minor else None
