"""Numbers read by families are read as the one rule reads them."""

import json
from itertools import chain, product
from typing import Any

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata

try:
    from re import _parser as expressions  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    import sre_parse as expressions

from core.money import Currency
from core.phone import OPERATORS_FILE, PhoneNumber, PhoneRefusal, normalise
from services.pensions.files import FileRules
from services.pensions.files.phones import FEWEST_DIGITS, UNREAD_DIGITS, PhoneFamilies

COUNTRIES = sorted(UNREAD_DIGITS)
SHORTEST = 5  # what is left of the shortest plain number once the country's code is taken off


def endings(nodes: Any) -> set[tuple[int, int]]:
    """Return the lengths a pattern matches, each with how many last digits may be any."""
    found = {(0, 0)}
    for kind, argument in nodes:
        name = str(kind)
        if name == "LITERAL":
            part = {(1, 0)}
        elif name == "IN":
            part = {(1, int(any(str(one) == "CATEGORY" or value == (48, 57) for one, value in argument)))}
        elif name == "SUBPATTERN":
            part = endings(argument[3])
        elif name == "BRANCH":
            part = set(chain.from_iterable(endings(branch) for branch in argument[1]))
        elif name == "MAX_REPEAT":
            fewest, most, inner = argument
            part = set(chain.from_iterable(_times(endings(inner), times) for times in range(fewest, most + 1)))
        else:
            raise AssertionError(name)
        found = {_joined(before, after) for before, after in product(found, part)}
    return found


def _joined(before: tuple[int, int], after: tuple[int, int]) -> tuple[int, int]:
    return before[0] + after[0], before[1] + after[1] if after[0] == after[1] else after[1]


def _times(one: set[tuple[int, int]], times: int) -> set[tuple[int, int]]:
    found = {(0, 0)}
    for _ in range(times):
        found = {_joined(before, after) for before, after in product(found, one)}
    return found


@pytest.mark.parametrize("country", COUNTRIES)
def test_no_pattern_of_a_country_reads_the_last_digits(country: str) -> None:
    metadata: Any = PhoneMetadata.metadata_for_region(country)
    patterns = [json.loads(OPERATORS_FILE.read_text(encoding="utf-8"))["mobile"].get(country)]
    patterns += [getattr(getattr(metadata, name), "national_number_pattern", None) for name in dir(metadata)]
    read = [
        (length, unread)
        for pattern in patterns
        if pattern
        for length, unread in endings(expressions.parse(pattern))
        if length >= SHORTEST
    ]
    assert min(unread for _, unread in read) >= UNREAD_DIGITS[country]
    assert metadata.international_prefix == "00"
    assert metadata.national_prefix_for_parsing in {None, "0"}
    assert metadata.national_prefix_transform_rule is None
    assert phonenumbers.COUNTRY_CODE_TO_REGION_CODE[metadata.country_code] == (country,)
    assert FEWEST_DIGITS - len(str(metadata.country_code)) >= SHORTEST


def by_rule(raw: str, rules: FileRules) -> tuple[str, bool, bool] | None:
    try:
        number = normalise(raw, rules.country)
    except PhoneRefusal:
        return None
    if not rules.allows_country(number.country):
        return None
    return number.e164, number.repair is not None, number.warning == "unknown_range"


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A country, and numbers that begin as many of its numbers do."""
    country = draw(st.sampled_from(COUNTRIES))
    code = str(phonenumbers.country_code_for_region(country))
    example: Any = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    national = phonenumbers.national_significant_number(example)
    starts = ["", "+", "00", code, f"+{code}", f"00{code}", f"+{code}0", "0", "+33", "0033"]
    heads = [national[:4], national[:2], national[2:4], ""]
    digits = st.text("0123456789", min_size=1, max_size=10)
    one = st.tuples(st.sampled_from(starts), st.sampled_from(heads), digits).map("".join)
    return country, draw(st.lists(one, min_size=1, max_size=12))


@settings(deadline=None, max_examples=600)
@given(asked=numbers())
def test_a_family_says_what_the_rule_says(asked: tuple[str, list[str]]) -> None:
    country, raws = asked
    rules = FileRules(country, Currency.XOF)
    found = PhoneFamilies(rules).read(pl.Series(raws))
    assert found.height == len(raws)
    for raw, (identifier, is_repaired, is_unknown_range) in zip(raws, found.iter_rows(), strict=True):
        if identifier is not None:
            assert (identifier, is_repaired, is_unknown_range) == by_rule(raw, rules)


@pytest.mark.parametrize("raw", ["0197000001", "+2290197000001", "2290197000001", "002290197000001", "97000001"])
def test_the_usual_writings_of_benin_are_families(raw: str) -> None:
    found = PhoneFamilies(FileRules("BJ", Currency.XOF)).read(pl.Series([raw]))
    assert found["identifier"].to_list() == ["+2290197000001"]
    assert found["is_repaired"].to_list() == [raw == "97000001"]


def test_the_rule_is_asked_once_for_a_hundred_thousand_numbers_of_one_family(monkeypatch: pytest.MonkeyPatch) -> None:
    from services.pensions.files import phones

    asked: list[str] = []

    def ask(raw: str, region: str | None) -> PhoneNumber:
        asked.append(raw)
        return normalise(raw, region)

    monkeypatch.setattr(phones, "normalise", ask)
    found = PhoneFamilies(FileRules("BJ", Currency.XOF)).read(pl.Series([f"0197{n:06d}" for n in range(100_000)]))
    assert asked == ["0197000000"]
    assert found["identifier"].n_unique() == 100_000
    assert found["identifier"][99_999] == "+2290197099999"
