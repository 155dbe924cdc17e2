"""Reconciliation, told as the nights of one account: what matches is silent, what differs waits for somebody."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from core import clock
from core.database import Database, fetch_all, fetch_one
from core.errors import Forbidden
from core.money import Currency, Money
from core.permissions import Actor
from models.ledger import AccountKind
from models.reconciliation import ReconciliationRun
from models.transfers import Transfer
from providers import registry
from providers.answers import Balance, Line, SeenState
from services import books, ledger, reconciliation
from services.provider_accounts import AccountRow
from services.reconciliation import ResolveItem
from services.reconciliation.comparing import Compared, compare
from services.reconciliation.days import end_run, open_run
from services.reconciliation.fetching import save_lines
from tests.builders import payments
from tests.builders.bank import Bank
from tests.builders.reconciliation import DAY, NOON, ours, statement, suspense


def line(key: str, amount: int = 5_000, **columns: Any) -> Line:
    columns = {"kind": "collect", "at": NOON, "provider_ref": key, **columns}
    return Line(line_key=key, amount=Money(amount, Currency.XOF), **columns)


def night(database: Database, account: AccountRow, *lines: Line, day: date = DAY) -> tuple[UUID, Compared]:
    """Save a list as a night does, and compare."""
    with database.transaction() as session:
        run = open_run(session, account.id, day, "list")
        save_lines(session, run.id, account.id, lines)
        compared = compare(session, run)
        end_run(session, run)
        return run.id, compared


def kinds(database: Database, run_id: UUID) -> list[tuple[str, str]]:
    with database.transaction() as session:
        rows = fetch_all(
            session,
            "select kind, subject from reconciliation_item where run_id = %s and resolved_at is null order by 1, 2",
            (run_id,),
        )
    return [(row["kind"], row["subject"]) for row in rows]


def books_hold(database: Database) -> bool:
    with database.transaction() as session:
        return all(finding.holds for finding in books.list_findings(session) if finding.invariant.number < 5)


def test_a_night_where_all_agrees_leaves_nothing(database: Database, wave: AccountRow) -> None:
    by_theirs = ours(database, wave, provider_ref="T1")
    by_reference = ours(database, wave)
    by_id = ours(database, wave, direction="payout")

    run_id, compared = night(
        database,
        wave,
        line("T1"),
        line("T2", external_id=by_reference.reference),
        line("T3", external_id=str(by_id.external_id), kind="payout"),
        line("fee", 12, kind="other"),
    )

    assert compared == Compared(new=0, gone=0)
    with database.transaction() as session:
        run = session.get_one(ReconciliationRun, run_id)
        assert (run.theirs_count, run.ours_count, run.matched_count) == (3, 3, 3)
        assert (run.theirs_minor, run.ours_minor, run.state) == (15_000, 15_000, "open")
        linked = fetch_all(
            session, "select transfer_id from provider_line where run_id = %s order by line_key", (run_id,)
        )
    assert [row["transfer_id"] for row in linked] == [by_theirs.id, by_reference.id, by_id.id, None]
    assert suspense(database, wave) == 0


def test_each_kind_of_difference_is_told_apart(database: Database, wave: AccountRow) -> None:
    alone = ours(database, wave, provider_ref="ours-alone")
    ours(database, wave, provider_ref="less")
    ours(database, wave, provider_ref="failed-here", state="failed")
    ours(database, wave, provider_ref="dear", provider_fee_minor=50)
    ours(database, wave, provider_ref="still", state="pending", ended_at=None)
    before = ours(database, wave, provider_ref="yesterday", ended_at=NOON - timedelta(days=1))

    run_id, compared = night(
        database,
        wave,
        line("less", 4_900),
        line("failed-here"),
        line("dear", fee=Money(75, Currency.XOF)),
        line("unasked", 700),
        line("still", state=SeenState.PENDING),
        line("tried", state=SeenState.FAILED),
    )

    assert kinds(database, run_id) == [
        ("amount_differs", "less"),
        ("fee_differs", "dear"),
        ("ours_not_theirs", alone.reference),
        ("state_differs", "failed-here"),
        ("theirs_not_ours", "unasked"),
    ]
    assert compared == Compared(new=5, gone=0)
    assert before.reference not in {subject for _, subject in kinds(database, run_id)}
    assert suspense(database, wave) == 700 + 5_000  # what nobody asked for, and what came after all
    assert books_hold(database)


def test_the_next_night_finds_the_match_and_the_suspense_is_given_back(database: Database, wave: AccountRow) -> None:
    run_id, _ = night(database, wave, line("T9", 700))
    assert suspense(database, wave) == 700
    found = ours(database, wave, amount_minor=700, provider_ref="T9")

    again, compared = night(database, wave, line("T9", 700))

    assert again == run_id
    assert compared == Compared(new=0, gone=1)
    assert kinds(database, run_id) == []
    assert suspense(database, wave) == 0
    with database.transaction() as session:
        case = fetch_one(session, "select closed_at, resolution from transfer_case")
        linked = fetch_one(session, "select transfer_id from provider_line")
    assert case
    assert case["resolution"] == "later"
    assert linked == {"transfer_id": found.id}
    assert books_hold(database)


def test_comparing_twice_changes_nothing(database: Database, wave: AccountRow) -> None:
    ours(database, wave, provider_ref="alone")
    lines = (line("x", 10), line("y", 20))
    first, _ = night(database, wave, *lines)
    seen = kinds(database, first)
    entries = Bank(database).size()

    second, compared = night(database, wave, *lines)

    assert (second, compared) == (first, Compared(0, 0))
    assert kinds(database, first) == seen
    assert Bank(database).size() == entries


def test_a_later_list_that_says_success_reads_the_transfer_again(database: Database, wave: AccountRow) -> None:
    waiting = ours(database, wave, provider_ref="W", state="unknown", ended_at=None)
    assert waiting.next_read_at is None

    night(database, wave, line("W"))

    with database.transaction() as session:
        assert session.get_one(Transfer, waiting.id).next_read_at == clock.now()
        assert session.get_one(Transfer, waiting.id).state == "unknown"  # a list is no proof of its own


def test_a_list_that_pays_what_we_called_failed_is_late_money_once(database: Database, wave: AccountRow) -> None:
    failed = ours(database, wave, provider_ref="L", state="failed")

    for _ in range(2):
        night(database, wave, line("L"))

    with database.transaction() as session:
        cases = fetch_all(session, "select kind, transfer_id, amount_minor from transfer_case")
        assert session.get_one(Transfer, failed.id).state == "failed"
    assert cases == [{"kind": "late_money", "transfer_id": failed.id, "amount_minor": 5_000}]
    assert suspense(database, wave) == 5_000
    assert books_hold(database)


def test_a_list_that_denies_what_we_called_a_success_stops_the_payouts(database: Database, wave: AccountRow) -> None:
    paid = ours(database, wave, provider_ref="D", direction="payout")

    night(database, wave, line("D", kind="payout", state=SeenState.FAILED))

    with database.transaction() as session:
        cases = fetch_all(session, "select kind, transfer_id from transfer_case")
        account = fetch_one(session, "select are_payouts_paused from provider_account where id = %s", (wave.id,))
        assert session.get_one(Transfer, paid.id).state == "succeeded"
    assert cases == [{"kind": "contradiction", "transfer_id": paid.id}]
    assert account == {"are_payouts_paused": True}
    assert suspense(database, wave) == 0


def test_a_difference_is_closed_with_a_word_and_the_fee_is_entered(database: Database, wave: AccountRow) -> None:
    operator = payments.operator(database)
    dear = ours(database, wave, provider_ref="dear", provider_fee_minor=50)
    run_id, _ = night(database, wave, line("dear", fee=Money(75, Currency.XOF)))
    with database.transaction() as session:
        (item,) = reconciliation.list_items(session, operator, run_id)
        assert (item.ours, item.theirs) == (Money(50, Currency.XOF), Money(75, Currency.XOF))
    with pytest.raises(reconciliation.ResolutionNeeded), database.transaction() as session:
        reconciliation.resolve(session, operator, ResolveItem(item_id=item.id, resolution="  ok "))

    order = ResolveItem(item_id=item.id, resolution="Frais du contrat", posts_fee=True)
    with database.transaction() as session:
        reconciliation.resolve(session, operator, order)
    with pytest.raises(reconciliation.AlreadyResolved), database.transaction() as session:
        reconciliation.resolve(session, operator, order)

    with database.transaction() as session:
        assert session.get_one(Transfer, dear.id).provider_fee_minor == 75
        place = ("provider_account", wave.id)
        fees = ledger.house_account(session, AccountKind.FEE_EXPENSE, Currency.XOF, *place)
        assert fetch_one(session, "select ledger_balance(%s) as minor", (fees,)) == {"minor": 25}
    _, compared = night(database, wave, line("dear", fee=Money(75, Currency.XOF)))
    assert compared == Compared(0, 0)
    assert kinds(database, run_id) == []


def test_a_day_closes_under_the_seal_and_never_opens_again(database: Database, wave: AccountRow) -> None:
    operator = payments.operator(database)
    run_id, _ = night(database, wave, line("unasked", 700))
    with pytest.raises(reconciliation.DayStillOpen) as refusal, database.transaction() as session:
        reconciliation.close_day(session, operator, run_id)
    assert refusal.value.data == {"count": 1}
    with database.transaction() as session:
        (item,) = reconciliation.list_items(session, operator, run_id)
        reconciliation.resolve(session, operator, ResolveItem(item_id=item.id, resolution="Rendu au client"))
    with pytest.raises(reconciliation.NotSealedYet), database.transaction() as session:
        reconciliation.close_day(session, operator, run_id)
    Bank(database).seal(1_000)

    with database.transaction() as session:
        reconciliation.close_day(session, operator, run_id)
        day = reconciliation.get_day(session, operator, run_id)
        head = fetch_one(session, "select id, encode(sha256, 'hex') as hex from ledger_seal order by id desc limit 1")

    assert head
    assert (day.state, day.seal_id, day.seal_sha256) == ("closed", head["id"], head["hex"])
    for verb in (
        lambda session: reconciliation.close_day(session, operator, run_id),
        lambda session: open_run(session, wave.id, DAY, "list"),
    ):
        with pytest.raises(reconciliation.DayClosed), database.transaction() as session:
            verb(session)


def test_today_is_not_closed(database: Database, wave: AccountRow) -> None:
    operator = payments.operator(database)
    run_id, _ = night(database, wave, day=date(2026, 11, 21))

    with pytest.raises(reconciliation.DayNotOver), database.transaction() as session:
        reconciliation.close_day(session, operator, run_id)


def test_a_likeness_is_only_suggested(database: Database, wave: AccountRow) -> None:
    reader = payments.reader(database)
    alike = ours(database, wave, state="unknown", ended_at=None, party_phone="+221771234567")
    ours(database, wave, state="unknown", ended_at=None, created_at=NOON - timedelta(minutes=11))
    run_id, _ = night(database, wave, line("T1", party="+221771234567"))

    with database.transaction() as session:
        (item,) = reconciliation.list_items(session, reader, run_id)
        (suggestion,) = reconciliation.list_suggestions(session, reader, item.id)

    assert suggestion.transfer_id == alike.id
    assert suggestion.party == "+22177****67"
    assert item.kind == "theirs_not_ours"
    assert item.transfer_id is None


def test_who_may_do_what(database: Database, wave: AccountRow) -> None:
    run_id, _ = night(database, wave, line("unasked", 700))
    nobody = Actor(user_id=None, name="Personne")
    reader = payments.reader(database)
    with database.transaction() as session:
        (item,) = reconciliation.list_items(session, reader, run_id)
    writes = (
        lambda session, actor: reconciliation.resolve(session, actor, ResolveItem(item_id=item.id, resolution="Essai")),
        lambda session, actor: reconciliation.close_day(session, actor, run_id),
        lambda session, actor: reconciliation.preview_statement(session, actor, statement(wave, b"a")),
        lambda session, actor: reconciliation.import_statement(session, actor, statement(wave, b"a")),
    )
    reads = (
        lambda session, actor: reconciliation.list_days(session, actor, first=DAY, last=DAY),
        lambda session, actor: reconciliation.get_day(session, actor, run_id),
        lambda session, actor: reconciliation.list_items(session, actor, run_id),
        lambda session, actor: reconciliation.list_suggestions(session, actor, item.id),
        reconciliation.count_open_items,
    )
    for verb, refused in [(one, (nobody, reader)) for one in writes] + [(one, (nobody,)) for one in reads]:
        for actor in refused:
            with pytest.raises(Forbidden), database.transaction() as session:
                verb(session, actor)
    with database.transaction() as session:
        for read in reads:
            read(session, reader)


def test_a_line_said_twice_in_one_page_is_one_line_with_its_last_word(database: Database, wave: AccountRow) -> None:
    matched = ours(database, wave, provider_ref="T1")
    fee = Money(matched.provider_fee_minor, Currency.XOF)
    run_id, _ = night(database, wave, line("T1", fee=Money(7, Currency.XOF)), line("T1", fee=fee))
    assert kinds(database, run_id) == []


def test_a_balance_that_differs_is_told_with_what_is_in_flight(database: Database, wave: AccountRow) -> None:
    ours(database, wave, state="pending", ended_at=None)
    told = Balance(Money(1_000_000, Currency.XOF), NOON)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(registry.adapter("wave")), "balance", lambda *_: told)
        assert reconciliation.record_balances(database) == 1


def test_words_no_index_holds_do_not_end_the_night(database: Database, wave: AccountRow) -> None:
    long = "".join(map(chr, range(0x4E00, 0x6E00)))
    run_id, _ = night(database, wave, line(long), line("T\0"), line("U\ud800", party="\0", provider_state=long))
    assert [kind for kind, _ in kinds(database, run_id)] == ["theirs_not_ours"] * 3
