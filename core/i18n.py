"""Texts: French in the source, English from catalogues (`core/catalogues/en/*.po`)."""

from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

DEFAULT_LANGUAGE = "fr"
LANGUAGES = ("fr", "en")
CATALOGUES = Path(__file__).parent / "catalogues"

language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


def t(source: str) -> str:
    """Return the French `source` in the language of this context; French itself when there is no translation."""
    chosen = language.get()
    return source if chosen == DEFAULT_LANGUAGE else catalogue(chosen).get(source, source)


@lru_cache
def catalogue(chosen: str) -> dict[str, str]:
    """Return all translations of one language, by French source."""
    texts: dict[str, str] = {}
    for path in sorted((CATALOGUES / chosen).glob("*.po")):
        with path.open("rb") as file:
            texts.update(
                (str(message.id), str(message.string)) for message in read_po(file) if message.id and message.string
            )
    return texts
