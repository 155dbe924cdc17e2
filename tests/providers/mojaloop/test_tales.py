"""Every tale 900 to 949, in one step and in two, played to its end by a worker as small as the rules allow."""

from dataclasses import dataclass, field, replace

import pytest

from providers.answers import Reason, SeenState
from providers.fakes.mojaloop_tales import TALES
from providers.mojaloop.contract import (
    Accepted,
    Found,
    NotFound,
    NotSeen,
    Party,
    PayoutAnswer,
    PayoutOrder,
    Progress,
    ReadAnswer,
    Rejected,
    Seen,
    Unknown,
)
from providers.mojaloop.quotes import judge
from tests.providers.mojaloop.conftest import STEPS, House

FEE_CAP_MINOR = 500
READ_AT_S = (2, 5, 15, 30, 60, 120, 300, 600, 900, 961, 1_021, 3_600)
COMPLETED, FAILED, UNKNOWN, HELD, AGAIN = "COMPLETED", "FAILED", "UNKNOWN", "HELD", "again"


@dataclass
class Life:
    """What became of one payment. `transfers`: how many ids it took."""

    end: str = ""
    reason: str | None = None
    transfers: int = 1
    answers: list[PayoutAnswer | ReadAnswer] = field(default_factory=list)

    @property
    def is_to_be_sent_again(self) -> bool:
        return self.end == AGAIN

    @property
    def stops(self) -> set[str]:
        return {stop for answer in self.answers if (stop := getattr(answer, "stop", None))}

    @property
    def is_slow(self) -> bool:
        return any(getattr(answer, "is_slow", False) for answer in self.answers)


def live(house: House, order: PayoutOrder) -> Life:
    """Pay one person: the same id while nothing can have left, another only after a proof, and never in doubt."""
    life = Life()
    while not life.end:
        order = send(house, order, life)
        if life.is_to_be_sent_again:
            life.end, life.reason, life.transfers = "", None, life.transfers + 1
            order = house.again(order)
    return life


def send(house: House, order: PayoutOrder, life: Life) -> PayoutOrder:
    """Send one transfer, three times at most under its id, and follow it to its end."""
    for _ in range(4):
        order = step_by_step(house, order, life)
        answer = life.answers[-1]
        if not (isinstance(answer, Rejected) and answer.again == "same_id"):
            break
        order = order.restarted()
    if life.end:
        return order
    if isinstance(answer, Rejected):
        life.end = AGAIN if answer.reason is Reason.OUR_WALLET_EMPTY and life.transfers < 3 else FAILED
        life.reason = answer.reason
    elif isinstance(answer, Accepted) and answer.is_paid:
        life.end = COMPLETED
    else:
        follow(house, order, life)
    return order


def step_by_step(house: House, order: PayoutOrder, life: Life) -> PayoutOrder:
    while True:
        answer = house.rail.payout(order)
        life.answers.append(answer)
        if isinstance(answer, Rejected):
            return order
        order = order.after(answer)
        if not isinstance(answer, Accepted) or answer.state not in STEPS:
            return order
        doubt = judge(order, FEE_CAP_MINOR)
        if doubt:
            life.end, life.reason = HELD, doubt
            return order


def follow(house: House, order: PayoutOrder, life: Life) -> None:
    """Ask until the switch says what became of it, or twice, late enough, that it never arrived."""
    before, proofs = 0, 0
    for age_s in READ_AT_S:
        house.later(age_s - before)
        before = age_s
        seen = house.ask(order, age_s)
        life.answers.append(seen)
        proofs += isinstance(seen, NotSeen) and seen.is_proof
        if proofs == 2:
            life.end = AGAIN if life.transfers < 3 else FAILED
            return
        if isinstance(seen, Seen) and seen.state is not SeenState.PENDING:
            life.end = COMPLETED if seen.state is SeenState.SUCCEEDED else FAILED
            life.reason = seen.reason
            return
        if isinstance(seen, Unknown) and seen.reason:
            break
    life.end, life.reason = UNKNOWN, getattr(seen, "reason", None)


# code: end, reason, transfers used; `two` where two steps end otherwise
ENDS: dict[str, tuple[str, str | None, int]] = {
    "901": (FAILED, Reason.PAYEE_NOT_FOUND, 1),
    "902": (FAILED, Reason.PAYEE_NOT_FOUND, 1),
    "905": (FAILED, Reason.PAYEE_NOT_FOUND, 1),  # without the directory
    "910": (FAILED, Reason.PAYEE_NOT_ALLOWED, 1),
    "915": (UNKNOWN, Reason.MISMATCH_AMOUNT, 1),
    "916": (COMPLETED, None, 2),
    "917": (FAILED, Reason.PAYEE_LIMIT, 1),
    "918": (FAILED, Reason.PAYEE_NOT_ALLOWED, 1),
    "919": (FAILED, Reason.PROVIDER_UNAVAILABLE, 1),
    "923": (COMPLETED, None, 2),
    "924": (FAILED, Reason.UNSPECIFIED, 1),
    "925": (FAILED, Reason.UNSPECIFIED, 1),
    "927": (FAILED, Reason.UNSPECIFIED, 1),
    "928": (FAILED, Reason.UNSPECIFIED, 1),
    "931": (FAILED, Reason.PROVIDER_UNAVAILABLE, 1),
    "932": (UNKNOWN, None, 1),
    "933": (COMPLETED, None, 2),
    "935": (COMPLETED, None, 2),
    "937": (COMPLETED, None, 2),
    "942": (FAILED, Reason.CURRENCY_NOT_SUPPORTED, 1),
    "944": (COMPLETED, None, 3),
    "948": (FAILED, Reason.PROVIDER_UNAVAILABLE, 1),
    "949": (FAILED, Reason.CONFIGURATION, 1),
}
TWO_STEP_ENDS = {"914": (HELD, "fee_too_high", 1), "915": (HELD, Reason.MISMATCH_AMOUNT, 1)}
STOPS = {"916": "account", "941": "account", "919": "fsp"}
SLOWED = {"907", "911", "912", "920", "921", "925", "931", "932", "938", "940", "944"}
MOVED_ALL_THE_SAME = {"915": 49_900}  # one step: what the doubt is about


