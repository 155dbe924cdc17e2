"""Text on a phone: GSM 03.38, for USSD and SMS alike (`clean → fold → measure → pages or parts`).

Never a `?` at run time: what cannot be sent in the 7-bit alphabet is folded, left out of a variable, or sends the whole
text in UCS-2.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

ONE_SEPTET = (
    "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWO_SEPTETS = "^{}\\[~]|€"

_OUTSIDE = re.compile(f"[^{re.escape(ONE_SEPTET + TWO_SEPTETS)}]")
_ESCAPED = re.compile(f"[{re.escape(TWO_SEPTETS)}]")

_SPACES = "\u00a0\u202f\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\t"
_INVISIBLE = "\u200b\u2060\ufeff\u00ad"
# Controls of both sets, and lone surrogates, which no encoding can carry.
_CONTROLS = "".join(
    map(chr, [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)])
)
_CLEANED: dict[int, str | None] = {
    **dict.fromkeys(map(ord, _CONTROLS + _INVISIBLE), None),
    **dict.fromkeys(map(ord, _SPACES), " "),
}
_DIRTY = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\xa0\\xad\\u2000-\\u200b\\u202f\\u2060\\ufeff\\ud800-\\udfff]")

_FOLDS = str.maketrans(
    {
        **dict.fromkeys("êë", "e"), "â": "a", **dict.fromkeys("îï", "i"), "ô": "o", "û": "u", "ÿ": "y", "ç": "c",
        **dict.fromkeys("ÀÂ", "A"), **dict.fromkeys("ÈÊË", "E"), **dict.fromkeys("ÎÏ", "I"), "Ô": "O",
        **dict.fromkeys("ÙÛ", "U"), "Ÿ": "Y", "œ": "oe", "Œ": "OE",
        **dict.fromkeys("«»“”„", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u2032\u02bc\u00b4\u0060", "'"),
        **dict.fromkeys("–—−•\u2011", "-"), "…": "...", **dict.fromkeys("°º", "o"), "ª": "a", "×": "x",
        **dict.fromkeys("÷⁄", "/"), "→": "->",
        "ɛ": "e", "Ɛ": "E", "ɔ": "o", "Ɔ": "O", "ŋ": "n", "Ŋ": "N", "ɓ": "b", "Ɓ": "B", "ɗ": "d", "Ɗ": "D",
        "ƴ": "y", "Ƴ": "Y", "ɲ": "n", "Ɲ": "N",
    }
)  # fmt: skip  # one row a family, as the specification lists them


class Coding(StrEnum):
    """How a text travels."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


class Measure(NamedTuple):
    """How long a text is: septets in GSM-7, UTF-16 units in UCS-2; `first_bad` forced UCS-2."""

    coding: Coding
    size: int
    first_bad: str | None


def clean(text: str) -> str:
    """Return `text` in NFC with plain spaces and newlines, without invisible and control characters."""
    if _DIRTY.search(text):
        text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CLEANED)
    return unicodedata.normalize("NFC", text)


def is_gsm7(text: str) -> bool:
    """Say whether the 7-bit alphabet holds the whole text."""
    return _OUTSIDE.search(text) is None


def measure(text: str) -> Measure:
    """Measure a clean text."""
    bad = _OUTSIDE.search(text)
    if bad is None:
        return Measure(Coding.GSM7, _septets(text), None)
    return Measure(Coding.UCS2, _units(text), bad.group())


def fold(text: str) -> str:
    """Clean `text` and bring it towards GSM-7, losing what a reader will not miss (`ê → e`); `é è à ù` stay."""
    text = clean(text)
    return _OUTSIDE.sub(_folded, text) if _OUTSIDE.search(text) else text


def fit_variable(text: str, otherwise: str = "") -> str:
    """Fold a name or a value and leave out what still does not fit; `otherwise` when nothing is left of it."""
    return _OUTSIDE.sub("", fold(text)).strip() or otherwise


def _septets(text: str) -> int:
    return len(text) + len(_ESCAPED.findall(text))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _folded(match: re.Match[str]) -> str:
    return _fold_mark(match.group())


