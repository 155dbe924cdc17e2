"""A month's money for messages: at its end reminders wait, codes and receipts go, and the trail says so once."""

from typing import Any

import pytest

from core.database import driver
from core.errors import Forbidden
from core.ids import new_id
from core.permissions import SYSTEM, Actor
from services.messages import ceilings
from services.messages.ceilings import SetCeiling
from tests.messages.house import House, number, reminder

COST = 15  # of a part, at the fake Africa's Talking
HOUR_S = 3_600


@pytest.fixture
def priced(house: House) -> House:
    """A house whose network tells what it takes."""
    house.route("sms", "africas_talking")
    return house


def allow(house: House, minor: int | None, **owner: Any) -> None:
    with house.database.transaction() as session:
        ceilings.set_ceiling(session, SYSTEM, SetCeiling(currency="XOF", month_minor=minor, **owner))


def trail(house: House) -> list[tuple[str, str]]:
    found = house.rows(
        "select action, summary from audit_entry where subject_type = 'message_ceiling' order by created_at, id"
    )
    return [(row["action"], row["summary"]) for row in found]


def spend(house: House, messages: int, key: str = "spent") -> None:
    """Send receipts of one part each, at one cost each."""
    for one in range(messages):
        house.write(f"{key}:{one}")
        house.send()


def test_at_the_ceiling_reminders_wait_and_codes_and_receipts_go(priced: House) -> None:
    allow(priced, 10 * COST)
    spend(priced, 10)
    waiting = [
        priced.write(**reminder(f"r{urgency}", priority=urgency, address=number(f"50{urgency}"))) for urgency in (2, 3)
    ]
    urgent = [priced.write(f"u{urgency}", priority=urgency, address=number()) for urgency in (0, 1)]
    priced.send()

    assert [priced.state(message) for message in waiting] == ["queued", "queued"]
    assert {priced.message(message)["error_code"] for message in waiting} == {"month_ceiling"}
    assert [priced.state(message) for message in urgent] == ["sent", "sent"]
    assert priced.letters(number("502")) == priced.letters(number("503")) == []


def test_a_raised_ceiling_lets_go_what_waits(priced: House) -> None:
    allow(priced, 2 * COST)
    spend(priced, 2)
    message = priced.write(**reminder())
    priced.send()
    allow(priced, 100 * COST)
    priced.wait(HOUR_S - 1)
    assert (priced.send(), priced.state(message)) == (0, "queued")
    priced.wait(1)
    priced.send()
    assert (priced.state(message), priced.message(message)["error_code"]) == ("sent", "")


def test_the_trail_says_it_once_at_four_fifths_and_once_at_the_end_of_each_month(priced: House) -> None:
    allow(priced, 10 * COST)
    spend(priced, 7)
    assert trail(priced) == []
    spend(priced, 2, "near")
    assert trail(priced) == [("message_ceiling.near", "80 %")]
    spend(priced, 4, "over")
    told = [("message_ceiling.near", "80 %"), ("message_ceiling.reached", "100 %")]
    assert trail(priced) == told

    priced.wait(10 * 24 * HOUR_S)  # December
    message = priced.write(**reminder())
    priced.send()
    assert (priced.state(message), trail(priced)) == ("sent", told)
    spend(priced, 9, "december")
    assert [action for action, _ in trail(priced)][2:] == ["message_ceiling.near", "message_ceiling.reached"]


def test_what_an_organisation_spends_is_not_the_platform_s(priced: House) -> None:
    organisation = new_id()
    allow(priced, COST)
    allow(priced, 1_000 * COST, owner_type="organisation", owner_id=organisation)
    with priced.database.transaction() as session:
        driver(session).execute(
            "update provider_account set owner_type = 'organisation', owner_id = %s where id = %s",
            (organisation, priced.accounts["africas_talking"]),
        )
    spend(priced, 3)
    message = priced.write(**reminder())
    priced.send()

    assert priced.state(message) == "sent"
    with priced.database.transaction() as session:
        found = [(row.owner_type, row.month_minor, row.spent_minor) for row in ceilings.list_ceilings(session, SYSTEM)]
    assert [row[:2] for row in found] == [("platform", COST), ("organisation", 1_000 * COST)]
    assert found[0][2] == 0
    assert found[1][2] >= 4 * COST


def test_without_a_ceiling_nothing_waits_and_not_everybody_sets_one(priced: House) -> None:
    allow(priced, COST)
    allow(priced, None)
    spend(priced, 2)
    message = priced.write(**reminder())
    priced.send()
    assert (priced.state(message), trail(priced)) == ("sent", [])
    with priced.database.transaction() as session, pytest.raises(Forbidden):
        ceilings.set_ceiling(session, Actor(None, "Awa"), SetCeiling(currency="XOF", month_minor=1))
