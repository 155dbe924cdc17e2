"""What the form of each kind of screen holds, and what may be chosen in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_args

from channels import document, meter
from channels.document import Body, Path
from channels.flow import InputType
from channels.meter import Gauge
from channels.ussd.actions import REGISTRY
from ui.labels import t
from ui.pages.ussd.menus import words
from ui.pages.ussd.menus.draft import Draft


class Widget(StrEnum):
    """How a field is written."""

    TEXT = "text"
    TARGET = "target"
    WORD = "word"
    CHOICE = "choice"
    PART = "part"
    FLAG = "flag"
    OPTIONS = "options"
    RULES = "rules"
    ERRORS = "errors"
    OUTCOMES = "outcomes"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a screen; `label` is French source text."""

    name: str
    widget: Widget
    label: str = ""


TEXT = Field("text", Widget.TEXT, "Texte")
BACK = Field("back", Widget.TARGET, "Retour vers")
HOME = Field("home", Widget.FLAG, "Touche d'accueil")
OPTIONS = Field("options", Widget.OPTIONS)
WITH = Field("with", Widget.PART, "Reçoit")
OUTCOMES = Field("outcomes", Widget.OUTCOMES)
THEN = Field("to", Widget.TARGET, "Suite")

FIELDS: dict[str, tuple[Field, ...]] = {
    "menu": (TEXT, OPTIONS, BACK, HOME),
    "info": (TEXT, OPTIONS, BACK, HOME),
    "list": (
        TEXT,
        Field("rows", Widget.CHOICE, "Action qui donne les lignes"),
        WITH,
        Field("row", Widget.TEXT, "Ligne"),
        Field("set", Widget.PART, "Retient"),
        THEN,
        Field("empty", Widget.TARGET, "Si la liste est vide"),
        BACK,
        HOME,
    ),
    "input": (
        TEXT,
        Field("type", Widget.CHOICE, "Type de réponse"),
        Field("var", Widget.WORD, "Variable"),
        Field("check", Widget.CHOICE, "Vérification"),
        WITH,
        *(
            Field(name, Widget.PART, label)
            for name, label in (("len", "Chiffres"), ("min", "Au moins"), ("max", "Au plus"))
        ),
        Field("pattern", Widget.WORD, "Forme attendue"),
        Field("slot", Widget.WORD, "Case du secret"),
        Field("same_as", Widget.WORD, "Même secret que"),
        Field("differs", Widget.TARGET, "Réponses différentes"),
        THEN,
        OUTCOMES,
        Field("errors", Widget.ERRORS),
        BACK,
        HOME,
    ),
    "confirm": (TEXT, THEN, Field("cancel", Widget.TARGET, "Annuler")),
    "end": (TEXT, Field("goal", Widget.CHOICE, "But atteint")),
    "action": (
        Field("run", Widget.CHOICE, "Action"),
        WITH,
        Field("money", Widget.FLAG, "Déplace de l'argent"),
        OUTCOMES,
    ),
    "route": (Field("rules", Widget.RULES), Field("else", Widget.TARGET, "Sinon")),
    "call": (Field("flow", Widget.WORD, "Parcours appelé"), OUTCOMES),
}

# field, label, hint: the document outside its screens
SETTINGS = (
    ("languages", "Langues", "[fr, en, ln]"),
    ("default_language", "Langue par défaut", "fr"),
    ("unreviewed", "À relire par une personne qui parle la langue", "[ln]"),
    ("goals", "Buts", "[balance_shown]"),
    ("variables", "Variables", "{balance: {type: money, max: 18}}"),
    ("settings", "Réglages", "{resume: start, invalid_max: 3}"),
)

# fields of a question that only some types of answer have
ONLY_FOR = {
    "len": {"digits"},
    "min": {"text", "name", "int", "amount"},
    "max": {"text", "name", "int", "amount"},
    "pattern": {"ref"},
    "slot": {"secret"},
    "same_as": {"secret"},
    "differs": {"secret"},
}

REFUSALS = ("invalid", "differs")


def fields_of(screen: Body) -> list[Field]:
    """Return the fields of a screen: those of its kind and type, and whatever it has already."""
    given = FIELDS.get(str(screen.get("kind")), ())
    kind = screen.get("type")
    return [field for field in given if field.name in screen or kind in ONLY_FOR.get(field.name, {kind})]


INPUT_TYPES = {
    "text": "Texte libre",
    "name": "Nom de personne",
    "digits": "Chiffres, en nombre fixé",
    "int": "Nombre entier",
    "amount": "Montant",
    "phone": "Numéro de téléphone",
    "date": "Date",
    "ref": "Référence",
    "secret": "Code secret",
}


def choices(field: str, body: Body) -> dict[str, str]:
    """Return what may be chosen in a field."""
    match field:
        case "type":
            return {name: t(INPUT_TYPES.get(name, name)) for name in get_args(InputType)}
        case "goal":
            given = body.get("goals")
            return {str(goal): str(goal) for goal in given} if isinstance(given, list) else {}
        case "rows":
            return {name: name for name, action in sorted(REGISTRY.items()) if action.row}
    return {name: name for name, action in sorted(REGISTRY.items()) if not action.row}


def outcomes(screen: Body, draft: Draft) -> list[str]:
    """Return the outcomes a screen may have a way for: those of its action or sub-flow, and those it names."""
    given = screen.get("outcomes")
    named = [str(name) for name in given] if isinstance(given, Mapping) else []
    if screen.get("kind") == "call":
        flow = draft.facts.flows.get(str(screen.get("flow", "")))
        known = [name for name, part in flow.screens.items() if part.kind == "end"] if flow is not None else []
    else:
        action = REGISTRY.get(str(screen.get("run") or screen.get("check") or ""))
        hidden = {"ok"} if screen.get("kind") == "input" else set()
        known = sorted(action.outcomes - hidden) if action is not None else []
    return list(dict.fromkeys([*known, *sorted(named)]))


def error_names(screen: Body, draft: Draft) -> Sequence[str]:
    """Return the refusals a question may have words for."""
    given = screen.get("outcomes")
    led = set(given) if isinstance(given, Mapping) else set()
    return [*REFUSALS, *(name for name in outcomes(screen, draft) if name not in led)]


def gauges(draft: Draft, name: str) -> tuple[Gauge, ...]:
    """Return the meters of a screen as it is written now."""
    return meter.weigh(draft.body, name, draft.facts)


def weight(draft: Draft, text: str) -> int:
    """Return the size of one line at its longest."""
    return meter.weigh_line(draft.body, text, draft.facts)


def spoken(body: Body, path: Path, language: str) -> str:
    """Return what a text says in one language; a bare string is the default language's."""
    here: Any = body
    for step in path:
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            return ""
    if isinstance(here, str):
        return here if language == document.languages_of(body)[0] else ""
    return str(here.get(language) or "") if isinstance(here, dict) else ""


def language_names(body: Body) -> str:
    """Return the languages of a document in words."""
    return ", ".join(map(words.language, document.languages_of(body)))
