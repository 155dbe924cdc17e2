"""The code of a person: built from a recipe's layout, lengthened while it is somebody else's, read back when typed."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.ciu.random_codes import BITS_PER_SYMBOL, SYMBOLS, check_symbol, draw_symbols, grouped, read_symbols
from services.ciu.recipes import UNKNOWN, Check, Group, Hash, Literally, Random, Recipe, Segment

BITS_PER_DIGIT = 4


@dataclass(frozen=True, slots=True)
class Code:
    """A code, and the digest (upper-case hexadecimal) its suffix comes from when its layout has one."""

    text: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class Issue:
    """What became of an issue: the code, whether its record is new, and whether this identity already held it."""

    code: str
    is_new: bool
    is_linked: bool


def salted_digest(canonical: Sequence[str], salt: str) -> str:
    """Return the upper-case SHA-256 of the answers in question order followed by the salt.

    Published codes depend on it as it is: no separator, no key.
    """
    return hashlib.sha256(("".join(canonical) + salt).encode()).hexdigest().upper()


def input_hash(answers: Sequence[str]) -> str:
    """Return the hash by which earlier registers knew a person's answers; never written for a new record.

    It is unsalted and falls to a guess in seconds.
    """
    return hashlib.sha256("|".join(answers).encode()).hexdigest()


def build_code(
    recipe: Recipe,
    canonical: Sequence[str],
    salt: str,
    *,
    suffix: int | None = None,
    ordinal: int = 1,
    symbols: str | None = None,
) -> Code:
    """Return the code of a person; drawn layouts draw anew at each call unless `symbols` are given.

    `suffix` is the number of digits of the digest; an `ordinal` above 1 (another person with equal answers) lengthens
    the suffix, or is written behind a layout that has none.
    """
    part = recipe.hash_part
    digest = salted_digest(canonical, salt) if part else None
    digits = min(suffix or part.n + ordinal - 1, part.extend_to) if part else 0
    text = _fill(recipe, dict(zip(_ids(recipe), canonical, strict=True)), (digest or "")[:digits], symbols)
    is_numbered = ordinal > 1 and part is None and not recipe.has_draw
    return Code(f"{text}-{ordinal}" if is_numbered else text, digest)


def candidates(recipe: Recipe, canonical: Sequence[str], salt: str, ordinal: int = 1) -> Iterator[str]:
    """Yield the codes to try, in order, until one is free: longer suffixes, further numbers, or new draws without end.

    A suffix ends at its layout's `extend_to`; whoever finds nothing free there has met a collision of SHA-256.
    """
    if recipe.has_draw:
        while True:
            yield build_code(recipe, canonical, salt).text
    part = recipe.hash_part
    if part is None:
        while True:
            yield build_code(recipe, canonical, salt, ordinal=ordinal).text
            ordinal += 1
    for digits in range(part.n + ordinal - 1, part.extend_to + 1):
        yield build_code(recipe, canonical, salt, suffix=digits).text


def spare_code(recipe: Recipe, canonical: Sequence[str], salt: str) -> str:
    """Return what further codes for the same answers are made from once the answers are gone; nothing where none is.

    Of a code with a digest it is the code with all of its digits.
    """
    if recipe.has_draw:
        return ""
    part = recipe.hash_part
    return build_code(recipe, canonical, salt, suffix=part.extend_to if part else None).text


def spare_candidates(recipe: Recipe, spare: str, ordinal: int) -> Iterator[str]:
    """Yield the codes to try for another person with the same answers, as `candidates` does with the answers.

    A layout that draws and shows answers too has none: they are gone.
    """
    part = recipe.hash_part
    if recipe.has_draw:
        while not any(isinstance(one, Segment | Hash) for one in recipe.layout):
            yield _fill(recipe, {}, "", None)
    elif part is None:
        while True:
            yield f"{spare}-{ordinal}"
            ordinal += 1
    else:
        at = _hash_place(recipe)
        for digits in range(part.n + ordinal - 1, part.extend_to + 1):
            yield spare[: at + digits] + spare[at + part.extend_to :]


def clear_part(recipe: Recipe, canonical: Sequence[str]) -> str:
    """Return what a code shows of the answers: its layout without digest and draw."""
    answers = dict(zip(_ids(recipe), canonical, strict=True))
    return "".join(_segment(part, answers[part.q]) for part in recipe.layout if isinstance(part, Segment))


def readable_share(recipe: Recipe) -> float:
    """Return how much of a code, 0 to 1, shows answers; dashes count for nothing."""
    clear = sum(part.n for part in recipe.layout if isinstance(part, Segment))
    total = clear + sum(_hidden_size(part) for part in recipe.layout)
    return clear / total if total else 0.0


def suffix_bits(recipe: Recipe) -> int:
    """Return how many bits tell apart persons who share the clear part."""
    part = recipe.hash_part
    drawn = sum(part.random for part in recipe.layout if isinstance(part, Random))
    return BITS_PER_DIGIT * (part.n if part else 0) + BITS_PER_SYMBOL * drawn


def read_code(recipe: Recipe, text: str) -> str | None:
    """Return a typed code as it was issued, or None when it is none of this recipe's.

    The check symbol of a drawn code is verified; of others only the form is.
    """
    if recipe.has_draw and all(isinstance(part, Random | Check | Group) for part in recipe.layout):
        return _read_drawn(recipe, text)
    typed = re.sub(r"\s+", "", text.upper())
    return typed if _pattern(recipe.layout).fullmatch(typed) else None


def _ids(recipe: Recipe) -> list[str]:
    return [question.id for question in recipe.questions]


def _fill(recipe: Recipe, answers: dict[str, str], suffix: str, symbols: str | None) -> str:
    text = drawn = ""
    for part in recipe.layout:
        match part:
            case Literally():
                text, drawn = text + drawn + part.lit, ""
            case Segment():
                text, drawn = text + drawn + _segment(part, answers[part.q]), ""
            case Hash():
                text, drawn = text + drawn + suffix, ""
            case Random():
                drawn = symbols or draw_symbols(part.random)
            case Check():
                drawn += check_symbol(drawn)
            case Group():
                drawn = grouped(drawn, part.group)
    return text + drawn


def _segment(part: Segment, answer: str) -> str:
    if answer == UNKNOWN:
        return "X" * part.n
    kept = answer[: part.n] if part.take == "first" else answer[-part.n :]
    side = part.pad_on or ("right" if part.take == "first" else "left")
    return kept.ljust(part.n, part.pad) if side == "right" else kept.rjust(part.n, part.pad)


def _hash_place(recipe: Recipe) -> int:
    """Return how many signs stand before the digest; every part before it has its fixed size."""
    place = 0
    for part in recipe.layout:
        match part:
            case Literally():
                place += len(part.lit)
            case Segment():
                place += part.n
            case Hash():
                break
    return place


def _hidden_size(part: object) -> int:
    match part:
        case Hash():
            return part.n
        case Random():
            return part.random
        case Check():
            return 1
    return 0


def _read_drawn(recipe: Recipe, text: str) -> str | None:
    count = sum(part.random for part in recipe.layout if isinstance(part, Random))
    read = read_symbols(text, count)
    return None if read is None else _fill(recipe, {}, "", read[:count])


@lru_cache(maxsize=128)
def _pattern(layout: tuple[object, ...]) -> re.Pattern[str]:
    """Return what a code of a layout looks like; drawn symbols are looked at without their check."""
    parts = []
    for part in layout:
        match part:
            case Literally():
                parts.append(re.escape(part.lit))
            case Segment():
                parts.append(f"[A-Z0-9]{{{part.n}}}")
            case Hash():
                parts.append(f"[0-9A-F]{{{part.n},{part.extend_to}}}")
            case Random():
                parts.append(f"[{SYMBOLS}-]{{{part.random},{2 * part.random}}}")
            case Check():
                parts.append(f"[{SYMBOLS}]")
    has_number = not any(isinstance(part, Hash | Random) for part in layout)
    return re.compile("".join(parts) + ("(?:-[2-9]|-[1-9][0-9]+)?" if has_number else ""))
