"""What is said: a recipe's text filled with its values, and the choices it offers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.ciu.answers import ERROR_TEXTS, GENDERS, Answer
from services.ciu.recipes import Kind, Question, Recipe

ERROR_PREFIX = "error:"
MASK_SIZE, MASK = 3, "…"

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_CHOICE = re.compile(r"([0-9]{1,2}) (.+)")
_SENTENCE = re.compile(r"[^?\n]*\??")
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Say:
    """One text of a reply, by its key (`error:<code>` for a refusal), and the payloads of its choices, in order."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    payloads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be tapped; `number` is what is typed where nothing can be tapped."""

    payload: str
    number: str
    label: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as a channel shows it: with buttons or a list, or as numbered `text`."""

    body: str
    choices: tuple[Choice, ...] = ()

    @property
    def text(self) -> str:
        """The whole reply in plain characters; numbered answers and numbered choices never touch."""
        is_numbered = bool(self.choices) and _CHOICE.fullmatch(self.body.rpartition("\n")[2])
        lines = (f"{choice.number} {choice.label}" for choice in self.choices)
        return "\n".join([self.body, *([""] if is_numbered else []), *lines])


def render(recipe: Recipe, language: str, say: Say, values: Mapping[str, str] | None = None) -> Reply:
    """Return one text in a language of the recipe; a placeholder that has no value stays as it is written."""
    known = {**(values or {}), **say.values}
    lines = _template(recipe, language, say).split("\n")
    if say.payloads and "{lines}" in lines:  # the lines of a page of choices are choices themselves
        at = lines.index("{lines}")
        lines[at : at + 1] = known["lines"].split("\n")
    choices = _choices(lines, say.payloads)
    body = "\n".join(lines[: len(lines) - len(choices)])
    filled = _PLACEHOLDER.sub(lambda found: known.get(found[1], found[0]), body)
    numbered = f"{known['i']}/{known['n']} {filled}" if "i" in known else filled
    return Reply(_EMPTY_LINES.sub("\n\n", numbered).strip(), choices)


def compose(recipe: Recipe, language: str, says: Sequence[Say], values: Mapping[str, str]) -> Reply:
    """Return a whole reply, its texts a blank line apart; the choices are those of the last one."""
    replies = [render(recipe, language, say, values) for say in says]
    if not replies:
        return Reply("")
    bodies = [*(reply.text for reply in replies[:-1]), replies[-1].body]
    return Reply("\n\n".join(bodies), replies[-1].choices)


def answer_lines(recipe: Recipe, language: str, answers: Iterable[Answer | None], *, with_questions: bool) -> str:
    """Return the understood answers, one numbered line each; masked where the recipe says so."""
    lines = []
    for number, (question, answer) in enumerate(zip(recipe.questions, answers, strict=True), start=1):
        shown = shown_answer(recipe, language, question, answer.canonical) if answer else ""
        if recipe.confirm_style == "masked" and len(shown) > MASK_SIZE:
            shown = shown[:MASK_SIZE] + MASK
        sentence = _first_sentence(recipe.texts[language][question.id]) if with_questions else ""
        lines.append(" ".join(filter(None, (str(number), sentence, shown))))
    return "\n".join(lines)


def shown_answer(recipe: Recipe, language: str, question: Question, canonical: str) -> str:
    """Return an answer as its person knows it: the label of what was chosen, else its canonical form."""
    if question.kind is Kind.CHOICE:
        return next(option.labels[language] for option in question.options if option.code == canonical)
    if question.kind is Kind.GENDER:
        lines = map(_CHOICE.fullmatch, recipe.texts[language][question.id].split("\n"))
        return next((found[2] for found in lines if found and found[1] == canonical), canonical)
    return canonical


def question_payloads(question: Question) -> tuple[str, ...]:
    """Return the payloads of a question's choices, in the order they are shown."""
    codes = list(GENDERS) if question.kind is Kind.GENDER else [option.code for option in question.options]
    return tuple(f"{question.id}:{code}" for code in codes)


def _template(recipe: Recipe, language: str, say: Say) -> str:
    code = say.key.removeprefix(ERROR_PREFIX)
    text = recipe.texts[language][ERROR_TEXTS[code] if code != say.key else say.key]
    question = next((one for one in recipe.questions if one.id == say.key and one.options), None)
    if question is None:
        return text
    options = (f"{number} {option.labels[language]}" for number, option in enumerate(question.options, start=1))
    return "\n".join([text, *options])


def _choices(lines: Sequence[str], payloads: Sequence[str]) -> tuple[Choice, ...]:
    """Return the choices that the last lines are, none when they are not one numbered line each."""
    found = [_CHOICE.fullmatch(line) for line in lines[len(lines) - len(payloads) :]]
    pairs = zip(payloads, found, strict=False)
    choices = tuple(Choice(payload, match[1], match[2]) for payload, match in pairs if match)
    return choices if len(choices) == len(payloads) else ()


def _first_sentence(text: str) -> str:
    found = _SENTENCE.match(text)
    return found[0].strip() if found else ""
