"""Text on a phone: every vector, and what must hold for any text, any menu and any gateway's limits."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gsm7 import (
    Coding,
    Limits,
    Navigation,
    Pages,
    Words,
    clean,
    count_segments,
    fit_variable,
    fold,
    is_gsm7,
    measure,
    paginate_menu,
    paginate_text,
    split_sms,
)

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "data" / "gsm7.json").read_text(encoding="utf-8"))
NAV, WORDS = Navigation(), Words()


def test_all_vectors_are_here() -> None:
    assert (len(VECTORS["strings"]), len(VECTORS["pages"])) == (96, 11)


@pytest.mark.parametrize("case", VECTORS["strings"], ids=lambda case: case["id"])
def test_a_text_is_cleaned_measured_and_folded_as_its_vector_says(case: dict[str, Any]) -> None:
    text = clean(case["text"])
    assert text == case["clean"]
    assert measure(text) == (case["coding"], case["size"], case["first_bad"])
    assert is_gsm7(text) == (case["coding"] == "gsm7")
    folded = fold(case["text"])
    assert folded == case["folded"]
    assert measure(folded)[:2] == (case["folded_coding"], case["folded_size"])
    for name, limits in (("fits_default", Limits(160, 70)), ("fits_max", Limits(182, 80))):
        assert (measure(text).size <= limits.of(measure(text).coding)) == case[name]


@pytest.mark.parametrize("case", VECTORS["pages"], ids=lambda case: case["id"])
def test_a_screen_is_paged_as_its_vector_says(case: dict[str, Any]) -> None:
    limits, nav = Limits(case["limit_gsm7"], case["limit_ucs2"]), Navigation(**case["nav"])
    if case["kind"] == "menu":
        options = [(key, label) for key, label in case["options"]]
        shown = paginate_menu(case["title"], options, limits, nav, WORDS, back=case["back"], home=case["home"])
    else:
        shown = paginate_text(case["text"], limits, nav, WORDS, is_end=case["kind"] == "end")
    assert shown.coding == case["coding"]
    assert [page.text for page in shown.pages] == case["pages"]


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_clean_and_fold_are_done_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert fold(fold(text)) == fold(text)
    assert measure(clean(text)).size >= 0
    assert is_gsm7(fit_variable(text))


def test_a_variable_loses_what_no_phone_can_show() -> None:
    assert fit_variable("Zoé 👍 Nguyễn") == "Zoé  Nguyen"
    assert fit_variable("你好", "+23767****02") == "+23767****02"
    assert fit_variable("  ", "+23767****02") == "+23767****02"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        *(("a" * 160, 1), ("a" * 161, 2), ("é" * 160, 1), ("€" * 80, 1), ("€" * 81, 2), ("", 1)),
        *(("a" * 152 + "€" + "b" * 8, 2), (fold("ê" * 71), 1), ("ê" * 71, 2), ("😀" * 35, 1), ("😀" * 36, 2)),
        *(("a" * 306, 2), ("a" * 307, 3), ("ê" * 134, 2), ("ê" * 135, 3)),
    ],
)
def test_a_text_is_charged_as_so_many_parts(text: str, parts: int) -> None:
    assert count_segments(text) == parts


def test_an_escape_pair_and_a_surrogate_pair_go_whole_to_the_next_part() -> None:
    assert split_sms("a" * 152 + "€" + "b" * 8) == ["a" * 152, "€" + "b" * 8]
    assert split_sms("😀" * 36) == ["😀" * 33, "😀" * 3]


def test_the_receipt_of_the_document_is_short_once_folded() -> None:
    text = "Cotisation de 5\u202f000 F reçue."
    assert measure(clean(text)) == (Coding.UCS2, 28, "ç")
    assert measure(fold(text)) == (Coding.GSM7, 28, None)


@given(st.text(max_size=500))
def test_parts_of_an_sms_lose_nothing_and_fit(raw: str) -> None:
    text = clean(raw)
    parts = split_sms(text)
    assert "".join(parts) == text
    coding = measure(text).coding
    most = {Coding.GSM7: (160, 153), Coding.UCS2: (70, 67)}[coding][len(parts) > 1]
    for part in parts:
        assert size_in(coding, part) <= most


words = st.text(alphabet="abcdefé €[ê😀", min_size=1, max_size=14).filter(str.strip)
limits_met = st.sampled_from([Limits(), Limits(178, 76), Limits(120, 60)])


@given(title=words, labels=st.lists(words, max_size=30), limits=limits_met, back=st.booleans(), home=st.booleans())
def test_every_option_stands_once_on_a_page_that_fits(
    title: str, labels: list[str], limits: Limits, *, back: bool, home: bool
) -> None:
    options = [(str(at), label) for at, label in enumerate(labels, 1)]
    shown = paginate_menu(title, options, limits, NAV, WORDS, back=back, home=home)
    assert_fits(shown, limits)
    lines = [line for page in bodies(shown) for line in page]
    assert lines == [title.strip(), *[f"{key}. {label}" for key, label in options]]
    assert [page.has_next for page in shown.pages] == [True] * (len(shown.pages) - 1) + [False]
    assert [page.has_back for page in shown.pages] == [back] + [True] * (len(shown.pages) - 1)
    assert all(page.has_home == home for page in shown.pages)


@given(raw=st.text(max_size=600), limits=limits_met, is_end=st.booleans(), back=st.booleans())
def test_no_word_of_a_long_text_is_lost(raw: str, limits: Limits, *, is_end: bool, back: bool) -> None:
    text = clean(raw)
    shown = paginate_text(text, limits, NAV, WORDS, is_end=is_end, back=back)
    assert_fits(shown, limits)
    told = "".join("\n".join(page) for page in bodies(shown))
    assert "".join(told.split()) == "".join(text.split())
    if is_end:
        assert not shown.pages[-1].has_back


def test_a_long_title_takes_pages_of_its_own_and_keeps_every_option() -> None:
    title = " ".join(["mot"] * 100)
    options = [("1", "Oui"), ("2", "Non")]
    shown = paginate_menu(title, options, Limits(), NAV, WORDS, back=True)
    assert_fits(shown, Limits())
    assert " ".join("\n".join(page) for page in bodies(shown)).split() == [*title.split(), "1.", "Oui", "2.", "Non"]
    assert len(shown.pages) == 3
    alone = paginate_menu(title, [], Limits(), NAV, WORDS)
    assert_fits(alone, Limits())
    assert len(alone.pages) == 3


def test_a_label_longer_than_a_page_is_cut_to_it_and_its_key_stays() -> None:
    shown = paginate_menu("Menu", [("1", "a" * 400), ("2", "Non")], Limits(), NAV, WORDS)
    assert_fits(shown, Limits())
    assert [page.text.split(". ")[0] for page in shown.pages] == ["Menu\n98", "1", "2"]


def test_words_outside_the_alphabet_choose_the_coding_too() -> None:
    shown = paginate_menu("Menu", [("1", "Oui")], Limits(), NAV, Words(back="Zurück 🔙"), back=True)
    assert shown.coding is Coding.UCS2


def test_a_page_that_its_footer_fills_is_a_bug() -> None:
    with pytest.raises(ValueError, match="footer"):
        paginate_text("a" * 50, Limits(10, 10), NAV, WORDS, is_end=False)


def size_in(coding: Coding, text: str) -> int:
    return len(text.encode("utf-16-le")) // 2 if coding is Coding.UCS2 else measure(text).size


def assert_fits(shown: Pages, limits: Limits) -> None:
    for page in shown.pages:
        assert size_in(shown.coding, page.text) <= limits.of(shown.coding)


def bodies(shown: Pages) -> list[list[str]]:
    """Return the lines of each page without its footer."""
    pages = []
    for page in shown.pages:
        lines = page.text.split("\n")
        footer = page.has_next + page.has_back + page.has_home
        pages.append(lines[:-footer] if footer else lines)
    return pages
