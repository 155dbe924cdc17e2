"""Letters: how a name is reduced to what every phone can type, and how it sounds.

`fold` is the canonical form of the present recipes; `strict_v1` is that of registers begun with the earlier system,
with its losses; `phonetic` only finds records that may be one person.
"""

import re
import unicodedata
from functools import lru_cache

# Letters that no decomposition takes apart.
LETTERS = {
    "Œ": "OE", "Æ": "AE", "ẞ": "SS", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "Ħ": "H", "Ɔ": "O", "Ɛ": "E",
    "Ŋ": "N", "Ɓ": "B", "Ɗ": "D", "Ɖ": "D", "Ƒ": "F", "Ɣ": "G", "Ʋ": "V", "Ƴ": "Y", "Ɲ": "N", "Ə": "E", "Ǝ": "E",
    "Ɩ": "I",
}  # fmt: skip

_LETTERS = str.maketrans(LETTERS)
_NOT_A_LETTER = re.compile("[^A-Z]+")
_NOT_A_SIGN = re.compile("[^A-Z0-9]+")
_NOT_V1 = re.compile("[^A-Za-z0-9]+")

# The steps of `phonetic`, in order; the star keeps a hard C from becoming a K on its way.
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("TSH|TCH|CH|SH", "*"),
        ("C(?=[EIY])", "*"),
        ("C", "K"),
        ("QU", "K"),
        ("Q", "K"),
        ("PH", "F"),
        ("DJ", "J"),
        ("OU", "U"),
        ("W", "U"),
        ("Y", "I"),
        ("IE$", "I"),
        (r"([A-Z*])\1+", r"\1"),
        (r"\*", "C"),
    )
)


def clean(text: str) -> str:
    """Return what was typed without invisible characters (Unicode category Cf) and outer spaces."""
    if text.isascii():
        return text.strip()
    return "".join(mark for mark in text if unicodedata.category(mark) != "Cf").strip()


def ascii_digits(text: str) -> str:
    """Return the text with the decimal digits of every script as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(mark)) if mark.isdecimal() else mark for mark in text)


def spread(text: str) -> str:
    """Return the text in upper-case base letters and ASCII digits, all other marks still in their place."""
    if not text.isascii():
        bare = "".join(
            mark for mark in unicodedata.normalize("NFKD", text) if unicodedata.category(mark)[0] not in "MC"
        )
        return ascii_digits(bare.upper().translate(_LETTERS))
    return "".join(mark for mark in text.upper() if mark.isprintable())


def fold_name(text: str) -> str:
    """Return the letters A to Z of a name: accents, case, spaces, hyphens and apostrophes make no difference."""
    return _NOT_A_LETTER.sub("", spread(text))


def fold_place(text: str) -> str:
    """Return the letters A to Z and digits of a place."""
    return _NOT_A_SIGN.sub("", spread(text))


def strict_v1(text: str) -> str:
    """Return the form of the earlier system: letters that do not decompose are lost."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFD", text.strip())
        text = "".join(mark for mark in decomposed if unicodedata.category(mark) != "Mn")
    return _NOT_V1.sub("", text).upper()


@lru_cache(maxsize=65_536)
def phonetic(canonical: str) -> str:
    """Return how a canonical name or place sounds; final vowels stay, they make other names."""
    for pattern, sound in _SOUNDS:
        canonical = pattern.sub(sound, canonical)
    return canonical
