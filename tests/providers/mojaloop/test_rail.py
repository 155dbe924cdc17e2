"""The rail itself: what it proves before it sends, what it never sends, many at once, and what it keeps."""

import json
import threading
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from core.money import Currency, Money
from providers.answers import Reason, SeenState
from providers.mojaloop.contract import (
    Accepted,
    Capabilities,
    Found,
    Identity,
    NotSeen,
    Operation,
    Party,
    PayoutOrder,
    Progress,
    Quote,
    Rejected,
    Seen,
    Unknown,
    Withheld,
)
from providers.mojaloop.gate import Throttle
from providers.mojaloop.rail import MojaloopRail
from tests.providers.mojaloop.conftest import STEPS, House

NOBODY_LISTENS = "http://127.0.0.1:9"


def wide(room: int = 20) -> Throttle:
    return Throttle(room, 2_000)


# The probe


@pytest.mark.parametrize("mode", ["one_step", "two_step"])
@pytest.mark.parametrize("ids", list(Identity))
def test_a_probe_sees_what_becomes_of_our_ids_and_moves_nothing(house: House, ids: Identity, mode: str) -> None:
    house.run(mode, ids)
    seen = house.rail.probe(house.account)
    assert isinstance(seen, Capabilities)
    assert seen.identity is ids
    assert house.transfers == []
    assert house.heard(1) == [("POST", "transfers")]
    assert [attempt.operation for attempt in seen.attempts] == ["probe"]


def test_a_probe_that_is_quoted_or_not_answered_proves_nothing(house: House) -> None:
    somebody = replace(house.account, probe_party=Party("MSISDN", "+2290197000001"))
    assert isinstance(house.rail.probe(somebody), Unknown)
    silent = house.rail.probe(replace(house.account, base_url=NOBODY_LISTENS))
    assert isinstance(silent, Unknown)
    assert not silent.is_sent


def test_the_adapter_is_alive_or_not(house: House) -> None:
    assert house.rail.is_alive(house.account)
    assert not house.rail.is_alive(replace(house.account, base_url=NOBODY_LISTENS))


@pytest.mark.parametrize("identity", [None, Identity.ID_IGNORED, Identity.ID_CLOSED])
def test_one_step_without_our_ids_is_refused_by_the_code(house: House, identity: Identity | None) -> None:
    house.account = replace(house.account, identity=identity)
    answer = house.rail.payout(house.order())
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.again, answer.stop) == (Reason.CONFIGURATION, "same_id", "account")
    assert answer.attempts == ()


# Two steps without our ids


@pytest.mark.parametrize("ids", ["id_ignored", "id_closed"])
def test_in_two_steps_the_adapters_own_id_is_stored_before_going_on(house: House, ids: str) -> None:
    house.run("two_step", ids)
    order = house.order()
    first = house.rail.payout(order)
    assert isinstance(first, Accepted)
    assert first.state is Progress.WAITING_PARTY
    assert len(first.their_transfer_id) == 26
    assert first.stop is None
    last, answer = house.pay(order.after(first))
    assert isinstance(answer, Accepted)
    assert answer.is_paid
    assert house.moved == [(first.their_transfer_id, 50_000)]
    seen = house.ask(last)
    assert isinstance(seen, Seen)
    assert seen.state is SeenState.SUCCEEDED


def test_a_canary_goes_alone_until_the_adapter_is_seen_waiting(house: House) -> None:
    house.run("two_step", "id_ignored")
    left: list[tuple[int, bool]] = []  # how many were out, and whether the adapter had been seen, as each one left

    def admits(_: PayoutOrder) -> bool:
        left.append((box.out, house.account.base_url in house.rail._patient))
        return True

    box = house.rail.payouts(Throttle(10, 2_000, admits))
    box.put(*(house.order(f"{n}") for n in range(100, 106)))
    answers = []
    while not box.is_idle:
        answers += box.take(5.0)
    assert [type(answer) for _, answer in answers] == [Accepted] * 6
    assert left[0] == (0, False)
    assert [is_seen for _, is_seen in left[1:]] == [True] * 5
    assert house.moved == []


