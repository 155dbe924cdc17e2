"""A code as somebody types it: whole, begun, or wrong by its check symbol."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.ciu.codes import read_code
from services.ciu.random_codes import SYMBOLS, read_symbols
from services.ciu.recipes import Check, Random, Recipe


class Shape(StrEnum):
    """What a typed text is of a code."""

    WHOLE = "whole"
    PART = "part"
    WRONG_CHECK = "wrong_check"


@dataclass(frozen=True, slots=True)
class TypedCode:
    """A typed code, written as codes are issued; `text` of a part is what a code would begin with."""

    shape: Shape
    text: str


def read_typed(recipes: Iterable[Recipe], text: str) -> TypedCode:
    """Say what is typed so far, by the recipes codes were issued under."""
    is_wrong = False
    for recipe in recipes:
        whole = read_code(recipe, text)
        if whole is not None:
            return TypedCode(Shape.WHOLE, whole)
        is_wrong = is_wrong or _has_wrong_check(recipe, text)
    return TypedCode(Shape.WRONG_CHECK if is_wrong else Shape.PART, "".join(text.upper().split()))


def _has_wrong_check(recipe: Recipe, text: str) -> bool:
    """Say whether a text is as long as this recipe's drawn codes, in their symbols, and its check disagrees."""
    if not any(isinstance(part, Check) for part in recipe.layout):
        return False
    drawn = sum(part.random for part in recipe.layout if isinstance(part, Random))
    symbols = "".join(
        sign for sign in text.upper().replace("O", "0").replace("I", "1").replace("L", "1") if sign.isalnum()
    )
    is_as_long = len(symbols) == drawn + 1 and set(symbols) <= set(SYMBOLS)
    return is_as_long and read_symbols(text, drawn) is None
