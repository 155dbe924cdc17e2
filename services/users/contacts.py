"""E-mails, phones and countries as people type them in forms."""

import re
from functools import lru_cache

from babel import Locale

from core.errors import InvalidInput
from core.i18n import LANGUAGES, t
from core.phone import PhoneRefusal, normalise
from core.settings import get_settings

LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^@\s<>\"(),;:\\]{1,64}@[^@\s.<>\"(),;:\\]+(\.[^@\s.<>\"(),;:\\]+)+")


def require_email(raw: str, field: str = "email") -> str:
    """Return a typed e-mail in lower case, or refuse the form; only a code proves that it exists."""
    email = raw.strip().lower()
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise InvalidInput({field: t("adresse e-mail, par exemple awa@exemple.org")})
    return email


def read_phone(raw: str | None, country: str = "") -> str | None:
    """Return a typed number in E.164, or None when nothing readable was typed."""
    try:
        return normalise(raw, region_of(country)).e164 if raw else None
    except PhoneRefusal:
        return None


def require_phone(raw: str, country: str = "", field: str = "phone") -> str:
    """Return a typed number in E.164, or refuse the form with the sentence that says what to type."""
    try:
        return normalise(raw, region_of(country)).e164
    except PhoneRefusal as refusal:
        raise InvalidInput({field: str(refusal)}) from refusal


def region_of(country: str) -> str:
    """Return the ISO 3166 code of a country given by code or by name, else the default region."""
    key = country.strip().casefold()
    return _regions().get(key) or get_settings().default_region


@lru_cache(maxsize=1)
def _regions() -> dict[str, str]:
    regions: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():  # noqa: PLR2004  # ISO 3166 alpha-2; the rest are parts of the world
                regions[name.casefold()] = regions[code.casefold()] = code
    return regions
