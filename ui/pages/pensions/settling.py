"""Settling a payment that nobody knows the end of: what happened, what proves it, and a second person."""

from services.pensions.shapes import PaymentRow
from ui.components import toasts


def ask_settlement(payment: PaymentRow) -> None:
    """Open the dialog."""
    toasts.refused(str(payment.id))
