"""Why a transfer ended as it did, in French: a sentence for the person, one for the operator, a word for an SMS.

A provider's own words never reach a member; what no table knows is «raison non précisée», its word kept for operators.
"""

from typing import NamedTuple

from core.i18n import t
from providers.answers import Reason


class Said(NamedTuple):
    """One reason in its three forms; `short` is at most 24 characters."""

    person: str
    operator: str
    short: str


REASONS: dict[Reason, Said] = {
    Reason.INSUFFICIENT_FUNDS: Said(
        "Le solde du compte mobile ne suffit pas.", "Solde du payeur insuffisant.", "solde insuffisant"
    ),
    Reason.NOT_APPROVED: Said(
        "Le paiement n'a pas été validé sur le téléphone.", "Refusé ou non validé par le payeur.", "non validé"
    ),
    Reason.PAYER_NOT_FOUND: Said(
        "Ce numéro n'a pas de compte chez cet opérateur.", "Payeur inconnu de l'opérateur.", "compte introuvable"
    ),
    Reason.PAYER_LIMIT: Said(
        "Le plafond de ce compte mobile est atteint.", "Plafond du payeur atteint.", "plafond atteint"
    ),
    Reason.PAYER_BUSY: Said(
        "Une autre demande attend déjà sur ce téléphone.",
        "Une autre demande est ouverte chez le payeur.",
        "demande en cours",
    ),
    Reason.WRONG_PIN: Said("Le code secret tapé est faux.", "Code secret du payeur faux.", "code secret faux"),
    Reason.ACCOUNT_BLOCKED: Said(
        "Ce compte mobile est bloqué chez l'opérateur.", "Compte bloqué par l'opérateur.", "compte bloqué"
    ),
    Reason.PAYEE_NOT_FOUND: Said(
        "Ce numéro n'a pas de compte pour recevoir.", "Bénéficiaire inconnu de l'opérateur.", "compte introuvable"
    ),
    Reason.PAYEE_LIMIT: Said(
        "Ce compte mobile ne peut pas recevoir autant.", "Plafond du bénéficiaire atteint.", "plafond atteint"
    ),
    Reason.PAYEE_NOT_ALLOWED: Said(
        "Ce compte mobile ne peut pas recevoir d'argent.", "Bénéficiaire non autorisé à recevoir.", "réception refusée"
    ),
    Reason.OUR_WALLET_EMPTY: Said(
        "L'envoi n'est pas possible pour le moment. Nous sommes prévenus.",
        "Notre compte chez l'opérateur est vide : approvisionnez-le.",
        "service indisponible",
    ),
    Reason.CONFIGURATION: Said(
        "Le service est momentanément indisponible. Nous sommes prévenus.",
        "L'opérateur refuse nos réglages : vérifiez le compte et ses secrets.",
        "service indisponible",
    ),
    Reason.NOT_OFFERED: Said(
        "Cet opérateur ne propose pas cette opération.", "Opération non proposée par l'opérateur.", "non proposé"
    ),
    Reason.DUPLICATE_REFERENCE: Said(
        "Le service est momentanément indisponible. Nous sommes prévenus.",
        "L'opérateur connaît déjà cette référence.",
        "service indisponible",
    ),
    Reason.AMOUNT_OUT_OF_BOUNDS: Said(
        "Cet opérateur n'accepte pas ce montant.", "Montant hors des bornes de l'opérateur.", "montant refusé"
    ),
    Reason.INVALID_PHONE: Said("Ce numéro n'est pas valide.", "Numéro refusé par l'opérateur.", "numéro invalide"),
    Reason.CURRENCY_NOT_SUPPORTED: Said(
        "Cet opérateur n'accepte pas cette monnaie.", "Monnaie non acceptée par l'opérateur.", "monnaie refusée"
    ),
    Reason.COUNTRY_NOT_ALLOWED: Said(
        "Ce pays n'est pas servi par cet opérateur.", "Pays non autorisé par l'opérateur.", "pays non servi"
    ),
    Reason.PROVIDER_UNAVAILABLE: Said(
        "L'opérateur est momentanément indisponible.", "Opérateur indisponible.", "opérateur indisponible"
    ),
    Reason.PROVIDER_UNREACHABLE: Said(
        "L'opérateur est injoignable. Rien n'a été envoyé.",
        "Opérateur injoignable : rien n'est parti après six essais.",
        "opérateur injoignable",
    ),
    Reason.NEVER_RECEIVED: Said(
        "L'opérateur n'a pas reçu la demande. Rien n'a été débité.",
        "L'opérateur ne connaît pas cette demande 15 min après l'envoi.",
        "demande non reçue",
    ),
    Reason.LINK_EXPIRED: Said("Le lien de paiement est périmé.", "Lien périmé sans paiement.", "lien périmé"),
    Reason.PROMPT_EXPIRED: Said(
        "La demande a expiré sur le téléphone.", "Demande expirée chez le payeur.", "demande expirée"
    ),
    Reason.NO_ANSWER: Said(
        "Nous vérifions ce paiement auprès de l'opérateur.",
        "L'opérateur n'a pas répondu : à vérifier.",
        "en vérification",
    ),
    Reason.MISMATCH_AMOUNT: Said(
        "Nous vérifions ce paiement auprès de l'opérateur.", "Le montant vu par l'opérateur diffère.", "en vérification"
    ),
    Reason.MISMATCH_CURRENCY: Said(
        "Nous vérifions ce paiement auprès de l'opérateur.",
        "La monnaie vue par l'opérateur diffère.",
        "en vérification",
    ),
    Reason.MISMATCH_PARTY: Said(
        "Nous vérifions ce paiement auprès de l'opérateur.", "Le numéro vu par l'opérateur diffère.", "en vérification"
    ),
    Reason.CONTRADICTION: Said(
        "Nous vérifions ce paiement auprès de l'opérateur.", "L'opérateur se contredit : à examiner.", "en vérification"
    ),
    Reason.UNSPECIFIED: Said(
        "L'opérateur a refusé sans dire pourquoi.", "Raison non précisée par l'opérateur.", "refus de l'opérateur"
    ),
}


def for_person(reason: str) -> str:
    """Return the sentence a person reads, in the language of this context; empty without reason."""
    return t(_said(reason).person) if reason else ""


def for_operator(reason: str) -> str:
    """Return the sentence an operator reads; empty without reason."""
    return t(_said(reason).operator) if reason else ""


def short(reason: str) -> str:
    """Return the reason as an SMS has room for: at most 24 characters; a cancellation has no reason of its own."""
    return t(_said(reason).short) if reason else t("annulé")


def _said(reason: str) -> Said:
    return REASONS[Reason(reason)] if reason in set(Reason) else REASONS[Reason.UNSPECIFIED]
