"""Codes drawn at random: Crockford's symbols, and a check symbol that sees every wrong or swapped one."""

import secrets
from collections.abc import Callable

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS_PER_SYMBOL = 5
# Values 32 to 36 have no symbol that everybody can type: such a draw is thrown away.
CHECKS = SYMBOLS + "*~$=U"

_READ = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


def draw_symbols(count: int, choose: Callable[[str], str] = secrets.choice) -> str:
    """Return symbols drawn by the system's cryptographic generator, whose check symbol can be typed."""
    while True:
        symbols = "".join(choose(SYMBOLS) for _ in range(count))
        if is_usable(symbols):
            return symbols


def value_of(symbols: str) -> int:
    """Return the number that symbols write in base 32, the first one most significant."""
    value = 0
    for symbol in symbols:
        value = value * len(SYMBOLS) + SYMBOLS.index(symbol)
    return value


def check_symbol(symbols: str) -> str:
    """Return the check symbol, one of `CHECKS`: the value modulo 37."""
    return CHECKS[value_of(symbols) % len(CHECKS)]


def is_usable(symbols: str) -> bool:
    """Say whether the check symbol is one that everybody can type."""
    return check_symbol(symbols) in SYMBOLS


def grouped(text: str, sizes: str) -> str:
    """Return the text in groups, `4-4-3`; what is left over stands in a last one."""
    groups, at = [], 0
    for size in map(int, sizes.split("-")):
        groups.append(text[at : at + size])
        at += size
    return "-".join(group for group in (*groups, text[at:]) if group)


def read_symbols(text: str, count: int) -> str | None:
    """Return `count` symbols and their check as they were meant, or None when they are not such a code.

    Spaces, dashes and case make no difference; O is read as 0, I and L as 1.
    """
    read = text.upper().translate(_READ)
    symbols, check = read[:count], read[count:]
    if len(check) != 1 or not set(read) <= set(SYMBOLS) or check_symbol(symbols) != check:
        return None
    return read
