"""A provider at rest: what opens its breaker, what waits, what closes it."""

import pytest

from core.database import driver
from providers.answers import Account, Reason, Rejected, Unknown
from providers.wire import Wire
from services.provider_accounts import probe_due as probe_resting
from tests.builders.transfers import House


def breaker(house: House) -> str:
    return str(house.one("select breaker from provider_account")["breaker"])


def test_five_unknowns_in_a_row_open_it_and_a_harmless_read_closes_it(house: House) -> None:
    house.provider.submissions.extend([Unknown(is_sent=True)] * 5)
    for _ in range(5):
        house.withdraw(amount=10)
    house.submit()
    assert breaker(house) == "open"
    waiting = house.withdraw(amount=10)
    assert (house.submit(), house.state(waiting)) == (0, "created")

    assert probe_resting(house.database) == 0
    house.clock.advance(31)
    assert probe_resting(house.database) == 1
    assert (breaker(house), house.submit(), house.state(waiting)) == ("closed", 1, "pending")


def test_who_does_not_answer_the_harmless_read_rests_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def probe(account: Account, _wire: Wire) -> bool:
        asked.append(account.code)
        return False

    monkeypatch.setattr(house.provider, "probe", probe)
    with house.database.transaction() as session:
        driver(session).execute("update provider_account set breaker = 'open', breaker_at = now() - interval '9 days'")
    house.clock.advance(31)
    assert (probe_resting(house.database), probe_resting(house.database), breaker(house)) == (0, 0, "open")
    assert asked == ["mtn"]


def test_a_wrong_pin_of_ours_locks_it_and_nothing_but_a_person_opens_it(house: House) -> None:
    house.provider.submissions.append(Rejected(Reason.CONFIGURATION, "2011", is_pin_wrong=True))
    house.withdraw()
    house.submit()
    house.clock.advance(3_600)

    assert (probe_resting(house.database), breaker(house)) == (0, "locked")