@lru_cache(maxsize=4096)
def _fold_mark(mark: str) -> str:
    listed = mark.translate(_FOLDS)
    if listed != mark:
        return listed
    # Accents go, alone or in a letter: of a mark that stands alone nothing is left.
    letters = [part for part in unicodedata.normalize("NFKD", mark) if not unicodedata.category(part).startswith("M")]
    plain = "".join(letters).translate(_FOLDS)
    return plain if is_gsm7(plain) else mark


# Parts of an SMS

_ALONE = {Coding.GSM7: 160, Coding.UCS2: 70}
_EACH = {Coding.GSM7: 153, Coding.UCS2: 67}


def split_sms(text: str) -> list[str]:
    """Cut a clean text into SMS parts; no escape pair and no surrogate pair is cut."""
    coding, size, _ = measure(text)
    if size <= _ALONE[coding]:
        return [text]
    parts = []
    while text:
        end = _longest(text, _EACH[coding], coding)
        parts.append(text[:end])
        text = text[end:]
    return parts


def count_segments(text: str) -> int:
    """Return how many SMS parts a clean text is charged as."""
    return len(split_sms(text))


# Pages of a USSD screen


@dataclass(frozen=True, slots=True)
class Limits:
    """What a page may hold: septets, or UTF-16 units. The default is safe on every network."""

    gsm7: int = 156
    ucs2: int = 66

    def of(self, coding: Coding) -> int:
        """Return the budget in `coding`."""
        return self.gsm7 if coding is Coding.GSM7 else self.ucs2


@dataclass(frozen=True, slots=True)
class Navigation:
    """The keys of the service."""

    next: str = "98"
    back: str = "0"
    home: str = "00"


@dataclass(frozen=True, slots=True)
class Words:
    """The words beside the keys, in the language of the dialogue."""

    next: str = "Suite"
    back: str = "Retour"
    home: str = "Accueil"


@dataclass(frozen=True, slots=True)
class Page:
    """One screen of text; a navigation key is listened to only on a page that shows it."""

    text: str
    has_next: bool = False
    has_back: bool = False
    has_home: bool = False


@dataclass(frozen=True, slots=True)
class Pages:
    """All pages of a screen; the coding is chosen once for the whole."""

    coding: Coding
    pages: tuple[Page, ...]


def paginate_menu(
    title: str,
    options: Sequence[tuple[str, str]],
    limits: Limits,
    nav: Navigation,
    words: Words,
    *,
    back: bool = False,
    home: bool = False,
) -> Pages:
    """Lay out a clean title and `(key, label)` options: whole options only, keys global, title on the first page.

    A title that leaves no room for an option takes pages of its own; a label longer than a page is cut to it.
    """
    title, lines = title.strip(), [f"{key}. {label}" for key, label in options]
    sheet = _Sheet.choose("\n".join([title, *lines]), limits, nav, words, back=back, home=home)
    whole = "\n".join([title, *lines] if title else lines)
    if sheet.fits(whole, is_first=True, is_last=True):
        return Pages(sheet.coding, (sheet.page(whole, is_first=True, is_last=True),))
    pages: list[Page] = []
    taken = [title] if title else []
    if title and not sheet.fits(title, is_first=True, is_last=False):
        *opening, last = sheet.cut(title, is_last=not lines)
        pages, taken = [sheet.page(text, is_first=not at, is_last=False) for at, text in enumerate(opening)], [last]
    while lines:
        count = sheet.count_fitting(taken, lines, is_first=not pages)
        if not count and not taken:
            lines[0], count = sheet.trim(lines[0], is_first=not pages, is_last=len(lines) == 1), 1
        text, lines = "\n".join([*taken, *lines[:count]]), lines[count:]
        pages.append(sheet.page(text, is_first=not pages, is_last=not lines))
        taken = []
    if taken:
        pages.append(sheet.page("\n".join(taken), is_first=not pages, is_last=True))
    return Pages(sheet.coding, tuple(pages))