def test_an_adapter_that_accepts_by_itself_stops_the_account_at_the_first_payment(house: House) -> None:
    house.run("one_step", "id_ignored")  # its AUTO_ACCEPT are on, and we were told otherwise
    house.account = replace(house.account, mode="two_step")
    box = house.rail.payouts(wide())
    box.put(*(house.order(f"{n}") for n in range(100, 110)))
    (pair,) = box.take(5.0)
    assert isinstance(pair[1], Accepted)
    assert (pair[1].stop, pair[1].state) == ("account", Progress.SUCCEEDED)
    assert len(house.moved) == 1


def test_a_payee_unknown_is_no_sign_of_an_adapter_that_goes_on_by_itself(house: House) -> None:
    house.rail = MojaloopRail()  # of its own: what it remembers of an adapter, an answer to another test may teach it
    house.run("two_step", "id_ignored")
    answer = house.rail.payout(house.order("901"))
    assert isinstance(answer, Rejected)
    assert answer.stop is None
    assert house.account.base_url not in house.rail._patient


def test_waiting_in_one_step_is_carried_on_as_two(house: House) -> None:
    house.run("two_step")
    house.account = replace(house.account, mode="one_step")
    _, answer = house.pay(house.order())
    assert isinstance(answer, Accepted)
    assert answer.is_paid
    assert len(house.moved) == 1


def test_a_quote_that_differs_is_never_accepted(house: House) -> None:
    house.run("two_step")
    order = replace(house.order(), operation=Operation.PUT_ACCEPT_QUOTE, quote=Quote(None, Money(49_900, Currency.XOF)))
    answer = house.rail.payout(order)
    assert isinstance(answer, Rejected)
    assert answer.reason is Reason.MISMATCH_AMOUNT
    assert answer.attempts == ()


def test_accept_quote_twice_is_204_and_asked_about_not_paid_twice(house: House) -> None:
    house.run("two_step")
    order = house.order("940")
    order = order.after(house.rail.payout(order))  # type: ignore[arg-type]
    order = order.after(house.rail.payout(order))  # type: ignore[arg-type]
    answers = [house.rail.payout(order) for _ in range(2)]
    assert [(type(answer), getattr(answer, "detail", "")) for answer in answers] == [
        (Unknown, "http 504"),
        (Unknown, "http 204"),
    ]
    assert len(house.moved) == 1


# Doubt


def test_nobody_listening_is_the_only_doubt_that_nothing_left(house: House) -> None:
    answer = house.rail.payout(replace(house.order(), account=replace(house.account, base_url=NOBODY_LISTENS)))
    assert isinstance(answer, Unknown)
    assert not answer.is_sent
    hung = house.rail.payout(house.order("936"))
    assert isinstance(hung, Unknown)
    assert hung.is_sent


def test_an_answer_that_never_comes_ends_with_our_own_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.kernel, "pace", 0.5)  # it would hold for twenty seconds
    house.account = replace(house.account, write_timeout_s=0.5)
    answer = house.rail.payout(house.order("936"))
    assert isinstance(answer, Unknown)
    assert (answer.is_sent, answer.detail) == (True, "ReadTimeout")
    assert len(house.heard(1)) == 1  # noted once the other side has seen that we are gone
    assert len(house.moved) == 1


def test_the_same_id_twice_pays_once_and_says_that_it_exists(house: House) -> None:
    order = house.order()
    first, second = house.rail.payout(order), house.rail.payout(order)
    assert isinstance(first, Accepted)
    assert isinstance(second, Unknown)
    assert second.code == "3106"
    assert house.moved == [(order.transfer_id, 50_000)]


