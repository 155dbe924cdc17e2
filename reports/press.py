"""Paper: PDF pages in the console's own letters and colours. Lengths are millimetres, sizes points."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import segno
from fpdf import FPDF
from fpdf.enums import RenderStyle
from fpdf.fonts import TTFFont

FONTS = Path(__file__).parent / "fonts"
FONT_FILES = {"": "Inter-Regular.ttf", "B": "Inter-SemiBold.ttf"}
MONO = "Courier"  # built in: what is read letter by letter is ASCII

Colour = tuple[int, int, int]
Align = Literal["left", "right", "center"]

INK: Colour = (28, 27, 24)
INK_2: Colour = (85, 81, 74)
INK_3: Colour = (110, 105, 95)
LINE: Colour = (232, 228, 219)
LINE_STRONG: Colour = (213, 207, 195)
SUNK: Colour = (251, 250, 247)
ACCENT: Colour = (20, 87, 63)
ACCENT_SOFT: Colour = (231, 240, 234)
OCHRE: Colour = (133, 86, 11)
OCHRE_BAR: Colour = (184, 128, 42)
OCHRE_SOFT: Colour = (250, 241, 223)
RED: Colour = (179, 38, 30)
RED_SOFT: Colour = (251, 236, 234)
BLUE: Colour = (45, 95, 139)
BLUE_SOFT: Colour = (233, 240, 247)
NEUTRAL_SOFT: Colour = (241, 238, 231)
TRACK: Colour = (236, 232, 223)


class Press(FPDF):
    """Pages with our two letters, and a pen that puts a text where it is told."""

    def __init__(self, size: str | tuple[float, float], margin_mm: float) -> None:
        super().__init__(format=size)
        for style, name in FONT_FILES.items():
            self.add_font("Inter", style, FONTS / name)
        self.set_margin(margin_mm)
        self.set_auto_page_break(auto=False)
        self.margin_mm = margin_mm
        regular = self.fonts["inter"]
        assert isinstance(regular, TTFFont)  # noqa: S101  # a file of ours
        # An accent that stands alone is drawn beside its letter: better none.
        self._known_signs = frozenset(sign for sign in regular.cmap if not unicodedata.combining(chr(sign)))

    def drawable(self, text: str) -> str:
        """Return a text in signs our letters have: a letter loses an accent we lack, any other sign is `?`."""
        if self._known_signs.issuperset(map(ord, text)):
            return text
        return "".join(_nearest(sign, self._known_signs) for sign in unicodedata.normalize("NFC", text))

    def pen(self, size: float, colour: Colour = INK, *, is_bold: bool = False, family: str = "Inter") -> None:
        """Take a letter and a colour."""
        self.set_font(family, "B" if is_bold else "", size)
        self.set_text_color(*colour)

    def put(self, x: float, y: float, text: str, *, width: float = 0, align: Align = "left") -> None:
        """Write one line whose foot stands at `y`; cut to `width` where one is given, and set within it."""
        text = self.drawable(text)
        if self.font_family == MONO.lower():
            text = text.encode("ascii", "replace").decode()
        if width:
            text = self.cut(text, width)
        if align != "left":
            spare = width - self.get_string_width(text)
            x += spare if align == "right" else spare / 2
        self.text(x, y, text)

    def cut(self, text: str, width: float) -> str:
        """Return a text that fits in `width`, its end replaced by an ellipsis where it does not."""
        if self.get_string_width(text) <= width:
            return text
        mark = "..." if self.font_family == MONO.lower() else "…"
        while text and self.get_string_width(text + mark) > width:
            text = text[:-1]
        return text.rstrip() + mark

    def wrap(self, text: str, width: float, most: int) -> list[str]:
        """Return a text as at most `most` lines of `width`, broken between words."""
        found: list[str] = [""]
        for word in self.drawable(text).split(" "):
            longer = f"{found[-1]} {word}".strip()
            if found[-1] and self.get_string_width(longer) > width and len(found) < most:
                found.append(word)
            else:
                found[-1] = longer
        return [self.cut(line, width) for line in found]

    def block(self, x: float, y: float, width: float, height: float, colour: Colour, *, radius: float = 0) -> None:
        """Fill a rectangle."""
        self.set_fill_color(*colour)
        if radius:
            self.rect(x, y, width, height, style=RenderStyle.F, round_corners=True, corner_radius=radius)
        else:
            self.rect(x, y, width, height, style=RenderStyle.F)

    def frame(self, x: float, y: float, width: float, height: float, colour: Colour = LINE_STRONG) -> None:
        """Draw a rectangle's border."""
        self.set_draw_color(*colour)
        self.set_line_width(0.2)
        self.rect(x, y, width, height, style=RenderStyle.D, round_corners=True, corner_radius=1.6)

    def rule(self, y: float, colour: Colour = LINE, *, x: float | None = None, width: float | None = None) -> None:
        """Draw a hairline, from margin to margin unless told otherwise."""
        begin = self.margin_mm if x is None else x
        self.set_draw_color(*colour)
        self.set_line_width(0.2)
        self.line(begin, y, begin + (self.w - 2 * self.margin_mm if width is None else width), y)

    def chip(self, right: float, y: float, text: str, colour: Colour, soft: Colour) -> None:
        """Write a word on a soft ground that ends at `right`; `y` is its top."""
        self.pen(9, colour, is_bold=True)
        width = self.get_string_width(self.drawable(text)) + 6
        self.block(right - width, y, width, 6.4, soft, radius=1.6)
        self.put(right - width + 3, y + 4.45, text)

    def code(self, x: float, y: float, side: float, content: str) -> None:
        """Draw a QR code of `side`, its quiet zone left to the paper around."""
        matrix = segno.make(content, error="m", micro=False).matrix
        step = side / len(matrix)
        self.set_fill_color(*INK)
        for row, modules in enumerate(matrix):
            for begin, length in _runs(modules):
                # A hair wider than it is: no reader's screen shows a seam between two rows.
                self.rect(x + begin * step, y + row * step, length * step, step * 1.02, style=RenderStyle.F)


def _nearest(sign: str, known: frozenset[int]) -> str:
    if ord(sign) in known:
        return sign
    parts = [part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part)]
    if unicodedata.combining(sign) or unicodedata.category(sign) in {"Cf", "Cc"}:
        return ""
    return "".join(part if ord(part) in known else "?" for part in parts)


def _runs(modules: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Return where dark modules begin in a row, and how many follow one another."""
    begin, found = None, []
    for place, module in enumerate([*modules, 0]):
        if module and begin is None:
            begin = place
        elif not module and begin is not None:
            found.append((begin, place - begin))
            begin = None
    return found
