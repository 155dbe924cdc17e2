"""What a person types, read by the type of the question. A value that does not read is refused, never repaired far."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from channels.flow import Input
from core import gsm7
from core.money import Currency
from core.phone import PhoneRefusal, normalise

LONGEST_ANSWER = 160
MOST_DIGITS = 12
LONGEST_NAME, SHORTEST_NAME = 40, 2

_NAME_SIGNS = " -'."
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201a\u2032\u02bc\u00b4\u0060", "'"))
_WHOLE = re.compile(rf"[0-9]{{1,{MOST_DIGITS}}}", re.ASCII)
_DECIMAL = re.compile(rf"([0-9]{{1,{MOST_DIGITS}}})(?:[.,]([0-9]{{2}}))?", re.ASCII)
_INTEGER = re.compile(rf"-?[0-9]{{1,{MOST_DIGITS}}}", re.ASCII)
_DAY = re.compile(r"([0-9]{1,2})[/.\- ]([0-9]{1,2})[/.\- ]([0-9]{4})", re.ASCII)
_DAY_DIGITS = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})", re.ASCII)


class UnreadableAnswerError(Exception):
    """What was typed is not of the type asked for."""


def tidy(answer: str) -> str:
    """Strip blanks and controls; digits of every script become ASCII digits."""
    text = gsm7.clean(answer).replace("\n", " ").strip()
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(mark)) if mark.isdecimal() else mark for mark in text)


def read(question: Input, answer: str, currency: Currency, country: str) -> Any:
    """Return the value of a tidy answer, fit for JSON: amounts in minor units, phones in E.164, dates in ISO 8601."""
    if not answer or len(answer) > LONGEST_ANSWER:
        raise UnreadableAnswerError
    match question.type:
        case "amount":
            return _amount(answer, currency)
        case "phone":
            return _phone(answer, country)
    return _READERS[question.type](question, answer)


def _amount(answer: str, currency: Currency) -> int:
    """Read digits only, above zero; one separator and two decimals where the currency has them."""
    if currency.exponent == 0:
        minor = int(answer) if _WHOLE.fullmatch(answer) else 0
    else:
        match = _DECIMAL.fullmatch(answer)
        minor = int(match[1] + (match[2] or "00")) if match else 0
    if minor <= 0:
        raise UnreadableAnswerError
    return minor


def _phone(answer: str, country: str) -> str:
    try:
        return normalise(answer, country).e164
    except PhoneRefusal as refusal:
        raise UnreadableAnswerError from refusal


def _text(question: Input, answer: str) -> str:
    _within(len(answer), question.min or 1, question.max or LONGEST_ANSWER)
    return answer


def _name(question: Input, answer: str) -> str:
    name = " ".join(answer.translate(_APOSTROPHES).split())
    _within(len(name), question.min or SHORTEST_NAME, question.max or LONGEST_NAME)
    letters = [mark for mark in name if mark not in _NAME_SIGNS]
    if not letters or any(unicodedata.category(mark)[0] not in "LM" for mark in letters):
        raise UnreadableAnswerError
    return name


def _digits(question: Input, answer: str) -> str:
    if not (answer.isascii() and answer.isdigit()):
        raise UnreadableAnswerError
    shortest, longest = question.len or (1, LONGEST_ANSWER)
    _within(len(answer), shortest, longest)
    return answer


def _int(question: Input, answer: str) -> int:
    if not _INTEGER.fullmatch(answer):
        raise UnreadableAnswerError
    value = int(answer)
    _within(value, question.min, question.max)
    return value


def _date(_question: Input, answer: str) -> str:
    match = _DAY.fullmatch(answer) or _DAY_DIGITS.fullmatch(answer)
    if match is None:
        raise UnreadableAnswerError
    try:
        return date(int(match[3]), int(match[2]), int(match[1])).isoformat()
    except ValueError as error:
        raise UnreadableAnswerError from error


def _ref(question: Input, answer: str) -> str:
    """Read a reference; it is kept in capitals, however it was typed."""
    if question.pattern is not None and not _compiled(question.pattern).search(answer):
        raise UnreadableAnswerError
    _within(len(answer), question.min or 1, question.max or LONGEST_ANSWER)
    return answer.upper()


def _secret(_question: Input, answer: str) -> str:
    return answer


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _within(value: int, least: int | None, most: int | None) -> None:
    if (least is not None and value < least) or (most is not None and value > most):
        raise UnreadableAnswerError


_READERS: dict[str, Callable[[Input, str], Any]] = {
    "text": _text,
    "name": _name,
    "digits": _digits,
    "int": _int,
    "date": _date,
    "ref": _ref,
    "secret": _secret,
}
