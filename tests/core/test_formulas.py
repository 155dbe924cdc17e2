"""What people write in cells, and what a spreadsheet would make of it."""

from itertools import product

import psycopg
import pytest

from core.formulas import HOSTILE, guard

BEFORE = ("", " ", '"', "'", "\u00a0", "\u202f", "\ufeff", "\u200b", ' " ', "''")
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
REST = ("cmd|' /C calc'!A0", 'HYPERLINK("http://x")', "1+1", "SUM(A1:A9)")
HOSTILE_CELLS = [f"{one}{two}{three}" for one, two, three in product(BEFORE, BEGINNINGS, REST)]
PLAIN_CELLS = [
    *("", "Awa Diop", "N'Dah", "Jean-Baptiste", "a=b", "1250,50", "2290197000001", "bulk-3f9c0a1b2c3d-0000017"),
    *("Ọlá", "«Awa»", "(Awa)", " Awa", "'Awa", "𝟙", "٣", "–", "−5"),
]


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE_CELLS) >= 200


@pytest.mark.parametrize("cell", HOSTILE_CELLS)
def test_a_hostile_cell_gets_an_apostrophe(cell: str) -> None:
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", PLAIN_CELLS)
def test_an_honest_cell_is_left_alone(cell: str) -> None:
    assert guard(cell) == cell


def test_postgresql_reads_the_pattern_as_we_do(database_server: str) -> None:
    with psycopg.connect(database_server) as connection:
        for cell in (*HOSTILE_CELLS, *PLAIN_CELLS):
            (found,) = connection.execute("select %s ~ %s", (cell, HOSTILE)).fetchone() or (None,)
            assert found == (guard(cell) != cell), repr(cell)
