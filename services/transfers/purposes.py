"""What transfers are for: each purpose says who may ask, which accounts it moves, and what follows from an end.

A purpose lives beside the service whose money it is and registers itself; this file only knows where they live.
"""

from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from core.database import Session
from core.permissions import Actor, Permission
from models.ledger import AccountKind
from models.transfers import TransferState
from services.ledger import Leg, Posted
from services.transfers.rows import TransferRow

if TYPE_CHECKING:
    from services.transfers.requests import RequestTransfer

HOMES = ("services.wallets.recharge", "services.wallets.purchases", "services.pensions.purpose")


class Purpose:
    """One kind of intent. Legs are debit positive, credit negative; each list sums to zero.

    A collect posts `settle` when it succeeded. A payout posts `hold` when it is asked for, `settle` when it succeeded,
    the opposite of `hold` when it ended otherwise, the opposite of both when it came back.
    """

    name: ClassVar[str]
    refund_name: ClassVar[str] = ""  # the purpose that gives this one's money back; none: it cannot be
    # Where the provider's side stands: what it holds for us, or (billers, airtime) what we owe it.
    provider_kind: ClassVar[AccountKind] = AccountKind.PROVIDER_FLOAT

    def authorise(self, _session: Session, actor: Actor, _order: "RequestTransfer") -> None:
        """Refuse who may not ask; whoever may act on payments, unless a purpose knows better."""
        actor.require(Permission.PAYMENTS_ACT)

    def guard(self, _session: Session, _row: TransferRow) -> None:
        """Refuse what is no longer due; asked when it is requested and again just before it is sent."""

    def reference(self, _session: Session, row: TransferRow) -> str:
        """Return the reference the ledger's lines are found by: that of the subject, where a person knows it by one."""
        return row.reference

    def hold(self, _session: Session, _row: TransferRow) -> tuple[Leg, ...]:
        """Return what a payout sets aside before it is sent; nothing for a collect."""
        return ()

    def settle(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        """Return our side of a success: what is credited by money that came, debited by money that left.

        It sums to minus the amount for a collect, to the amount for a payout; the provider's side (float and the fee
        it took) is added to it.
        """
        raise NotImplementedError

    def follow(self, session: Session, row: TransferRow, was: TransferState, posted: Posted | None) -> None:
        """Do what else a transition brings, in its transaction: the subject's own state, messages to people."""

    def invite(self, session: Session, row: TransferRow) -> None:
        """Tell the payer what he is to do now (`row.next_step`): follow a link, type a code; not for a mere prompt."""

    def doubt(self, session: Session, row: TransferRow) -> None:
        """Tell the person that nobody knows yet, ten minutes after; once."""


_registered: dict[str, Purpose] = {}


def register(purpose: Purpose) -> Purpose:
    """Make a purpose known to this process."""
    _registered[purpose.name] = purpose
    return purpose


def get(name: str) -> Purpose:
    """Return a purpose; one nobody registered is a bug and raises `KeyError`."""
    if name not in _registered:
        for home in HOMES:
            import_module(home)
    return _registered[name]
