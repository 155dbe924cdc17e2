"""A transfer from its order to its end, on a provider that answers what the test wrote."""

from models.ledger import AccountKind
from providers.answers import Accepted, NotSeen, Reason, Rejected, Unknown
from tests.builders.transfers import AWA, House, seen


def test_a_top_up_is_credited_when_the_operator_says_so_and_not_before(house: House) -> None:
    operation = house.recharge(amount=1_000)
    assert (house.state(operation), house.balance(), house.postings()) == ("created", 10_000, 0)

    assert house.submit() == 1
    assert (house.state(operation), house.balance(), house.postings()) == ("pending", 10_000, 0)

    house.clock.advance(6)
    assert house.read() == 1
    assert (house.state(operation), house.balance()) == ("succeeded", 11_000)
    assert house.house(AccountKind.PROVIDER_FLOAT) == 1_000  # 1 010 collected, 10 taken by the provider
    assert house.house(AccountKind.FEE_EXPENSE) == 10
    assert house.house(AccountKind.FEE_INCOME, is_provider=False) == 10
    assert house.said() == ["wallet_recharge"]
    assert house.events(operation) == ["created", "submitted", "pending", "succeeded"]
    assert house.provider.sent[0].amount.minor == 1_010
    assert house.provider.sent[0].party is not None
    assert house.provider.sent[0].party.e164 == AWA


def test_a_payout_is_set_aside_then_spent(house: House) -> None:
    operation = house.withdraw(amount=2_000)
    assert (house.balance(), house.reserved()) == (7_980, 2_020)

    house.submit()
    house.clock.advance(3)
    house.read()

    assert (house.state(operation), house.balance(), house.reserved()) == ("succeeded", 7_980, 0)
    assert house.house(AccountKind.PROVIDER_FLOAT) == -2_020
    assert house.house(AccountKind.FEE_INCOME, is_provider=False) == 20
    assert house.said() == ["wallet_versement"]


def test_a_refused_payout_comes_back(house: House) -> None:
    house.provider.submissions.append(Rejected(Reason.PAYEE_NOT_FOUND, "PAYEE_NOT_FOUND"))
    operation = house.withdraw(amount=2_000)
    house.submit()

    assert (house.state(operation), house.row(operation).reason) == ("failed", "payee_not_found")
    assert (house.balance(), house.reserved()) == (10_000, 0)
    assert house.said() == ["wallet_refus"]


def test_an_unknown_keeps_its_reserve_and_is_asked_about_until_it_is_known(house: House) -> None:
    house.provider.submissions.append(Unknown(is_sent=True, detail="ReadTimeout"))
    house.provider.reads.extend([NotSeen(), lambda order: seen("pending", order)])
    operation = house.withdraw(amount=2_000)
    house.submit()
    assert (house.state(operation), house.reserved()) == ("unknown", 2_020)

    house.clock.advance(17)
    house.read()
    assert house.state(operation) == "unknown"
    house.clock.advance(17)
    house.read()
    assert house.state(operation) == "pending"
    house.clock.advance(60)
    house.read()

    assert (house.state(operation), house.reserved(), house.balance()) == ("succeeded", 0, 7_980)
    assert len(house.provider.sent) == 1
    assert house.events(operation) == ["created", "submitted", "unknown", "pending", "succeeded"]


def test_an_accepted_answer_without_a_read_changes_nothing_yet(house: House) -> None:
    house.provider.submissions.append(Accepted(handles={"token": "t"}))
    operation = house.recharge()
    house.submit()

    assert house.row(operation).handles == {"token": "t"}
    assert house.balance() == 10_000
