"""The ledger side of a transfer: reserve when asked for, post when succeeded, void when ended otherwise, give back.

The transfer's own key is that of its first posting (a collect's success, a payout's reserve); what ends a reserve has
one key, `{key}:end`, so that only one of post and void can ever happen.
"""

from dataclasses import replace

from core.database import Session, driver
from core.money import Money
from core.permissions import SYSTEM
from models.ledger import AccountKind
from models.transfers import TransferState
from services import ledger
from services.ledger import Leg, Posted, Posting
from services.transfers import cases, purposes
from services.transfers.rows import TransferRow


def hold(session: Session, row: TransferRow) -> Posted | None:
    """Set aside what a payout will spend; None when its purpose holds nothing. Raises `InsufficientFunds`."""
    legs = purposes.get(row.purpose).hold(session, row)
    if not legs:
        return None
    posted = ledger.post(session, _posting(session, row, row.key, f"{row.purpose}_reserve", legs))
    driver(session).execute("update transfer set hold_transaction_id = %s where id = %s", (posted.id, row.id))
    return posted


def follow_state(session: Session, row: TransferRow) -> Posted | None:
    """Move the money that the transition into `row.state` moves, in its transaction; None when it moves none."""
    match row.state:
        case TransferState.SUCCEEDED:
            return _settle(session, row)
        case TransferState.FAILED | TransferState.EXPIRED | TransferState.CANCELLED:
            return _void(session, row)
        case TransferState.REVERSED:
            return _give_back(session, row)
    return None


def provider_side(session: Session, row: TransferRow) -> tuple[Leg, ...]:
    """Return what the provider holds (or is owed) after a success, and the fee it took."""
    place = (row.amount.currency, cases.OWNER, row.account_id)
    float_account = ledger.house_account(session, purposes.get(row.purpose).provider_kind, *place)
    moved = row.amount if row.is_collect else -row.amount
    legs = [Leg(float_account, moved - row.provider_fee)]
    if row.provider_fee.minor:
        legs.append(Leg(ledger.house_account(session, AccountKind.FEE_EXPENSE, *place), row.provider_fee))
    return tuple(leg for leg in legs if leg.amount.minor)


def _settle(session: Session, row: TransferRow) -> Posted:
    cases.release_suspense(session, row.id)
    legs = _merged((*provider_side(session, row), *purposes.get(row.purpose).settle(session, row)))
    key = row.key if row.hold_transaction_id is None else f"{row.key}:end"
    posted = ledger.post(session, _posting(session, row, key, row.purpose, legs))
    driver(session).execute("update transfer set transaction_id = %s where id = %s", (posted.id, row.id))
    return posted


def _void(session: Session, row: TransferRow) -> Posted | None:
    if row.hold_transaction_id is None:
        return None
    legs = cases.opposite(session, row.hold_transaction_id)
    return ledger.post(session, _posting(session, row, f"{row.key}:end", f"{row.purpose}_void", legs))


def _give_back(session: Session, row: TransferRow) -> Posted:
    legs = cases.opposite(session, row.hold_transaction_id, row.transaction_id)
    posted = ledger.post(session, _posting(session, row, f"{row.key}:back", f"{row.purpose}_reversal", legs))
    driver(session).execute("update transfer set reversal_id = %s where id = %s", (posted.id, row.id))
    return posted


def _posting(session: Session, row: TransferRow, key: str, kind: str, legs: tuple[Leg, ...]) -> Posting:
    reference = purposes.get(row.purpose).reference(session, row)
    return Posting(row.source, key, kind, legs, reference=reference, actor=SYSTEM.name)


def _merged(legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
    """Return the legs with one line for each account, as the ledger wants them."""
    by_account: dict[object, Leg] = {}
    for leg in legs:
        known = by_account.get(leg.account_id)
        by_account[leg.account_id] = leg if known is None else replace(known, amount=known.amount + leg.amount)
    return tuple(leg for leg in by_account.values() if leg.amount.minor)


def fee_within(amount: Money, fee: Money | None) -> Money:
    """Return the provider's fee if it can be booked beside `amount`: in its currency, not negative, not more."""
    if fee is None or fee.currency is not amount.currency or not 0 <= fee.minor <= amount.minor:
        return Money.zero(amount.currency)
    return fee
