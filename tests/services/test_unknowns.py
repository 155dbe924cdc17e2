"""The queue: nothing leaves it without a proof, a word and, where money leaves, a second person."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from core import clock
from core.database import Database, Session, fetch_all
from core.errors import Forbidden, InvalidInput, NotFound
from core.money import Currency, Money
from core.permissions import SYSTEM, Actor
from models.ledger import AccountKind
from models.transfers import CaseKind, Transfer, TransferState
from providers.answers import Reason
from services import approvals, ledger, provider_accounts, unknowns
from services.approvals import AlreadyAsked, DecideApproval, SamePerson
from services.ledger import Leg
from services.provider_accounts import AccountRow, PauseAccount
from services.transfers import purposes
from services.transfers.cases import open_case
from services.transfers.purposes import Purpose
from services.transfers.rows import TransferRow
from services.unknowns import (
    AttachProof,
    CaseClosed,
    CaseOutcome,
    CaseRow,
    CaseSearch,
    CloseCase,
    MoneyInSuspense,
    NotCreditable,
    NothingInSuspense,
    NotUnknown,
    ProofNeeded,
    ProofTooLarge,
    ProofUnreadable,
    QueueSearch,
    Settlement,
    SettleUnknown,
)
from tests.builders import payments
from tests.builders.people import trail

XOF = Currency.XOF
PDF = b"%PDF-1.7 releve du 21 novembre"


class Debt(Purpose):
    """A purpose of the tests: what comes in is owed to somebody, what goes out was."""

    name = "test_debt"

    def settle(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        """Owe it, or no longer."""
        owed = ledger.house_account(session, AccountKind.PAYABLE, row.amount.currency)
        return (Leg(owed, -row.amount if row.is_collect else row.amount),)


@pytest.fixture(autouse=True)
def debt() -> Iterator[None]:
    """Make the purpose known while a test runs."""
    purposes.register(Debt())
    yield
    del purposes._registered[Debt.name]


@pytest.fixture
def account(database: Database) -> AccountRow:
    return payments.account(database, "mtn")


@pytest.fixture
def one(database: Database) -> Actor:
    return payments.operator(database, "un@x.org")


@pytest.fixture
def two(database: Database) -> Actor:
    return payments.operator(database, "deux@x.org")


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


# Settling


def test_a_collect_is_settled_by_one_person_with_a_proof(database: Database, account: AccountRow, one: Actor) -> None:
    transfer = unknown(database, account)
    with pytest.raises(ProofNeeded):
        settled(database, one, transfer)
    assert state(database, transfer) == "unknown"
    prove(database, one, transfer)
    done = settled(database, one, transfer, provider_ref="MP12", fee_minor=50)
    assert (done.approval, done.transfer.state) == (None, "succeeded")
    assert house(database, AccountKind.PROVIDER_FLOAT, account) == 4_950
    assert house(database, AccountKind.FEE_EXPENSE, account) == 50
    assert house(database, AccountKind.PAYABLE) == 5_000
    with database.transaction() as session:
        (event,) = fetch_all(session, "select * from transfer_event where transfer_id = %s", (transfer.id,))
    assert (event["cause"], event["detail"], event["actor"]) == ("operator", "Ligne 12 du relevé", "Awa Diop")


def test_a_collect_settled_as_failed_moves_nothing_and_says_why(
    database: Database, account: AccountRow, one: Actor
) -> None:
    transfer = unknown(database, account)
    prove(database, one, transfer)
    with pytest.raises(InvalidInput):
        settled(database, one, transfer, "failed")
    settled(database, one, transfer, "failed", reason=Reason.NEVER_RECEIVED)
    row = payments.transfer_now(database, transfer)
    assert (row.state, row.reason, row.transaction_id) == ("failed", "never_received", None)
    assert house(database, AccountKind.PROVIDER_FLOAT, account) == 0


def test_a_payout_takes_a_second_person(database: Database, account: AccountRow, one: Actor, two: Actor) -> None:
    transfer = unknown(database, account, direction="payout")
    prove(database, one, transfer)
    asked = settled(database, one, transfer)
    assert asked.approval is not None
    assert state(database, transfer) == "unknown"
    assert house(database, AccountKind.PROVIDER_FLOAT, account) == 0
    with pytest.raises(AlreadyAsked):
        settled(database, two, transfer)
    with pytest.raises(SamePerson):
        agreed(database, one, asked.approval.id)
    agreed(database, two, asked.approval.id)
    assert state(database, transfer) == "succeeded"
    assert house(database, AccountKind.PROVIDER_FLOAT, account) == -5_000
    with database.transaction() as session:
        (event,) = fetch_all(session, "select * from transfer_event where transfer_id = %s", (transfer.id,))
    assert event["detail"] == "Ligne 12 du relevé (Awa Diop)"


def test_what_the_provider_told_meanwhile_wins(database: Database, account: AccountRow, one: Actor, two: Actor) -> None:
    transfer = unknown(database, account, direction="refund")
    prove(database, one, transfer)
    asked = settled(database, one, transfer, "failed", reason=Reason.NEVER_RECEIVED)
    assert asked.approval is not None
    with database.transaction() as session:
        row = session.get(Transfer, transfer.id)
        assert row is not None
        row.state = TransferState.SUCCEEDED
        session.add(row)
    with pytest.raises(NotUnknown):
        agreed(database, two, asked.approval.id)
    assert state(database, transfer) == "succeeded"
    with database.transaction() as session:
        assert approvals.get_approval(session, two, asked.approval.id).state == "waiting"


@pytest.mark.parametrize("known", ["created", "submitted", "pending", "succeeded", "failed", "expired", "cancelled"])
def test_only_an_unknown_is_settled(database: Database, account: AccountRow, one: Actor, known: str) -> None:
    transfer = unknown(database, account, state=known)
    prove(database, one, transfer)
    with pytest.raises(NotUnknown):
        settled(database, one, transfer)


def test_of_two_who_settle_at_once_one_does(database: Database, account: AccountRow, one: Actor, two: Actor) -> None:
    transfer = unknown(database, account)
    prove(database, one, transfer)

    def try_it(actor_and_end: tuple[Actor, str]) -> str:
        actor, end = actor_and_end
        try:
            return settled(database, actor, transfer, end, reason=Reason.NEVER_RECEIVED).transfer.state
        except NotUnknown:
            return "late"

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(try_it, [(one, "succeeded"), (two, "failed"), (two, "succeeded"), (one, "expired")]))
    assert sorted(end == "late" for end in ends) == [False, True, True, True]
    with database.transaction() as session:
        assert len(fetch_all(session, "select 1 from transfer_event where transfer_id = %s", (transfer.id,))) == 1
    assert house(database, AccountKind.PROVIDER_FLOAT, account) in {0, 5_000}


def test_who_may_settle(database: Database, account: AccountRow, one: Actor) -> None:
    transfer = unknown(database, account)
    prove(database, one, transfer)
    reader = payments.reader(database)
    with pytest.raises(Forbidden):
        settled(database, reader, transfer)
    with pytest.raises(Forbidden):
        prove(database, reader, transfer)
    with pytest.raises(Forbidden), database.transaction() as session:
        unknowns.close_case(session, reader, CloseCase(case_id=transfer.id, resolution="x" * 10))
    assert settled(database, payments.administrator(database), transfer).transfer.state == "succeeded"


# Proofs


@pytest.mark.parametrize(
    ("content_type", "content", "is_right"),
    [
        ("application/pdf", PDF, True),
        ("image/png", b"\x89PNG\r\n\x1a\n...", True),
        ("image/jpeg", b"\xff\xd8\xff...", True),
        ("text/plain", "Bonjour, payé.".encode(), True),
        ("text/csv", b"date;montant", True),
        ("application/pdf", b"<html>", False),
        ("image/png", PDF, False),
        ("text/plain", b"a\x00b", False),
        ("text/html", b"<script>", False),
        ("image/svg+xml", b"<svg>", False),
        ("application/zip", b"PK\x03\x04", False),
        ("application/pdf", b"", False),
    ],
)
def test_what_a_proof_may_be(  # one row of a table
    database: Database, account: AccountRow, one: Actor, *, content_type: str, content: bytes, is_right: bool
) -> None:
    order = AttachProof(
        transfer_id=unknown(database, account).id, file_name="x", content_type=content_type, content=content
    )
    with database.transaction() as session:
        if is_right:
            assert unknowns.attach_proof(session, one, order).size_bytes == len(content)
        else:
            with pytest.raises(ProofUnreadable):
                unknowns.attach_proof(session, one, order)


def test_a_proof_is_five_megabytes_at_most_and_there_once(
    database: Database, account: AccountRow, one: Actor, two: Actor
) -> None:
    transfer = unknown(database, account)
    with pytest.raises(ProofTooLarge):
        prove(database, one, transfer, PDF + b"a" * (5 << 20))
    assert prove(database, one, transfer) == prove(database, two, transfer)
    with database.transaction() as session:
        (row,) = unknowns.list_proofs(session, one, transfer.id)
        assert (row.file_name, row.added_by_name, row.size_bytes) == ("relevé.pdf", "Awa Diop", len(PDF))
        assert unknowns.get_proof(session, one, row.id).content == PDF
        reader = payments.reader(database)
        with pytest.raises(Forbidden):
            unknowns.get_proof(session, reader, row.id)


def test_a_path_in_a_name_is_cut(database: Database, account: AccountRow, one: Actor) -> None:
    order = AttachProof(
        transfer_id=unknown(database, account).id,
        file_name="..\\..\\etc/relevé.pdf",
        content_type="application/pdf",
        content=PDF,
    )
    with database.transaction() as session:
        assert unknowns.attach_proof(session, one, order).file_name == "relevé.pdf"


# Cases


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


def test_settling_it_as_failed_leaves_its_money_to_be_dealt_with(
    database: Database, account: AccountRow, one: Actor
) -> None:
    transfer = unknown(database, account, reason="mismatch_amount")
    case_id = mismatch(database, account, transfer)
    prove(database, one, transfer)
    settled(database, one, transfer, "failed", reason=Reason.MISMATCH_AMOUNT)
    row = case_of(database, case_id)
    assert (row.closed_at, row.is_in_suspense) == (None, True)


# The queue


def test_the_queue_shows_the_oldest_first_and_counts_everything(
    database: Database, account: AccountRow, one: Actor
) -> None:
    first = unknown(database, account, party_phone="+2290197000001", reason="no_answer")
    second = unknown(database, account, direction="payout")
    unknown(database, account, state=TransferState.PENDING)
    prove(database, one, second)
    asked = settled(database, one, second)
    assert asked.approval is not None
    late(database, account)
    contradiction(database, account)
    with database.transaction() as session:
        rows, total = unknowns.list_unknowns(session, one, QueueSearch())
        assert (total, [row.id for row in rows]) == (2, [first.id, second.id])
        assert (rows[0].party, rows[0].amount, rows[0].proofs) == ("+22901****01", Money(5_000, XOF), 0)
        assert (rows[1].proofs, rows[1].approval_id, rows[1].asked_by) == (1, asked.approval.id, one.user_id)
        assert (rows[0].is_resend_safe, rows[0].not_seen_is_proof) == (True, True)
        found, _ = unknowns.list_unknowns(session, one, QueueSearch(text=first.reference))
        assert [row.id for row in found] == [first.id]
        counts = unknowns.count_queue(session, one)
        assert (counts.unknown, counts.cases, counts.total) == (2, {"contradiction": 1, "late_money": 1}, 4)
        cases, total = unknowns.list_cases(session, one, CaseSearch(kind=CaseKind.LATE_MONEY))
        assert (total, cases[0].provider_ref, cases[0].amount) == (1, "MP99", Money(5_000, XOF))
        with pytest.raises(NotFound):
            unknowns.get_unknown(session, one, cases[0].id)


def test_nothing_in_the_queue_can_be_dismissed() -> None:
    verbs = {
        name for name in unknowns.__all__ if name[0].islower() and not name.startswith(("list_", "get_", "count_"))
    }
    assert verbs == {"attach_proof", "settle", "close_case"}
