"""What the codes of points of sale, prices and rates are called on the screen."""

from babel import Locale

from core.money import Currency, Money
from services.limits import LEVELS
from ui.labels import NO_BREAK, Sign, State, Tone, count, decimal, money, page_language, t

SECTION = "/ussd-console"
MERCHANTS = f"{SECTION}/marchands"
TARIFFS = f"{SECTION}/tarifs"
BILLS = f"{SECTION}/factures"
OPERATIONS = f"{SECTION}/operations"
OWN = "/mon-point-de-vente"

ROLES = {"agent": "Agent", "merchant": "Marchand"}

MERCHANT_STATES = {
    "pending": Sign("schedule", "À approuver", Tone.BLUE),
    "active": State.ACTIVE.value,
    "suspended": State.SUSPENDED.value,
    "refused": Sign("close", "Refusé", Tone.NEUTRAL),
}

BILLER_STATES = {
    "active": Sign("check", "Proposé", Tone.ACCENT),
    "stopped": Sign("pause", "Retiré des menus", Tone.NEUTRAL),
}

RULES = {
    "sessions": "Nouvelles sessions",
    "turns": "Étapes",
    "lookups": "Recherches de noms",
    "registrations": "Inscriptions",
    "operations": "Opérations d'argent",
    "received": "Opérations reçues",
    "gateway": "Étapes d'une passerelle",
}

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


def country(code: str) -> str:
    """Return a country's name."""
    return str(Locale.parse(page_language()).territories.get(code, code))


def role(code: str) -> str:
    """Return what a point of sale does."""
    return t(ROLES[code])


def level(code: str) -> str:
    """Return the name of a wallet's level."""
    return next((t(name) for known, name in LEVELS.items() if known == code), code).capitalize()


def rule(code: str) -> str:
    """Return what a rate counts."""
    return t(RULES[code]) if code in RULES else code


def window(seconds: int) -> str:
    """Return the window of a rate: `par minute`, `en 10 minutes`, `par jour`."""
    named = {1: t("par seconde"), MINUTE_S: t("par minute"), HOUR_S: t("par heure"), DAY_S: t("par jour")}
    return named.get(seconds) or t("en {number} minutes").format(number=count(seconds // MINUTE_S))


def share(bps: int) -> str:
    """Return a share kept in hundredths of a percent: `1,5 %`."""
    places = 0 if bps % 100 == 0 else 1 if bps % 10 == 0 else 2
    return f"{decimal(bps / 100, places)}{NO_BREAK}%"


def amount(minor: int | None, currency: Currency) -> str:
    """Return an amount; a dash when there is none."""
    return "\N{EN DASH}" if minor is None else money(Money(minor, currency))


def signed(value: Money) -> str:
    """Return an amount with its sign."""
    return f"+{money(value)}" if value.minor > 0 else money(value)
