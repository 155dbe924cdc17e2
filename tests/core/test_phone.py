"""Phone numbers: every vector, the operators against the library, what a mask leaves to see."""

import json
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import carrier

from core import phone
from core.phone import AmbiguousLegacy, PhoneNumber, PhoneRefusal, mask_email, mask_phone, normalise

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "phones.json").read_text(encoding="utf-8")
)
# What the library calls the same companies, country by country.
LIBRARY_NAMES = {
    ("SN", "Hayo"): "HAYO",
    ("SN", "Adie"): "ADIE",
    ("CM", "MTN"): "MTN Cameroon",
    ("CM", "Nexttel"): "NEXTTEL",
    ("CD", "Tatem"): "Tatem Telecom",
    ("GN", "MTN"): "Areeba",
    ("BF", "Moov"): "Moov Africa",
    ("BF", "Telecel"): "Telecel Faso",
    ("TG", "Yas"): "Togo Telecom",
    ("ML", "Moov"): "Sotelma",
    ("ML", "Telecel"): "Atel",
}
NATIONAL_LENGTHS = {"BJ": 10, "SN": 9, "CI": 10, "CM": 9, "CD": 9, "GN": 9, "BF": 8, "TG": 8, "ML": 8, "NE": 8}


def test_there_are_eighty_vectors() -> None:
    assert len(VECTORS["cases"]) == 80


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["id"])
def test_a_number_is_read_as_its_vector_says(case: dict[str, Any]) -> None:
    expected = case["expect"]
    if "refused" in expected:
        with pytest.raises(PhoneRefusal) as refusal:
            normalise(case["raw"], case["region"])
        assert refusal.value.reason == expected["refused"]
        assert refusal.value.data.get("candidates") == expected.get("candidates")
    else:
        number = normalise(case["raw"], case["region"])
        assert {name: getattr(number, name) for name in expected} == expected


@pytest.mark.parametrize("forms", VECTORS["provider_forms"], ids=lambda forms: forms["e164"])
def test_each_provider_gets_the_form_it_takes(forms: dict[str, str]) -> None:
    number = normalise(forms["e164"], None)
    for provider, form in forms.items():
        if provider != "e164":
            assert number.for_provider(provider) == form


def test_a_provider_that_still_holds_old_benin_numbers_gets_eight_digits() -> None:
    assert normalise("0197000001", "BJ").for_provider("mtn", is_bj_legacy=True) == "22997000001"
    assert normalise("771234567", "SN").for_provider("mtn", is_bj_legacy=True) == "221771234567"
    with pytest.raises(LookupError):
        normalise("771234567", "SN").for_provider("pigeon")


def test_every_refusal_has_a_class_and_a_sentence_that_says_what_to_type() -> None:
    kinds = {kind.reason: kind for kind in PhoneRefusal.__subclasses__()}
    assert set(kinds) == set(VECTORS["refusals"])
    with pytest.raises(PhoneRefusal) as refusal:
        normalise("7712", "SN")
    assert str(refusal.value) == "Numéro trop court : il manque des chiffres. Exemple : +221 70 123 45 67."
    with pytest.raises(AmbiguousLegacy, match="01 \\(Moov\\), 05 \\(MTN\\) ou 07 \\(Orange\\)"):
        normalise("07345678", "CI")


def test_the_operator_table_is_that_of_the_vectors() -> None:
    assert json.loads(phone.OPERATORS_FILE.read_text(encoding="utf-8"))["operators"] == VECTORS["operators"]


@pytest.mark.parametrize("row", VECTORS["operators"], ids=lambda row: f"{row['country']}-{row['operator']}")
def test_the_operator_table_agrees_with_the_library(row: dict[str, Any]) -> None:
    country, operator = row["country"], row["operator"]
    for prefix in row["prefixes"]:
        national = prefix.ljust(NATIONAL_LENGTHS[country], "1")
        e164 = f"+{phonenumbers.country_code_for_region(country)}{national}"
        assert carrier.name_for_number(phonenumbers.parse(e164), "en") == LIBRARY_NAMES.get(
            (country, operator), operator
        )
        if phonenumbers.number_type(phonenumbers.parse(e164)) == phonenumbers.PhoneNumberType.MOBILE:
            assert normalise(e164, None).operator_hint == operator


def test_a_number_is_national_at_home_and_international_abroad() -> None:
    number = normalise("677000002", "CM")
    assert number.seen_from("CM") == "677000002"
    assert number.seen_from("SN") == "+237677000002"
    assert number.international == "+237 6 77 00 00 02"


def test_masks_leave_two_digits_at_each_end() -> None:
    assert mask_phone("+2290197000001") == "+22901****01"
    assert mask_phone("whatsapp:+243999999999") == "+24399****99"
    assert mask_phone("nobody-77") == "****77"
    assert mask_email("awa.diop@example.org") == "a****@example.org"
    assert mask_email("awa") == "****"


def test_an_absurd_text_is_refused_not_crashed_on() -> None:
    for raw in ("9" * 100_000, "+" * 50, "+0", "+", "()", "\u0000", "0" * 30, "𝟕𝟕𝟏𝟐𝟑𝟒𝟓", "٧" * 21, "²²²²²²²²"):
        with pytest.raises(PhoneRefusal):
            normalise(raw, "SN")


@given(st.text(max_size=40), st.sampled_from([None, "BJ", "CI", "CM", "FR", "XX", ""]))
def test_any_text_is_a_number_or_a_refusal_with_a_sentence(raw: str, region: str | None) -> None:
    try:
        said = normalise(raw, region).e164
    except PhoneRefusal as refusal:
        said = str(refusal)
    assert said


@given(st.sampled_from(sorted(NATIONAL_LENGTHS)), st.integers(min_value=0, max_value=10**10 - 1))
def test_what_is_stored_is_read_again_as_itself(country: str, digits: int) -> None:
    raw = str(digits).rjust(NATIONAL_LENGTHS[country], "0")[: NATIONAL_LENGTHS[country]]
    try:
        number = normalise(raw, country)
    except PhoneRefusal:
        return
    again: PhoneNumber = normalise(number.e164, None)
    assert (again.e164, again.country, again.repair) == (number.e164, number.country, None)
    assert number.national[2:-2] not in number.masked
