"""What the codes of payments are called on the screen, and how their states are shown."""

from collections.abc import Mapping

from services.transfers.callbacks import CallbackLine
from ui.labels import Sign, State, Tone, t

SECTION = "/paiements"
UNKNOWNS = "/paiements/inconnus"
HEALTH = "/paiements/sante"
CALLBACKS = "/paiements/rappels"

DIRECTIONS = {"collect": "Encaissement", "payout": "Versement", "refund": "Remboursement"}
LEAVING = frozenset({"payout", "refund"})

PURPOSES = {
    "wallet_topup": "Recharge de portefeuille",
    "wallet_withdrawal": "Retrait d'un portefeuille",
    "wallet_topup_refund": "Recharge rendue",
    "contribution": "Cotisation",
    "tontine_payout": "Pot versé",
    "bill": "Facture",
    "airtime": "Crédit téléphonique",
    "pension": "Pension",
}

STATES: dict[str, Sign] = {
    "created": Sign("schedule", "À envoyer", Tone.NEUTRAL),
    "submitted": Sign("send", "Envoyé", Tone.BLUE),
    "pending": Sign("sync", "En cours", Tone.BLUE),
    "unknown": State.UNKNOWN.value,
    "succeeded": Sign("check", "Réussi", Tone.ACCENT),
    "failed": State.FAILED.value,
    "expired": State.EXPIRED.value,
    "cancelled": State.CANCELLED.value,
    "reversed": Sign("undo", "Revenu", Tone.NEUTRAL),
}

OPEN = ("created", "submitted", "pending", "unknown")

CAUSES = {
    "submit": "par l'envoi",
    "read": "par une lecture",
    "list": "par la liste de l'opérateur",
    "operator": "par une personne",
    "time": "avec le temps",
    "request": "",
}

# What an operator reads; the sentence for the person is another's.
REASONS = {
    "insufficient_funds": "Solde insuffisant chez le payeur",
    "not_approved": "Le payeur n'a pas accepté",
    "payer_not_found": "Le payeur n'a pas de compte chez l'opérateur",
    "payer_limit": "Le payeur a atteint son plafond",
    "payer_busy": "Une autre demande attend sur le téléphone du payeur",
    "wrong_pin": "Code secret du payeur refusé",
    "account_blocked": "Compte du payeur bloqué",
    "payee_not_found": "Le bénéficiaire n'a pas de compte chez l'opérateur",
    "payee_limit": "Le bénéficiaire a atteint son plafond",
    "payee_not_allowed": "Le bénéficiaire ne peut pas recevoir",
    "our_wallet_empty": "Notre compte chez l'opérateur est vide",
    "configuration": "Réglage du compte refusé par l'opérateur",
    "not_offered": "L'opérateur n'offre pas cette opération",
    "duplicate_reference": "Référence déjà utilisée",
    "amount_out_of_bounds": "Montant hors des bornes",
    "invalid_phone": "Numéro refusé",
    "currency_not_supported": "Devise refusée",
    "country_not_allowed": "Pays refusé",
    "provider_unavailable": "Opérateur indisponible",
    "provider_unreachable": "Opérateur injoignable : rien n'est parti",
    "never_received": "L'opérateur ne l'a jamais reçu",
    "link_expired": "Lien non payé à temps",
    "prompt_expired": "Demande restée sans réponse",
    "no_answer": "Aucune réponse de l'opérateur",
    "mismatch_amount": "Le montant lu diffère du nôtre",
    "mismatch_currency": "La devise lue diffère de la nôtre",
    "mismatch_party": "Le numéro lu diffère du nôtre",
    "contradiction": "L'opérateur se contredit",
    "unspecified": "Sans motif connu",
}

ENVIRONMENTS: dict[str, Sign] = {
    "sandbox": Sign("experiment", "Bac à sable", Tone.OCHRE),
    "fake": Sign("experiment", "Compte d'essai", Tone.OCHRE),
}

OPERATIONS = {
    "prepare": "Préparation",
    "collect": "Demande au payeur",
    "payout": "Versement",
    "refund": "Remboursement",
    "status": "Lecture",
    "list": "Liste du jour",
    "token": "Jeton",
    "expire": "Fermeture du lien",
    "balance": "Solde",
    "probe": "Essai",
}

# Where the thing a transfer is for has its page.
SUBJECT_PAGES: dict[str, str] = {}

ANSWERS = {
    "Accepted": "accepté",
    "Rejected": "refusé",
    "Unknown": "sort inconnu",
    "Seen": "lu",
    "NotSeen": "inconnu chez l'opérateur",
    "Prepared": "préparé",
}

AUTHENTICITIES: dict[str, Sign] = {
    "signed": Sign("verified", "Signé", Tone.ACCENT),
    "secret": Sign("key", "Secret partagé", Tone.ACCENT),
    "token": Sign("link", "Adresse secrète", Tone.BLUE),
    "none": Sign("question_mark", "Sans preuve", Tone.OCHRE),
}

OUTCOMES = {
    "read": "Lecture demandée",
    "unmatched": "Aucun transfert reconnu",
    "refused": "Refusé",
    "test": "Essai de l'opérateur",
}

ENTRIES = {"hold": "Réservé", "post": "Comptabilisé", "reversal": "Contre-passé"}


def direction(code: str) -> str:
    """Return whether money came in, left, or went back."""
    return t(DIRECTIONS.get(code, code))


def purpose(code: str) -> str:
    """Return what a transfer is for."""
    return t(PURPOSES.get(code, code))


def reason(code: str) -> str:
    """Return why nothing moved, or why nobody knows, as an operator reads it; nothing for no reason."""
    return t(REASONS.get(code, code)) if code else ""


def cause(code: str) -> str:
    """Return what proved a transition."""
    return t(CAUSES.get(code, code)) if CAUSES.get(code, code) else ""


def operation(code: str) -> str:
    """Return what a call to the provider was for."""
    return t(OPERATIONS.get(code, code))


def answer(code: str) -> str:
    """Return what an answer of the provider meant."""
    return t(ANSWERS.get(code, code)) if code else ""


def outcome(line: CallbackLine) -> str:
    """Return what was done with a callback."""
    if not line.is_accepted:
        return t("Refusé")
    return t(OUTCOMES.get(line.outcome, line.outcome)) if line.handled_at else t("En attente")


def choices(names: Mapping[str, str]) -> dict[str, str]:
    """Return the choices of a filter."""
    return {code: t(word) for code, word in names.items()}


def sign_choices(signs: Mapping[str, Sign]) -> dict[str, str]:
    """Return the choices of a filter of states."""
    return {code: t(sign.word) for code, sign in signs.items()}


def short(reference: str) -> str:
    """Return the beginning of a reference, enough to name it aloud: `7ZK3 M2P9`."""
    return f"{reference[:4]}\N{NARROW NO-BREAK SPACE}{reference[4:8]}"
