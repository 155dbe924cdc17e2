"""Settling a payment in doubt: what happened, what proves it, and a second person who says the same."""

from typing import Any
from uuid import UUID

from core.errors import Refusal
from core.money import Money
from services import unknowns
from services.pensions import inquiries
from services.pensions.inquiries import AddProof, Settle
from services.pensions.refusals import SecondPersonNeeded
from services.pensions.shapes import PaymentRow
from ui import forms, shell
from ui.components import buttons, cards, dialogs, fields, toasts, uploads
from ui.components.facts import prose
from ui.labels import money, t
from ui.markup import Markup, join, show, tag
from ui.pages.pensions import words

ENDINGS = {"completed": "Payé", "failed": "Non payé"}


def ask_settlement(payment: PaymentRow) -> None:
    """Open the dialog; nothing moves before two persons said the same."""
    _Settlement(payment).open()


class _Settlement:
    """One payment being settled: the first person's word if there is one, and this person's proof."""

    def __init__(self, payment: PaymentRow) -> None:
        self._payment = payment
        self._first: dict[str, Any] = payment.handles.get("settlement") or {}
        self._proof_id = UUID(self._first["proof_id"]) if self._first else None

    def open(self) -> None:
        """Draw the dialog."""
        payment = self._payment
        title = t("Régler {amount} à {name}").format(amount=money(payment.amount), name=words.who(payment))
        with dialogs.dialog(title) as self._dialog:
            cards.notice(t(words.DOUBT), tone="ochre", icon_name="help")
            if self._first:
                show(self._first_word())
            with fields.form():
                self._outcome = fields.choice(
                    t("Comment a-t-il fini ?"),
                    {code: t(word) for code, word in ENDINGS.items()},
                    value=self._first.get("outcome", "completed"),
                )
                self._reason = fields.long_text(t("Ce que dit la preuve"), hint=t("Il reste dans la piste d'audit."))
                self._attached = show(self._proof_words(""))
                uploads.upload(
                    t("Déposez une preuve ici"),
                    self._attach,
                    accept=",".join(unknowns.BEGINNINGS),
                    kinds=t("PDF, image ou texte"),
                    largest_bytes=unknowns.LARGEST_PROOF_BYTES,
                    button=t("Joindre une preuve"),
                )
            self._told = show(Markup())
            with dialogs.actions():
                buttons.quiet(t("Annuler"), self._dialog.close)
                self._button = buttons.primary("", self._settle)
        self._outcome.on_value_change(self._follow)
        self._follow()
        self._dialog.open()

    def _first_word(self) -> Markup:
        said = t("{name} dit : {outcome}. « {reason} »").format(
            name=self._first["name"], outcome=t(ENDINGS[self._first["outcome"]]).lower(), reason=self._first["reason"]
        )
        is_mine = self._first["by"] == str(shell.visitor().user_id)
        after = t("C'est votre mot : une autre personne doit dire la même chose.") if is_mine else ""
        return join(prose(said), prose(after) if after else None)

    def _follow(self) -> None:
        """Say what settling will do to the money, and name it on the button."""
        is_paid = self._outcome.value == "completed"
        amount: Money = self._payment.amount
        done = t("{amount} réservés quitteront pour de bon.") if is_paid else t("{amount} réservés seront rendus.")
        is_second = bool(self._first) and self._first["by"] != str(shell.visitor().user_id)
        agrees = is_second and self._first["outcome"] == self._outcome.value
        second = t("Vous signez en second.") if agrees else t("Une deuxième personne doit dire la même chose.")
        self._told.set_content(join(prose(done.format(amount=money(amount))), prose(second)))
        end = t(ENDINGS[str(self._outcome.value)]).lower()
        act = t("Régler : {end}") if agrees else t("Dire : {end}")
        self._button.text = act.format(end=end)

    async def _attach(self, name: str, kind: str, content: bytes) -> None:
        order = AddProof(
            bulk_id=self._payment.bulk_id,
            transfer_id=self._payment.shown_id,
            file_name=name,
            content_type=kind.partition(";")[0],
            content=content,
        )
        kept = await shell.act(inquiries.add_proof, order)
        if kept is not None:
            self._proof_id = kept.id
            self._attached.set_content(self._proof_words(kept.file_name))

    def _proof_words(self, name: str) -> Markup:
        if name:
            return tag("p", t("Preuve jointe : {name}").format(name=name), class_="line-title")
        if self._proof_id is not None:
            return prose(t("La preuve de la première personne est jointe ; vous pouvez en ajouter une."))
        return prose(t("La ligne du relevé, ou la réponse écrite du switch."))

    async def _settle(self) -> None:
        boxes = {"outcome": self._outcome, "reason": self._reason}
        if self._proof_id is None:
            toasts.refused(t("Joignez une preuve : sans elle, rien ne se règle."))
            return
        order = forms.fill(
            Settle,
            boxes,
            bulk_id=self._payment.bulk_id,
            transfer_id=self._payment.shown_id,
            outcome=str(self._outcome.value),
            proof_id=self._proof_id,
            reason=forms.written(self._reason),
        )
        if order is None:
            return
        self._button.disable()
        try:
            done = await shell.attempt(inquiries.settle, order)
        finally:
            if not self._button.is_deleted:
                self._button.enable()
        if isinstance(done, Refusal) and not isinstance(done, SecondPersonNeeded):
            forms.say(done, boxes)
            return
        toasts.done(shell.sentence_of(done) if isinstance(done, Refusal) else t("Réglé à deux."))
        self._dialog.close()
