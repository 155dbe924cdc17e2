"""Words and figures as the reader of this page writes them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum, StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date
from nicegui import context

from core import formats, i18n
from core.clock import now
from core.money import Money
from core.settings import get_settings

LANGUAGE = "language"  # the key in a client's own storage
NO_BREAK = "\N{NO-BREAK SPACE}"
DAY_S = 86_400
TIGHT_BEFORE = re.compile(" (?=[:;!?»])")
TIGHT_AFTER = re.compile("(?<=«) ")

ZONES = {
    "BF": "Africa/Ouagadougou",
    "BJ": "Africa/Porto-Novo",
    "CD": "Africa/Kinshasa",
    "CG": "Africa/Brazzaville",
    "CI": "Africa/Abidjan",
    "CM": "Africa/Douala",
    "GA": "Africa/Libreville",
    "GN": "Africa/Conakry",
    "ML": "Africa/Bamako",
    "NE": "Africa/Niamey",
    "SN": "Africa/Dakar",
    "TD": "Africa/Ndjamena",
    "TG": "Africa/Lome",
}


class Tone(StrEnum):
    """The five meanings a colour may have; never the only sign of a state."""

    ACCENT = "accent"
    BLUE = "blue"
    OCHRE = "ochre"
    RED = "red"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Sign:
    """How a state is shown: an icon, a word (French source text), a tone."""

    icon: str
    word: str
    tone: Tone


class State(Enum):
    """The states the console speaks of, each with its sign."""

    PAID = Sign("check", "Payé", Tone.ACCENT)
    DONE = Sign("check", "Terminé", Tone.ACCENT)
    ACTIVE = Sign("check", "Actif", Tone.ACCENT)
    DELIVERED = Sign("done_all", "Remis", Tone.ACCENT)
    PUBLISHED = Sign("publish", "Publié", Tone.ACCENT)
    HEALTHY = Sign("check_circle", "En service", Tone.ACCENT)
    RUNNING = Sign("sync", "En cours", Tone.BLUE)
    REQUESTED = Sign("schedule", "Demandé", Tone.BLUE)
    PENDING = Sign("schedule", "En attente", Tone.BLUE)
    SENT = Sign("send", "Envoyé", Tone.BLUE)
    UNKNOWN = Sign("help", "Sort inconnu", Tone.OCHRE)
    LOCKED = Sign("lock", "Bloqué", Tone.OCHRE)
    FAILED = Sign("error", "Échoué", Tone.RED)
    DEGRADED = Sign("error", "Dégradée", Tone.RED)
    UNANSWERED = Sign("error", "Sans réponse", Tone.RED)
    REVOKED = Sign("block", "Révoqué", Tone.RED)
    DRAFT = Sign("edit", "Brouillon", Tone.NEUTRAL)
    CANCELLED = Sign("close", "Annulé", Tone.NEUTRAL)
    EXPIRED = Sign("history", "Expiré", Tone.NEUTRAL)
    CLOSED = Sign("block", "Fermé", Tone.NEUTRAL)
    SUSPENDED = Sign("pause", "Suspendu", Tone.NEUTRAL)
    REVERSED = Sign("undo", "Contre-passé", Tone.NEUTRAL)


def page_language() -> str:
    """Return the language of the page being drawn; outside a page, that of the context."""
    try:
        client = context.client
    except RuntimeError:
        return i18n.language.get()
    return str(client.storage.get(LANGUAGE) or i18n.language.get())


def t(source: str) -> str:
    """Return the French `source` in the language of the page being drawn, in its event handlers too."""
    chosen = page_language()
    return typeset(source) if chosen == i18n.DEFAULT_LANGUAGE else i18n.catalogue(chosen).get(source, source)


@contextmanager
def speaking() -> Iterator[None]:
    """Let what the floors below say be said in the language of this page."""
    token = i18n.language.set(page_language())
    try:
        yield
    finally:
        i18n.language.reset(token)


def printed(text: str) -> str:
    """Return a text that a report or a verb wrote, as this page prints it."""
    return typeset(text) if page_language() == i18n.DEFAULT_LANGUAGE else text


@lru_cache(maxsize=4096)
def typeset(source: str) -> str:
    """Return French as it is printed: curled apostrophes, no-break spaces inside « » and before `: ; ! ?`."""
    return TIGHT_AFTER.sub(NO_BREAK, TIGHT_BEFORE.sub(NO_BREAK, source.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")))


def zone() -> str:
    """Return the IANA name of the clocks this installation shows."""
    return ZONES.get(get_settings().default_region, "UTC")


def count(number: int) -> str:
    """Return `240 000`: thin separators, a true minus."""
    return formats.count(number, page_language())


def decimal(number: float | Decimal, places: int = 1) -> str:
    """Return `61,2` with exactly `places` decimals, a true minus and the page's separators."""
    exact = Decimal(str(number)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    separators = formats.separators(page_language())
    plain = f"{abs(exact):,f}".replace(",", "\0").replace(".", separators.decimal).replace("\0", separators.group)
    return f"{formats.MINUS if exact < 0 else ''}{plain}"


def money(amount: Money) -> str:
    """Return `120 000 F CFA`, for a cell, a sentence or a button; a figure alone is `components.figures.amount`."""
    figure, unit = money_parts(amount)
    return f"{figure}{NO_BREAK}{unit}"


def money_parts(amount: Money) -> tuple[str, str]:
    """Return the figure and its unit; the unit's own space is a full one, since it is set small."""
    figure, unit = amount.parts(page_language())
    return figure, unit.replace("\N{NARROW NO-BREAK SPACE}", NO_BREAK)


def percent(ratio: float | Decimal, places: int = 1) -> str:
    """Return `61,2 %` of a ratio (1 is all)."""
    gap = "" if page_language() == "en" else NO_BREAK
    return f"{decimal(Decimal(str(ratio)) * 100, places)}{gap}%"


def change(ratio: float | Decimal) -> str:
    """Return a signed percentage: `+12,4 %`, `−3,8 %`."""
    return f"+{percent(ratio)}" if ratio > 0 else percent(ratio)


def day(instant: datetime) -> str:
    """Return `21 nov. 2026` on this installation's clocks."""
    return formats.day(instant.astimezone(_zone()).date(), page_language())


def long_day(instant: datetime) -> str:
    """Return `Samedi 21 novembre 2026`."""
    written = format_date(instant.astimezone(_zone()).date(), "full", locale=page_language())
    return written[:1].upper() + written[1:]


def moment(instant: datetime | None) -> str:
    """Return `21 nov. 2026, 14:05`; nothing when there is no instant."""
    return formats.moment(instant, zone(), page_language()) if instant else ""


def clock(instant: datetime, *, with_seconds: bool = False) -> str:
    """Return `14:05`, or `14:05:12`."""
    return instant.astimezone(_zone()).strftime("%H:%M:%S" if with_seconds else "%H:%M")


def when(instant: datetime) -> str:
    """Return the clock for today, the whole moment for another day."""
    is_today = instant.astimezone(_zone()).date() == now().astimezone(_zone()).date()
    return clock(instant) if is_today else moment(instant)


def duration(seconds: float) -> str:
    """Return `0:23`, `12:05`, `1:02:03` or `2 j`."""
    whole = int(seconds)
    if whole >= DAY_S:
        return f"{whole // DAY_S}{NO_BREAK}{t('j')}"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def counted(number: int, one: str, several: str) -> str:
    """Return `1 ligne` or `3 lignes` out of `{count} ligne` and `{count} lignes`; French says zero as it says one."""
    is_one = number == 1 or (number == 0 and page_language() == "fr")
    return (one if is_one else several).format(count=count(number))


def initials(name: str) -> str:
    """Return `MB` for `Mireille Bongo`."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalpha()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def _zone() -> ZoneInfo:
    return _zone_named(zone())


@lru_cache
def _zone_named(name: str) -> ZoneInfo:
    return ZoneInfo(name)
