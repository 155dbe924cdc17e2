"""The home page: what waits, for whom; today's tiles against the entries; the feed."""

from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
import pytest

from core import clock, ids
from core.database import Database, Session, fetch_all
from core.money import Currency, Money
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from core.rates import Rate
from models.audit import AuditEntry
from models.messages import Message
from models.tasks import JobRun, JobSchedule, RunState
from models.users import PinCredential
from models.ussd import UssdPublication
from models.wallets import UssdOperation
from reports import feed, home, ledger
from services import ledger as books
from tests.builders import traffic
from tests.builders.money import open_wallet, send, take_back
from tests.builders.traffic import Step

# A Saturday, 14:25 in Douala (UTC+1).
NOW = datetime.fromisoformat("2026-11-21T13:25:00Z")
WEEK = timedelta(days=7)
ZONE = "Africa/Douala"
ADMIN = Actor(user_id=None, name="Mireille", grants=(Grant(Scope.PLATFORM, Role.ADMIN),))
READER = Actor(user_id=None, name="Léa", grants=(Grant(Scope.USSD, Role.LECTEUR),))
MEMBER = Actor(user_id=ids.new_id(), name="Awa", grants=(Grant(Scope.PLATFORM, Role.MEMBRE),))


@pytest.fixture
def moved(database: Database) -> Database:
    """Money of two days in two currencies, with one operation taken back."""
    with clock.travel(NOW), database.transaction() as session:
        before = NOW - timedelta(days=30)
        awa, jean = (open_wallet(session, name, at=before) for name in ("Awa Diop", "Jean Nkolo"))
        rich, poor = (open_wallet(session, name, Currency.XOF, at=before) for name in ("Koffi A", "Afi B"))
        local = NOW.replace(hour=23, minute=0) - timedelta(days=1)  # midnight in Douala
        send(session, awa, jean, 1_000, 10, local)
        send(session, awa, jean, 2_000, 20, NOW - timedelta(minutes=5))
        wrong = send(session, jean, awa, 4_000, 40, NOW - timedelta(minutes=4))
        take_back(session, wrong.transaction_id, NOW - timedelta(minutes=3))
        send(session, rich, poor, 777, 7, NOW - timedelta(minutes=2))
        send(session, awa, jean, 8_000, 80, local - timedelta(minutes=1))
        send(session, awa, jean, 500, 5, NOW - WEEK)
        send(session, awa, jean, 300, 3, NOW - WEEK - timedelta(minutes=30))
        send(session, awa, jean, 100, 1, NOW - WEEK + timedelta(hours=5))
    return database


def tiles(database: Database, currency: Currency = Currency.XAF) -> dict[str, home.Tile]:
    with clock.travel(NOW), database.transaction() as session:
        return {tile.key: tile for tile in home.list_tiles(session, ADMIN, currency, ZONE)}


def at_hours(figures: dict[int, int], lived: int = 24) -> tuple[int | None, ...]:
    return tuple(figures.get(hour, 0) if hour < lived else None for hour in range(24))


def test_money_and_fees_of_today_are_the_ledgers(moved: Database) -> None:
    found = tiles(moved)
    money, fees = found["moved"], found["fees"]
    assert (money.value, money.before, money.currency) == (1_000 + 2_000 + 4_000, 300, Currency.XAF)
    assert money.today == at_hours({0: 1_000, 14: 6_000}, lived=15)
    assert money.last_week == at_hours({13: 300, 14: 500, 19: 100})
    # What was taken back gave its fee back.
    assert (fees.value, fees.before) == (30, 3)
    assert fees.today == at_hours({0: 10, 14: 20}, lived=15)
    assert money.change == Rate(6_700, 300)
    assert tiles(moved, Currency.XOF)["moved"].value == 777


def test_the_days_of_money_are_the_entries_of_each_day(moved: Database) -> None:
    with clock.travel(NOW), moved.transaction() as session:
        days = ledger.list_money_days(session, Currency.XAF, ZONE, days=8)
        currencies = ledger.list_currencies(session)
    assert [day.day.isoformat() for day in days] == [f"2026-11-{number}" for number in range(14, 22)]
    assert [day.moved.minor for day in days] == [900, 0, 0, 0, 0, 0, 8_000, 7_000]
    assert [day.fees.minor for day in days] == [9, 0, 0, 0, 0, 0, 80, 30]
    assert [day.payments for day in days] == [3, 0, 0, 0, 0, 0, 1, 3]
    assert currencies == [Currency.XAF, Currency.XOF]


@pytest.mark.parametrize("is_sealed", [False, True])
def test_the_trial_balance_is_the_sum_of_the_entries(moved: Database, *, is_sealed: bool) -> None:
    with moved.transaction() as session:
        if is_sealed:
            books.seal_next(session, most=9)
        lines = ledger.list_trial_balance(session, SYSTEM)
        sums = fetch_all(
            session,
            "select a.kind, a.currency, sum(e.amount)::bigint as total, count(distinct a.id) as accounts"
            " from ledger_account a join ledger_entry e on e.account_id = a.id group by 1, 2",
        )
    assert {(line.kind, line.currency): (line.debit.minor - line.credit.minor, line.accounts) for line in lines} == {
        (row["kind"], row["currency"]): (row["total"], row["accounts"]) for row in sums
    }
    for currency in (Currency.XAF, Currency.XOF):
        chosen = [line for line in lines if line.currency == currency]
        assert sum(line.debit.minor for line in chosen) == sum(line.credit.minor for line in chosen) == 20_000_000


