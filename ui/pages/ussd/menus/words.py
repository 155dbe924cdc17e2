"""What the pieces of a menu are called on the screen."""

from models.flows import VersionState
from ui.labels import NO_BREAK, Sign, State, Tone, counted, t
from ui.markup import Markup, tag

MENUS = "/ussd-console/menus"

STATES: dict[VersionState, Sign] = {
    VersionState.DRAFT: State.DRAFT.value,
    VersionState.REVIEW: Sign("fact_check", "À relire", Tone.OCHRE),
    VersionState.PUBLISHED: State.PUBLISHED.value,
    VersionState.RETIRED: Sign("history", "Retirée", Tone.NEUTRAL),
}

# kind: (icon, French word)
KINDS: dict[str, tuple[str, str]] = {
    "menu": ("list", "Menu"),
    "list": ("table_rows", "Liste"),
    "input": ("keyboard", "Question"),
    "confirm": ("verified", "Confirmation d'argent"),
    "info": ("info", "Texte à lire"),
    "end": ("call_end", "Fin"),
    "action": ("bolt", "Action"),
    "route": ("call_split", "Aiguillage"),
    "call": ("subdirectory_arrow_right", "Sous-parcours"),
}

LANGUAGES = {"fr": "Français", "en": "Anglais", "ln": "Lingala", "": "Toutes"}

PLACES = {
    "text": "Texte",
    "row": "Ligne",
    "to": "Suite",
    "back": "Retour",
    "cancel": "Annuler",
    "else": "Sinon",
    "empty": "Liste vide",
    "differs": "Réponses différentes",
    "options": "Options",
    "rules": "Règles",
    "outcomes": "Issue",
    "errors": "Erreur",
    "kind": "Sorte",
    "entry": "Entrée",
    "languages": "Langues",
    "default_language": "Langue par défaut",
    "unreviewed": "À relire",
    "goals": "Buts",
    "variables": "Variables",
    "settings": "Réglages",
}

RULES = {
    "L01": "Forme du document",
    "L02": "Écran introuvable",
    "L03": "Jamais atteint",
    "L04": "Sans suite",
    "L05": "Sans fin",
    "L06": "Boucle invisible",
    "L07": "Touches",
    "L08": "Langues",
    "L09": "Longueur",
    "L10": "Alphabet",
    "L11": "Ligne d'erreur",
    "L12": "Variables",
    "L13": "Actions",
    "L14": "Argent",
    "L15": "Secret",
    "L16": "Répétition",
    "L17": "Buts",
    "L18": "Erreurs sans texte",
    "L19": "Tarifs",
    "L20": "Profondeur",
}


def kind(name: str) -> str:
    """Return what a kind of screen is called."""
    return t(KINDS[name][1]) if name in KINDS else name


def kind_icon(name: str) -> str:
    """Return the icon of a kind of screen."""
    return KINDS.get(name, ("help", ""))[0]


def language(code: str) -> str:
    """Return what a language is called."""
    return t(LANGUAGES[code]) if code in LANGUAGES else code


def place(name: str) -> str:
    """Return what a place within a screen is called: `options.1` is «Options 1»."""
    head, _, rest = name.partition(".")
    word = t(PLACES[head]) if head in PLACES else head
    return f"{word} {rest}" if rest else word


def rule(name: str) -> str:
    """Return what a rule of lint is about."""
    return t(RULES[name]) if name in RULES else name


def menu_path(key: str) -> str:
    """Return where a menu is."""
    return f"{MENUS}/{key}"


def version_path(key: str, number: int) -> str:
    """Return where a version is."""
    return f"{MENUS}/{key}/{number}"


def version(number: int) -> str:
    """Return `v 12`."""
    return f"v{NO_BREAK}{number}"


def sessions(number: int) -> str:
    """Return `3 sessions ouvertes`."""
    return counted(number, t("{count} session ouverte"), t("{count} sessions ouvertes"))


def faults(errors: int, warnings: int) -> Markup:
    """Return how many errors and warnings there are."""
    if not errors and not warnings:
        return tag("span", t("aucune faute"), class_="tone-accent")
    words = []
    if errors:
        words.append(tag("span", counted(errors, t("{count} erreur"), t("{count} erreurs")), class_="tone-red"))
    if warnings:
        text = counted(warnings, t("{count} avertissement"), t("{count} avertissements"))
        words.append(tag("span", text, class_="tone-ochre"))
    return tag("span", words[0], " · " if len(words) > 1 else None, *words[1:])


def delta(septets: int) -> str:
    """Return `+12 septets`, or `−3 septets`."""
    sign = "+" if septets > 0 else "\N{MINUS SIGN}" if septets else ""
    return sign + counted(abs(septets), t("{count} septet"), t("{count} septets"))
