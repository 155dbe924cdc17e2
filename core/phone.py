"""Phone numbers: one function reads what people, files and gateways write, and one form, E.164, is stored.

The steps and the repairs are those of Palabre's provider rules (section 5); the ranges are those of the `phonenumbers`
library. The operator is a preselection: a prefix says who issued a number, never who serves it today.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

from core.errors import Refusal

LONGEST_RAW = 100
MOST_DIGITS = 20
HEAD = 8  # signs of an E.164 number that tell who issued it
OPERATORS_FILE = Path(__file__).parent / "data" / "operators.json"

_SCHEMES = ("whatsapp:", "tel:", "sms:")
_ALLOWED = re.compile(r"\+?[\d\s\-.()]*")
_MOBILE_TYPES = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_OLD_LENGTH = 8
_EXAMPLE_REGION = "BJ"
_EXAMPLE = "+229 01 95 12 34 56"


class PhoneRefusal(Refusal):
    """What was typed is no mobile number; `reason` says why and the sentence says what to type."""

    code = "telephone_invalide"
    status = 422
    reason: ClassVar[str] = "invalid_number"
    sentence = "Ce numéro n'existe pas : vérifiez-le. Exemple : {example}."


class EmptyPhone(PhoneRefusal):
    """Nothing was typed."""

    reason = "empty"
    sentence = "Tapez un numéro de téléphone. Exemple : {example}."


class NotAPhone(PhoneRefusal):
    """A letter, an extension or a stray sign."""

    reason = "not_a_number"
    sentence = "Un numéro ne contient que des chiffres : ni lettre, ni autre signe. Exemple : {example}."


class ServiceCode(PhoneRefusal):
    """A dialled code of a service."""

    reason = "service_code"
    sentence = "Ceci est un code de service (* ou #) : tapez un numéro de téléphone. Exemple : {example}."


class SeveralNumbers(PhoneRefusal):
    """Two numbers in one field."""

    reason = "several_numbers"
    sentence = "Tapez un seul numéro. Exemple : {example}."


class UnknownCountry(PhoneRefusal):
    """Neither an indicator nor a default country, or an indicator that does not exist."""

    reason = "unknown_country"
    sentence = "Pays inconnu : commencez par + et l'indicatif du pays. Exemple : {example}."


class PhoneTooShort(PhoneRefusal):
    """Fewer digits than the country allows."""

    reason = "too_short"
    sentence = "Numéro trop court : il manque des chiffres. Exemple : {example}."


class PhoneTooLong(PhoneRefusal):
    """More digits than the country allows."""

    reason = "too_long"
    sentence = "Numéro trop long : il y a des chiffres en trop. Exemple : {example}."


class InvalidPhone(PhoneRefusal):
    """A possible length, but no such number and no mobile range."""


class NotMobile(PhoneRefusal):
    """A fixed, voice-over-IP or special number."""

    reason = "not_mobile"
    sentence = "Ce n'est pas un numéro de mobile : tapez un numéro de mobile. Exemple : {example}."


class AmbiguousLegacy(PhoneRefusal):
    """An old Ivorian number: the operator decides between `candidates`."""

    reason = "ambiguous_legacy"
    sentence = "Ancien numéro à 8 chiffres : ajoutez 01 (Moov), 05 (MTN) ou 07 (Orange) devant."


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A mobile number. `repair` and `warning` are shown before it is saved; the operator only preselects."""

    e164: str
    country: str
    national: str
    operator_hint: str | None
    portable: bool
    repair: str | None
    warning: str | None
    international: str

    @property
    def masked(self) -> str:
        """Return `+22901****01`: country code, two digits, two digits."""
        return f"{self.e164[: -len(self.national)]}{self.national[:2]}****{self.national[-2:]}"

    def seen_from(self, country: str) -> str:
        """Return the national digits at home and the `+…` form abroad."""
        return self.national if country == self.country else self.e164

    def for_provider(self, provider: str, *, is_bj_legacy: bool = False) -> str:
        """Return the form `provider` takes; `is_bj_legacy` gives it Benin's numbers without their `01`."""
        e164 = self.e164
        if is_bj_legacy and self.country == "BJ":
            e164 = f"+229{self.national.removeprefix('01')}"
        match provider:
            case "orange_sonatel" | "orange_cm":
                return self.national
            case "wave" | "africastalking":
                return e164
            case "kannel":
                return f"%2B{e164[1:]}"
            case "twilio_whatsapp":
                return f"whatsapp:{e164}"
            case "mtn" | "pawapay" | "meta":
                return e164[1:]
        raise LookupError(provider)


