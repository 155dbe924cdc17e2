"""Every action a USSD flow may name: one file a family, each ending with its `ACTIONS`."""

from channels.actions import Action
from channels.ussd.actions import caller, catalog, http, notices, orders, payments, surveys, wallet

REGISTRY: dict[str, Action] = {
    **caller.ACTIONS,
    **wallet.ACTIONS,
    **payments.ACTIONS,
    **catalog.ACTIONS,
    **orders.ACTIONS,
    **http.ACTIONS,
    **surveys.ACTIONS,
    **notices.ACTIONS,
}
