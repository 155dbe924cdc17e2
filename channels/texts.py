"""The lines the engine itself says, in every language that leaves by phone. All of them fit one page.

The texts of menus are data of the menus. Lingala: «à relire» by a native reader.
"""

from collections.abc import Mapping

from core.errors import Refusal
from core.gsm7 import Words, fold
from core.i18n import catalogue

Sentence = dict[str, str]

LANGUAGES = ("fr", "en", "ln")
DEFAULT_LANGUAGE = "fr"


def sentence(sentence: Mapping[str, str], language: str) -> str:
    """Return a sentence in `language`, else in French."""
    return sentence.get(language) or sentence[DEFAULT_LANGUAGE]


def of_refusal(refusal: Refusal) -> Sentence:
    """Return a refusal's own sentence as a phone shows it, in French and in English."""
    english = catalogue("en").get(refusal.sentence, refusal.sentence)
    sources = {"fr": refusal.sentence, "en": english}
    return {language: fold(source.format_map(refusal.data)) for language, source in sources.items()}


# The money screen

AMOUNT: Sentence = {"fr": "Montant: {amount}", "en": "Amount: {amount}", "ln": "Mbongo: {amount}"}
FEE: Sentence = {"fr": "Frais: {fee}", "en": "Fee: {fee}", "ln": "Lifuti: {fee}"}
TOTAL: Sentence = {"fr": "Total: {total}", "en": "Total: {total}", "ln": "Nyonso: {total}"}
CONFIRM: Sentence = {"fr": "Confirmer", "en": "Confirm", "ln": "Ndimisa"}
CANCEL: Sentence = {"fr": "Annuler", "en": "Cancel", "ln": "Boya"}

# Refused answers

INVALID_CHOICE: Sentence = {"fr": "Choix invalide.", "en": "Invalid choice.", "ln": "Eponi ya mabe."}
INVALID_ANSWER: Sentence = {"fr": "Réponse invalide.", "en": "Invalid answer.", "ln": "Eyano ya mabe."}
TOO_MANY_ERRORS: Sentence = {
    "fr": "Trop d'erreurs. Recomposez le code.",
    "en": "Too many errors. Dial the code again.",
    "ln": "Mabunga mingi. Benga lisusu kode.",
}
SAME_PIN: Sentence = {"fr": "Choisissez un autre code.", "en": "Choose another code.", "ln": "Pona kode mosusu."}
NO_NUMBER: Sentence = {
    "fr": "Votre opérateur n'a pas transmis votre numéro. Opération impossible.",
    "en": "Your operator did not send your number. This is not possible.",
    "ln": "Operatele na yo atindi nimero na yo te. Ekoki kosalema te.",
}

# Dropped and taken up again

RESUME: Sentence = {
    "fr": "Reprendre votre opération ?",
    "en": "Go on with your operation?",
    "ln": "Kokoba mosala na yo?",
}
YES: Sentence = {"fr": "Oui", "en": "Yes", "ln": "Iyo"}
NO: Sentence = {"fr": "Non", "en": "No", "ln": "Te"}
CONTINUE: Sentence = {"fr": "Continuer", "en": "Continue", "ln": "Kokoba"}
DONE: dict[str, Sentence] = {
    "transfer": {
        "fr": "Transfert de {amount} à {name} réussi. Réf {reference}",
        "en": "Transfer of {amount} to {name} done. Ref {reference}",
        "ln": "Kotinda {amount} epai ya {name} elongi. Ref {reference}",
    },
}
DONE_OTHERWISE: Sentence = {
    "fr": "Opération de {amount} réussie. Réf {reference}",
    "en": "Operation of {amount} done. Ref {reference}",
    "ln": "Mosala ya {amount} elongi. Ref {reference}",
}

# What a turn says without a screen

DEFECT: Sentence = {
    "fr": "Une erreur est survenue. Rien n'a été débité. Réessayez.",
    "en": "Something went wrong. Nothing was debited. Try again.",
    "ln": "Libunga esalemi. Mbongo elongwi te. Meka lisusu.",
}
BEING_CHECKED: Sentence = {
    "fr": "Opération en cours de vérification. Attendez le SMS avant de recommencer.",
    "en": "Your operation is being checked. Wait for the SMS before you try again.",
    "ln": "Tozali kotala mosala na yo. Zela SMS liboso ya kobanda lisusu.",
}
BUSY: Sentence = {
    "fr": "Service occupé. Réessayez dans un instant.",
    "en": "Service busy. Try again in a moment.",
    "ln": "Mosala etondi. Meka lisusu mwa moke.",
}

DIAL_INSTEAD: Sentence = {
    "fr": "Composez {code} sur votre téléphone.",
    "en": "Dial {code} on your phone.",
    "ln": "Benga {code} na telefone na yo.",
}
DIAL_THE_CODE: Sentence = {
    "fr": "Composez le code du service sur votre téléphone.",
    "en": "Dial the code of the service on your phone.",
    "ln": "Benga kode ya mosala na telefone na yo.",
}

VERDICTS: dict[str, Sentence] = {
    "conflict": {
        "fr": "Session invalide. Recomposez le code.",
        "en": "Invalid session. Dial the code again.",
        "ln": "Session ya mabe. Benga lisusu kode.",
    },
    "expired": {
        "fr": "Session expirée. Recomposez le code.",
        "en": "Session expired. Dial the code again.",
        "ln": "Session esili. Benga lisusu kode.",
    },
    "closed": {
        "fr": "Session terminée. Recomposez le code.",
        "en": "Session over. Dial the code again.",
        "ln": "Session esukaki. Benga lisusu kode.",
    },
    "limit": {
        "fr": "Trop de demandes. Réessayez plus tard.",
        "en": "Too many requests. Try again later.",
        "ln": "Bosenga mingi. Meka lisusu na nsima.",
    },
    "stopped": {
        "fr": "Service arrêté. Réessayez plus tard.",
        "en": "Service stopped. Try again later.",
        "ln": "Mosala etelemi. Meka lisusu na nsima.",
    },
    "maintenance": {
        "fr": "Service en maintenance. Réessayez plus tard.",
        "en": "Service under maintenance. Try again later.",
        "ln": "Tozali kobongisa mosala. Meka lisusu na nsima.",
    },
    "unknown_service": {"fr": "Service inconnu.", "en": "Unknown service.", "ln": "Mosala oyo eyebani te."},
}

# Words beside the navigation keys

WORDS: dict[str, Words] = {
    "fr": Words(next="Suite", back="Retour", home="Accueil"),
    "en": Words(next="More", back="Back", home="Home"),
    "ln": Words(next="Koleka", back="Kozonga", home="Ebandeli"),
}


def words(language: str) -> Words:
    """Return the words of next, back and home in `language`, else in French."""
    return WORDS.get(language, WORDS[DEFAULT_LANGUAGE])