class _Refused(NamedTuple):
    kind: type[PhoneRefusal]
    data: dict[str, Any]


def normalise(raw: str, region: str | None) -> PhoneNumber:
    """Read `raw` with `region` (ISO 3166) as the default country, or refuse with a `PhoneRefusal`.

    A number of an old numbering plan is repaired and says so; a number in a range the library does not know yet
    carries the warning `unknown_range`: fine for messages, and for money only after a code or a name check.
    """
    result = _read(raw[: LONGEST_RAW + 1], region)
    if isinstance(result, _Refused):
        raise result.kind(**result.data)
    return result


def mask_phone(text: str) -> str:
    """Mask a stored or typed number for a log; what is no number keeps its last two characters at most."""
    result = _read(text[: LONGEST_RAW + 1], None)
    return f"****{text[-2:]}" if isinstance(result, _Refused) else result.masked


def mask_email(address: str) -> str:
    """Return `a****@example.org`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}****{at}{domain}" if at else "****"


@lru_cache(maxsize=16_384)
def _read(raw: str, region: str | None) -> PhoneNumber | _Refused:
    digits = _digits(raw)
    if not isinstance(digits, str):
        return _Refused(digits, {"example": _example(region)})
    try:
        parsed = phonenumbers.parse(digits, region)
    except NumberParseException as error:
        return _Refused(_parse_refusal(error), {"example": _example(region)})
    country = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    national = phonenumbers.national_significant_number(parsed)
    if country == "CI" and len(national) == _OLD_LENGTH:
        return _Refused(AmbiguousLegacy, {"candidates": [f"+225{start}{national}" for start in ("01", "05", "07")]})
    repair = _repair(country, national)
    if repair is not None:
        parsed = phonenumbers.parse(repair.e164, None)
    kind = _type_refusal(parsed, country)
    if kind is not None:
        return _Refused(kind, {"example": _example(country)})
    return _number(parsed, country, repair.name if repair else None)


def _digits(raw: str) -> str | type[PhoneRefusal]:
    """Return ASCII digits, with `+` in front when the country code is among them."""
    text = "".join(mark for mark in unicodedata.normalize("NFKC", raw) if unicodedata.category(mark) != "Cf").strip()
    for scheme in _SCHEMES:
        if text.lower().startswith(scheme):
            text = text[len(scheme) :].strip()
    if not text:
        return EmptyPhone
    if "*" in text or "#" in text:
        return ServiceCode
    if any(mark in text for mark in "/,;|"):
        return SeveralNumbers
    text = "".join("-" if unicodedata.category(mark) == "Pd" else mark for mark in text)
    digits = "".join(str(unicodedata.digit(mark)) for mark in text if mark.isdecimal())
    if not digits or len(raw) > LONGEST_RAW or not _ALLOWED.fullmatch(text):
        return NotAPhone
    is_international = text.startswith("+") or digits.startswith("00")
    digits = digits if text.startswith("+") else digits.removeprefix("00")
    if len(digits) > MOST_DIGITS:
        return PhoneTooLong
    return f"+{digits}" if is_international else digits


def _parse_refusal(error: NumberParseException) -> type[PhoneRefusal]:
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        return UnknownCountry
    return PhoneTooLong if error.error_type == NumberParseException.TOO_LONG else PhoneTooShort


class _Repair(NamedTuple):
    name: str
    e164: str


def _repair(country: str, national: str) -> _Repair | None:
    """Bring a number of the old plan to the present one: Benin 2024-11-30 (`01`), Cameroon 2014 (`6`)."""
    if len(national) != _OLD_LENGTH:
        return None
    if country == "BJ":
        repair = _Repair("bj_2024", f"+22901{national}")
    elif country == "CM" and national[0] in "79":
        repair = _Repair("cm_2014", f"+2376{national}")
    else:
        return None
    parsed = phonenumbers.parse(repair.e164, None)
    return repair if phonenumbers.number_type(parsed) in _MOBILE_TYPES else None


def _type_refusal(parsed: phonenumbers.PhoneNumber, country: str) -> type[PhoneRefusal] | None:
    """Say why a parsed number is no mobile number, or None when it is one."""
    national = phonenumbers.national_significant_number(parsed)
    if phonenumbers.is_valid_number(parsed):
        return None if phonenumbers.number_type(parsed) in _MOBILE_TYPES else NotMobile
    if _is_mobile_form(country, national):
        return None
    if len(national) == _OLD_LENGTH and country in {"BJ", "CM"}:
        return InvalidPhone  # the length of the old plan, which cannot be repaired: not merely too short
    match phonenumbers.is_possible_number_with_reason(parsed):
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return PhoneTooShort
        case ValidationResult.TOO_LONG:
            return PhoneTooLong
    return InvalidPhone


def _number(parsed: phonenumbers.PhoneNumber, main_country: str, repair: str | None) -> PhoneNumber:
    place = phonenumbers.region_code_for_number(parsed) or main_country
    national = phonenumbers.national_significant_number(parsed)
    return PhoneNumber(
        e164=phonenumbers.format_number(parsed, PhoneNumberFormat.E164),
        country=place,
        national=national,
        operator_hint=operator_of(place, national),
        portable=phonenumbers.is_mobile_number_portable_region(place),
        repair=repair,
        warning=None if phonenumbers.is_valid_number(parsed) else "unknown_range",
        international=phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL),
    )


def _example(region: str | None) -> str:
    """Return a mobile number of `region` as one would type it."""
    example = phonenumbers.example_number_for_type(region or _EXAMPLE_REGION, PhoneNumberType.MOBILE)
    return phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL) if example else _EXAMPLE


class _Operators(NamedTuple):
    mobile: dict[str, re.Pattern[str]]
    by_prefix: dict[str, dict[str, str]]


@lru_cache(maxsize=1)
def _operators() -> _Operators:
    rows = json.loads(OPERATORS_FILE.read_text(encoding="utf-8"))
    by_prefix: dict[str, dict[str, str]] = {}
    for row in rows["operators"]:
        by_prefix.setdefault(row["country"], {}).update(dict.fromkeys(row["prefixes"], row["operator"]))
    return _Operators({country: re.compile(form) for country, form in rows["mobile"].items()}, by_prefix)


def _is_mobile_form(country: str, national: str) -> bool:
    form = _operators().mobile.get(country)
    return form is not None and form.fullmatch(national) is not None


def operator_of(country: str, national: str) -> str | None:
    """Return who issued this number, longest prefix first; None when no row says."""
    prefixes = _operators().by_prefix.get(country, {})
    return next((prefixes[start] for length in (4, 3, 2, 1) if (start := national[:length]) in prefixes), None)


def prefixes_of(country: str, operator: str) -> list[str]:
    """Return the prefixes that were issued to an operator."""
    return [prefix for prefix, issued_to in _operators().by_prefix.get(country, {}).items() if issued_to == operator]


def country_prefix(country: str) -> str:
    """Return what the numbers of a country begin with, `+237`."""
    return f"+{phonenumbers.country_code_for_region(country)}"


@lru_cache(maxsize=1)
def issued_prefixes() -> dict[str, str]:
    """Return who issued which numbers, by the beginning of their E.164 form."""
    return {
        f"{country_prefix(country)}{prefix}": operator
        for country, prefixes in _operators().by_prefix.items()
        for prefix, operator in prefixes.items()
    }


def issuer_of(e164: str) -> str:
    """Return who issued a number, from at least its first eight signs; empty when no row says."""
    issued = issued_prefixes()
    return next((issued[e164[:length]] for length in range(HEAD, 4, -1) if e164[:length] in issued), "")
