"""Codes: one person one code, one code one person, and what is typed back."""

import re
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ciu import build_code, candidates, clear_part, find_faults, read_code, readable_share, shipped
from services.ciu.codes import suffix_bits
from services.ciu.random_codes import SYMBOLS, check_symbol, draw_symbols, grouped, read_symbols
from services.ciu.recipes import SHIPPED, parse_recipe
from tests.services.ciu.speaker import varied

KABILA = ("1985", "KINSHASA", "JEAN", "15", "KABILA")
SALT = "test_salt_for_testing"
WORD = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=20)
PERSONS = st.tuples(
    st.integers(1900, 2026).map(str), WORD | st.just("?"), WORD, st.integers(1, 31).map(str) | st.just("?"), WORD
)


@given(PERSONS)
def test_a_built_code_has_the_documented_form_and_is_read_back(person: tuple[str, ...]) -> None:
    recipe = shipped("document")
    code = build_code(recipe, person, SALT)
    assert code == build_code(recipe, person, SALT)
    assert re.fullmatch(r"[0-9]{3}-[A-Z]{4}-([0-9]{2}|XX)-[A-Z]{3}-[A-Z]{4}-[0-9A-F]{5}", code.text)
    assert read_code(recipe, f" {code.text.lower()} ") == code.text
    assert code.digest is not None
    assert code.text.endswith(code.digest[:5])


@given(PERSONS)
def test_each_next_candidate_is_one_digit_longer(person: tuple[str, ...]) -> None:
    codes = list(candidates(shipped("document"), person, SALT))
    assert len(codes) == 60
    assert all(after.startswith(before) and len(after) == len(before) + 1 for before, after in pairwise(codes))
    assert len(codes[-1].rpartition("-")[2]) == 64


def test_a_homonym_begins_one_digit_further() -> None:
    assert next(candidates(shipped("document"), KABILA, SALT, ordinal=3)) == "985-KINS-15-JEA-KABI-DA6A79A"
    compact = islice(candidates(shipped("compact"), ("MBE", "IBR", "7", "DA", "1"), ""), 3)
    assert list(compact) == ["MBEIBR7DA1", "MBEIBR7DA1-2", "MBEIBR7DA1-3"]


def test_the_salt_changes_the_suffix_only() -> None:
    codes = [
        build_code(shipped("document"), KABILA, salt).text for salt in ("one-salt-of-many-1", "one-salt-of-many-2")
    ]
    assert codes[0][:-5] == codes[1][:-5]
    assert codes[0] != codes[1]


def test_drawn_codes_differ_and_show_nothing() -> None:
    recipe = shipped("random")
    codes = set(islice(candidates(recipe, KABILA, SALT), 200))
    assert len(codes) == 200
    assert all(read_code(recipe, code) == code for code in codes)
    assert clear_part(recipe, KABILA) == ""


@given(st.text(alphabet=SYMBOLS, min_size=10, max_size=10), st.data())
def test_one_wrong_or_two_swapped_symbols_are_seen(symbols: str, data: st.DataObject) -> None:
    if check_symbol(symbols) not in SYMBOLS:
        assert read_symbols(symbols + check_symbol(symbols), 10) is None or check_symbol(symbols) == "U"
        return
    code = symbols + check_symbol(symbols)
    assert read_symbols(code, 10) == code
    place = data.draw(st.integers(0, 9))
    other = data.draw(st.sampled_from([symbol for symbol in SYMBOLS if symbol != code[place]]))
    assert read_symbols(code[:place] + other + code[place + 1 :], 10) is None
    if place < 9 and code[place] != code[place + 1]:
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert read_symbols(swapped, 10) is None


def test_a_draw_whose_check_cannot_be_typed_is_thrown_away() -> None:
    wanted = iter("5T4R3S2K1H" + "K7QF3M9T2X")
    assert draw_symbols(10, lambda _: next(wanted)) == "K7QF3M9T2X"


@pytest.mark.parametrize(
    ("text", "sizes", "shown"),
    [("ABCDEFGHJKM", "4-4-3", "ABCD-EFGH-JKM"), ("ABCDE", "2", "AB-CDE"), ("AB", "4-4", "AB")],
)
def test_groups(text: str, sizes: str, shown: str) -> None:
    assert grouped(text, sizes) == shown


@pytest.mark.parametrize(
    ("recipe", "share", "bits"),
    [("document", 16 / 21, 20), ("document-v1", 16 / 21, 20), ("compact", 1.0, 0), ("random", 0.0, 50)],
)
def test_how_much_of_a_code_can_be_read(recipe: str, share: float, bits: int) -> None:
    assert readable_share(shipped(recipe)) == share
    assert suffix_bits(shipped(recipe)) == bits


@pytest.mark.parametrize(
    "text", ["", "985-KINS-15-JEA-KABI", "985-KINS-15-JEA-KABI-DA6A", "985-KINS-15-JEA-KABI-GGGGG"]
)
def test_what_is_no_code(text: str) -> None:
    assert read_code(shipped("document"), text) is None


def test_a_mixed_layout_shows_answers_and_draws() -> None:
    layout = [
        {"q": "birth_year", "take": "last", "n": 2, "pad": "0"},
        {"lit": "-"},
        {"random": 8},
        {"check": "mod37"},
        {"group": "3-3-3"},
    ]
    body = {**shipped("random").model_dump(mode="json"), "layout": layout}
    recipe = parse_recipe(body)
    assert find_faults(recipe) == []
    code = build_code(recipe, KABILA, SALT).text
    assert re.fullmatch(r"85-\w{3}-\w{3}-\w{3}", code)
    assert read_code(recipe, code) == code


def test_recipes_with_the_same_questions_compare() -> None:
    assert shipped("random").is_comparable(shipped("document"))
    assert shipped("random").canon == shipped("document").canon
    assert not shipped("document-v1").is_comparable(shipped("document"))
    fewer = varied(questions=shipped("document").questions[:4])
    assert not fewer.is_comparable(shipped("document"))


def test_four_recipes_are_shipped_and_no_other() -> None:
    assert [shipped(key).key for key in SHIPPED] == list(SHIPPED)
    assert [key for key in SHIPPED if shipped(key).weak] == ["compact"]
    with pytest.raises(LookupError):
        shipped("../secrets")
