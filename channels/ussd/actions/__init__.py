"""Every action a USSD flow may name: one file a family, each ending with its `ACTIONS`."""

from channels.actions import Action
from channels.ussd.actions import caller, payments, wallet

REGISTRY: dict[str, Action] = {**caller.ACTIONS, **payments.ACTIONS, **wallet.ACTIONS}
