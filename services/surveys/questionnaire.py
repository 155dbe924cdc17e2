"""A survey as screens: the generated flow `survey:{code}`, judged by lint and run like any other.

Its ends are the outcomes of the call: `done`, `again`, `closed`. Each answer is kept by the screen that asks it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.i18n import t
from models.surveys import QuestionKind
from services.surveys.orders import END, LONGEST_TEXT, SCREEN_OUT, QuestionDraft

LARGEST_SCALE = 10
FEWEST_OPTIONS, MOST_OPTIONS = 2, 9
SKIP_KEY = "0"
GOAL = "survey_answered"

Texts = Mapping[str, str]

SKIP: Texts = {"fr": "Passer", "en": "Skip", "ln": "Leka"}
READ: Texts = {"fr": "Continuer", "en": "Continue", "ln": "Kokoba"}
INVALID: Texts = {"fr": "Réponse invalide.", "en": "Not a valid answer.", "ln": "Eyano ezali malamu te."}
FROM_TO: Texts = {"fr": "de {low} à {high}", "en": "{low} to {high}", "ln": "{low} kino {high}"}


def faults_of(questions: Sequence[QuestionDraft], languages: Sequence[str]) -> dict[str, str]:
    """Return what is wrong with each question, by its code; the length of screens is lint's affair."""
    codes = [question.code for question in questions]
    faults: dict[str, str] = {}
    for number, question in enumerate(questions):
        later = {*codes[number + 1 :], END, SCREEN_OUT, ""}
        targets = {question.next, *(option.next for option in question.options)}
        texts = [question.text, *(option.label for option in question.options)]
        if codes.count(question.code) > 1:
            faults[question.code] = t("Deux questions portent ce code.")
        elif not all(text.get(language, "").strip() for text in texts for language in languages):
            faults[question.code] = t("Un texte manque dans une des langues.")
        elif targets - later:
            faults[question.code] = t("Une suite mène à une question qui n'est pas après celle-ci.")
        elif fault := _fault_of_kind(question):
            faults[question.code] = fault
    return faults


def _fault_of_kind(question: QuestionDraft) -> str:
    low, high = question.minimum, question.maximum
    keys = [option.key for option in question.options]
    match question.kind:
        case QuestionKind.CHOICE if not FEWEST_OPTIONS <= len(keys) <= MOST_OPTIONS or len(set(keys)) < len(keys):
            return t("Il faut 2 à 9 réponses, chacune avec sa touche.")
        case QuestionKind.SCALE if low is None or high is None or not 0 <= low < high <= LARGEST_SCALE:
            return t("Une échelle va d'un nombre à un plus grand, entre 0 et 10.")
        case QuestionKind.NUMBER if low is not None and high is not None and low > high:
            return t("Le minimum dépasse le maximum.")
    has_number = question.kind in {QuestionKind.NUMBER, QuestionKind.SCALE}
    if has_number and not question.is_required and (low is None or low <= 0):
        return t("Une question facultative se passe par 0 : son minimum est donc 1 ou plus.")
    return ""


def next_of(questions: Sequence[QuestionDraft], question: QuestionDraft, wanted: str) -> str:
    """Return where an answer leads: `wanted`, else the question's own next, else the one that follows."""
    codes = [each.code for each in questions]
    following = codes[codes.index(question.code) + 1 :]
    return wanted or question.next or (following[0] if following else END)


def flow_of(
    code: str, languages: Sequence[str], questions: Sequence[QuestionDraft], *, is_anonymous: bool
) -> dict[str, Any]:
    """Return the document of a survey's flow."""
    writer = _Writer(code, languages, questions)
    return {
        "flow": flow_key(code),
        "languages": list(languages),
        "default_language": languages[0],
        "entry": "begin",
        "goals": [GOAL],
        "settings": {"keeps_answers": not is_anonymous},
        "variables": {"at": {"type": "text", "max": 20}, "answer": {"type": "text", "max": LONGEST_TEXT}},
        "screens": dict(writer.screens()),
    }


