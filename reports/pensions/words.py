"""What stages, verdicts and reasons of pensions are called on paper; French sources, in the reader's language."""

from datetime import date

from babel.dates import format_date

from core import i18n
from core.i18n import t
from models.pension_stages import BatchStage, PaymentStage
from providers.answers import Reason
from providers.mojaloop.codes import sentence_of

BATCH_STAGES: dict[BatchStage, str] = {
    BatchStage.DRAFT: "Brouillon",
    BatchStage.AWAITING_APPROVAL: "À approuver",
    BatchStage.QUEUED: "En file",
    BatchStage.PROCESSING: "En cours",
    BatchStage.PAUSED: "En pause",
    BatchStage.CANCELLING: "Annulation en cours",
    BatchStage.COMPLETED: "Terminé",
    BatchStage.PARTIALLY_COMPLETED: "Terminé avec des échecs",
    BatchStage.FAILED: "Échoué",
    BatchStage.CANCELLED: "Annulé",
    BatchStage.REJECTED: "Refusé",
    BatchStage.EXPIRED: "Périmé",
}
PAYMENT_STAGES: dict[PaymentStage, str] = {
    PaymentStage.COMPLETED: "Payé",
    PaymentStage.FAILED: "Échoué",
    PaymentStage.CANCELLED: "Annulé",
    PaymentStage.REVERSED: "Revenu",
    PaymentStage.UNKNOWN: "Incertain",
    PaymentStage.HELD: "À vérifier",
    PaymentStage.WAITING: "En attente",
    PaymentStage.SENDING: "Envoi",
    PaymentStage.SENT: "Chez le switch",
}
NAME_VERDICTS = {
    "same": "identique",
    "close": "proche",
    "different": "différent",
    "absent": "sans nom",
    "unknown": "non vérifié",
}
# What a report says beside a refusal's code; what is to be done about it is the code's own sentence.
REASONS: dict[str, str] = {
    Reason.PAYEE_NOT_FOUND: "Bénéficiaire inconnu",
    Reason.PAYEE_LIMIT: "Plafond du bénéficiaire",
    Reason.PAYEE_NOT_ALLOWED: "Bénéficiaire non autorisé",
    Reason.OUR_WALLET_EMPTY: "Position insuffisante",
    Reason.PAYER_LIMIT: "Plafond de l'organisation",
    Reason.CONFIGURATION: "Réglage du connecteur",
    Reason.CURRENCY_NOT_SUPPORTED: "Devise non prise en charge",
    Reason.PROVIDER_UNAVAILABLE: "Service indisponible",
    Reason.PROVIDER_UNREACHABLE: "Service injoignable",
    Reason.NEVER_RECEIVED: "Jamais reçu par le switch",
    Reason.NO_ANSWER: "Sans réponse",
    Reason.MISMATCH_AMOUNT: "Montant différent",
    Reason.MISMATCH_CURRENCY: "Devise différente",
    Reason.MISMATCH_PARTY: "Bénéficiaire différent",
    Reason.CONTRADICTION: "Le switch s'est contredit",
    Reason.NOT_APPROVED: "Arrêté avant l'envoi",
    Reason.INSUFFICIENT_FUNDS: "Solde insuffisant",
    Reason.PAYER_NOT_FOUND: "Compte payeur inconnu",
    Reason.PAYER_BUSY: "Compte payeur occupé",
    Reason.WRONG_PIN: "Code refusé",
    Reason.ACCOUNT_BLOCKED: "Compte bloqué",
    Reason.NOT_OFFERED: "Service non offert",
    Reason.DUPLICATE_REFERENCE: "Référence déjà utilisée",
    Reason.AMOUNT_OUT_OF_BOUNDS: "Montant hors limites",
    Reason.INVALID_PHONE: "Numéro invalide",
    Reason.COUNTRY_NOT_ALLOWED: "Pays non servi",
    Reason.LINK_EXPIRED: "Délai passé",
    Reason.PROMPT_EXPIRED: "Délai passé",
    Reason.UNSPECIFIED: "Non précisé",
    "refused_by_operator": "Refusé par un agent",
    "fee_too_high": "Frais trop élevés",
    "name_different": "Nom différent",
    "name_unverified": "Nom non vérifié",
    "released": "Laissé partir par un agent",
}
# What to do about what no provider's code speaks of: our own ends, and what waits for a person's word.
OWN_ENDS: dict[str, str] = {
    "refused_by_operator": "Un agent l'a refusé : corrigez la ligne, puis payez par un nouveau lot.",
    Reason.NEVER_RECEIVED: "Rien n'est parti : à relancer.",
}
HOLDS: dict[str, str] = {
    "fee_too_high": "Les frais dépassent le plafond choisi : laissez partir ou refusez.",
    "name_unverified": "Le nom n'a pas pu être vérifié : laissez partir ou refusez.",
    Reason.CURRENCY_NOT_SUPPORTED: "Ce compte ne reçoit pas cette devise : refusez.",
    Reason.MISMATCH_AMOUNT: "Le devis donne un autre montant : refusez.",
    Reason.MISMATCH_CURRENCY: "Le devis est dans une autre devise : refusez.",
}
DOUBT = "Ne renvoyez pas : le paiement est peut-être déjà fait."
BY_STAGE: dict[PaymentStage, str] = {
    PaymentStage.UNKNOWN: DOUBT,
    PaymentStage.HELD: "Comparez les noms, puis laissez partir ou refusez.",
    PaymentStage.CANCELLED: "Rien n'est parti : l'argent est de nouveau disponible.",
    PaymentStage.REVERSED: "L'argent est revenu sur le compte : payez la personne par un nouveau lot.",
}


def batch_stage(stage: BatchStage) -> str:
    """Return what a batch's step is called."""
    return t(BATCH_STAGES[stage])


def payment_stage(stage: PaymentStage) -> str:
    """Return what a payment's step is called."""
    return t(PAYMENT_STAGES[stage])


def reason_of(code: str, reason: str) -> str:
    """Return why, in a few words: the reason, or a code of our own; nothing where there is neither."""
    if not reason:
        return t(REASONS[code]) if code in REASONS else ""
    return t(REASONS.get(reason, reason))


def act_of(stage: PaymentStage, code: str, reason: str) -> str:
    """Return what is to be done about a payment that is not paid; nothing where nothing is."""
    if stage is PaymentStage.HELD and (code or reason) in HOLDS:
        return t(HOLDS[code or reason])
    if stage in BY_STAGE:
        return t(BY_STAGE[stage])
    if stage is not PaymentStage.FAILED or not (code or reason):
        return ""
    if (code or reason) in OWN_ENDS:
        return t(OWN_ENDS[code or reason])
    return sentence_of(code, Reason(reason) if reason in set(Reason) else None)


def cycle_of(cycle: str) -> str:
    """Return «décembre 2025» for `2025-12`."""
    year, _, month = cycle.partition("-")
    return format_date(date(int(year), int(month), 1), "MMMM y", locale=i18n.language.get())
