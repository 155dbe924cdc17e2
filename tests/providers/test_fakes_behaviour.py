"""Which story an order gets: the documented order of choice, and the same story for the same seed and reference."""

from collections import Counter

import pytest

from core.money import Currency, Money
from providers.answers import Reason, SeenState
from providers.fakes.behaviour import CODES, DEMO_MIX, STORIES, Chooser, Story, code_of_party, failing

XOF = Currency.XOF
SERIES = (
    "+2290197000",
    "+221771000",
    "+2250700000",
    "+237678000",
    "+243810000",
    "+22670000",
    "+22890000",
    "+22376000",
    "+224621000",
    "+22796000",
)


def test_there_is_a_story_for_each_code() -> None:
    assert tuple(f"{n:03}" for n in range(28)) == CODES
    assert all(story.code == code for code, story in STORIES.items())


@pytest.mark.parametrize("series", SERIES)
def test_the_last_three_digits_of_a_number_of_a_series_choose(series: str) -> None:
    assert code_of_party(f"{series}014") == "014"
    assert code_of_party(f"{series[1:]}014") == "014"
    assert code_of_party(f"{series}000") == ""
    assert code_of_party(f"{series}099") == ""  # no such story


def test_the_number_of_a_person_chooses_nothing() -> None:
    for number in ("+2290197123014", "+221775550014", "22901970000140", ""):
        assert code_of_party(number) == ""


def test_the_national_form_chooses_where_a_provider_takes_that() -> None:
    assert code_of_party("771000002") == "002"
    assert code_of_party("678000002") == "002"


def test_a_queued_scenario_comes_first_then_sandbox_then_number_then_amount_then_chance() -> None:
    never: Story = failing("456", Reason.PAYEE_NOT_ALLOWED)
    chooser = Chooser("1", {"017": 1_000})
    sandbox = {"2290197000014": never}
    chooser.queue("mtn", "003")
    party, amount = "+2290197000014", Money(5_002, XOF)
    assert chooser.choose("mtn", "collect", "a", party, amount, sandbox).code == "003"
    assert chooser.choose("mtn", "collect", "b", party, amount, sandbox) is never
    assert chooser.choose("mtn", "collect", "c", party, amount).code == "014"
    assert chooser.choose("mtn", "collect", "d", None, amount).code == "002"
    assert chooser.choose("mtn", "collect", "e", "+2290197123456", amount).code == "017"
    assert chooser.choose("mtn", "collect", "f", None, Money(5_000, XOF)).code == "017"
    chooser.mix = {}
    assert chooser.choose("mtn", "collect", "g", None, Money(5_000, XOF)).code == "000"


def test_an_amount_in_cents_chooses_by_its_units() -> None:
    assert Chooser().choose("orange_webpay", "collect", "a", None, Money(500_200, Currency.CDF)).code == "002"


def test_a_queued_scenario_is_for_one_adapter_and_known_codes() -> None:
    chooser = Chooser()
    chooser.queue("mtn", "003", 2)
    played = [chooser.choose(name, "collect", str(n)).code for n, name in enumerate(("wave", "mtn", "mtn", "mtn"))]
    assert played == ["000", "003", "003", "000"]
    with pytest.raises(LookupError):
        chooser.queue("mtn", "098")


def test_an_order_asked_twice_keeps_its_story() -> None:
    chooser = Chooser()
    chooser.queue("mtn", "025")
    first = chooser.choose("mtn", "collect", "a")
    assert chooser.choose("mtn", "collect", "a") is first
    assert chooser.counts == {"025": 1}


def test_the_mix_is_the_same_for_the_same_seed_and_close_to_its_table() -> None:
    references = [f"R{n}" for n in range(10_000)]
    drawn = [[Chooser(seed, DEMO_MIX).choose("mtn", "collect", r).code for r in references] for seed in ("7", "7", "8")]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    counts = Counter(drawn[0])
    assert 9_300 < counts["000"] < 9_500
    assert set(counts) == set(CODES)
    assert sum(DEMO_MIX.values()) == 60


def test_what_ends_badly_says_why() -> None:
    assert {code: (STORIES[code].final, STORIES[code].reason) for code in ("014", "015", "016")} == {
        "014": (SeenState.FAILED, Reason.INSUFFICIENT_FUNDS),
        "015": (SeenState.FAILED, Reason.PAYER_NOT_FOUND),
        "016": (SeenState.FAILED, Reason.NOT_APPROVED),
    }
