"""The books: what examines the ledger holds, says so, and seals what was written."""

import psycopg
import pytest

from core.database import Database, driver
from core.i18n import language
from core.money import Currency
from models.ledger import AccountKind
from services import books, ledger
from tests.builders.bank import Bank, transfer
from tests.builders.story import Story, broken_for, harm_entry, harm_transaction


def test_the_books_hold_and_say_so(story: Story) -> None:
    with story.bank.database.transaction() as session:
        findings = books.list_findings(session)
        head = books.get_head(session)

    assert [finding.invariant.number for finding in findings] == [1, 2, 3, 4, 5, 6, 8, 9]
    assert all(finding.holds and finding.violations == () for finding in findings)
    assert (head["entries"], head["transactions"], head["to_id"]) == (9, 4, 9)
    assert len(str(head["sha256"])) == 64


def test_an_empty_ledger_holds_too(database: Database) -> None:
    bank = Bank(database)

    assert bank.broken() == set()
    assert bank.seal() == 0
    with database.transaction() as session:
        assert books.get_head(session) == {
            "entries": 0,
            "transactions": 0,
            "seal": None,
            "sha256": None,
            "sealed_at": None,
            "to_id": None,
        }


def test_every_invariant_has_its_title_in_two_languages() -> None:
    titles = {}
    for spoken in ("fr", "en"):
        language.set(spoken)
        titles[spoken] = [books.describe(invariant) for invariant in books.INVARIANTS]
    language.set("fr")

    assert titles["fr"] == [invariant.title for invariant in books.INVARIANTS]
    assert not set(titles["fr"]) & set(titles["en"])


def test_a_finding_shows_twenty_and_counts_all(story: Story) -> None:
    with story.bank.owner() as owner:
        owner.execute("update ledger_account set balance = balance + 1 where not is_house")
        for number in range(30):
            harm_transaction(owner, f"hollow {number}")

    with story.bank.database.transaction() as session:
        found = {finding.invariant.number: finding for finding in books.list_findings(session) if not finding.holds}

    assert {number: finding.count for number, finding in found.items()} == {1: 30, 2: 2}
    assert len(found[1].violations) == 20
    assert found[1].violations[0][1] == "no entry"


def test_seals_close_windows_of_the_size_asked(story: Story) -> None:
    for number in range(5):
        story.bank.post(transfer(story.awa, story.moussa, 1, f"s{number}"))

    assert [story.bank.seal(most=4) for _ in range(4)] == [4, 4, 2, 0]
    assert story.bank.figure("select array_agg(count order by id) from ledger_seal") == [5, 4, 4, 4, 2]
    assert story.bank.broken() == set()


def test_a_seal_waits_for_postings_in_flight_and_gives_up_politely(story: Story) -> None:
    with story.bank.database.transaction() as session:
        ledger.post(session, transfer(story.awa, story.moussa, 1, "s1"))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            story.bank.seal()

    assert story.bank.seal() == 2


def test_postings_go_on_while_a_window_is_hashed(story: Story) -> None:
    story.bank.post(transfer(story.awa, story.moussa, 1, "s1"))
    with story.bank.database.transaction() as session:
        assert ledger.seal_next(session) == 2
        story.bank.post(transfer(story.awa, story.moussa, 1, "s2"))  # the seal is not committed yet

    assert story.bank.seal() == 2
    assert story.bank.broken() == set()


def test_one_sealer_at_a_time(story: Story) -> None:
    story.bank.post(transfer(story.awa, story.moussa, 1, "s1"))
    with story.bank.database.transaction() as session:
        ledger.seal_next(session)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            story.bank.seal()

    assert story.bank.seal() == 0


def test_a_seal_refuses_an_old_snapshot(story: Story) -> None:
    with story.bank.database.transaction() as session:
        driver(session).execute("set transaction isolation level repeatable read")
        with pytest.raises(psycopg.DatabaseError, match="a seal must see") as refusal:
            ledger.seal_next(session)

    assert refusal.value.sqlstate == "PL004"


def test_mixed_currencies_are_examined_each_on_its_own(story: Story) -> None:
    story.bank.wallet(500_00, Currency.CDF)
    opening = story.bank.house(AccountKind.OPENING, Currency.CDF)
    assert story.bank.broken() == set()

    with story.bank.owner() as owner:
        owner.execute("drop trigger ledger_entry_balanced on ledger_entry")
        transaction_id = harm_transaction(owner)
        harm_entry(owner, story.fees, -100, transaction_id)
        owner.execute(
            "insert into ledger_entry (transaction_id, account_id, currency, amount) values (%s, %s, 'CDF', 100)",
            (transaction_id, opening),
        )
        assert broken_for(owner) == {1}
        owner.rollback()
