"""What the simulators' scenarios and callbacks are called on the screen."""

from ui.labels import Sign, Tone, t

SIMULATORS = "/paiements/simulateurs"
BY_CHANCE = ""
BY_HAND = "012"

SCENARIOS = {
    "012": "La personne répond elle-même, sur ce téléphone",
    "000": "Payé après 2 secondes, un rappel",
    "001": "Demande perdue en route : rien n'a eu lieu",
    "002": "Exécuté, la réponse est perdue",
    "003": "Exécuté, la réponse est une erreur 500",
    "004": "Le même rappel cinq fois, dont deux ensemble",
    "005": "Le rappel vient dix minutes plus tard",
    "006": "Le rappel vient avant la réponse",
    "007": "Un ancien « en cours » arrive après la fin",
    "008": "L'opérateur lit 100 de moins",
    "009": "L'opérateur lit une autre devise",
    "010": "L'opérateur lit une autre personne",
    "011": "La ligne reste ouverte, sans réponse",
    "013": "Versement réussi, revenu une heure après",
    "014": "Solde insuffisant",
    "015": "Numéro sans compte",
    "016": "Refusé par la personne",
    "017": "Payé, jamais de rappel",
    "018": "Un rappel falsifié, puis la vérité",
    "019": "Réponse après 25 secondes",
    "020": "Trop d'appels, deux fois",
    "021": "Une page HTML à la place de la réponse",
    "022": "Échoué, puis payé une minute après",
    "023": "Un paiement que personne n'a demandé arrive aussi",
    "024": "Payé, mais absent de la liste du jour",
    "025": "Clé refusée une fois",
    "026": "Compte interdit",
    "027": "Exécute chaque envoi, et perd sa réponse",
}

WAYS = {
    "duplicate": "Cinq fois le même",
    "late": "Dans dix minutes",
    "forged": "Falsifié : « payé »",
    "reordered": "Un ancien « en cours »",
}

STATES: dict[str, Sign] = {
    "pending": Sign("sync", "Attend", Tone.BLUE),
    "succeeded": Sign("check", "Payé", Tone.ACCENT),
    "failed": Sign("error", "Échoué", Tone.RED),
    "expired": Sign("schedule", "Expiré", Tone.NEUTRAL),
    "cancelled": Sign("block", "Refusé", Tone.NEUTRAL),
    "reversed": Sign("undo", "Revenu", Tone.NEUTRAL),
}

KINDS = {
    "collect": "Encaissement",
    "payout": "Versement",
    "refund": "Remboursement",
    "reversal": "Revenu",
    "unasked": "Non demandé",
}

EQUAL = Sign("check", "Égaux", Tone.ACCENT)
DIFFERENT = Sign("error", "Un écart", Tone.RED)

MOVES = {60: "+ 1 min", 600: "+ 10 min", 3_600: "+ 1 h", 86_400: "+ 1 jour"}

CHANNELS: dict[str, Sign] = {
    "sms": Sign("sms", "SMS", Tone.NEUTRAL),
    "ussd": Sign("dialpad", "Message flash", Tone.OCHRE),
    "whatsapp": Sign("chat", "WhatsApp", Tone.ACCENT),
    "email": Sign("mail", "E-mail", Tone.BLUE),
    "push": Sign("notifications", "Notification", Tone.OCHRE),
}


def scenario(code: str) -> str:
    """Return what a code makes a provider do, with its number; sandbox numbers speak for themselves."""
    return f"{t(SCENARIOS[code])} · {code}" if code in SCENARIOS else code


def scenarios() -> dict[str, str]:
    """Return the choices of an order of trial: by hand first, then chance, then every code."""
    rest = {code: scenario(code) for code in SCENARIOS if code != BY_HAND}
    return {BY_HAND: scenario(BY_HAND), BY_CHANCE: t("Au hasard de la graine"), **rest}
