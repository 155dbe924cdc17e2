"""What keeps a recipe from being published: every finding at once, in the words of whoever edits it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from core.i18n import t
from services.ciu.answers import ERROR_TEXTS, GENDERS
from services.ciu.recipes import Check, Group, Hash, Kind, Option, Question, Random, Recipe, Segment
from services.ciu.words import command_words, fold_word

LONGEST_TEXT = 1000
ANYWHERE = frozenset({"programme", "contact"})
PLACEHOLDERS = {
    "welcome": {"n"},
    "confirm": {"lines"},
    "fix_list": {"lines"},
    "issued": {"code"},
    "existing": {"code"},
    "expired": {"minutes"},
    "err_year": {"now"},
}
REQUIRED_PLACEHOLDERS = {"confirm": {"lines"}, "fix_list": {"lines"}, "issued": {"code"}, "existing": {"code"}}
TEXT_KEYS = (
    "welcome", "confirm", "fix_list", "issued", "existing", "expired", "help", "language_ask", "consent_ask", "ok",
    "language_set", "stopped", "forget_ask", "forgotten", "media", *sorted(set(ERROR_TEXTS.values())), "thanks",
    "throttled", "error",
)  # fmt: skip

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NUMBERED = re.compile(r"[0-9]{1,2} .+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to change: a rule, the text, question or part it is about, and what to do."""

    rule: str
    place: str
    message: str


def find_faults(recipe: Recipe) -> list[Finding]:
    """Return everything that must change before this version may be published."""
    return [*_questions(recipe), *_layout(recipe), *_texts(recipe)]


def _questions(recipe: Recipe) -> Iterator[Finding]:
    ids = [question.id for question in recipe.questions]
    for name, count in Counter(ids).items():
        if count > 1:
            yield Finding("duplicate_id", name, t("Deux questions portent cet identifiant."))
        if name in TEXT_KEYS:
            yield Finding("reserved_id", name, t("Cet identifiant est celui d'un texte : choisissez-en un autre."))
    for question in recipe.questions:
        for option in question.options:
            yield from _option(recipe, question, option)


def _option(recipe: Recipe, question: Question, option: Option) -> Iterator[Finding]:
    place = f"{question.id}:{option.code}"
    if any(not option.labels.get(language, "").strip() for language in recipe.languages):
        yield Finding("missing_text", place, t("Ce choix n'a pas de libellé dans toutes les langues."))
    if any(fold_word(label) in command_words() for label in option.labels.values()):
        yield Finding("command_label", place, t("Ce libellé est un mot de commande : il ne serait jamais un choix."))


def _layout(recipe: Recipe) -> Iterator[Finding]:
    if not any(isinstance(part, Segment | Hash | Random) for part in recipe.layout):
        yield Finding("empty_layout", "layout", t("Le code n'a ni réponse, ni empreinte, ni tirage."))
    if not recipe.questions and not recipe.has_draw:
        yield Finding("nobody_asked", "layout", t("Sans question, seul un code tiré au sort distingue les personnes."))
    ids = {question.id for question in recipe.questions}
    for part in recipe.layout:
        if isinstance(part, Segment) and part.q not in ids:
            yield Finding("unknown_question", part.q, t("Le code montre une question qui n'existe pas."))
        if isinstance(part, Hash) and part.extend_to < part.n:
            yield Finding("hash_size", "layout", t("L'empreinte s'allonge jusqu'à moins que sa longueur."))
    for kinds in ((Hash,), (Random,), (Check,), (Group,)):
        if sum(isinstance(part, kinds) for part in recipe.layout) > 1:
            yield Finding("repeated_part", "layout", t("Une empreinte, un tirage, une clé de contrôle au plus."))
    if not _is_in_order(recipe):
        yield Finding("part_order", "layout", t("La clé de contrôle et les groupes suivent le tirage."))


def _is_in_order(recipe: Recipe) -> bool:
    """Say whether a check follows the draw, and groups the draw or its check."""
    before: object = None
    for part in recipe.layout:
        if isinstance(part, Check) and not isinstance(before, Random):
            return False
        if isinstance(part, Group) and not isinstance(before, Random | Check):
            return False
        before = part
    return True


def _texts(recipe: Recipe) -> Iterator[Finding]:
    ids = tuple(dict.fromkeys(question.id for question in recipe.questions))
    for language in recipe.languages:
        texts = recipe.texts.get(language, {})
        for key in (*TEXT_KEYS, *ids):
            place = f"{language}.{key}"
            text = texts.get(key, "")
            if not text.strip():
                yield Finding("missing_text", place, t("Ce texte manque."))
                continue
            if len(text) > LONGEST_TEXT:
                message = t("Ce texte dépasse {most} caractères.").format(most=LONGEST_TEXT)
                yield Finding("long_text", place, message)
            yield from _placeholders(key, place, text)
            if _choice_count(text) != _wanted_choices(recipe, key):
                yield Finding("choices", place, t("Les choix numérotés de la fin ne sont pas au complet."))


def _placeholders(key: str, place: str, text: str) -> Iterator[Finding]:
    used = set(_PLACEHOLDER.findall(text))
    if unknown := used - PLACEHOLDERS.get(key, set()) - ANYWHERE:
        message = t("Ce texte n'a pas de valeur pour {names}.").format(names=", ".join(sorted(unknown)))
        yield Finding("unknown_placeholder", place, message)
    if missing := REQUIRED_PLACEHOLDERS.get(key, set()) - used:
        message = t("Ce texte doit contenir {names}.").format(names=", ".join(f"{{{name}}}" for name in missing))
        yield Finding("missing_placeholder", place, message)


def _wanted_choices(recipe: Recipe, key: str) -> int:
    """Return how many numbered lines end a text."""
    genders = {question.id for question in recipe.questions if question.kind is Kind.GENDER}
    own = {"confirm": 2, "consent_ask": 2, "forget_ask": 2, "fix_list": 1, "language_ask": len(recipe.languages)}
    return len(GENDERS) if key in genders else own.get(key, 0)


def _choice_count(text: str) -> int:
    count = 0
    for line in reversed(text.rstrip().split("\n")):
        if not _NUMBERED.fullmatch(line):
            break
        count += 1
    return count
