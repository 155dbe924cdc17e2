"""What every answer of a provider does: refusals, silence, lies, late money, contradictions, money that comes back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from core.money import Currency, Money
from core.phone import normalise
from models.ledger import AccountKind
from providers.answers import Accepted, NextStep, NotSeen, Prepared, Reason, Rejected, Seen, SeenState, Unknown
from services import transfers
from services.transfers import cases, contradictions, reading
from tests.builders.transfers import AWA, BEN, House, seen, xof


def test_nothing_sent_is_tried_again_five_times_then_failed(house: House) -> None:
    house.provider.submissions.extend([Unknown(is_sent=False, detail="ConnectError")] * 6)
    operation = house.withdraw()
    assert house.submit() == 1
    for pause in (2, 4, 8, 16, 32):
        assert (house.state(operation), house.submit()) == ("submitted", 0)
        house.clock.advance(pause - 1)
        assert house.submit() == 0
        house.clock.advance(1)
        assert (house.read(), house.submit()) == (0, 1)

    assert (house.state(operation), house.row(operation).reason) == ("failed", "provider_unreachable")
    assert len({order.external_id for order in house.provider.sent}) == 1
    assert len(house.provider.sent) == 6
    assert (house.balance(), house.reserved()) == (10_000, 0)


def test_what_was_not_sent_may_still_succeed(house: House) -> None:
    house.provider.submissions.append(Unknown(is_sent=False, detail="ConnectError"))
    operation = house.recharge()
    house.submit()
    house.clock.advance(2)
    house.submit()
    house.clock.advance(4)
    house.read()

    assert house.state(operation) == "succeeded"
    assert house.events(operation) == ["created", "submitted", "pending", "succeeded"]


def test_not_seen_is_proof_only_after_a_quarter_of_an_hour_and_only_where_it_is(house: House) -> None:
    house.provider.submissions.extend([Unknown(is_sent=True)] * 2)
    house.provider.reads.extend([NotSeen()] * 50)
    operation = house.withdraw()
    house.submit()
    house.clock.advance(890)
    house.hint(operation)
    assert house.state(operation) == "unknown"
    house.clock.advance(10)
    house.hint(operation)
    assert (house.state(operation), house.row(operation).reason) == ("failed", "never_received")

    house.provider.not_seen_is_proof = False
    operation = house.withdraw()
    house.submit()
    house.clock.advance(100_000)
    house.hint(operation)
    assert (house.state(operation), house.reserved()) == ("unknown", 1_010)


def test_a_payout_nobody_found_leaves_again_under_its_own_id_where_that_is_safe(house: House) -> None:
    house.provider.not_seen_is_proof = False
    house.provider.submissions.append(Unknown(is_sent=True))
    house.provider.reads.append(NotSeen())
    operation = house.withdraw()
    house.submit()
    house.hint(operation)
    house.hint(operation)

    assert house.state(operation) == "succeeded"
    assert [order.external_id for order in house.provider.sent] == [house.row(operation).external_id] * 2


@pytest.mark.parametrize("case", ["unsafe", "late", "collect", "found"])
def test_nothing_is_sent_again_otherwise(house: House, case: str) -> None:
    house.provider.not_seen_is_proof, house.provider.is_resend_safe = False, case != "unsafe"
    house.provider.submissions.append(Unknown(is_sent=True))
    house.provider.reads.extend([NotSeen() if case != "found" else Unknown(is_sent=True)] * 50)
    operation = house.recharge() if case == "collect" else house.withdraw()
    house.submit()
    house.clock.advance(900 if case == "late" else 1)
    for _ in range(3):
        house.hint(operation)

    assert (house.state(operation), len(house.provider.sent)) == ("unknown", 1)


@pytest.mark.parametrize(
    ("lie", "reason", "suspended"),
    [
        ({"amount": xof(910)}, "mismatch_amount", 910),
        ({"amount": Money(10_10, Currency.EUR)}, "mismatch_currency", 0),
        ({"amount": None, "currency_text": "GHS"}, "mismatch_currency", 0),
        ({"party": normalise(BEN, None)}, "mismatch_party", 1_010),
    ],
)
def test_a_success_that_is_not_ours_credits_nobody(
    house: House, lie: dict[str, object], reason: str, suspended: int
) -> None:
    house.provider.reads.extend([lambda order: seen("succeeded", order, provider_ref="P1", **lie)] * 3)
    operation = house.recharge(amount=1_000)
    house.submit()
    for _ in range(3):
        house.hint(operation)

    assert (house.state(operation), house.row(operation).reason) == ("unknown", reason)
    assert house.balance() == 10_000
    assert house.house(AccountKind.SUSPENSE) == house.house(AccountKind.PROVIDER_FLOAT) == suspended
    assert [kind for kind, _ in house.cases()] == ["mismatch"]


def test_a_mismatch_that_is_settled_takes_its_money_out_of_suspense(house: House) -> None:
    house.provider.reads.append(lambda order: seen("succeeded", order, amount=xof(910), provider_ref="P1"))
    operation = house.recharge(amount=1_000)
    house.submit()
    house.hint(operation)
    house.hint(operation)

    assert (house.state(operation), house.balance()) == ("succeeded", 11_000)
    assert house.house(AccountKind.SUSPENSE) == 0
    assert house.house(AccountKind.PROVIDER_FLOAT) == 1_000


def test_a_success_without_amount_proves_nothing(house: House) -> None:
    house.provider.reads.append(Seen(state=SeenState.SUCCEEDED, provider_state="SUCCESS"))
    operation = house.recharge()
    house.submit()
    house.hint(operation)

    assert (house.state(operation), house.cases()) == ("pending", [])


def test_late_money_is_in_suspense_once_and_the_transfer_stays(house: House) -> None:
    house.provider.submissions.append(Rejected(Reason.NOT_APPROVED))
    operation = house.recharge(amount=1_000)
    house.submit()
    for _ in range(3):
        house.hint(operation)

    assert (house.state(operation), house.balance()) == ("failed", 10_000)
    assert house.cases() == [("late_money", 1_010)]
    assert house.house(AccountKind.SUSPENSE) == house.house(AccountKind.PROVIDER_FLOAT) == 1_010
    assert house.said() == ["wallet_recharge_refusee"]


def test_a_payout_that_left_after_all_is_late_money_the_other_way(house: House) -> None:
    house.provider.submissions.append(Rejected(Reason.UNSPECIFIED))
    operation = house.withdraw(amount=1_000)
    house.submit()
    house.hint(operation)

    assert (house.state(operation), house.balance()) == ("failed", 10_000)
    assert house.cases() == [("late_money", 1_000)]
    assert house.house(AccountKind.PROVIDER_FLOAT) == -1_000


def test_a_contradiction_moves_nothing_and_stops_the_payouts_of_the_account(house: House) -> None:
    operation = house.recharge()
    house.submit()
    house.hint(operation)
    house.provider.reads.extend([lambda order: seen("failed", order)] * 2)
    house.hint(operation)
    house.hint(operation)

    assert (house.state(operation), house.balance()) == ("succeeded", 11_000)
    assert [kind for kind, _ in house.cases()] == ["contradiction"]
    waiting = house.withdraw()
    assert (house.submit(), house.state(waiting)) == (0, "created")
    paying = house.recharge()
    assert (house.submit(), house.state(paying)) == (1, "pending")


def test_contradictions_found_at_once_on_one_account_do_not_wait_for_each_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = 4
    operations = [house.recharge(phone, amount) for amount in (1_000, 2_000) for phone in (AWA, BEN)]
    house.submit()
    house.clock.advance(60)
    house.read()
    assert {house.state(operation) for operation in operations} == {"succeeded"}
    house.provider.reads.extend([lambda order: seen("failed", order)] * threads)
    house.clock.advance(1)
    for operation in operations:
        house.force(operation, next_read_at=house.row_now())
    with house.database.transaction() as session:
        questions = reading.claim(session, house.row(operations[0]).account_id)
    every_case_is_open = Barrier(threads, timeout=10)
    open_case = cases.open_case

    def open_then_wait(*args: Any, **named: Any) -> UUID | None:
        opened = open_case(*args, **named)
        every_case_is_open.wait()
        return opened

    monkeypatch.setattr(contradictions, "open_case", open_then_wait)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda question: reading.read(house.database, question), questions))

    assert [kind for kind, _ in house.cases()] == ["contradiction"] * threads
    waiting = house.withdraw()
    assert (house.submit(), house.state(waiting)) == (0, "created")


def test_an_older_pending_after_the_end_changes_nothing(house: House) -> None:
    operation = house.recharge()
    house.submit()
    house.hint(operation)
    house.provider.reads.append(lambda order: seen("pending", order))
    house.hint(operation)

    assert (house.state(operation), house.cases()) == ("succeeded", [])


def test_a_payout_that_came_back_is_given_back(house: House) -> None:
    operation = house.withdraw(amount=2_000)
    house.submit()
    house.hint(operation)
    house.provider.reads.extend([lambda order: seen("reversed", order)] * 2)
    house.hint(operation)
    house.hint(operation)

    assert (house.state(operation), house.balance(), house.reserved()) == ("reversed", 10_000, 0)
    assert house.house(AccountKind.PROVIDER_FLOAT) == 0
    assert house.said() == ["wallet_versement", "wallet_refus"]


def test_a_payout_first_seen_when_it_had_come_back(house: House) -> None:
    house.provider.reads.append(lambda order: seen("reversed", order))
    operation = house.withdraw(amount=2_000)
    house.submit()
    house.hint(operation)

    assert house.events(operation)[-2:] == ["succeeded", "reversed"]
    assert house.balance() == 10_000


def test_a_callback_read_before_the_answer_to_our_own_call(house: House) -> None:
    operation = house.recharge(amount=1_000)
    house.provider.before_answer = lambda _order: house.hint(operation)
    house.provider.submissions.append(Accepted(provider_ref="P9", handles={"late": "yes"}))
    house.submit()

    assert (house.state(operation), house.balance()) == ("succeeded", 11_000)
    assert house.row(operation).handles == {"late": "yes"}
    assert house.events(operation) == ["created", "submitted", "succeeded"]


def test_an_answer_that_is_a_full_status_is_compared_like_a_read(house: House) -> None:
    operation = house.withdraw(amount=1_000)
    house.provider.submissions.append(Accepted(provider_ref="P9", seen=seen("succeeded", amount=xof(1_000))))
    house.submit()
    assert (house.state(operation), house.provider.asked) == ("succeeded", [])

    other = house.withdraw(amount=1_000)
    house.provider.submissions.append(Accepted(provider_ref="P8", seen=seen("succeeded", amount=xof(900))))
    house.submit()
    assert (house.state(other), house.row(other).reason) == ("unknown", "mismatch_amount")


def test_an_unknown_word_is_pending_with_an_alert(house: House) -> None:
    house.provider.reads.extend([lambda order: seen("pending", order, word="ODD", is_word_known=False)] * 2)
    operation = house.recharge()
    house.submit()
    house.hint(operation)
    house.hint(operation)

    assert (house.state(operation), house.row(operation).provider_state) == ("pending", "ODD")
    assert [kind for kind, _ in house.cases()] == ["unknown_word"]


def test_an_adapter_that_raises_loses_nothing(house: House) -> None:
    house.provider.submissions.append(RuntimeError("a bug"))
    operation = house.withdraw()
    house.submit()
    assert (house.state(operation), house.reserved()) == ("unknown", 1_010)

    house.hint(operation)
    assert house.state(operation) == "succeeded"


def test_a_first_call_that_moves_nothing_keeps_its_handles_before_the_second(house: House) -> None:
    house.provider.prepared = Prepared({"pay_token": "MP1"})
    house.provider.before_answer = lambda _order: kept.append(house.row(operation).handles)
    kept: list[dict[str, object]] = []
    operation = house.recharge()
    house.submit()

    assert kept == [{"pay_token": "MP1"}]
    assert house.provider.sent[0].handles == {"pay_token": "MP1"}


def test_a_first_call_that_fails_is_made_again(house: House) -> None:
    house.provider.prepared = Unknown(is_sent=True, detail="ReadTimeout")
    operation = house.recharge()
    house.submit()
    assert (house.state(operation), house.row(operation).connect_failures, house.provider.sent) == ("submitted", 1, [])

    house.provider.prepared = Rejected(Reason.PAYER_NOT_FOUND)
    house.clock.advance(2)
    house.submit()
    assert (house.state(operation), house.row(operation).reason) == ("failed", "payer_not_found")


def test_a_link_that_nobody_paid_expires_and_is_looked_at_once_more(house: House) -> None:
    house.provider.schedule = {"collect": "S2"}
    house.provider.reads.extend([lambda order: seen("pending", order)] * 100)
    until = house.row_now() + timedelta(minutes=10)
    house.provider.submissions.append(
        Accepted(handles={"id": "cos-1"}, next=NextStep("open_link", url="https://pay.example/1", until=until))
    )
    operation = house.recharge()
    house.submit()
    assert house.row(operation).next_step["url"] == "https://pay.example/1"
    assert house.said() == ["wallet_recharge_lien"]

    reads = house.run(minutes=25)
    assert (house.state(operation), house.row(operation).reason) == ("expired", "link_expired")
    assert len(house.provider.closed) == 1
    # Of 20 minutes: at 15 and 30 s, then each minute, all moved by 0.9 to 1.1 as the id says; and once at the end.
    assert 19 <= reads <= 2 + int(20 / 0.9) + 1

    house.provider.reads.clear()
    assert house.run(minutes=60) == 0
    house.clock.advance(24 * 3_600)
    assert house.read() == 1
    assert house.cases() == [("late_money", 1_010)]
    house.clock.advance(48 * 3_600)
    assert house.read() == 0


def test_a_link_that_comes_with_a_read_is_sent_too_once(house: House) -> None:
    step = NextStep("open_link", url="https://pay.example/2")
    house.provider.reads.extend([lambda order: seen("pending", order, next_step=step)] * 2)
    operation = house.recharge()
    house.submit()
    house.hint(operation)
    house.hint(operation)

    assert (house.row(operation).next_step["url"], house.said()) == ("https://pay.example/2", ["wallet_recharge_lien"])


def test_a_link_that_nobody_was_given_expires_after_a_quarter_of_an_hour(house: House) -> None:
    house.provider.schedule, house.provider.not_seen_is_proof = {"collect": "S2"}, False
    house.provider.submissions.append(Unknown(is_sent=True))
    house.provider.reads.extend([Unknown(is_sent=False)] * 2 + [NotSeen()] * 30)
    operation = house.recharge()
    house.submit()
    house.run(minutes=14)
    assert house.state(operation) == "unknown"
    house.run(minutes=2)

    assert (house.state(operation), house.row(operation).reason) == ("expired", "link_expired")


def test_the_person_is_told_of_a_doubt_once_after_ten_minutes(house: House) -> None:
    house.provider.submissions.append(Unknown(is_sent=True))
    house.withdraw()
    house.submit()
    house.clock.advance(599)
    assert (transfers.tell_doubts(house.database), house.said()) == (0, [])
    house.clock.advance(1)
    assert (transfers.tell_doubts(house.database), house.said()) == (1, ["wallet_incertain"])
    assert transfers.tell_doubts(house.database) == 0
    assert house.said(AWA) == ["wallet_incertain"]


@pytest.mark.parametrize("provider_ref", ["\0", "\ud800", "".join(map(chr, range(0x4E00, 0x6E00)))])
def test_no_word_of_a_provider_keeps_a_transfer_from_its_end(house: House, provider_ref: str) -> None:
    said = {"provider_ref": provider_ref, "word": provider_ref, "fee": xof(10**12)}
    house.provider.submissions.append(Accepted(provider_ref=provider_ref, handles={"x": provider_ref}))
    house.provider.reads.append(lambda order: seen("succeeded", order, **said))
    operation = house.recharge()
    house.submit()
    house.hint(operation)
    row = house.row(operation)
    kept = len(provider_ref) if len(provider_ref) == 1 else 0
    assert (row.state, row.provider_fee.minor, len(row.provider_ref or "")) == ("succeeded", 0, kept)
