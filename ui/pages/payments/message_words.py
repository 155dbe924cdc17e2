"""What the pages of messages call texts, their states, and why an address is not written to."""

from models.messages import TemplateState
from ui.labels import Sign, Tone
from ui.pages.administration import words

MESSAGES = "/paiements/messages"
TEMPLATES = "/paiements/messages/modeles"
SUPPRESSIONS = "/paiements/messages/oppositions"
OUTBOX = "/administration/boite-envoi"

STATES: dict[str, Sign] = {
    TemplateState.PUBLISHED: Sign("check", "En vigueur", Tone.ACCENT),
    TemplateState.DRAFT: Sign("edit", "Brouillon", Tone.NEUTRAL),
    TemplateState.RETIRED: Sign("history", "Ancien", Tone.NEUTRAL),
}
TO_REVIEW = Sign("translate", "À relire", Tone.OCHRE)

CAUSES = {
    "stop": "La personne a écrit STOP",
    "provider": "Bloqué par le réseau",
    "bounce": "L'adresse n'existe pas",
    "operator": "Demandé à un opérateur",
    "link": "Lien de désinscription",
}


def language(locale: str) -> str:
    """Return a language by its own name."""
    return words.LANGUAGES.get(locale, locale)
