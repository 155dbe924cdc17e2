"""What the codes of the identifiers are called on the screen."""

from collections.abc import Iterable

from models.ciu_pairs import PairState
from services.ciu.matching import ALL, WITHOUT
from services.ciu.store.reviews import PairRow
from ui.labels import Sign, Tone, count, t

HOME = "/ciu"
CODES = "/ciu/codes"
CODE = "/ciu/codes/{}"
CONVERSATIONS = "/ciu/conversations"
FILES = "/ciu/fichiers"
DHIS2 = "/ciu/dhis2"
PAIRS = "/ciu/doublons"
PAIR = "/ciu/doublons/{}"

LANGUAGES = {"fr": "Français", "en": "English", "ln": "Lingala"}
QUESTIONS = {
    "birth_year": "Année de naissance",
    "mother_birthplace": "Lieu de naissance de la mère",
    "first_name": "Prénom",
    "birth_day": "Jour de naissance",
    "family_name": "Nom de famille",
    "birth_town": "Ville de naissance",
    "gender": "Genre",
}
PAGES = {
    "language": "Choix de la langue",
    "consent": "Consentement",
    "confirm": "Confirmation",
    "fix": "Correction",
}
SOURCES = {"chat": "Conversation", "import": "Registre importé", "dhis2": "DHIS2"}
ERRORS = {
    "year_format": "année illisible",
    "year_range": "année impossible",
    "day_format": "jour illisible",
    "day_range": "jour impossible",
    "letters_only": "chiffres dans un nom",
    "latin_only": "autre alphabet",
    "too_short": "trop court",
    "implausible": "peu plausible",
    "sentence": "une phrase",
    "choice": "hors de la liste",
    "digits_only": "pas un chiffre",
    "city_length": "pas deux lettres",
    "empty": "vide",
    "too_long": "trop long",
    "unknown_not_allowed": "inconnu refusé",
    "too_many_unknown": "trop d'inconnus",
}

PAIR_STATES = {
    PairState.OPEN: Sign("help", "À décider", Tone.OCHRE),
    PairState.LATER: Sign("schedule", "Plus tard", Tone.NEUTRAL),
    PairState.SAME: Sign("merge", "Une personne", Tone.ACCENT),
    PairState.TWO: Sign("call_split", "Deux personnes", Tone.BLUE),
}
CAUSES = {
    "near": "Réponses qui se ressemblent",
    "weak": "Recette faible",
    "ordinal": "Plusieurs personnes connues",
    "unknown": "Réponse inconnue",
    "claim": "Registre importé",
    "hand": "À la demande d'un agent",
}
EVIDENCE = {
    "weak": "Mêmes segments : cette recette ne distingue pas deux personnes aux mêmes initiales.",
    "ordinal": "Plusieurs personnes ont ces réponses ; ce numéro n'était encore à aucune d'elles.",
    "unknown": "Une réponse est « je ne sais pas », et deux numéros ont donné les mêmes réponses.",
    "claim": "Ce code d'un registre importé a été retrouvé par les réponses de ce numéro.",
    "hand": "Un agent l'a demandé depuis la fiche du code.",
}
TWINS = "Des jumeaux d'une même mère obtiennent 55, ou 65 sur un même téléphone : ne les réunissez pas."
HIGHEST_OF_TWINS = 65

SENDERS = {
    "ready": Sign("check_circle", "En service", Tone.ACCENT),
    "resting": Sign("pause_circle", "Au repos", Tone.OCHRE),
    "paused": Sign("pause", "Suspendu", Tone.NEUTRAL),
    "off": Sign("block", "Éteint", Tone.NEUTRAL),
}
CHANNELS = {"twilio": "Twilio", "meta": "Meta"}
ACTS = {
    "ciu.reveal": ("visibility", "Numéros lus"),
    "ciu.forget": ("delete", "Code oublié"),
    "ciu.pair_open": ("undo", "Décision annulée"),
    "ciu.pair_later": ("schedule", "Remis à plus tard"),
    "ciu.pair_same": ("merge", "Une seule personne"),
    "ciu.pair_two": ("call_split", "Deux personnes"),
}


def language(code: str) -> str:
    """Return a language in its own words."""
    return LANGUAGES.get(code, code) or "\N{EM DASH}"


def question(code: str) -> str:
    """Return what a question asks for; one that nobody named keeps its id."""
    return t(QUESTIONS[code]) if code in QUESTIONS else code.replace("_", " ")


def page(code: str) -> str:
    """Return the name of a page of a conversation."""
    return t(PAGES[code]) if code in PAGES else code


def source(code: str) -> str:
    """Return where a code comes from."""
    return t(SOURCES[code])


def error(code: str) -> str:
    """Return why an answer was refused."""
    return t(ERRORS[code]) if code in ERRORS else code


def cell(value: int | str) -> str:
    """Return a count as its reader may see it: an observer's may be `<5` or `n.d.` already."""
    return count(value) if isinstance(value, int) else value


def evidence(pair: PairRow) -> list[str]:
    """Return what speaks for one person, in sentences; never an answer."""
    said = [t(EVIDENCE[pair.cause])] if pair.cause in EVIDENCE else []
    if ALL in pair.evidence:
        said.append(t("Tout se prononce de la même façon : seule l'écriture diffère."))
    else:
        said += [
            t("Tout se ressemble, sauf : {question}.").format(question=question(one).lower())
            for one in _left_out(pair.evidence)
        ]
    if pair.cause == "near":
        is_same = t("Le même téléphone détient les deux codes.")
        said.append(is_same if pair.is_same_identity else t("Aucun téléphone ne détient les deux codes."))
    return said


def may_be_twins(pair: PairRow) -> bool:
    """Say whether the score is one that twins reach."""
    return pair.cause == "near" and pair.score <= HIGHEST_OF_TWINS


def _left_out(labels: Iterable[str]) -> list[str]:
    return [label.removeprefix(WITHOUT) for label in labels if label.startswith(WITHOUT)]