@pytest.mark.parametrize("mode", ["one_step", "two_step"])
@pytest.mark.parametrize("code", TALES)
def test_a_tale_ends_as_the_table_says_and_nobody_is_paid_twice(house: House, code: str, mode: str) -> None:
    house.run(mode)
    life = live(house, house.order(code))
    expected = ENDS.get(code, (COMPLETED, None, 1))
    if mode == "two_step":
        expected = TWO_STEP_ENDS.get(code, expected)
    assert (life.end, life.reason, life.transfers) == expected
    house.later(100_000)
    amount_minor = 50_000 if life.end == COMPLETED else MOVED_ALL_THE_SAME.get(code) if mode == "one_step" else None
    assert [row.amount_minor for row in house.book] == ([amount_minor] if amount_minor else [])
    assert life.stops == ({STOPS[code]} if code in STOPS else set())
    assert life.is_slow == (code in SLOWED)


def test_there_is_a_tale_for_each_number_but_one() -> None:
    assert list(TALES) == [f"{n}" for n in range(900, 950) if n != 909]


@pytest.mark.parametrize("code", ["905", "906"])
def test_a_number_known_in_one_form_only_is_found_by_the_directory_and_paid_in_that_form(
    house: House, code: str
) -> None:
    house.account = replace(house.account, benin_form="directory")
    party = Party("MSISDN", f"+2290197000{code}")
    found = house.rail.lookup(house.account, party)
    assert isinstance(found, Found)
    assert found.rail_identifier == ("22997000905" if code == "905" else "2290197000906")
    known = Party(party.id_type, party.identifier, found.rail_identifier, found.fsp_id)
    life = live(house, house.order(party=known))
    assert (life.end, [row.party for row in house.book]) == (COMPLETED, [found.rail_identifier])


def test_a_look_up_that_was_late_is_made_again(house: House) -> None:
    party = Party("MSISDN", "+2290197000907")
    late = house.rail.lookup(house.account, party)
    assert isinstance(late, Unknown)
    assert late.is_slow
    assert isinstance(house.rail.lookup(house.account, party), Found)
    assert isinstance(house.rail.lookup(house.account, Party("MSISDN", "+2290197000908")), Found)


@pytest.mark.parametrize("code", ["901", "902"])
def test_not_found_is_said_in_two_ways_and_read_as_one(house: House, code: str) -> None:
    answer = house.rail.lookup(house.account, Party("MSISDN", f"+2290197000{code}"))
    assert isinstance(answer, NotFound)
    assert answer.code == "3204"
    assert house.moved == []


@pytest.mark.parametrize("mode", ["one_step", "two_step"])
def test_a_contradiction_later_is_seen_as_one(house: House, mode: str) -> None:
    house.run(mode)
    order, answer = house.pay(house.order("946"))
    assert isinstance(answer, Accepted)
    assert answer.is_paid
    house.later(60)
    seen = house.ask(order, 60)
    assert isinstance(seen, Seen)
    assert seen.state is SeenState.FAILED
    assert len(house.moved) == 1


@pytest.mark.parametrize("mode", ["one_step", "two_step"])
@pytest.mark.parametrize(("code", "is_verified"), [("001", True), ("947", False), ("929", False)])
def test_the_proof_of_a_payment_is_verified_or_said_to_be_incomplete(
    house: House, code: str, mode: str, *, is_verified: bool
) -> None:
    house.run(mode)
    order, answer = house.pay(house.order(code))
    said = answer if isinstance(answer, Accepted) else house.ask(order)
    assert isinstance(said, Accepted | Seen)
    assert said.proof.fulfilment
    assert said.proof.completed_at is not None
    assert said.proof.is_verified is is_verified


def test_in_two_steps_each_step_names_the_next(house: House) -> None:
    house.run("two_step")
    order = house.order("913")
    steps = []
    for _ in range(3):
        answer = house.rail.payout(order)
        assert isinstance(answer, Accepted)
        steps.append((order.operation.value, order.may_have_moved, answer.state))
        order = order.after(answer)
    assert steps == [
        ("post_transfers", False, Progress.WAITING_PARTY),
        ("put_accept_party", False, Progress.WAITING_QUOTE),
        ("put_accept_quote", True, Progress.SUCCEEDED),
    ]
    assert house.heard(3) == [("POST", "transfers"), ("PUT", "transfers"), ("PUT", "transfers")]
    assert [(row.amount_minor, row.fee_minor) for row in house.book] == [(50_000, 100)]


def test_the_mix_gives_the_same_tales_to_the_same_payees_whatever_the_ids(house: House) -> None:
    def play(seed: str) -> list[str]:
        house.kernel.reset(seed, {"017": 1_000})
        house.kernel.configure(secrets={"mojaloop": {"mode": "one_step"}})
        for n in range(100, 200):
            house.rail.payout(house.order(f"{n}"))
        return [payment.story.code for payment in house.transfers]

    first = play("7")
    assert first == play("7")
    assert first != play("8")
    assert first.count("000") > 85
