"""Words that are understood at any time: commands, yes and no, greetings, thanks."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import yaml

from services.ciu.recipes import DATA, WORD_KINDS

RESTART, HELP, BACK, LANGUAGE, STOP, FORGET = "restart", "help", "back", "language", "stop", "forget"
LANGUAGE_PREFIX = "lang:"

_STRAIGHT = str.maketrans(dict.fromkeys("‘’ʼ", "'"))
_DASH = re.compile(r"[‐-―−]")
_WORD = re.compile(r"\w+")
_PICTURES = frozenset({"So", "Sk", "Mn"})  # a symbol, its skin tone, the sign that makes it a picture


def fold_word(text: str) -> str:
    """Return a message as commands are compared: accents count; case, spaces and final stops do not."""
    if not text.isascii():
        text = "".join(mark for mark in unicodedata.normalize("NFKC", text) if unicodedata.category(mark) != "Cf")
        text = _DASH.sub("-", text.translate(_STRAIGHT))
    return " ".join(text.casefold().split()).rstrip(".!… ")


def find_command(text: str, page: str) -> str | None:
    """Return the command a message is, `lang:en` for a language, or None.

    `page` is the kind of the question asked, or the name of the page; where a name or a place is asked, some words of
    everyday are names.
    """
    word = fold_word(text)
    command = _commands("words").get(word)
    if command is None and page not in WORD_KINDS:
        command = _commands("soft").get(word)
    return command


def command_words() -> frozenset[str]:
    """Return every word that is a command somewhere, folded."""
    return frozenset(_commands("words")) | frozenset(_commands("soft"))


def read_yes_no(text: str) -> bool | None:
    """Return what a page with two choices was answered, None when it was not."""
    word = fold_word(text)
    if word in _known()["yes"]:
        return True
    return False if word in _known()["no"] else None


def greeted_language(text: str, languages: Iterable[str]) -> str | None:
    """Return the language of the first greeting in a message."""
    greetings = {word: language for language in languages for word in _known()["greetings"].get(language, ())}
    return next((greetings[word] for word in _WORD.findall(fold_word(text)) if word in greetings), None)


def is_thanks(text: str) -> bool:
    """Say whether a message only thanks: one of the known words, or pictures alone."""
    word = fold_word(text)
    categories = [unicodedata.category(mark) for mark in word]
    return word in _known()["thanks"] or ("So" in categories and set(categories) <= _PICTURES)


def known_words(name: str) -> tuple[str, ...]:
    """Return one of the lists of words, as it is written."""
    return tuple(_known()[name])


@lru_cache(maxsize=1)
def _known() -> dict[str, Any]:
    known: dict[str, Any] = yaml.safe_load((DATA / "words.yaml").read_text(encoding="utf-8"))
    return known


@lru_cache(maxsize=2)
def _commands(part: str) -> dict[str, str]:
    """Return the command of each folded word of a part: `words` always are, `soft` ones not where a name is asked."""
    commands = _known()["commands"]
    return {fold_word(word): name for name, lists in commands.items() for word in lists.get(part, ())}
