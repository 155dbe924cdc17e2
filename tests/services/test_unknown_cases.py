"""Cases: late money, contradictions, mismatches. Words close them, unless money waits: that takes two persons."""

from uuid import UUID

import pytest

from core.database import Database
from core.money import Money
from core.permissions import Actor
from models.ledger import AccountKind
from models.transfers import CaseKind, Transfer
from providers.answers import Reason
from services import provider_accounts
from services.approvals import SamePerson
from services.provider_accounts import AccountRow, PauseAccount
from services.transfers.cases import open_case
from services.unknowns import (
    CaseClosed,
    MoneyInSuspense,
    NotCreditable,
    NothingInSuspense,
    TransferStillOpen,
)
from tests.builders.people import trail
from tests.services.unknown_world import (
    XOF,
    agreed,
    case_of,
    closed,
    contradiction,
    house,
    late,
    prove,
    settled,
    state,
    unknown,
)


@pytest.mark.parametrize(
    ("outcome", "held", "owed", "borne"),
    [("returned", 0, 0, 0), ("credited", 5_000, 5_000, 0), ("absorbed", 5_000, 0, -5_000)],
)
def test_late_money_is_moved_by_two_persons(  # one row of a table
    database: Database, account: AccountRow, one: Actor, two: Actor, outcome: str, held: int, owed: int, borne: int
) -> None:
    transfer, case_id = late(database, account)
    assert house(database, AccountKind.SUSPENSE, account) == 5_000
    assert case_of(database, case_id).is_in_suspense
    with pytest.raises(MoneyInSuspense):
        closed(database, one, case_id)
    approval_id = closed(database, one, case_id, outcome)
    assert approval_id is not None
    assert house(database, AccountKind.SUSPENSE, account) == 5_000
    with pytest.raises(SamePerson):
        agreed(database, one, approval_id)
    agreed(database, two, approval_id)
    assert house(database, AccountKind.SUSPENSE, account) == 0
    assert house(database, AccountKind.PROVIDER_FLOAT, account) == held
    assert house(database, AccountKind.PAYABLE) == owed
    assert house(database, AccountKind.FEE_EXPENSE, account) == borne
    assert state(database, transfer) == "failed"
    row = case_of(database, case_id)
    assert row.resolution == f"{outcome}: Vu avec l'opérateur. (Awa Diop)"
    assert not row.is_in_suspense
    with pytest.raises(CaseClosed):
        closed(database, one, case_id)


def test_money_that_left_late_is_borne_by_the_house(
    database: Database, account: AccountRow, one: Actor, two: Actor
) -> None:
    _, case_id = late(database, account, direction="payout")
    assert house(database, AccountKind.PROVIDER_FLOAT, account) == -5_000
    with pytest.raises(NotCreditable):
        closed(database, one, case_id, "credited")
    approval_id = closed(database, one, case_id, "absorbed")
    assert approval_id is not None
    agreed(database, two, approval_id)
    assert house(database, AccountKind.FEE_EXPENSE, account) == 5_000
    assert house(database, AccountKind.SUSPENSE, account) == 0


def test_another_amount_is_not_credited(database: Database, account: AccountRow, one: Actor) -> None:
    _, case_id = late(database, account, amount=4_900)
    with pytest.raises(NotCreditable):
        closed(database, one, case_id, "credited")


def test_payouts_wait_until_the_last_contradiction_was_looked_at(
    database: Database, account: AccountRow, one: Actor
) -> None:
    def is_paused() -> bool:
        with database.transaction() as session:
            return provider_accounts.get_account(session, one, account.id).are_payouts_paused

    cases = [contradiction(database, account), contradiction(database, account)]
    with pytest.raises(NothingInSuspense):
        closed(database, one, cases[0], "returned")
    closed(database, one, cases[0])
    assert is_paused()
    closed(database, one, cases[1])
    assert not is_paused()
    assert len(trail(database, "provider_account.resume_payouts")) == 1


def test_payouts_that_a_person_paused_stay_so(database: Database, account: AccountRow, one: Actor) -> None:
    case_id = contradiction(database, account)
    with database.transaction() as session:
        order = PauseAccount(account_id=account.id, reason="Inventaire", has_payouts_only=True)
        provider_accounts.pause_account(session, one, order)
    closed(database, one, case_id)
    with database.transaction() as session:
        assert provider_accounts.get_account(session, one, account.id).are_payouts_paused


def mismatch(database: Database, account: AccountRow, transfer: Transfer) -> UUID:
    with database.transaction() as session:
        case_id = open_case(
            session,
            account_id=account.id,
            kind=CaseKind.MISMATCH,
            dedupe_key=str(transfer.id),
            transfer_id=transfer.id,
            provider_ref="MP7",
            amount=Money(4_900, XOF),
            has_money=True,
        )
    assert case_id is not None
    return case_id


def test_settling_a_mismatch_as_paid_closes_its_case(database: Database, account: AccountRow, one: Actor) -> None:
    transfer = unknown(database, account, reason="mismatch_amount")
    case_id = mismatch(database, account, transfer)
    assert house(database, AccountKind.SUSPENSE, account) == 4_900
    prove(database, one, transfer)
    settled(database, one, transfer)
    assert case_of(database, case_id).closed_at is not None
    assert house(database, AccountKind.SUSPENSE, account) == 0
    assert house(database, AccountKind.PROVIDER_FLOAT, account) == 5_000


def test_its_money_is_not_moved_while_the_transfer_may_still_claim_it(
    database: Database, account: AccountRow, one: Actor
) -> None:
    case_id = mismatch(database, account, unknown(database, account, reason="mismatch_amount"))
    for outcome in ("returned", "credited", "absorbed"):
        with pytest.raises(TransferStillOpen):
            closed(database, one, case_id, outcome)
    with pytest.raises(MoneyInSuspense):
        closed(database, one, case_id)


def test_settling_it_as_failed_leaves_its_money_to_be_dealt_with(
    database: Database, account: AccountRow, one: Actor
) -> None:
    transfer = unknown(database, account, reason="mismatch_amount")
    case_id = mismatch(database, account, transfer)
    prove(database, one, transfer)
    settled(database, one, transfer, "failed", reason=Reason.MISMATCH_AMOUNT)
    row = case_of(database, case_id)
    assert (row.closed_at, row.is_in_suspense) == (None, True)
