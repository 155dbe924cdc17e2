"""Cases: late money, contradictions, mismatches, money nobody asked for. Each is closed by a person, with a word.

A case whose money waits in suspense is closed by moving that money, and moving it needs a second person.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from core import clock
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency
from core.orders import Order
from core.permissions import Actor, Permission
from models.ledger import AccountKind, Source
from models.transfers import CaseKind, TransferCase, TransferState
from providers.answers import Reason
from services import approvals, audit, ledger
from services.approvals import ApprovalRow, AskApproval
from services.ledger import Leg, Posting
from services.transfers import purposes
from services.transfers.cases import OWNER, opposite
from services.transfers.rows import TransferRow, find
from services.unknowns.refusals import CaseClosed, MoneyInSuspense, NotCreditable, NothingInSuspense, TransferStillOpen


class CaseOutcome(StrEnum):
    """What became of it: words were enough, the provider took the money back, the person got it, or the house did."""

    EXPLAINED = "explained"
    RETURNED = "returned"
    CREDITED = "credited"
    ABSORBED = "absorbed"


class CloseCase(Order):
    """What a person found out about a case."""

    case_id: UUID
    outcome: CaseOutcome = CaseOutcome.EXPLAINED
    resolution: str = Field(min_length=10, max_length=1000)


@dataclass(frozen=True, slots=True)
class Closing:
    """Whether the case is closed, or the question a second person is to answer."""

    is_closed: bool
    approval: ApprovalRow | None = None


def close_case(session: Session, actor: Actor, order: CloseCase) -> Closing:
    """Close a case, at once where words are enough; where money moves, a second person agrees first."""
    actor.require(Permission.PAYMENTS_ACT)
    case = _locked(session, order.case_id)
    if order.outcome is CaseOutcome.EXPLAINED:
        if _is_money_waiting(session, case):
            raise MoneyInSuspense
        _close(session, actor, case, order.outcome, order.resolution)
        return Closing(is_closed=True)
    _legs(session, case, order.outcome)  # refuse now what would be refused later
    approval = approvals.ask(
        session,
        actor,
        AskApproval(
            kind=CLOSE.name,
            subject_type="transfer_case",
            subject_id=case.id,
            summary=f"{case.kind} · {case.provider_ref or case.dedupe_key} → {order.outcome}",
            payload=order.model_dump(mode="json"),
            reason=order.resolution[:500],
        ),
    )
    return Closing(is_closed=False, approval=approval)


def close_mismatches(session: Session, actor: Actor, row: TransferRow, resolution: str) -> None:
    """Close the mismatches of a transfer that was just settled; one whose money still waits stays open."""
    found = fetch_all(
        session,
        "select id from transfer_case where transfer_id = %s and kind = %s and closed_at is null",
        (row.id, CaseKind.MISMATCH),
    )
    for record in found:
        case = _locked(session, record["id"])
        if not _is_money_waiting(session, case):
            _close(session, actor, case, CaseOutcome.EXPLAINED, resolution)


def _locked(session: Session, case_id: UUID) -> TransferCase:
    case = session.get(TransferCase, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise NotFound(thing="transfer_case")
    if case.closed_at is not None:
        raise CaseClosed
    return case


def _close(session: Session, actor: Actor, case: TransferCase, outcome: CaseOutcome, resolution: str) -> None:
    case.closed_at, case.closed_by, case.resolution = clock.now(), actor.user_id, f"{outcome}: {resolution}"
    session.add(case)
    session.flush()
    changes = {"outcome": outcome, "kind": case.kind, "transfer_id": str(case.transfer_id or "")}
    audit.record(session, actor, "transfer_case.close", "transfer_case", case.id, resolution, changes)
    if case.kind == CaseKind.CONTRADICTION:
        _let_payouts_go(session, actor, case.account_id)


def _let_payouts_go(session: Session, actor: Actor, account_id: UUID) -> None:
    """Let payouts leave again once every contradiction of an account was looked at, if that is why they waited."""
    resumed = driver(session).execute(
        """
        update provider_account set are_payouts_paused = false, pause_reason = ''
        where id = %(account)s and are_payouts_paused and pause_reason like %(reason)s and not exists (
            select 1 from transfer_case where account_id = %(account)s and kind = %(kind)s and closed_at is null)
        """,
        {"account": account_id, "reason": f"{Reason.CONTRADICTION}%", "kind": CaseKind.CONTRADICTION},
    )
    if resumed.rowcount:
        audit.record(session, actor, "provider_account.resume_payouts", "provider_account", account_id)


def _is_money_waiting(session: Session, case: TransferCase) -> bool:
    """Say whether what the case put in suspense is still there; a success that came later took it back out."""
    if case.transaction_id is None:
        return False
    taken = fetch_one(
        session,
        """
        select 1 as one from ledger_transaction t join ledger_transaction b
               on b.source = t.source and b.key = t.key || ':back'
        where t.id = %s
        """,
        (case.transaction_id,),
    )
    return taken is None


def _legs(session: Session, case: TransferCase, outcome: CaseOutcome) -> tuple[Leg, ...]:
    """Return the legs that empty the suspense of a case, to where its outcome says."""
    if not _is_money_waiting(session, case):
        raise NothingInSuspense
    row = find(session, case.transfer_id) if case.transfer_id else None
    if row is not None and row.is_open:
        raise TransferStillOpen
    undone = opposite(session, case.transaction_id)
    if outcome is CaseOutcome.RETURNED:
        return undone
    suspense = ledger.house_account(session, AccountKind.SUSPENSE, Currency(case.currency), OWNER, case.account_id)
    leg = next(leg for leg in undone if leg.account_id == suspense)
    if outcome is CaseOutcome.ABSORBED:
        borne = ledger.house_account(session, AccountKind.FEE_EXPENSE, leg.amount.currency, OWNER, case.account_id)
        return leg, Leg(borne, -leg.amount)
    if row is None or not row.is_collect or row.state is TransferState.SUCCEEDED or leg.amount != row.amount:
        raise NotCreditable
    return leg, *purposes.get(row.purpose).settle(session, row)


def _apply(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    """Move what waits and close the case; a case closed meanwhile refuses."""
    order = CloseCase.model_validate(approval.payload)
    case = _locked(session, order.case_id)
    legs = _legs(session, case, order.outcome)
    key = f"case:{case.id}"
    ledger.post(session, Posting(Source.TRANSFER, key, f"case_{order.outcome}", legs, actor=actor.name))
    _close(session, actor, case, order.outcome, f"{order.resolution} ({approval.asked_by_name})")


CLOSE = approvals.register(
    approvals.Kind(
        name="close_case",
        title="Clore un dossier en déplaçant son argent",
        asks=Permission.PAYMENTS_ACT,
        decides=Permission.PAYMENTS_ACT,
        on_approved=_apply,
    )
)
