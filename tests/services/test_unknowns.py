"""The queue: nothing leaves it without a proof, a word and, where money leaves, a second person."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.database import Database, fetch_all
from core.errors import Forbidden, InvalidInput, NotFound
from core.money import Money
from core.permissions import Actor
from models.ledger import AccountKind
from models.transfers import CaseKind, Transfer, TransferState
from providers.answers import Reason
from services import approvals, unknowns
from services.approvals import AlreadyAsked, SamePerson
from services.provider_accounts import AccountRow
from services.unknowns import (
    AttachProof,
    CaseSearch,
    CloseCase,
    NotUnknown,
    ProofNeeded,
    ProofTooLarge,
    ProofUnreadable,
    QueueSearch,
)
from tests.builders import payments
from tests.services.unknown_world import (
    PDF,
    XOF,
    agreed,
    contradiction,
    house,
    late,
    prove,
    settled,
    state,
    unknown,
)

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