def flow_key(code: str) -> str:
    """Return the key of a survey's flow."""
    return f"survey:{code}"


class _Writer:
    """Writes the screens of one survey."""

    def __init__(self, code: str, languages: Sequence[str], questions: Sequence[QuestionDraft]) -> None:
        self._code, self._languages, self._questions = code, languages, questions

    def screens(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every screen with its id."""
        outcomes = {"ok": "resume", "again": "again", "closed": "closed"}
        yield "begin", {"kind": "action", "run": "surveys.begin", "with": {"survey": self._code}, "outcomes": outcomes}
        rules = [
            {"if": {"var": "at", "op": "eq", "value": question.code}, "to": _screen(question.code)}
            for question in self._questions[1:]
        ]
        yield "resume", {"kind": "route", "rules": rules, "else": _screen(self._questions[0].code)}
        for question in self._questions:
            if question.kind in {QuestionKind.CHOICE, QuestionKind.INFO}:
                yield from self._choice(question)
            else:
                yield _screen(question.code), self._input(question)
        yield "done", {"kind": "end", "goal": GOAL}
        yield "again", {"kind": "end"}
        yield "closed", {"kind": "end"}

    def _choice(self, question: QuestionDraft) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the menu, and one keeping of the answer for each way it may lead."""
        if question.kind is QuestionKind.INFO:
            choices = [("1", self._said(READ), "")]
        else:
            choices = [(option.key, self._own(option.label), option.next) for option in question.options]
            if not question.is_required:
                choices.append((SKIP_KEY, self._said(SKIP), ""))
        ways = {next_of(self._questions, question, wanted): "" for _, _, wanted in choices}
        ways = {way: f"k{number}_{question.code}" for number, way in enumerate(ways, start=1)}
        options = [
            {
                "key": key,
                "label": label,
                "to": ways[next_of(self._questions, question, wanted)],
                "set": {"answer": key},
            }
            for key, label, wanted in choices
        ]
        yield _screen(question.code), {"kind": "menu", "text": self._own(question.text), "options": options}
        for way, name in ways.items():
            outcomes = {"ok": _after(way), "invalid": _screen(question.code)}
            yield name, {"kind": "action", "run": "surveys.keep", "with": _kept(question, way), "outcomes": outcomes}

    def _input(self, question: QuestionDraft) -> dict[str, Any]:
        way = next_of(self._questions, question, "")
        bounds = {"max": LONGEST_TEXT} if question.kind is QuestionKind.TEXT else {}
        return {
            "kind": "input",
            "type": "text" if question.kind is QuestionKind.TEXT else "int",
            "var": "answer",
            "text": self._question(question),
            "check": "surveys.keep",
            "with": _kept(question, way),
            "errors": {"invalid": self._said(INVALID)},
            "to": _after(way),
            **bounds,
        }

    def _question(self, question: QuestionDraft) -> dict[str, str]:
        """Return the text with its bounds behind it, and how to pass over it under it."""
        bounds = {"low": question.minimum, "high": question.maximum}
        has_bounds = question.kind is not QuestionKind.TEXT and None not in bounds.values()
        texts = self._own(question.text)
        for language in self._languages:
            if has_bounds:
                texts[language] += f" ({FROM_TO[language].format(**bounds)})"
            if not question.is_required:
                texts[language] += f"\n{SKIP_KEY}. {SKIP[language]}"
        return texts

    def _own(self, text: Texts) -> dict[str, str]:
        """Return what an author wrote, in the survey's languages; a brace of his is no variable of ours."""
        return {language: text[language].replace("{", "(").replace("}", ")") for language in self._languages}

    def _said(self, text: Texts) -> dict[str, str]:
        return {language: text[language] for language in self._languages}


def _screen(code: str) -> str:
    return f"q_{code}"


def _after(way: str) -> str:
    return "done" if way in {END, SCREEN_OUT} else _screen(way)


def _kept(question: QuestionDraft, way: str) -> dict[str, str]:
    return {"question": question.code, "answer": "$answer", "next": way}
