"""What the pieces of a recipe are called on the screen."""

from models.ciu_recipes import RecipeState
from services.ciu.difference import Change
from services.ciu.recipes import Check, Group, Hash, Kind, LayoutPart, Literally, Question, Random, Segment
from services.ciu.store.recipe_reads import RecipeLine
from ui.labels import Sign, State, Tone, counted, t
from ui.pages.ciu.words import QUESTIONS

RECIPES = "/ciu/recettes"

STATES: dict[RecipeState, Sign] = {
    RecipeState.DRAFT: State.DRAFT.value,
    RecipeState.PUBLISHED: Sign("publish", "En service", Tone.ACCENT),
    RecipeState.RETIRED: Sign("history", "Retirée", Tone.NEUTRAL),
}
SHIPPED = Sign("inventory_2", "Modèle", Tone.NEUTRAL)

NAMES = {
    "document": "Code du document",
    "document-v1": "Code de l'ancien système",
    "compact": "Code compact",
    "random": "Code tiré au sort",
}

LANGUAGES = {
    "fr": "Français",
    "en": "Anglais",
    "ln": "Lingala",
    "sw": "Swahili",
    "lua": "Tshiluba",
    "kg": "Kikongo",
}

KINDS: dict[Kind, str] = {
    Kind.NAME: "Nom ou prénom",
    Kind.PLACE: "Lieu",
    Kind.YEAR: "Année",
    Kind.DAY: "Jour du mois",
    Kind.CHOICE: "Choix dans une liste",
    Kind.NUMBER: "Nombre",
    Kind.RAW_V1: "Tel quel (ancien système)",
    Kind.LETTERS3: "3 premières lettres",
    Kind.LAST_DIGIT: "Dernier chiffre",
    Kind.CITY2: "Ville en 2 lettres",
    Kind.GENDER: "Genre (1 à 4)",
}

RULES = {
    "consent": "Consentement",
    "language_step": "Demander d'abord la langue",
    "confirm": "Faire relire avant le code",
    "confirm_style": "Réponses relues",
    "max_unknown": "Réponses inconnues admises",
    "near": "Chercher les doublons probables",
    "weak": "Recette faible",
    "qr": "Joindre un QR au code",
    "default_language": "Langue par défaut",
    "languages": "Langues",
}
VALUES = {
    "notice": "Annoncé dans l'accueil",
    "explicit": "Demandé avant les questions",
    "full": "En entier",
    "masked": "Trois premiers caractères",
    "True": "Oui",
    "False": "Non",
}

# key: what the text is for, in the order a person meets it.
TEXTS = {
    "welcome": "Accueil",
    "language_ask": "Choix de la langue",
    "consent_ask": "Demande de consentement",
    "ok": "Réponse comprise",
    "confirm": "Relecture",
    "fix_list": "Quelle réponse corriger",
    "issued": "Le code",
    "existing": "Code déjà donné",
    "thanks": "Réponse à un merci",
    "help": "Aide",
    "language_set": "Langue changée",
    "expired": "Session expirée",
    "stopped": "Après STOP",
    "forget_ask": "Avant d'effacer",
    "forgotten": "Après l'effacement",
    "media": "Photo ou vocal reçu",
    "err_year": "Année refusée",
    "err_day": "Jour refusé",
    "err_text": "Nom ou lieu refusé",
    "err_choice": "Choix refusé",
    "err_empty": "Réponse vide",
    "err_long": "Réponse trop longue",
    "err_unknown": "Réponse nécessaire",
    "throttled": "Trop de codes aujourd'hui",
    "error": "Panne de notre côté",
}

CHANGES = {
    Change.ADDED: Sign("add_circle", "Ajouté", Tone.ACCENT),
    Change.REMOVED: Sign("remove", "Retiré", Tone.RED),
    Change.CHANGED: Sign("edit", "Changé", Tone.BLUE),
    Change.MOVED: Sign("swap_vert", "Déplacé", Tone.BLUE),
}

PARTS = {
    Segment: "Réponse",
    Literally: "Signe fixe",
    Hash: "Empreinte",
    Random: "Tirage au sort",
    Check: "Clé de contrôle",
    Group: "Groupes",
}


def path(line: RecipeLine) -> str:
    """Return the address of a version."""
    return f"{RECIPES}/{line.programme}/{line.key}/{line.version}"


def name(key: str) -> str:
    """Return what a recipe is called."""
    return t(NAMES.get(key, key))


def version(line: RecipeLine) -> str:
    """Return `Code du document, version 2`."""
    return t("{recipe}, version {number}").format(recipe=name(line.key), number=line.version)


def sign(line: RecipeLine) -> Sign:
    """Return how a version stands."""
    is_model = line.is_shipped and line.state == RecipeState.DRAFT
    return SHIPPED if is_model else STATES[line.state]


def language(code: str) -> str:
    """Return the name of a language."""
    return t(LANGUAGES.get(code, code))


def languages(codes: tuple[str, ...]) -> str:
    """Return the names of languages."""
    return ", ".join(map(language, codes))


def asked(name: str) -> str:
    """Return what a question is about, where its name is one of the ready ones; else the name itself."""
    return t(QUESTIONS[name]) if name in QUESTIONS else name


def kind(code: Kind) -> str:
    """Return what a kind of question is called."""
    return t(KINDS[code])


def text(key: str) -> str:
    """Return what a text is for; a question's is its name."""
    return t(TEXTS[key]) if key in TEXTS else asked(key)


def value(code: str) -> str:
    """Return the value of a rule in words."""
    return t(VALUES[code]) if code in VALUES else ", ".join(map(language, code.split()))


def questions(number: int) -> str:
    """Return `5 questions`."""
    return counted(number, t("{count} question"), t("{count} questions"))


def faults(number: int) -> str:
    """Return `aucune faute`, `2 fautes`."""
    return counted(number, t("{count} faute"), t("{count} fautes")) if number else t("aucune faute")


def question(one: Question) -> str:
    """Return how a question is read, in a line."""
    parts = [kind(one.kind)]
    if one.unknown:
        parts.append(t("peut rester inconnue"))
    if one.kind is Kind.NUMBER:
        parts.append(t("de {least} à {most}").format(least=one.min, most=one.max))
    if one.options:
        parts.append(", ".join(option.code for option in one.options))
    return " · ".join(parts)


def part(one: LayoutPart) -> str:
    """Return a part of the code in a few words."""
    match one:
        case Segment():
            return _taken(one)
        case Literally():
            return t("« {sign} »").format(sign=one.lit)
        case Hash():
            return counted(one.n, t("empreinte de {count} chiffre"), t("empreinte de {count} chiffres"))
        case Random():
            return counted(one.random, t("{count} signe tiré au sort"), t("{count} signes tirés au sort"))
        case Check():
            return t("clé de contrôle")
    return t("par groupes de {sizes}").format(sizes=one.group)


def _taken(one: Segment) -> str:
    if one.take == "first":
        words = t("premier signe de {question}") if one.n == 1 else t("{count} premiers signes de {question}")
    else:
        words = t("dernier signe de {question}") if one.n == 1 else t("{count} derniers signes de {question}")
    return words.format(count=one.n, question=asked(one.q))


def layout(parts: tuple[LayoutPart, ...]) -> str:
    """Return a whole layout in words."""
    return " · ".join(map(part, parts))
