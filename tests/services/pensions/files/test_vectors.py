"""The documented files and their verdicts, each one exactly."""

import json
from pathlib import Path

import pytest

from commands.vectors import pension_files

VECTORS = json.loads((Path(__file__).parents[3] / "data" / "pension_files.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("case", "differences"), list(pension_files.check(VECTORS)))
def test_a_documented_file_gets_its_documented_verdict(case: str, differences: list[str]) -> None:
    assert differences == [], case


def test_every_case_is_checked() -> None:
    assert len(list(pension_files.check(VECTORS))) == len(VECTORS["cases"]) == 44


def test_a_verdict_that_differs_is_seen() -> None:
    first = VECTORS["cases"][0]
    wrong = first | {"expect": first["expect"] | {"valid_total_minor": 125_001}}
    assert list(pension_files.check(VECTORS | {"cases": [wrong]})) == [("f01", ["valid_total_minor: 125000, 125001"])]
