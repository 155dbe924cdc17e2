"""Money is a value: whole minor units of one currency. No float, no arithmetic between currencies.

Amounts come in as decimal strings (`parse`) and go out as a decimal string for machines (`plain`), with Babel's
separators for a screen (`on_screen`), in plain characters for a phone (`on_phone`), in words for a dialog (`in_words`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Self

from core import formats, i18n
from core.errors import Refusal

MOST_DIGITS = 15
LARGEST_MINOR = 2**63 - 1  # what a bigint column holds

_DECIMAL = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_NO_BREAK = "\N{NO-BREAK SPACE}"
_THIN = "\N{NARROW NO-BREAK SPACE}"
_MILLION = 1_000_000


class InvalidAmount(Refusal):
    """A text is no amount of its currency."""

    code = "montant_invalide"
    status = 422
    sentence = "Montant invalide."


class MixedCurrenciesError(TypeError):
    """Two currencies met in one sum: always a bug."""


class Currency(StrEnum):
    """The currencies Palabre counts in (ISO 4217)."""

    XOF = "XOF"
    XAF = "XAF"
    GNF = "GNF"
    CDF = "CDF"
    USD = "USD"
    EUR = "EUR"

    @property
    def exponent(self) -> int:
        """Return the number of decimals: 0 or 2."""
        return _EXPONENTS[self]


_EXPONENTS = {
    Currency.XOF: 0,
    Currency.XAF: 0,
    Currency.GNF: 0,
    Currency.CDF: 2,
    Currency.USD: 2,
    Currency.EUR: 2,
}
_UNITS_ON_SCREEN = {Currency.XOF: f"F{_THIN}CFA", Currency.XAF: f"F{_THIN}CFA", Currency.EUR: "€"}
_UNITS_ON_PHONE = {Currency.XOF: "FCFA", Currency.XAF: "FCFA"}
# One, several; then the same for the hundredth where the currency has one.
_NAMES: dict[str, dict[Currency, tuple[str, ...]]] = {
    "fr": {
        Currency.XOF: ("franc CFA", "francs CFA"),
        Currency.XAF: ("franc CFA", "francs CFA"),
        Currency.GNF: ("franc guinéen", "francs guinéens"),
        Currency.CDF: ("franc congolais", "francs congolais", "centime", "centimes"),
        Currency.USD: ("dollar", "dollars", "cent", "cents"),
        Currency.EUR: ("euro", "euros", "centime", "centimes"),
    },
    "en": {
        Currency.XOF: ("CFA franc", "CFA francs"),
        Currency.XAF: ("CFA franc", "CFA francs"),
        Currency.GNF: ("Guinean franc", "Guinean francs"),
        Currency.CDF: ("Congolese franc", "Congolese francs", "centime", "centimes"),
        Currency.USD: ("dollar", "dollars", "cent", "cents"),
        Currency.EUR: ("euro", "euros", "cent", "cents"),
    },
}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (francs of XOF, cents of USD)."""

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int or not -LARGEST_MINOR <= self.minor <= LARGEST_MINOR:
            raise TypeError("minor units are whole and fit a bigint")

    @classmethod
    def parse(cls, text: str, currency: Currency) -> Self:
        """Read `5000` or `12.50`; refuse a sign, an exponent, separators, blanks and decimals the currency has not."""
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise InvalidAmount
        whole, decimals = match[1], match[2] or ""
        if len(decimals) > currency.exponent or len(whole) + len(decimals) > MOST_DIGITS:
            raise InvalidAmount
        return cls(int(whole + decimals.ljust(currency.exponent, "0")), currency)

    @classmethod
    def zero(cls, currency: Currency) -> Self:
        """Return nothing, in `currency`."""
        return cls(0, currency)

    def __add__(self, other: "Money") -> "Money":
        self._require_same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._require_same(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._require_same(other)
        return self.minor <= other.minor

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def _require_same(self, other: "Money") -> None:
        if self.currency is not other.currency:
            raise MixedCurrenciesError(f"{self.currency} and {other.currency}")

    def times(self, ratio: Fraction | tuple[int, int]) -> "Money":
        """Return the exact product, rounded once, half away from zero; `(150, 10_000)` is 1.5 %."""
        exact = ratio if isinstance(ratio, Fraction) else Fraction(*ratio)
        return Money(round_half_away(self.minor * exact), self.currency)

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Share a positive amount by weight, to the last unit: largest remainder first, ties to the earlier seat."""
        return [Money(part, self.currency) for part in allocate(self.minor, weights)]

    @property
    def plain(self) -> str:
        """Return the decimal string with exactly the currency's decimals: `5000`, `12.50`."""
        whole, decimals = self._figures()
        return f"{'-' if self.minor < 0 else ''}{whole}{'.' if decimals else ''}{decimals}"

    def parts(self, language: str | None = None) -> tuple[str, str]:
        """Return the figure and its unit as a screen writes them, so that the unit may be set smaller."""
        shown = language or i18n.language.get()
        whole, decimals = self._figures()
        mark = formats.separators(shown).decimal if decimals else ""
        figure = f"{formats.MINUS if self.minor < 0 else ''}{formats.count(whole, shown)}{mark}{decimals}"
        return figure, _UNITS_ON_SCREEN.get(self.currency, self.currency.value)

    def on_screen(self, language: str | None = None) -> str:
        """Return `50 000 F CFA` with no-break separators, in `language` or that of this context."""
        return _NO_BREAK.join(self.parts(language))

    def on_phone(self) -> str:
        """Return `10 000 FCFA`, `12,50 USD`: plain spaces, one septet a character, no currency sign."""
        whole, decimals = self._figures()
        grouped = f"{whole:,}".replace(",", " ")
        unit = _UNITS_ON_PHONE.get(self.currency, self.currency.value)
        return f"{'-' if self.minor < 0 else ''}{grouped}{',' if decimals else ''}{decimals} {unit}"

    def in_words(self, language: str | None = None) -> str:
        """Return `cinq mille francs CFA`, for the dialogs that move money; French where we do not count otherwise."""
        return _in_words(self.minor, self.currency, language or i18n.language.get())

    def _figures(self) -> tuple[int, str]:
        exponent = self.currency.exponent
        whole, hundredths = divmod(abs(self.minor), 10**exponent)
        return whole, f"{hundredths:0{exponent}}" if exponent else ""


def round_half_away(exact: Fraction) -> int:
    """Round to a whole number, half away from zero: the one rounding of the house."""
    magnitude = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return magnitude if exact >= 0 else -magnitude


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Share `total` units by weight: whole parts, then one more to the largest remainders, ties to the earlier seat."""
    whole_weight = sum(weights)
    if total < 0 or whole_weight <= 0 or min(weights) < 0:
        raise ValueError("a split shares a positive amount among weights that are not all zero")
    parts = [total * weight // whole_weight for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda seat: (-(total * weights[seat] % whole_weight), seat))
    for seat in by_remainder[: total - sum(parts)]:
        parts[seat] += 1
    return parts


@lru_cache(maxsize=1024)
def _in_words(minor: int, currency: Currency, language: str) -> str:
    spoken = language if language in _NAMES else i18n.DEFAULT_LANGUAGE
    names = _NAMES[spoken][currency]
    major, hundredths = divmod(abs(minor), 10**currency.exponent)
    said = [_counted(major, names[0], names[1], spoken)] if major or not hundredths else []
    if hundredths:
        said.append(_counted(hundredths, names[2], names[3], spoken))
    text = (" et " if spoken == "fr" else " and ").join(said)
    return text if minor >= 0 else f"{'moins' if spoken == 'fr' else 'minus'} {text}"


def _counted(number: int, one: str, several: str, language: str) -> str:
    from num2words import num2words

    if language == "en":
        return f"{num2words(number, lang='en')} {one if number == 1 else several}"
    # French counts zero in the singular, and says «un million de francs» when nothing follows the million.
    name = one if number < 2 else several  # noqa: PLR2004
    linked = f"de {name}" if number >= _MILLION and number % _MILLION == 0 else name
    return f"{num2words(number, lang='fr')} {linked}"
