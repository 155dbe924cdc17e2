"""What a provider says of a transfer that is final already: nothing moves, and a person is called.

Late money: we said failed, and it was paid after all. Contradiction: we said succeeded, and they say it failed. The
one thing that still happens to a success is a payout that came back whole.
"""

from core.database import Session
from core.permissions import SYSTEM
from models.transfers import CaseKind, TransferState
from providers.answers import Reason, Seen, SeenState
from services import provider_accounts
from services.provider_accounts import PauseAccount
from services.transfers.cases import open_case
from services.transfers.comparison import difference, is_comparable
from services.transfers.rows import TransferRow
from services.transfers.transitions import Proof, take

_NOTHING_MOVED = frozenset({TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED})
_DENIED = frozenset({SeenState.FAILED, SeenState.EXPIRED, SeenState.CANCELLED})


def note_final(session: Session, row: TransferRow, seen: Seen, proof: Proof) -> TransferRow:
    """Compare a provider's word with a final transfer; an older «pending» is nothing new."""
    if row.state in _NOTHING_MOVED and seen.state is SeenState.SUCCEEDED:
        _note_late_money(session, row, seen)
    elif row.state is TransferState.SUCCEEDED and seen.state is SeenState.REVERSED:
        if not row.is_collect and is_comparable(seen) and difference(row, seen) is None:
            return take(session, row, TransferState.REVERSED, proof, provider_state=seen.provider_state) or row
        _note_contradiction(session, row, seen)
    elif row.state is TransferState.SUCCEEDED and seen.state in _DENIED:
        _note_contradiction(session, row, seen)
    return row


def _note_late_money(session: Session, row: TransferRow, seen: Seen) -> None:
    open_case(
        session,
        account_id=row.account_id,
        kind=CaseKind.LATE_MONEY,
        dedupe_key=str(row.id),
        transfer_id=row.id,
        provider_ref=seen.provider_ref or row.provider_ref or row.reference,
        amount=seen.amount or row.amount,
        detail=seen.provider_state,
        is_outgoing=not row.is_collect,
        has_money=True,
    )


def _note_contradiction(session: Session, row: TransferRow, seen: Seen) -> None:
    """Call a person, and let nothing more leave by this account until somebody has looked."""
    opened = open_case(
        session,
        account_id=row.account_id,
        kind=CaseKind.CONTRADICTION,
        dedupe_key=str(row.id),
        transfer_id=row.id,
        provider_ref=seen.provider_ref or row.provider_ref or "",
        amount=row.amount,
        detail=f"{Reason.CONTRADICTION}: {seen.provider_state}",
    )
    if opened is None:
        return
    order = PauseAccount(
        account_id=row.account_id, reason=f"{Reason.CONTRADICTION} {row.reference}", has_payouts_only=True
    )
    provider_accounts.pause_account(session, SYSTEM, order)
