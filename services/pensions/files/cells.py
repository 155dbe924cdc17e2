"""One cell at a time, exactly: each function returns what the cell means, or the code of what is wrong with it."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.money import Currency, InvalidAmount, Money
from core.phone import PhoneRefusal, normalise
from services.pensions.files.rules import (
    DEFAULT_PURPOSE,
    LONGEST_NAME,
    WHITE_SPACE,
    FileRules,
    IdType,
)

LONGEST_EMAIL = 128

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_EXCEL = re.compile(r"[0-9]([.,][0-9]+)?E[+]?[0-9]+", re.ASCII | re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_OTHER = re.compile(r"[A-Za-z0-9._@+/-]{1,128}")
_PURPOSE = re.compile(r"[A-Za-z_]{1,32}")
_TRANSFER_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_NOT_POSITIVE = re.compile(r"-[0-9]+([.,][0-9]+)?|0+([.,]0+)?")
_DECIMALS = {0: re.compile(r"[0-9]+[.,][0-9]+"), 2: re.compile(r"[0-9]+([.][0-9]{3,}|,[0-9]+)")}
_AMOUNT = {0: re.compile(r"[1-9][0-9]*"), 2: re.compile(r"(0|[1-9][0-9]*)([.][0-9]{1,2})?")}
_IBAN_REMAINDER = 97
_WITHOUT_SPACES = str.maketrans("", "", WHITE_SPACE)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a cell is wrong; `detail` is the reason a phone number was refused for."""

    code: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """A payee's normalised identifier, and what was done to read it."""

    value: str
    is_repaired: bool = False
    is_unknown_range: bool = False


def trimmed(cell: str) -> str | Wrong:
    """Return a cell without the white space around it; a control character inside is wrong before anything else."""
    text = cell.strip(WHITE_SPACE)
    return Wrong("control_character") if _CONTROL.search(text) else text


def read_id_type(text: str, rules: FileRules) -> IdType | Wrong:
    """Return the type of an identifier."""
    if not text:
        return Wrong("type_missing")
    name = text.upper() if text.isascii() else text
    if name not in IdType.__members__:
        return Wrong("type_unknown")
    return IdType(name) if name in rules.id_types else Wrong("type_not_allowed")


def read_identifier(text: str, id_type: IdType | None, rules: FileRules) -> Identifier | Wrong | None:
    """Return an identifier; without a type that is right only its absence can be told, and None says nothing more."""
    if not text:
        return Wrong("identifier_missing")
    if id_type in {IdType.MSISDN, IdType.PERSONAL_ID} and _EXCEL.fullmatch(text):
        return Wrong("excel_number")
    return None if id_type is None else _READERS.get(id_type, _read_other)(text, rules)


def _read_phone(text: str, rules: FileRules) -> Identifier | Wrong:
    try:
        number = normalise(text, rules.country)
    except PhoneRefusal as refusal:
        return Wrong("msisdn_invalid", refusal.reason)
    if not rules.allows_country(number.country):
        return Wrong("country_not_allowed")
    return Identifier(number.e164, number.repair is not None, number.warning == "unknown_range")


def _read_personal_id(text: str, rules: FileRules) -> Identifier | Wrong:
    if not _DIGITS.fullmatch(text):
        return Wrong("personal_id_format")
    return Identifier(text) if len(text) == rules.personal_id_length else Wrong("personal_id_length")


def _read_email(text: str, _rules: FileRules) -> Identifier | Wrong:
    is_right = len(text) <= LONGEST_EMAIL and _EMAIL.fullmatch(text)
    return Identifier(text.lower()) if is_right else Wrong("email_format")


def _read_iban(text: str, _rules: FileRules) -> Identifier | Wrong:
    """Check the two digits of ISO 13616: moved to the end, letters from 10 up, the number leaves 1 when cut by 97."""
    iban = text.translate(_WITHOUT_SPACES)
    iban = iban.upper() if iban.isascii() else iban
    if not _IBAN.fullmatch(iban):
        return Wrong("iban_checksum")
    number = int("".join(str(int(mark, 36)) for mark in iban[4:] + iban[:4]))
    return Identifier(iban) if number % _IBAN_REMAINDER == 1 else Wrong("iban_checksum")


def _read_other(text: str, _rules: FileRules) -> Identifier | Wrong:
    return Identifier(text) if _OTHER.fullmatch(text) else Wrong("identifier_format")


_READERS: Mapping[IdType, Callable[[str, FileRules], Identifier | Wrong]] = {
    IdType.MSISDN: _read_phone,
    IdType.PERSONAL_ID: _read_personal_id,
    IdType.EMAIL: _read_email,
    IdType.IBAN: _read_iban,
}


def read_currency(text: str, rules: FileRules) -> Currency | Wrong:
    """Return the currency, which must be the account's."""
    if not text:
        return Wrong("currency_missing")
    name = text.upper() if text.isascii() else text
    if name not in Currency.__members__:
        return Wrong("currency_unsupported")
    return rules.currency if name == rules.currency else Wrong("currency_mismatch")


def read_amount(text: str, rules: FileRules) -> int | Wrong:
    """Return an amount in minor units of the account's currency, whatever the row says of its own."""
    exponent = rules.currency.exponent
    if not text:
        return Wrong("amount_missing")
    if _NOT_POSITIVE.fullmatch(text):
        return Wrong("amount_not_positive")
    if _DECIMALS[exponent].fullmatch(text):
        return Wrong("amount_decimals")
    if not _AMOUNT[exponent].fullmatch(text):
        return Wrong("amount_format")
    try:
        minor = Money.parse(text, rules.currency).minor
    except InvalidAmount:  # of more digits than any money has
        return Wrong("amount_too_large")
    return minor if minor <= rules.largest_minor else Wrong("amount_too_large")


def read_name(text: str) -> str | Wrong | None:
    """Return a name in NFC, None for no name."""
    name = unicodedata.normalize("NFC", text)
    return Wrong("name_too_long") if len(name) > LONGEST_NAME else name or None


def read_purpose(text: str) -> str | Wrong:
    """Return what the payment is for; a pension, when the cell does not say."""
    if not text:
        return DEFAULT_PURPOSE
    return text.upper() if _PURPOSE.fullmatch(text) else Wrong("purpose_format")


def read_transfer_id(text: str) -> str | Wrong:
    """Return the sender's own id of a payment."""
    if not text:
        return Wrong("transfer_id_missing")
    return text if _TRANSFER_ID.fullmatch(text) else Wrong("transfer_id_format")
