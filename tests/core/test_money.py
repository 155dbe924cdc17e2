"""Money: read strictly, added within one currency, rounded once, shared to the last franc, shown on all that shows."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Currency, InvalidAmount, MixedCurrenciesError, Money, allocate, round_half_away

currencies = st.sampled_from(Currency)
minors = st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1)
NB, THIN = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


def francs(amount: int) -> Money:
    return Money(amount, Currency.XOF)


def test_currencies_have_the_decimals_of_iso_4217() -> None:
    assert {currency.value: currency.exponent for currency in Currency} == {
        "XOF": 0,
        "XAF": 0,
        "GNF": 0,
        "CDF": 2,
        "USD": 2,
        "EUR": 2,
    }


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("5000", "XOF", 5000), ("0", "XAF", 0), ("12.50", "USD", 1250), ("12.5", "CDF", 1250), ("12", "EUR", 1200)],
)
def test_a_decimal_string_is_read(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, Currency(currency)) == Money(minor, Currency(currency))


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-5", "+5", "5e3", "5 000", "5\u202f000", "5,000", "5.000", "5000.0", "5000.00", "NaN", "inf"),
        *("0x10", "5_000", "٥٠٠٠", "\uff15", "5\n", " 5", "1" * 16, ".5", "5.", "²", "5000 FCFA"),
    ],
)
def test_a_text_that_is_no_amount_of_francs_is_refused(text: str) -> None:
    with pytest.raises(InvalidAmount) as refusal:
        Money.parse(text, Currency.XOF)
    assert (refusal.value.code, refusal.value.status, str(refusal.value)) == (
        "montant_invalide",
        422,
        "Montant invalide.",
    )


@pytest.mark.parametrize("text", ["12.505", "12,50", "1.", "12.5O", "9999999999999.999"])
def test_a_text_that_is_no_amount_of_dollars_is_refused(text: str) -> None:
    with pytest.raises(InvalidAmount):
        Money.parse(text, Currency.USD)


@given(st.integers(min_value=0, max_value=10**15 - 1), currencies)
def test_what_is_written_plain_is_read_again_as_itself(minor: int, currency: Currency) -> None:
    money = Money(minor, currency)
    assert Money.parse(money.plain, currency) == money
    assert len(money.plain.partition(".")[2]) == currency.exponent


def test_a_float_or_a_truth_value_is_no_money() -> None:
    for wrong in (5.0, True, "5", None, 2**63):
        with pytest.raises(TypeError):
            Money(wrong, Currency.XOF)  # type: ignore[arg-type]


def test_two_currencies_never_meet() -> None:
    francs_cfa, dollars = francs(5000), Money(5000, Currency.USD)
    for act in (
        lambda: francs_cfa + dollars,
        lambda: francs_cfa - dollars,
        lambda: francs_cfa < dollars,
        lambda: francs_cfa >= dollars,
        lambda: francs(5) + Money(5, Currency.XAF),
    ):
        with pytest.raises(MixedCurrenciesError):
            act()
    assert francs_cfa != dollars


@given(minors, minors)
def test_sums_and_comparisons_are_those_of_whole_numbers(left: int, right: int) -> None:
    one, other = francs(left), francs(right)
    assert (one + other).minor == left + right
    assert (one - other).minor == left - right
    assert one - one == Money.zero(Currency.XOF)
    assert (-one).minor == -left
    assert (one < other, one <= other, one > other, one >= other) == (
        left < right,
        left <= right,
        left > right,
        left >= right,
    )


@pytest.mark.parametrize(
    ("exact", "rounded"), [("1/2", 1), ("-1/2", -1), ("3/2", 2), ("5/2", 3), ("-5/2", -3), ("49/100", 0), ("-1/3", 0)]
)
def test_a_half_is_rounded_away_from_zero(exact: str, rounded: int) -> None:
    assert round_half_away(Fraction(exact)) == rounded


@given(minors, st.integers(-10_000, 10_000), st.integers(1, 10_000))
def test_a_product_is_the_nearest_whole_number(minor: int, numerator: int, denominator: int) -> None:
    product = francs(minor).times((numerator, denominator))
    assert abs(product.minor - Fraction(minor * numerator, denominator)) <= Fraction(1, 2)
    assert product == francs(minor).times(Fraction(numerator, denominator))


def test_a_fee_of_one_and_a_half_percent() -> None:
    assert francs(5_000).times((150, 10_000)) == francs(75)
    assert francs(33).times((150, 10_000)) == francs(0)
    assert francs(100).times((150, 10_000)) == francs(2)


def test_a_remainder_goes_to_the_largest_then_to_the_earlier_seat() -> None:
    assert francs(100).split([1, 1, 1]) == [francs(34), francs(33), francs(33)]
    assert allocate(10, [1, 0, 2]) == [3, 0, 7]
    assert allocate(5, [1, 1]) == [3, 2]
    assert allocate(1, [0, 0, 3]) == [0, 0, 1]
    assert allocate(0, [1, 2]) == [0, 0]


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any))
def test_parts_make_the_whole_and_each_is_within_one_unit_of_its_share(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert part >= 0
        assert part == 0 or weight > 0
        assert abs(part - Fraction(total * weight, sum(weights))) < 1


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (10, []), (10, [0, 0]), (10, [3, -1])])
def test_a_split_that_has_no_sense_is_a_bug(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="split"):
        allocate(total, weights)


@pytest.mark.parametrize(
    ("minor", "currency", "screen", "english", "phone"),
    [
        (50_000, "XOF", f"50{THIN}000{NB}F{THIN}CFA", f"50,000{NB}F{THIN}CFA", "50 000 FCFA"),
        (1_234_567, "XAF", f"1{THIN}234{THIN}567{NB}F{THIN}CFA", f"1,234,567{NB}F{THIN}CFA", "1 234 567 FCFA"),
        (10_000, "GNF", f"10{THIN}000{NB}GNF", f"10,000{NB}GNF", "10 000 GNF"),
        (1_250, "USD", f"12,50{NB}USD", f"12.50{NB}USD", "12,50 USD"),
        (5, "EUR", f"0,05{NB}€", f"0.05{NB}€", "0,05 EUR"),
        (-5_000, "XOF", f"−5{THIN}000{NB}F{THIN}CFA", f"−5,000{NB}F{THIN}CFA", "-5 000 FCFA"),
        (-5, "CDF", f"−0,05{NB}CDF", f"−0.05{NB}CDF", "-0,05 CDF"),
    ],
)
def test_an_amount_is_shown_for_eyes_and_for_phones(
    minor: int, currency: str, screen: str, english: str, phone: str
) -> None:
    money = Money(minor, Currency(currency))
    assert money.on_screen("fr") == screen
    assert money.on_screen("en") == english
    assert money.on_phone() == phone
    assert NB.join(money.parts("fr")) == screen


@pytest.mark.parametrize(
    ("minor", "currency", "french", "english"),
    [
        (5_000, "XOF", "cinq mille francs CFA", "five thousand CFA francs"),
        (1, "XAF", "un franc CFA", "one CFA franc"),
        (0, "XOF", "zéro franc CFA", "zero CFA francs"),
        (200_000, "GNF", "deux cent mille francs guinéens", "two hundred thousand Guinean francs"),
        (1_000_000, "XOF", "un million de francs CFA", "one million CFA francs"),
        (1_000_080, "XOF", "un million quatre-vingts francs CFA", "one million and eighty CFA francs"),
        (1_250, "USD", "douze dollars et cinquante cents", "twelve dollars and fifty cents"),
        (1, "EUR", "un centime", "one cent"),
        (-101, "CDF", "moins un franc congolais et un centime", "minus one Congolese franc and one centime"),
    ],
)
def test_an_amount_is_said_in_words(minor: int, currency: str, french: str, english: str) -> None:
    money = Money(minor, Currency(currency))
    assert money.in_words("fr") == french
    assert money.in_words("en") == english
    assert money.in_words("ln") == french
