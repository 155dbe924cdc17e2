"""What the codes of surveys are called on the screen."""

from ui.labels import Sign, Tone, t

SURVEYS = "/ussd-console/sondages"
NEW = "nouveau"

STATES = {
    "draft": Sign("edit", "Brouillon", Tone.NEUTRAL),
    "open": Sign("play_arrow", "Ouvert", Tone.ACCENT),
    "closed": Sign("block", "Fermé", Tone.NEUTRAL),
}
KINDS = {
    "choice": "Choix",
    "number": "Nombre",
    "scale": "Échelle",
    "text": "Texte libre",
    "info": "Information",
}
LANGUAGES = {"fr": "Français", "en": "Anglais", "ln": "Lingala"}


def kinds() -> dict[str, str]:
    """Return the kinds of questions, as a drop-down shows them."""
    return {code: t(word) for code, word in KINDS.items()}


def language(code: str) -> str:
    """Return what a language is called."""
    return t(LANGUAGES[code]) if code in LANGUAGES else code
