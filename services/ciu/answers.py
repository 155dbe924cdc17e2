"""Answers: what a person typed, read by the kind of its question into a canonical form, or refused with a code."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.ciu.folding import ascii_digits, clean, fold_name, fold_place, spread, strict_v1
from services.ciu.recipes import UNKNOWABLE_KINDS, UNKNOWN, V1_KINDS, Kind, Question, Recipe
from services.ciu.words import known_words

LONGEST_ANSWER = 60
FEWEST_LETTERS = 2
EARLIEST_YEAR = 1900
LAST_DAY = 31

UNKNOWN_WORDS = frozenset(known_words("unknown"))
IMPLAUSIBLE_WORDS = frozenset(known_words("implausible"))
LEAD_INS = tuple(tuple(words.split()) for words in known_words("lead_ins"))
GENDERS = {
    "1": ("HOMME", "MAN", "MOBALI"),
    "2": ("FEMME", "WOMAN", "MWASI"),
    "3": ("TRANS",),
    "4": ("AUTRE", "OTHER", "MOSUSU"),
}

ERROR_TEXTS = {
    "year_format": "err_year",
    "year_range": "err_year",
    "day_format": "err_day",
    "day_range": "err_day",
    "letters_only": "err_text",
    "latin_only": "err_text",
    "too_short": "err_text",
    "implausible": "err_text",
    "sentence": "err_text",
    "choice": "err_choice",
    "digits_only": "err_choice",
    "city_length": "err_choice",
    "empty": "err_empty",
    "too_long": "err_long",
    "unknown_not_allowed": "err_unknown",
    "too_many_unknown": "err_unknown",
}

_LETTER_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lo"})  # Lm is left out: apostrophes are among it
_DIGITS = re.compile("[0-9]+")
_WORD = re.compile("[A-Z0-9]+")
_SHORT_YEAR = re.compile("['’ʼ‘´`]?([0-9]{2})")
_ONE_LETTER = re.compile(r"(.)\1{2,}")


class AnswerRefusedError(Exception):
    """An answer that is none; `code` is one of `ERROR_TEXTS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What was typed (kept while the conversation runs, for registers of the earlier system) and what it means."""

    typed: str
    canonical: str


def read_answer(question: Question, typed: str, year: int, others: Sequence[Answer] = (), most_unknown: int = 1) -> str:
    """Return the canonical answer or raise `AnswerRefusedError`; `year` is the current one, in UTC.

    `others` are the person's other answers: at most `most_unknown` of all may stay unknown.
    """
    text = clean(typed)
    if not text:
        raise AnswerRefusedError("empty")
    if len(text) > LONGEST_ANSWER:
        raise AnswerRefusedError("too_long")
    if question.kind is not Kind.CHOICE and is_unknown(text):
        return _unknown(question, others, most_unknown)
    return _READERS[question.kind](question, text, year)


def is_unknown(text: str) -> bool:
    """Say whether somebody says that he does not know: question marks alone, or one of the known sentences."""
    return set(text) <= set("?？") or fold_place(text) in UNKNOWN_WORDS


def sample_question(kind: Kind) -> Question:
    """Return a question of a kind, as the ready recipes ask it."""
    return Question(id="sample", kind=kind, unknown=kind in UNKNOWABLE_KINDS)


def canonical_unchecked(question: Question, typed: str, year: int) -> str:
    """Return the canonical form of any text at all: what a register holds was never asked by us."""
    match question.kind:
        case Kind.RAW_V1:
            return strict_v1(typed)
        case Kind.LETTERS3:
            return strict_v1(typed)[:3].ljust(3, "X")
        case Kind.CITY2:
            return strict_v1(typed)[:2].ljust(2, "X")
    try:
        return read_answer(question, typed, year)
    except AnswerRefusedError:
        return fold_place(typed)


def hashed_answers(recipe: Recipe, answers: Sequence[Answer]) -> list[str]:
    """Return the answers as an imported register hashed them: typed in `strict_v1`, or canonical where they fold."""
    return [
        strict_v1(answer.typed) if question.kind in V1_KINDS else answer.canonical
        for question, answer in zip(recipe.questions, answers, strict=True)
    ]


def _unknown(question: Question, others: Sequence[Answer], most_unknown: int) -> str:
    if not question.unknown:
        raise AnswerRefusedError("unknown_not_allowed")
    if sum(other.canonical == UNKNOWN for other in others) >= most_unknown:
        raise AnswerRefusedError("too_many_unknown")
    return UNKNOWN


def _name(_question: Question, text: str, _year: int) -> str:
    if any(unicodedata.category(mark)[0] == "N" for mark in text):
        raise AnswerRefusedError("letters_only")
    return _word(text, fold_name(text))


def _place(_question: Question, text: str, _year: int) -> str:
    return _word(text, fold_place(text))


def _word(text: str, folded: str) -> str:
    shown = spread(text)
    if any(unicodedata.category(mark) in _LETTER_CATEGORIES and not "A" <= mark <= "Z" for mark in shown):
        raise AnswerRefusedError("latin_only")
    if sum(mark.isalpha() for mark in folded) < FEWEST_LETTERS:
        raise AnswerRefusedError("too_short")
    if folded in IMPLAUSIBLE_WORDS or _ONE_LETTER.fullmatch(folded):
        raise AnswerRefusedError("implausible")
    words = tuple(_WORD.findall(shown))
    if any(len(words) > len(lead) and words[: len(lead)] == lead for lead in LEAD_INS):
        raise AnswerRefusedError("sentence")
    return folded


def _year(_question: Question, text: str, year: int) -> str:
    plain = _plain_digits(text, "year_format")
    full = [run for run in _DIGITS.findall(plain) if len(run) == 4]  # noqa: PLR2004  # a year in full
    if len(full) == 1:
        born = int(full[0])
    elif not full and (short := _SHORT_YEAR.fullmatch(plain)):
        born = 2000 + int(short[1])
        born -= 100 if born > year else 0
    else:
        raise AnswerRefusedError("year_format")
    if not EARLIEST_YEAR <= born <= year:
        raise AnswerRefusedError("year_range")
    return str(born)


def _day(_question: Question, text: str, _year: int) -> str:
    runs = _DIGITS.findall(_plain_digits(text, "day_format"))
    days = [run for run in runs if len(run) <= 2]  # noqa: PLR2004  # a day has one or two digits, a year four
    if len(days) != 1 or any(len(run) not in {1, 2, 4} for run in runs):
        raise AnswerRefusedError("day_format")
    day = int(days[0])
    if not 1 <= day <= LAST_DAY:
        raise AnswerRefusedError("day_range")
    return str(day)


def _plain_digits(text: str, code: str) -> str:
    if any(unicodedata.category(mark) in {"No", "Nl"} for mark in text):
        raise AnswerRefusedError(code)
    return ascii_digits(text)


def _raw_v1(_question: Question, text: str, _year: int) -> str:
    if not (kept := strict_v1(text)):
        raise AnswerRefusedError("empty")
    return kept


def _letters3(_question: Question, text: str, _year: int) -> str:
    kept = _no_digit(text)
    if len(kept) < FEWEST_LETTERS:
        raise AnswerRefusedError("too_short")
    return kept[:3].ljust(3, "X")


def _city2(_question: Question, text: str, _year: int) -> str:
    if len(kept := _no_digit(text)) != 2:  # noqa: PLR2004  # the codes of towns have two letters
        raise AnswerRefusedError("city_length")
    return kept


def _no_digit(text: str) -> str:
    if any(mark.isdecimal() for mark in text):
        raise AnswerRefusedError("letters_only")
    return strict_v1(text)


def _last_digit(_question: Question, text: str, _year: int) -> str:
    return _only_number(text)[-1]


def _number(question: Question, text: str, _year: int) -> str:
    number = int(_only_number(text))
    if not question.min <= number <= question.max:
        raise AnswerRefusedError("choice")
    return str(number)


def _only_number(text: str) -> str:
    runs: list[str] = _DIGITS.findall(ascii_digits(text))
    if len(runs) != 1:
        raise AnswerRefusedError("digits_only")
    return runs[0]


def _gender(question: Question, text: str, _year: int) -> str:
    chosen = _payload(question, text) or ascii_digits(text).rstrip(".!… ")
    found = [code for code, labels in GENDERS.items() if chosen == code or fold_name(chosen) in labels]
    if not found:
        raise AnswerRefusedError("choice")
    return found[0]


def _choice(question: Question, text: str, _year: int) -> str:
    codes = [option.code for option in question.options]
    if (chosen := _payload(question, text)) in codes:
        return chosen
    number = ascii_digits(text).rstrip(".!… ")
    if number.isdecimal() and 1 <= int(number) <= len(codes):
        return codes[int(number) - 1]
    folded = fold_place(text)
    for option in question.options:
        if folded and folded in map(fold_place, option.labels.values()):
            return option.code
    raise AnswerRefusedError("choice")


def _payload(question: Question, text: str) -> str:
    """Return the code behind the button that was pressed under this question, nothing when none was."""
    name, colon, code = text.partition(":")
    return code if colon and name == question.id else ""


_READERS: dict[Kind, Callable[[Question, str, int], str]] = {
    Kind.NAME: _name,
    Kind.PLACE: _place,
    Kind.YEAR: _year,
    Kind.DAY: _day,
    Kind.CHOICE: _choice,
    Kind.NUMBER: _number,
    Kind.RAW_V1: _raw_v1,
    Kind.LETTERS3: _letters3,
    Kind.LAST_DIGIT: _last_digit,
    Kind.CITY2: _city2,
    Kind.GENDER: _gender,
}
