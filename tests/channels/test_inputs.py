"""What each type of question accepts, and what it keeps."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from channels.flow import Input
from channels.inputs import UnreadableAnswerError, read, tidy
from core.money import Currency


def question(kind: str, **options: Any) -> Input:
    body = {"kind": "input", "type": kind, "var": "value", "text": "?", "to": "done", **options}
    return TypeAdapter(Input).validate_python(body)


ACCEPTED: list[tuple[str, dict[str, Any], str, Any]] = [
    ("text", {}, "  Les files d'attente ", "Les files d'attente"),
    ("text", {"min": 3, "max": 5}, "abc", "abc"),
    ("name", {}, "Jean-Noël  O’Brien Jr.", "Jean-Noël O'Brien Jr."),
    ("name", {}, "محمد علي", "محمد علي"),
    ("digits", {"len": [6, 6]}, "٢٠٤٥١٨", "204518"),
    ("digits", {"len": [4, 6]}, "００１２", "0012"),
    ("int", {"min": 1, "max": 99}, "42", 42),
    ("int", {}, "-3", -3),
    ("amount", {}, "5000", 5000),
    ("amount", {}, "007", 7),
    ("amount", {}, "999999999999", 999_999_999_999),
    ("phone", {}, "6 77 00 00 02", "+237677000002"),
    ("phone", {}, "00221771234567", "+221771234567"),
    ("date", {}, "29/02/2024", "2024-02-29"),
    ("date", {}, "1-2-2026", "2026-02-01"),
    ("date", {}, "21112026", "2026-11-21"),
    ("ref", {"pattern": "^[A-Za-z0-9-]{3,20}$"}, "cmd-1001", "CMD-1001"),
]

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("text", {}, ""),
    ("text", {}, "x" * 161),
    ("text", {"min": 3, "max": 5}, "ab"),
    ("name", {}, "J"),
    ("name", {}, "Jean 2"),
    ("name", {}, "-- '.."),
    ("name", {}, "x" * 41),
    ("digits", {"len": [6, 6]}, "2045"),
    ("digits", {"len": [6, 6]}, "20451a"),
    ("int", {"min": 1, "max": 99}, "100"),
    ("int", {}, "4.5"),
    ("amount", {}, "0"),
    ("amount", {}, "-500"),
    ("amount", {}, "+500"),
    ("amount", {}, "5 000"),
    ("amount", {}, "1e3"),
    ("amount", {}, "12.50"),
    ("amount", {}, "1000000000000"),
    ("amount", {}, "NaN"),
    ("phone", {}, "12"),
    ("phone", {}, "*155#"),
    ("date", {}, "31/02/2026"),
    ("date", {}, "2026-02-01"),
    ("ref", {"pattern": "^[A-Za-z0-9-]{3,20}$"}, "CMD*CMD"),
]


@pytest.mark.parametrize(("kind", "options", "typed", "value"), ACCEPTED)
def test_an_answer_is_read(kind: str, options: dict[str, Any], typed: str, value: object) -> None:
    assert read(question(kind, **options), tidy(typed), Currency.XAF, "CM") == value


@pytest.mark.parametrize(("kind", "options", "typed"), REFUSED)
def test_an_answer_is_refused(kind: str, options: dict[str, Any], typed: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        read(question(kind, **options), tidy(typed), Currency.XAF, "CM")


@pytest.mark.parametrize(("typed", "minor"), [("12", 1200), ("12,50", 1250), ("12.50", 1250)])
def test_a_currency_with_cents_takes_two_decimals(typed: str, minor: int) -> None:
    assert read(question("amount"), typed, Currency.USD, "CD") == minor


@pytest.mark.parametrize("typed", ["12,5", "12.345", "12,50.00", ".50", "0,00"])
def test_a_currency_with_cents_takes_no_other_form(typed: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        read(question("amount"), typed, Currency.USD, "CD")


def test_controls_and_half_characters_never_reach_a_value() -> None:
    assert tidy("\x00 a\ud800b\r\nc\u200b ") == "ab c"
