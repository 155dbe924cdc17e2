"""What the pages of messages call texts, their states, and why an address is not written to."""

from models.messages import TemplateState
from ui.labels import Sign, Tone, t
from ui.pages.administration import words

MESSAGES = "/paiements/messages"
TEMPLATES = "/paiements/messages/modeles"
SUPPRESSIONS = "/paiements/messages/oppositions"
OUTBOX = "/administration/boite-envoi"

# The types of the tontines; those of wallets and accounts have their names on the outbox already.
TYPES = {
    "rappel_cotisation": "Rappel de cotisation",
    "confirmation_paiement": "Paiement confirmé",
    "paiement_echoue": "Paiement échoué",
    "paiement_incertain": "Paiement en vérification",
    "alerte_retard": "Cotisation en retard",
    "penalite": "Amende",
    "session_ouverte": "Séance ouverte",
    "session_terminee": "Séance close",
    "tour_passage": "Son tour de recevoir",
    "paiement_recu": "Pot envoyé",
    "nouveau_membre": "Nouveau membre",
    "membre_depart": "Départ d'un membre",
    "information": "Information",
    "systeme": "Message du système",
    "notification_push": "Notification du navigateur",
}

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


def kind(code: str) -> str:
    """Return what a message is for."""
    return t(TYPES[code]) if code in TYPES else words.message_type(code)


def language(locale: str) -> str:
    """Return a language by its own name."""
    return words.LANGUAGES.get(locale, locale)
