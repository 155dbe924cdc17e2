"""What a person decides about one payment: let it leave, refuse it, ask the switch now, settle it with a proof."""

from typing import Any

from services.pensions import held, inquiries
from services.pensions.held import HeldDecision
from services.pensions.inquiries import Inquire
from services.pensions.shapes import PaymentRow
from ui import shell
from ui.components import reason_dialog, toasts
from ui.labels import money, t
from ui.pages.pensions import words
from ui.pages.pensions.settling import ask_settlement

__all__ = ["ask_refusal", "ask_release", "ask_settlement", "inquire"]


def ask_release(payment: PaymentRow) -> None:
    """Ask why the payment may leave in spite of what held it."""
    reason_dialog.reason_dialog(
        t("Laisser partir {amount}").format(amount=money(payment.amount)),
        t("{names} {amount} partiront vers {identifier}. Dites comment vous l'avez vérifié.").format(
            names=_names(payment), amount=money(payment.amount), identifier=payment.identifier
        ),
        act=t("Laisser partir {amount} vers {name}").format(amount=money(payment.amount), name=words.who(payment)),
        confirm=_deciding(held.release, payment, t("Le paiement part à son tour.")),
    )


def ask_refusal(payment: PaymentRow) -> None:
    """Ask why the payment shall not leave."""
    reason_dialog.reason_dialog(
        t("Refuser ce paiement"),
        t(
            "Rien ne partira vers {name}. {amount} sont rendus au compte, et la personne pourra être payée après"
            " correction."
        ).format(name=words.who(payment), amount=money(payment.amount)),
        act=t("Refuser {amount}").format(amount=money(payment.amount)),
        confirm=_deciding(held.refuse, payment, t("Refusé : la somme est rendue au compte.")),
        is_danger=True,
    )


async def inquire(payment: PaymentRow) -> bool:
    """Bring the next read forward to now; nothing is sent again."""
    order = Inquire(bulk_id=payment.bulk_id, transfer_id=payment.shown_id)
    if await shell.act(inquiries.inquire, order) is None:
        return False
    toasts.done(t("La question part ; rien n'est renvoyé. La réponse paraîtra ici."))
    return True


def _deciding(verb: Any, payment: PaymentRow, said: str) -> Any:
    async def confirm(reason: str) -> bool:
        order = HeldDecision(bulk_id=payment.bulk_id, transfer_id=payment.shown_id, reason=reason)
        if await shell.act(verb, order) is None:
            return False
        toasts.done(said)
        return True

    return confirm


def _names(payment: PaymentRow) -> str:
    if payment.name and payment.name_found:
        return t("Déclaré {declared}, connu du switch comme {found}.").format(
            declared=payment.name, found=payment.name_found
        )
    return words.why(payment)
