"""What only a person can close: late money, contradictions, mismatches, payments nobody asked for, unknown words.

A case is opened once, is an alert in the trail, and keeps the money it speaks of in the provider's suspense account.
"""

from typing import Any
from uuid import UUID

import structlog

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.money import Currency, Money
from core.permissions import SYSTEM
from models.ledger import AccountKind, Source
from models.transfers import CaseKind
from services import audit, ledger
from services.ledger import Leg, Posting
from services.transfers.bell import ring_after_commit

OWNER = "provider_account"
_KEYS = {CaseKind.LATE_MONEY: "late"}

_log = structlog.get_logger(__name__)


def open_case(  # noqa: PLR0913  # what a case says, by name
    session: Session,
    *,
    account_id: UUID,
    kind: CaseKind,
    dedupe_key: str,
    transfer_id: UUID | None = None,
    provider_ref: str = "",
    amount: Money | None = None,
    detail: str = "",
    is_outgoing: bool = False,
    has_money: bool = False,
) -> UUID | None:
    """Open a case and alert, once per (account, kind, `dedupe_key`); return its id, None when it is known.

    `has_money`: `amount` really came in (or left, `is_outgoing`) and belongs to nothing we know: it is posted to the
    provider's suspense account in this transaction, once.
    """
    case_id = ids.new_id()
    known = fetch_one(
        session,
        """
        insert into transfer_case (id, created_at, account_id, transfer_id, kind, dedupe_key, provider_ref,
            amount_minor, currency, detail, resolution)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '')
        on conflict (account_id, kind, dedupe_key) do nothing returning id
        """,
        (
            case_id,
            clock.now(),
            account_id,
            transfer_id,
            kind,
            dedupe_key,
            provider_ref,
            amount.minor if amount else None,
            amount.currency if amount else "",
            detail,
        ),
    )
    if known is None:
        return None
    if has_money and amount is not None and amount.minor > 0:
        key = f"{_KEYS.get(kind, kind)}:{provider_ref or dedupe_key}:{account_id}"
        transaction_id = _suspend(session, account_id, key, -amount if is_outgoing else amount)
        driver(session).execute("update transfer_case set transaction_id = %s where id = %s", (transaction_id, case_id))
    changes: dict[str, Any] = {"kind": kind, "transfer_id": str(transfer_id or ""), "provider_ref": provider_ref}
    audit.record(session, SYSTEM, "transfer_case.open", "transfer_case", case_id, detail, changes)
    _log.warning("transfer.case", kind=kind, transfer_id=str(transfer_id or ""), case_id=str(case_id))
    ring_after_commit(session)
    return case_id


def release_suspense(session: Session, transfer_id: UUID) -> None:
    """Take what a mismatch of this transfer put in suspense back out: its success posts the same money itself."""
    suspended = fetch_one(
        session,
        """
        select c.account_id, t.id, t.key from transfer_case c join ledger_transaction t on t.id = c.transaction_id
        where c.transfer_id = %s and c.kind = %s
        """,
        (transfer_id, CaseKind.MISMATCH),
    )
    if suspended is None:
        return
    legs = opposite(session, suspended["id"])
    ledger.post(
        session,
        Posting(Source.TRANSFER, f"{suspended['key']}:back", "suspense", legs, actor=SYSTEM.name),
    )


def opposite(session: Session, *transaction_ids: UUID | None) -> tuple[Leg, ...]:
    """Return the legs that undo these transactions together; accounts that come out even are left out."""
    totals: dict[UUID, Money] = {}
    for transaction_id in transaction_ids:
        if transaction_id is None:
            continue
        for entry in ledger.get_transaction(session, transaction_id)["entries"]:
            money = Money(-entry["amount"], Currency(entry["currency"]))
            totals[entry["account_id"]] = totals.get(entry["account_id"], Money.zero(money.currency)) + money
    return tuple(Leg(account_id, money) for account_id, money in totals.items() if money.minor)


def _suspend(session: Session, account_id: UUID, key: str, moved: Money) -> UUID:
    place = (moved.currency, OWNER, account_id)
    held = ledger.house_account(session, AccountKind.PROVIDER_FLOAT, *place)
    suspense = ledger.house_account(session, AccountKind.SUSPENSE, *place)
    posting = Posting(Source.TRANSFER, key, "suspense", (Leg(held, moved), Leg(suspense, -moved)), actor=SYSTEM.name)
    return ledger.post(session, posting).id
