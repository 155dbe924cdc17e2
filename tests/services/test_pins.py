"""Three tries, and then patience: the count stands before the check, whoever crashes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import structlog

from core import clock, security
from core.database import Database, driver
from core.errors import Forbidden
from core.security import Keys, get_keys
from services import approvals, pins
from services.approvals import DecideApproval
from services.pins import NoPin, PinLocked, PinSettled, PinTicket, Strength, UnlockPin
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import AWA, OPERATOR, READER

RIGHT, WRONG = "48213", "00000"


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    world.build(database, {"surveys": [], "notices": []})
    with clock.travel(world.NOW):
        yield database


def attempt(bank: Database, pin: str, phone: str = AWA) -> PinSettled:
    """Do what the PIN screen does: count and commit, check outside any transaction, settle."""
    with bank.transaction() as session:
        ticket = pins.count_try(session, people.user_id(session, phone))
    checked = pins.check(ticket, pin)
    with bank.transaction() as session:
        return pins.settle_try(session, ticket, checked)


def test_a_right_pin_is_right_and_clears_the_count(bank: Database) -> None:
    assert attempt(bank, WRONG) == PinSettled(is_right=False, left=2, minutes=0, is_locked=False)
    assert attempt(bank, RIGHT).is_right
    assert attempt(bank, WRONG).left == 2


def test_the_third_wrong_try_locks_and_the_right_one_waits_fifteen_minutes(bank: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        assert [attempt(bank, WRONG).left for _ in range(2)] == [2, 1]
        third = attempt(bank, WRONG)
        assert (third.is_locked, third.minutes) == (True, 15)

        with pytest.raises(PinLocked) as refusal:
            attempt(bank, RIGHT)
        assert str(refusal.value) == "Code PIN bloqué pour 15 min."
        traveller.advance(899)
        with pytest.raises(PinLocked) as refusal:
            attempt(bank, RIGHT)
        assert refusal.value.data["minutes"] == 1
        traveller.advance(2)
        assert attempt(bank, RIGHT).is_right
    with bank.transaction() as session:
        assert people.texts(session, AWA) == [
            "Code PIN bloqué pour 15 min après plusieurs essais faux. Si ce n'est pas vous, appelez le service client."
        ]


def test_locks_grow_and_the_third_in_a_row_asks_for_an_operator(bank: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        waits = []
        for _ in range(3):
            waits.append([attempt(bank, WRONG) for _ in range(3)][-1].minutes)
            traveller.advance(86_400)
        assert waits == [15, 30, 60]
        with pytest.raises(PinLocked) as refusal:
            attempt(bank, RIGHT)
        assert refusal.value.data == {"minutes": 1440, "needs_operator": True}


def test_ten_wrong_tries_in_a_day_ask_for_an_operator_even_between_right_ones(bank: Database) -> None:
    for _ in range(4):
        assert [attempt(bank, WRONG).is_locked for _ in range(2)] == [False, False]
        assert attempt(bank, RIGHT).is_right
    attempt(bank, WRONG)

    tenth = attempt(bank, WRONG)

    assert tenth.is_locked
    with pytest.raises(PinLocked):
        attempt(bank, RIGHT)


def test_wrong_tries_of_yesterday_are_forgotten(bank: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        for _ in range(4):
            for _ in range(2):
                attempt(bank, WRONG)
            attempt(bank, RIGHT)
        traveller.advance(86_401)
        assert [attempt(bank, WRONG).is_locked for _ in range(2)] == [False, False]


def test_a_crash_between_counting_and_settling_gives_nothing_away(bank: Database) -> None:
    for _ in range(3):
        with bank.transaction() as session:
            pins.count_try(session, people.user_id(session, AWA))

    with pytest.raises(PinLocked):
        attempt(bank, RIGHT)


def test_a_right_third_try_takes_its_lock_away_again(bank: Database) -> None:
    for _ in range(2):
        attempt(bank, WRONG)
    assert attempt(bank, RIGHT).is_right

    with bank.transaction() as session:
        state = pins.get_state(session, people.user_id(session, AWA))
    assert (state.tries_left, state.locks, state.is_locked) == (3, 0, False)


def test_fifty_sessions_guessing_at_once_get_three_checks(bank: Database) -> None:
    gate = Barrier(50)
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)

    def guess(_: int) -> PinTicket | PinLocked:
        gate.wait()
        try:
            with bank.transaction() as session:
                return pins.count_try(session, awa)
        except PinLocked as refusal:
            return refusal

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(guess, range(50)))

    tickets = [answer for answer in answers if isinstance(answer, PinTicket)]
    assert sorted(ticket.left for ticket in tickets) == [0, 1, 2]
    assert len(answers) == 50


def test_nobody_without_a_pin_has_one(bank: Database) -> None:
    with bank.transaction() as session:
        driver(session).execute("delete from pin_credential")
        with pytest.raises(NoPin):
            pins.count_try(session, people.user_id(session, AWA))


@pytest.mark.parametrize(
    ("pin", "judged"),
    [
        ("39571", Strength.OK),
        ("04829", Strength.OK),
        ("123", Strength.INVALID),
        ("4821a", Strength.INVALID),
        ("٤٨٢١٣", Strength.INVALID),
        ("11111", Strength.WEAK),
        ("12345", Strength.WEAK),
        ("98765", Strength.WEAK),
        ("00001", Strength.WEAK),  # the end of the own number
    ],
)
def test_what_a_thief_tries_first_is_too_simple(pin: str, judged: Strength) -> None:
    assert pins.strength(pin, AWA) is judged


def test_a_changed_pin_is_the_only_one_and_the_person_is_told(bank: Database) -> None:
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)
    new = security.hash_pin(awa, "70614")
    with bank.transaction() as session:
        pins.change(session, awa, new)

    assert not attempt(bank, RIGHT).is_right
    assert attempt(bank, "70614").is_right
    with bank.transaction() as session:
        assert people.texts(session, AWA) == [
            "Votre code PIN a été changé le 21/11/2026. Si ce n'est pas vous, appelez le service client."
        ]


def test_a_first_pin_never_replaces_one(bank: Database) -> None:
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)
        assert not pins.choose(session, awa, security.hash_pin(awa, "70614"))
    assert attempt(bank, RIGHT).is_right


def test_a_pin_under_an_old_pepper_is_hashed_again_when_it_was_right(
    bank: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = get_keys()
    rotated = Keys(keys.sealing, {"2": b"n" * 32, **keys.peppers}, keys.input_mac)
    monkeypatch.setattr(security, "get_keys", lambda: rotated)

    attempt(bank, WRONG)
    with bank.transaction() as session:
        assert _pepper(session) == next(iter(keys.peppers))
    attempt(bank, RIGHT)
    with bank.transaction() as session:
        assert _pepper(session) == "2"
    assert attempt(bank, RIGHT).is_right


def test_an_operator_unlocks_with_a_reason_that_stays(bank: Database) -> None:
    people.hire(bank)
    for _ in range(3):
        attempt(bank, WRONG)
    with bank.transaction() as session:
        order = UnlockPin(user_id=people.user_id(session, AWA), reason="Rappelée au guichet, pièce vue")
        with pytest.raises(Forbidden):
            pins.unlock(session, READER, order)
        asked = pins.unlock(session, OPERATOR, order)
    with pytest.raises(PinLocked):
        attempt(bank, RIGHT)
    with bank.transaction() as session, pytest.raises(approvals.SamePerson):
        approvals.decide(session, OPERATOR, DecideApproval(approval_id=asked.id, is_approved=True))
    people.agree(bank, asked)

    assert attempt(bank, RIGHT).is_right
    with bank.transaction() as session:
        trail = (
            driver(session)
            .execute("select action, summary from audit_entry where action not like 'survey.%%' order by id")
            .fetchall()
        )
    assert trail == [
        ("pin_unlock.ask", "Débloquer un code PIN"),
        ("pin_unlock.approved", "Débloquer un code PIN"),
        ("pin.unlock", "Rappelée au guichet, pièce vue"),
    ]


def test_no_pin_is_anywhere(bank: Database, capfd: pytest.CaptureFixture[str]) -> None:
    with bank.transaction() as session:
        ticket = pins.count_try(session, people.user_id(session, AWA))
    checked = pins.check(ticket, RIGHT)
    structlog.get_logger().warning("ticket", ticket=ticket, checked=checked)

    printed = capfd.readouterr()
    assert RIGHT not in world.everything(bank)
    assert RIGHT not in printed.out + printed.err
    assert "argon2" not in printed.out + printed.err


def _pepper(session: object) -> str:
    row = driver(session).execute(  # type: ignore[arg-type]
        "select pepper_id from pin_credential p join users u on u.id = p.user_id where u.phone = %s", (AWA,)
    )
    return str(row.fetchone()[0])  # type: ignore[index]
