"""The demo: alive, true to the rules, the same for the same seed, and only in development."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from commands import demo
from commands.demo.people import PASSWORD
from core import clock
from core.database import Database, fetch_all
from core.security import PinHash, hash_pin, verify_password, verify_pin
from core.settings import Environment, get_settings
from services import books
from tests import database as databases

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
SESSIONS = 900


@pytest.fixture(scope="module")
def seeded(database_server: str) -> Iterator[tuple[Database, demo.Seeded]]:
    with databases.copied(database_server) as url:
        chosen = Database(url, pool_size=2)
        with clock.travel(NOW):
            done = demo.seed(chosen, get_settings(), seed_number=7, sessions=SESSIONS)
        yield chosen, done
        chosen.dispose()


@pytest.fixture
def house(seeded: tuple[Database, demo.Seeded]) -> Database:
    return seeded[0]


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.transaction() as session:
        return [tuple(row.values()) for row in fetch_all(session, query)]


def test_the_books_hold(house: Database) -> None:
    with house.transaction() as session:
        assert [finding.violations for finding in books.list_findings(session)] == [()] * len(books.INVARIANTS)


def test_a_second_time_it_is_there_already(house: Database) -> None:
    before = rows(house, "select count(*) from ledger_entry union all select count(*) from ussd_turn")
    again = demo.seed(house, get_settings(), seed_number=8)
    assert again == demo.Seeded(is_new=False)
    assert rows(house, "select count(*) from ledger_entry union all select count(*) from ussd_turn") == before


def test_it_says_what_it_wrote(seeded: tuple[Database, demo.Seeded]) -> None:
    house, done = seeded
    written = rows(
        house,
        "select (select count(*) from ussd_session) as sessions, (select count(*) from ussd_turn) as turns,"
        " (select count(*) from ussd_operation) as transfers, (select count(*) from wallet) as wallets",
    )
    assert written == [(done.sessions, done.turns, done.transfers, len(done.people))]
    assert done.sessions > SESSIONS * 0.9
    assert done.transfers > 200


def test_ten_wallets_of_each_franc_hold_more_than_fifty_thousand(house: Database) -> None:
    rich = rows(
        house,
        "select w.currency, count(*) >= 10 from wallet w join ledger_account a on a.id = w.account_id"
        " join users u on u.id = w.user_id where a.balance > 50000 and w.state = 'active' and u.state = 'active'"
        " and w.currency in ('XAF', 'XOF') group by w.currency order by w.currency",
    )
    assert rich == [("XAF", True), ("XOF", True)]


def test_the_people_of_the_documents_hold_what_the_documents_say(house: Database) -> None:
    known = rows(
        house,
        "select u.first_name || ' ' || u.last_name, u.state, w.level, a.balance from users u"
        " join wallet w on w.user_id = u.id join ledger_account a on a.id = w.account_id"
        " where u.phone ~ '^[+]237(699|677)00000[1-7]$' order by right(u.phone, 1)",
    )
    assert known == [
        ("Awa Mbarga", "active", "1", 10_000),
        ("Jean Nkolo", "active", "1", 2_500),
        ("Kiosque Mokolo", "active", "agent", 200_000),
        ("Boutique Etoile", "active", "merchant", 0),
        ("Paul Ateba", "active", "1", 100),
        ("Marie Essomba", "suspended", "1", 5_000),
        ("Rita Biya", "active", "1", 1_990_000),
    ]


def test_every_role_signs_in_with_the_known_password(house: Database) -> None:
    held = rows(
        house,
        "select u.global_role, coalesce(g.scope || ' ' || g.role, ''), u.password_hash from users u"
        " left join role_grant g on g.user_id = u.id where u.email is not null",
    )
    assert {(role, grant) for role, grant, _ in held} == {
        ("admin", ""),
        ("membre", ""),
        ("membre", "ussd operateur"),
        ("membre", "ussd lecteur"),
        ("membre", "organisation GESTIONNAIRE"),
        ("membre", "organisation SUPERVISEUR"),
        ("membre", "ciu operateur"),
        ("membre", "ciu lecteur"),
    }
    assert verify_password(PASSWORD, str(held[0][2])).is_right


def test_a_subscribers_pin_opens_his_wallet_and_stands_nowhere(seeded: tuple[Database, demo.Seeded]) -> None:
    house, done = seeded
    awa = done.people[0]
    stored = rows(house, f"select hash, pepper_id from pin_credential where user_id = '{awa.user_id}'")
    assert verify_pin(awa.user_id, "48213", PinHash(*map(str, stored[0]))).is_right
    assert not verify_pin(awa.user_id, "48214", PinHash(*map(str, stored[0]))).is_right
    assert hash_pin(awa.user_id, "48213").hash != stored[0][0]
    typed = rows(house, "select distinct input_text from ussd_turn where screen_before ~ 'pin' and input_text <> ''")
    assert typed == [("•••••",)]


def test_a_dialogue_reads_as_a_gateway_would_have_walked_it(house: Database) -> None:
    broken = rows(
        house,
        "select s.id from ussd_session s join ussd_turn t on t.session_id = s.id group by s.id"
        " having count(*) <> s.turn_number or max(t.number) <> s.turn_number"
        " or min(t.created_at) < s.created_at - interval '1 s' or max(t.answered_at) <> s.last_activity_at"
        " or bool_and(t.has_more) <> (s.state in ('open', 'expired', 'aborted', 'timeout'))",
    )
    assert broken == []
    jumps = rows(
        house,
        "select id from (select id, screen_before, lag(screen_after) over w as was from ussd_turn"
        " window w as (partition by session_id order by number)) t where screen_before <> coalesce(was, '')",
    )
    assert jumps == []
    assert rows(house, "select count(*) from ussd_turn where size > case coding when 'gsm7' then 156 else 66 end") == [
        (0,)
    ]


def test_a_transfer_says_the_same_everywhere(house: Database) -> None:
    different = rows(
        house,
        "select o.reference from ussd_operation o join ledger_transaction x on x.id = o.transaction_id"
        " join ussd_session s on s.id = o.session_id join ussd_turn t on t.operation_id = o.id"
        " where x.key <> o.key or x.reference <> o.reference or o.key <> 'ussd:' || s.id || ':' || s.visit - 1"
        " or not s.has_committed or s.goal <> 'transfer_done'"
        " or t.number <> s.turn_number or (t.response_text <> '' and right(t.response_text, 9) <> o.reference)"
        " or (select count(*) from message m where m.transaction_id = x.id) <> 2",
    )
    assert different == []
    assert rows(house, "select distinct t.operation_id is not null from ussd_turn t where t.screen_after = 't_ok'") == [
        (True,)
    ]


def test_words_are_kept_for_a_month_and_figures_for_ever(house: Database) -> None:
    kept = rows(
        house,
        "select answered_at > '2026-10-22T15:30:00Z' as is_recent, bool_or(response_text <> ''), min(size) > 0"
        " from ussd_turn where not is_error group by 1 order by 1",
    )
    assert kept == [(False, False, True), (True, True, True)]


def test_it_is_alive_today(house: Database) -> None:
    assert rows(house, "select count(*) >= 9 from ussd_session where state = 'open'") == [(True,)]
    assert rows(house, "select max(created_at) <= '2026-11-21T15:30:00Z' from ussd_session") == [(True,)]
    weeks = rows(house, "select sum(sessions) from ussd_rollup_hour where hour > '2026-11-14' or hour < '2026-08-29'"
                        " group by hour > '2026-11-14' order by 1")  # fmt: skip
    assert int(str(weeks[1][0])) > int(str(weeks[0][0])), "the last week is busier than the first"
    assert rows(house, "select sum(turns) = (select count(*) from ussd_turn) from ussd_rollup_hour") == [(True,)]


TOLD = """
select md5(string_agg(line, '|' order by line)) from (
    select u.phone || u.first_name || u.last_name || a.balance as line
    from users u join wallet w on w.user_id = u.id join ledger_account a on a.id = w.account_id
    union all select id || session_key || screen || state || last_activity_at from ussd_session
    union all select id || input_text || response_text from ussd_turn
    union all select reference || amount_minor || fee_minor from ussd_operation
) lines
"""


def test_a_seed_tells_one_story_and_another_seed_another(house: Database, database_server: str) -> None:
    story = rows(house, TOLD)
    stories = []
    for seed in (7, 8):
        with databases.copied(database_server) as url, clock.travel(NOW):
            other = Database(url, pool_size=2)
            demo.seed(other, get_settings(), seed_number=seed, sessions=SESSIONS)
            stories.append(rows(other, TOLD))
            other.dispose()
    assert stories[0] == story
    assert stories[1] != story


def test_elsewhere_than_in_development_it_is_refused(database: Database) -> None:
    production = get_settings().model_copy(update={"environment": Environment.PRODUCTION})
    with pytest.raises(demo.OnlyInDevelopment):
        demo.seed(database, production)
    assert rows(database, "select count(*) from users union all select count(*) from ussd_service") == [(0,), (0,)]


def test_a_closed_day_of_an_operator_is_signed_by_the_seal_of_the_ledger(house: Database) -> None:
    ((closed, signed),) = rows(
        house,
        "select count(*) filter (where r.state = 'closed') as closed, count(s.id) as signed"
        " from reconciliation_run r left join ledger_seal s on s.id = r.seal_id and s.sha256 = r.seal_sha256",
    )
    assert closed == signed != 0


def test_a_caisse_has_batches_at_every_step_and_its_sums_hold(house: Database) -> None:
    stages = rows(house, "select stage, count(*) from pension_batch group by stage order by stage")
    assert stages == [
        ("AWAITING_APPROVAL", 1),
        ("CANCELLED", 1),
        ("DRAFT", 2),
        ("PAUSED", 1),
        ("QUEUED", 3),
        ("REJECTED", 1),
    ]
    sums = rows(
        house,
        "select r.balance = sum(b.total_minor) from pension_batch b join pension_account a on a.id = b.account_id"
        " join ledger_account r on r.id = a.reserved_account_id"
        " where b.stage in ('QUEUED', 'PAUSED', 'AWAITING_APPROVAL') group by r.id",
    )
    assert sums == [(True,)]
    account = rows(
        house, "select account_id, o.code from pension_account join organisation o on o.id = organisation_id"
    )
    assert account == [("ACC-CNSS-001", "CNSS-BJ")]
    of_the_document = "select id from pension_payment where identifier in ('+2290197000001', '+2290197000002')"
    assert rows(house, of_the_document) == []