def paginate_text(
    text: str,
    limits: Limits,
    nav: Navigation,
    words: Words,
    *,
    is_end: bool,
    back: bool = False,
    home: bool = False,
) -> Pages:
    """Lay out a clean text, cut at blanks; the last page of an end (`is_end`) has no footer."""
    sheet = _Sheet.choose(text, limits, nav, words, back=back, home=home, is_end=is_end)
    texts = sheet.cut(text.strip())
    last = len(texts) - 1
    return Pages(
        sheet.coding, tuple(sheet.page(part, is_first=not at, is_last=at == last) for at, part in enumerate(texts))
    )


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The paper of one screen: its coding, its limit and its footers."""

    coding: Coding
    limit: int
    footers: dict[tuple[bool, bool], str]
    back: bool
    home: bool
    is_end: bool

    @classmethod
    def choose(
        cls,
        text: str,
        limits: Limits,
        nav: Navigation,
        words: Words,
        *,
        back: bool,
        home: bool,
        is_end: bool = False,
    ) -> "_Sheet":
        is_plain = is_gsm7(text) and is_gsm7(words.next + words.back + words.home)
        coding = Coding.GSM7 if is_plain else Coding.UCS2
        footers = _footers(nav, words, back=back, home=home, is_end=is_end)
        return cls(coding, limits.of(coding), footers, back, home, is_end)

    def size(self, text: str) -> int:
        return _septets(text) if self.coding is Coding.GSM7 else _units(text)

    def room(self, *, is_first: bool, is_last: bool) -> int:
        room = self.limit - self.size(self.footers[is_first, is_last])
        if room < 2:  # noqa: PLR2004  # one escaped character or one surrogate pair
            raise ValueError("the footer leaves no room on a page")
        return room

    def fits(self, text: str, *, is_first: bool, is_last: bool) -> bool:
        return self.size(text + self.footers[is_first, is_last]) <= self.limit

    def page(self, text: str, *, is_first: bool, is_last: bool) -> Page:
        has_footer = not (self.is_end and is_last)
        return Page(
            text=text + self.footers[is_first, is_last],
            has_next=not is_last,
            has_back=has_footer and (self.back or not is_first),
            has_home=has_footer and self.home,
        )

    def count_fitting(self, taken: list[str], lines: list[str], *, is_first: bool) -> int:
        """Return how many of `lines` stand whole under `taken` on one page, the last page when all do."""
        if self.fits("\n".join([*taken, *lines]), is_first=is_first, is_last=True):
            return len(lines)
        count = 0
        while count + 1 < len(lines) and self.fits(
            "\n".join([*taken, *lines[: count + 1]]), is_first=is_first, is_last=False
        ):
            count += 1
        return count

    def trim(self, line: str, *, is_first: bool, is_last: bool) -> str:
        return line[: _longest(line, self.room(is_first=is_first, is_last=is_last), self.coding)]

    def cut(self, text: str, *, is_last: bool = True) -> list[str]:
        """Cut at the last blank that fits, else hard; `is_last` says that nothing follows the text."""
        parts: list[str] = []
        while not self.fits(text, is_first=not parts, is_last=is_last):
            hard = _longest(text, self.room(is_first=not parts, is_last=False), self.coding)
            blank = max(text.rfind(" ", 0, hard + 1), text.rfind("\n", 0, hard + 1))
            end = blank if blank > 0 else hard
            parts.append(text[:end].rstrip())
            text = text[end:].lstrip()
        return [*parts, text]


@lru_cache(maxsize=256)
def _footers(nav: Navigation, words: Words, *, back: bool, home: bool, is_end: bool) -> dict[tuple[bool, bool], str]:
    """Return the footer of a page by (is first, is last)."""
    footers = {}
    for is_first in (True, False):
        for is_last in (True, False):
            shown = [
                (not is_last, f"\n{nav.next}. {words.next}"),
                (back or not is_first, f"\n{nav.back}. {words.back}"),
                (home, f"\n{nav.home}. {words.home}"),
            ]
            is_bare = is_end and is_last
            footers[is_first, is_last] = "" if is_bare else "".join(line for is_shown, line in shown if is_shown)
    return footers


def _longest(text: str, room: int, coding: Coding) -> int:
    """Return how many characters of `text` fit in `room` septets or units."""
    size = _septets if coding is Coding.GSM7 else _units
    if size(text[:room]) <= room:
        return min(room, len(text))
    used = 0
    for at, mark in enumerate(text):
        used += size(mark)
        if used > room:
            return at
    return len(text)