def test_the_same_payment_under_two_ids_is_what_the_book_shows(house: House) -> None:
    order = house.order()
    house.rail.payout(order)
    house.rail.payout(house.again(order))
    assert [row.reference for row in house.book] == [order.home_id] * 2, "the home id protects nobody"


def test_a_refusal_counts_only_once_a_read_agrees(house: House) -> None:
    answer = house.rail.payout(house.order("917"))
    assert isinstance(answer, Rejected)
    assert (answer.code, answer.text) == ("5200", "Plafond du compte du bénéficiaire atteint.")
    assert [attempt.operation for attempt in answer.attempts] == ["post_transfers", "get_transfer"]


def test_a_refusal_whose_read_says_paid_is_paid_with_an_alarm(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_refused(monkeypatch, "commits")
    answer = house.rail.payout(house.order("917"))
    assert isinstance(answer, Accepted)
    assert (answer.is_paid, answer.is_contradicted) == (True, True)
    assert answer.proof.is_verified


def test_a_refusal_whose_read_says_nothing_is_a_doubt(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_refused(monkeypatch, "commits", read="late")
    answer = house.rail.payout(house.order("916"))
    assert isinstance(answer, Unknown)
    assert (answer.code, answer.stop) == ("4001", "account")


def tell_refused(monkeypatch: pytest.MonkeyPatch, ending: str, read: str = "hub") -> None:
    """Let the adapter refuse what its hub does all the same."""
    from providers.fakes import mojaloop, mojaloop_tales

    told = {
        code: replace(tale, ending=ending, read=read) if tale.reply == "refused" else tale  # type: ignore[arg-type]
        for code, tale in mojaloop_tales.TALES.items()
    }
    monkeypatch.setattr(mojaloop, "TALES", told)


def test_a_doubt_about_the_amount_stays_one_whatever_a_read_says(house: House) -> None:
    order, answer = house.pay(house.order("915"))
    assert isinstance(answer, Unknown)
    assert answer.reason is Reason.MISMATCH_AMOUNT
    seen = house.ask(order)
    assert isinstance(seen, Unknown)
    assert seen.reason is Reason.MISMATCH_AMOUNT


def test_their_id_is_kept_and_asked_about(house: House) -> None:
    order = house.order("941")
    last, answer = house.pay(order)
    assert isinstance(answer, Accepted)
    assert (answer.stop, len(answer.their_transfer_id)) == ("account", 26)
    assert isinstance(house.ask(order), NotSeen)
    assert isinstance(house.ask(last), Seen)


def test_the_position_is_what_was_prefunded(house: House) -> None:
    house.run(position="120000")
    answers = [house.rail.payout(house.order(f"{n}")) for n in range(100, 104)]
    assert [type(answer) for answer in answers] == [Accepted, Accepted, Rejected, Rejected]
    assert [(one.code, one.stop) for one in answers if isinstance(one, Rejected)] == [("4001", "account")] * 2
    house.run(position="500000")
    assert isinstance(house.rail.payout(house.order("104")), Accepted)


# Many at once


def test_many_leave_together_and_each_is_answered_once(house: House) -> None:
    orders = [house.order(f"{n}") for n in range(100, 180)]
    answered = {order.transfer_id: answer for order, answer in house.rail.payout_many(orders, wide())}
    assert set(answered) == {order.transfer_id for order in orders}
    assert all(isinstance(answer, Accepted) and answer.is_paid for answer in answered.values())
    assert sorted(house.moved) == sorted((order.transfer_id, 50_000) for order in orders)


def test_two_steps_go_on_by_appending_to_the_deque(house: House) -> None:
    house.run("two_step")
    orders = deque(house.order(f"{n}") for n in range(100, 110))
    paid = 0
    for order, answer in house.rail.payout_many(orders, wide()):
        assert isinstance(answer, Accepted)
        if answer.state in STEPS:
            orders.append(order.after(answer))
        paid += answer.is_paid
    assert paid == len(house.moved) == 10
    assert house.heard(30).count(("PUT", "transfers")) == 20


def test_never_more_are_out_than_the_gate_has_room(house: House) -> None:
    box = house.rail.payouts(wide(3))
    box.put(*(house.order("900") for _ in range(12)))
    seen = []
    while not box.is_idle:
        box.take(0.0)
        seen.append(box.out)
    assert max(seen) == 3


def test_a_closed_gate_sends_nothing_more_and_gives_back(house: House) -> None:
    is_open = threading.Event()
    is_open.set()
    gate = Throttle(1, 2_000, admits=lambda _: is_open.is_set())
    answers: list[tuple[PayoutOrder, Any]] = []
    for pair in house.rail.payout_many([house.order(f"{n}") for n in range(100, 110)], gate):
        answers.append(pair)
        if len(answers) == 3:
            is_open.clear()
    kinds = [type(answer) for _, answer in answers]
    assert kinds.count(Withheld) == 10 - len(house.moved)
    assert len(house.moved) <= 4
    withheld = {order.transfer_id for order, answer in answers if isinstance(answer, Withheld)}
    assert withheld.isdisjoint(row.payment_id for row in house.book)


def test_reads_and_look_ups_go_by_the_same_gate(house: House) -> None:
    parties = [Party("MSISDN", f"+2290197000{n}") for n in range(100, 130)]
    found = dict(house.rail.lookup_many(house.account, iter(parties), wide()))
    assert set(found) == set(parties)
    assert all(isinstance(answer, Found) for answer in found.values())
    orders = [house.pay(house.order(f"{n}"))[0] for n in range(100, 105)]
    seen = list(house.rail.status_many(orders, wide()))
    assert sorted(order.transfer_id for order, _ in seen) == sorted(order.transfer_id for order in orders)
    assert all(isinstance(answer, Seen) for _, answer in seen)


# What is kept


def test_attempts_keep_the_proof_and_neither_a_name_nor_a_number(house: House) -> None:
    house.run("two_step")
    order, answers = house.order("123"), []
    while True:
        answer = house.rail.payout(order)
        answers.append(answer)
        assert isinstance(answer, Accepted)
        if answer.is_paid:
            break
        order = order.after(answer)
    attempts = [attempt for answer in answers for attempt in answer.attempts]
    lookup = house.rail.lookup(house.account, order.party)
    read = house.ask(order)
    told = "\n".join(
        f"{one.url}\n{one.request}\n{one.response}" for one in (*attempts, *lookup.attempts, *read.attempts)
    )
    assert isinstance(lookup, Found)
    for name in lookup.names:
        assert all(part not in told for part in name.split() if len(part) > 3)
    for hidden in ("2290197000123", "22997000123", "1951", "ilpPacket"):
        assert hidden not in told
    paid = attempts[-1]
    assert len(paid.response.encode()) <= 4 * 1024
    document = json.loads(paid.response)
    assert document["transferId"] == order.transfer_id
    assert document["fulfil"]["body"]["fulfilment"]
    assert document["quoteResponse"]["body"]["condition"]
    assert order.transfer_id in paid.url
    assert paid.answered_at is not None


def test_a_call_without_an_answer_is_kept_too(house: House) -> None:
    answer = house.rail.payout(house.order("934"))
    (attempt,) = answer.attempts
    assert (attempt.http_status, attempt.answered_at, attempt.error_kind) == (None, None, "RemoteProtocolError")


def test_the_names_a_payment_brings_back_are_the_directorys(house: House) -> None:
    answer = house.rail.payout(house.order("903"))
    assert isinstance(answer, Accepted)
    assert answer.party is not None
    assert answer.party.names == ("Mahoutin Vodounon",)


def test_another_currency_holds_the_payee(house: House) -> None:
    house.run(currencies="USD")
    found = house.rail.lookup(house.account, Party("MSISDN", "+2290197000001"))
    assert isinstance(found, Found)
    assert found.hold is Reason.CURRENCY_NOT_SUPPORTED
