"""Strings and pages of GSM 03.38, checked with the encoder that answers phones."""

from collections.abc import Iterator
from typing import Any

from commands.vectors import form
from core import gsm7
from core.gsm7 import Limits, Navigation, Pages, Words


def check(vectors: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Give each case with its differences."""
    for case in vectors.get("strings", ()):
        yield case["id"], form.unknown(case, form.STRING) + _differences(case, _string(case["text"]))
    for case in vectors.get("pages", ()):
        shown = _pages(case)
        found = {"coding": shown.coding, "pages": [page.text for page in shown.pages]}
        yield case["id"], form.unknown(case, form.PAGES) + _differences(case, found)


def _string(text: str) -> dict[str, Any]:
    cleaned, folded = gsm7.clean(text), gsm7.fold(text)
    measured, after = gsm7.measure(cleaned), gsm7.measure(folded)
    fits = {"fits_default": Limits(160, 70), "fits_max": Limits(182, 80)}
    return {
        "clean": cleaned,
        "coding": measured.coding,
        "size": measured.size,
        "first_bad": measured.first_bad,
        "folded": folded,
        "folded_coding": after.coding,
        "folded_size": after.size,
        **{name: measured.size <= limits.of(measured.coding) for name, limits in fits.items()},
    }


def _pages(case: dict[str, Any]) -> Pages:
    limits, nav, words = Limits(case["limit_gsm7"], case["limit_ucs2"]), Navigation(**case["nav"]), Words()
    if case["kind"] == "menu":
        options = [(key, label) for key, label in case["options"]]
        return gsm7.paginate_menu(case["title"], options, limits, nav, words, back=case["back"], home=case["home"])
    return gsm7.paginate_text(case["text"], limits, nav, words, is_end=case["kind"] == "end")


def _differences(case: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return [
        f"{name}: {value!r}, {case[name]!r}" for name, value in found.items() if name in case and case[name] != value
    ]
