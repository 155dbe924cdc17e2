"""Transfers nobody knows the end of, and the people who find out."""

from typing import Any
from uuid import UUID

from core import clock
from core.database import Database, Session
from core.money import Currency, Money
from core.permissions import SYSTEM, Actor
from models.ledger import AccountKind
from models.transfers import CaseKind, Transfer, TransferState
from services import approvals, ledger, provider_accounts, unknowns
from services.approvals import DecideApproval
from services.ledger import Leg
from services.provider_accounts import AccountRow, PauseAccount
from services.transfers.cases import open_case
from services.transfers.purposes import Purpose
from services.transfers.rows import TransferRow
from services.unknowns import (
    AttachProof,
    CaseOutcome,
    CaseRow,
    CloseCase,
    Settlement,
    SettleUnknown,
)
from tests.builders import payments

XOF = Currency.XOF
PDF = b"%PDF-1.7 releve du 21 novembre"


class Debt(Purpose):
    """A purpose of the tests: what comes in is owed to somebody, what goes out was."""

    name = "test_debt"

    def settle(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        """Owe it, or no longer."""
        owed = ledger.house_account(session, AccountKind.PAYABLE, row.amount.currency)
        return (Leg(owed, -row.amount if row.is_collect else row.amount),)


def unknown(database: Database, account: AccountRow, **columns: Any) -> Transfer:
    known = {"purpose": Debt.name, "state": TransferState.UNKNOWN, "unknown_at": clock.now(), **columns}
    return payments.transfer(database, account.id, **known)


def prove(database: Database, actor: Actor, transfer: Transfer, content: bytes = PDF) -> UUID:
    order = AttachProof(
        transfer_id=transfer.id, file_name="relevé.pdf", content_type="application/pdf", content=content
    )
    with database.transaction() as session:
        return unknowns.attach_proof(session, actor, order).id


def settled(database: Database, actor: Actor, transfer: Transfer, to: str = "succeeded", **more: Any) -> Settlement:
    order = {"transfer_id": transfer.id, "to": to, "detail": "Ligne 12 du relevé", **more}
    with database.transaction() as session:
        return unknowns.settle(session, actor, SettleUnknown.model_validate(order))


def agreed(database: Database, actor: Actor, approval_id: UUID) -> None:
    with database.transaction() as session:
        approvals.decide(session, actor, DecideApproval(approval_id=approval_id, is_approved=True))


def house(database: Database, kind: AccountKind, account: AccountRow | None = None) -> int:
    owner = ("provider_account", account.id) if account else ("platform", None)
    with database.transaction() as session:
        return ledger.get_balance(session, ledger.house_account(session, kind, XOF, *owner)).minor


def state(database: Database, transfer: Transfer) -> str:
    return payments.transfer_now(database, transfer).state


def late(database: Database, account: AccountRow, amount: int = 5_000, **columns: Any) -> tuple[Transfer, UUID]:
    transfer = unknown(database, account, state=TransferState.FAILED, **columns)
    with database.transaction() as session:
        case_id = open_case(
            session,
            account_id=account.id,
            kind=CaseKind.LATE_MONEY,
            dedupe_key=str(transfer.id),
            transfer_id=transfer.id,
            provider_ref="MP99",
            amount=Money(amount, XOF),
            is_outgoing=columns.get("direction") == "payout",
            has_money=True,
        )
    assert case_id is not None
    return transfer, case_id


def closed(database: Database, actor: Actor, case_id: UUID, outcome: str = "explained") -> UUID | None:
    order = CloseCase(case_id=case_id, outcome=CaseOutcome(outcome), resolution="Vu avec l'opérateur.")
    with database.transaction() as session:
        closing = unknowns.close_case(session, actor, order)
    assert closing.is_closed == (closing.approval is None)
    return closing.approval.id if closing.approval else None


def case_of(database: Database, case_id: UUID) -> CaseRow:
    with database.transaction() as session:
        return unknowns.get_case(session, SYSTEM, case_id)


def contradiction(database: Database, account: AccountRow) -> UUID:
    transfer = unknown(database, account, state=TransferState.SUCCEEDED)
    with database.transaction() as session:
        case_id = open_case(
            session,
            account_id=account.id,
            kind=CaseKind.CONTRADICTION,
            dedupe_key=str(transfer.id),
            transfer_id=transfer.id,
        )
        order = PauseAccount(account_id=account.id, reason="contradiction X", has_payouts_only=True)
        provider_accounts.pause_account(session, SYSTEM, order)
    assert case_id is not None
    return case_id