def test_a_home_holds_what_its_reader_may_see(moved: Database) -> None:
    with clock.travel(NOW), moved.transaction() as session:
        admin, reader, member = (home.get_home(session, actor, ZONE) for actor in (ADMIN, READER, MEMBER))
        other = home.get_home(session, ADMIN, ZONE, Currency.XOF)
        unheld = home.get_home(session, ADMIN, ZONE, Currency.EUR)
    assert [tile.key for tile in admin.tiles] == ["moved", "sessions", "registrations", "fees"]
    assert [tile.key for tile in reader.tiles] == ["moved", "sessions", "registrations"]
    assert member == home.Home((), (), None, ())
    assert (admin.currency, admin.currencies) == (Currency.XAF, (Currency.XAF, Currency.XOF))
    assert (other.currency, other.tiles[0].value) == (Currency.XOF, 777)
    assert unheld.currency == Currency.XAF


def test_sessions_and_registrations_of_today(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        for at in (NOW, NOW - timedelta(hours=3), NOW - timedelta(hours=13), NOW - timedelta(hours=15)):
            traffic.add_session(session, line, at - timedelta(minutes=1))
        for at in (NOW - WEEK - timedelta(minutes=1), NOW - WEEK + timedelta(minutes=1), NOW - WEEK):
            traffic.add_session(session, line, at)
        for at in (NOW, NOW - timedelta(hours=2), NOW - WEEK, NOW - WEEK - timedelta(hours=1)):
            open_wallet(session, "Awa Diop", at=at)
    found = tiles(database)
    sessions, registrations = found["sessions"], found["registrations"]
    assert (sessions.value, sessions.before) == (3, 1)
    assert sessions.today == at_hours({14: 1, 11: 1, 1: 1}, lived=15)
    assert sessions.last_week == at_hours({14: 3})
    assert (registrations.value, registrations.before) == (2, 1)
    assert registrations.last_week == at_hours({14: 1, 13: 1})


def test_without_a_last_week_there_is_no_change(database: Database) -> None:
    for tile in tiles(database).values():
        assert (tile.value, tile.before, tile.change.value) == (0, 0, None)


# What waits


Write = Callable[[Session], None]


def waiting(database: Database, actor: Actor = ADMIN) -> list[tuple[str, str, str, int]]:
    with clock.travel(NOW), database.transaction() as session:
        return [(one.kind, one.title, one.detail, one.count) for one in home.list_waiting(session, actor)]


def test_nothing_waits_in_a_quiet_house(database: Database) -> None:
    assert waiting(database) == []


def test_each_thing_that_needs_a_person_waits_with_its_count(database: Database) -> None:
    with database.transaction() as session:
        awa, jean = (open_wallet(session, name, at=NOW) for name in ("Awa Diop", "Jean Nkolo"))
        for place, (wallet, is_locked) in enumerate(((awa, True), (jean, False))):
            changed = NOW - timedelta(days=place)
            session.add(
                PinCredential(user_id=wallet.user_id, hash="", pepper_id="1", needs_admin=is_locked, changed_at=changed)
            )
        for number, (state, age) in enumerate((("failed", 1), ("undelivered", 2), ("failed", 8), ("sent", 1))):
            session.add(
                Message(
                    dedupe_key=str(number),
                    type="receipt",
                    channel="sms",
                    address="",
                    template_code="x",
                    not_before=NOW,
                    state=state,
                    created_at=NOW - timedelta(days=age),
                )
            )
        for number, minor in enumerate((5_000, 7_000)):
            session.add(
                UssdOperation(
                    reference=f"BI-{number}",
                    type="bill",
                    payer_id=awa.id,
                    currency="XAF",
                    amount_minor=minor,
                    key=str(number),
                    state="unknown",
                    created_at=NOW - timedelta(minutes=40 + number),
                )
            )
        line = traffic.open_line(session)
        steps = [Step("home", is_error=number < 2) for number in range(40)]
        traffic.add_session(session, line, NOW - timedelta(minutes=4), steps, gap_s=1)
        session.add(JobSchedule(job="seals", title="Sceller les écritures du grand livre", rhythm=""))
        for age, state in ((2, "done"), (1, "failed")):
            at = NOW - timedelta(minutes=age)
            session.add(JobRun(job="seals", state=state, created_at=at, ended_at=at, summary="Échec\u00a0: OSError."))
    assert waiting(database) == [
        ("gateway", "Passerelle DOC-B", "2 échecs sur 40 appels en 5 min", 1),
        ("job", "Sceller les écritures du grand livre", "Échec\u00a0: OSError.", 1),
        ("unknown", "Paiements au sort inconnu\u00a0: 2", "Ils seront interrogés, jamais renvoyés.", 2),
        ("pins", "Codes secrets à débloquer\u00a0: 1", "Awa Diop", 1),
        ("messages", "Messages non remis\u00a0: 2", "sur 7 jours", 2),
    ]
    assert [kind for kind, *_ in waiting(database, READER)] == ["gateway"]
    assert waiting(database, MEMBER) == []
    with clock.travel(NOW), database.transaction() as session:
        unknown = next(one for one in home.list_waiting(session, ADMIN) if one.kind == "unknown")
    assert unknown.amounts == (Money(12_000, Currency.XAF),)
    assert unknown.since == NOW - timedelta(minutes=41)


def test_a_job_that_went_well_again_waits_no_more(database: Database) -> None:
    with database.transaction() as session:
        session.add(JobSchedule(job="seals", title="Sceller", rhythm=""))
        for age, state in ((2, "failed"), (1, "done")):
            at = NOW - timedelta(minutes=age)
            session.add(JobRun(job="seals", state=state, created_at=at, ended_at=at))
    assert waiting(database) == []


def test_jobs_that_nobody_runs_wait(database: Database) -> None:
    with database.transaction() as session:
        for job, age in (("seals", 6), ("rollups", 4), ("retention", 90)):
            session.add(JobSchedule(job=job, title=job, rhythm="", next_run_at=NOW - timedelta(minutes=age)))
        session.add(JobRun(job="retention", created_at=NOW))
    assert waiting(database) == [("stalled", "Tâches arrêtées", "Aucun processus ne les conduit.", 1)]


def test_broken_books_come_first_and_go_when_they_are_right_again(database: Database) -> None:
    from threading import Event

    from jobs import books as examination
    from services import jobs

    def examine() -> None:
        with database.transaction() as session:
            run = jobs.begin_run(session, "books")
        summary = examination.work(Event())
        with database.transaction() as session:
            jobs.end_run(session, run, RunState.DONE, summary)

    with database.transaction() as session:
        assert home.get_books(session) == home.Books(None, ())
        open_wallet(session, "Awa Diop", at=NOW)
    with psycopg.connect(database.url) as intruder:
        intruder.execute("update ledger_account set balance = balance + 1 where not is_house")
    examine()
    with database.transaction() as session:
        found = home.get_books(session)
        first = home.list_waiting(session, SYSTEM)[0]
    title = "Règle rompue\u00a0: Chaque solde est la somme de ses écritures, sans trou"
    assert (found.are_right, found.broken) == (False, (title,))
    assert (first.kind, first.title) == ("books", title)

    with psycopg.connect(database.url) as intruder:
        intruder.execute("update ledger_account set balance = balance - 1 where not is_house")
    examine()
    with database.transaction() as session:
        assert home.get_books(session).are_right
        assert "books" not in [one.kind for one in home.list_waiting(session, SYSTEM)]


# The feed


def test_the_feed_tells_what_happened_newest_first(database: Database) -> None:
    def ago(minutes: int) -> datetime:
        return NOW - timedelta(minutes=minutes)

    with database.transaction() as session:
        awa = open_wallet(session, "Awa Diop", at=ago(60))
        jean = open_wallet(session, "Jean Nkolo", at=ago(9))
        operation = send(session, awa, jean, 5_000, 50, ago(5))
        line = traffic.open_line(session)
        session.add_all(
            [
                UssdPublication(
                    service_id=line.service_id, version_id=line.version_id, actor_id=awa.user_id, created_at=ago(4)
                ),
                AuditEntry(
                    actor_name="Grâce", action="pin.unlock", subject_type="user", summary="vu", created_at=ago(3)
                ),
                AuditEntry(actor_name="Awa", action="subscriber.register", subject_type="user", created_at=ago(9)),
                AuditEntry(
                    actor_name="Léa", action="user.create", subject_type="users", is_refusal=True, created_at=ago(1)
                ),
            ]
        )
    with database.transaction() as session:
        events = feed.list_events(session, ADMIN, ago(30))
        newest = feed.list_events(session, ADMIN, ago(30), limit=2)
        by_reader = feed.list_events(session, READER, ago(30))
        by_member = feed.list_events(session, MEMBER, ago(30))
    shown = [(event.kind, event.tone, event.title, event.detail.replace("\u202f", " ")) for event in events]
    assert shown == [
        ("audit", "red", "Compte créé", "par Léa"),
        ("audit", "neutral", "Code secret débloqué", "vu, par Grâce"),
        ("publication", "neutral", "Menu «\u00a0Wallet\u00a0» v1 publié", "par Awa Diop"),
        ("operation", "accent", "Transfert d'Awa Diop", f"5 000\u00a0F CFA, {operation.reference}"),
        ("registration", "accent", "Inscription de Jean Nkolo", "Portefeuille en XAF"),
    ]
    assert events[3].amount == Money(5_000, Currency.XAF)
    assert events[3].subject_id == str(operation.transaction_id)
    assert newest == events[:2]
    assert (by_reader, by_member) == (events[2:], [])  # the trail is not for everybody
    assert len({event.key for event in events}) == len(events)
