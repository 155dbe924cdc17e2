"""The codes of the FSPIOP API, one row each: why, who may try again, what must rest, what the operator reads.

Source: *FSPIOP API v1.1*, error codes. A code without a row is decided by where it came (`verdicts`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.i18n import t
from providers.answers import Reason
from providers.mojaloop.contract import Again, Stop

UNKNOWN_TRANSFER = "3208"
PARTY_NOT_FOUND = "3204"
EXPIRED = frozenset({"3300", "3303"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a refusal with this code means. `sentence` is French, for the operator."""

    reason: Reason
    again: Again
    sentence: str
    stop: Stop | None = None

    @property
    def text(self) -> str:
        """Return the sentence in the reader's language."""
        return t(self.sentence)


def _row(codes: str | Iterable[int], meaning: Meaning) -> dict[str, Meaning]:
    return dict.fromkeys(codes.split() if isinstance(codes, str) else map(str, codes), meaning)


CODES: dict[str, Meaning] = {
    **_row(
        range(4000, 5000),
        Meaning(Reason.CONFIGURATION, "new_id", "Refus côté payeur ; voir l’administrateur.", stop="account"),
    ),
    **_row(range(5000, 6000), Meaning(Reason.UNSPECIFIED, "new_id", "Refus non précisé.")),
    **_row(
        "3100 3101 3102 3103 3104 3105 3107",
        Meaning(Reason.CONFIGURATION, "new_id", "Demande refusée par le switch ; prévenez l’administrateur."),
    ),
    **_row(
        "3201 3203 3204",
        Meaning(Reason.PAYEE_NOT_FOUND, "never", "Bénéficiaire inconnu : corrigez l’identifiant."),
    ),
    **_row(
        "3202",
        Meaning(Reason.CONFIGURATION, "new_id", "Notre institution n’est pas reconnue par le switch.", stop="account"),
    ),
    **_row(
        "3200 3205 3206 3207 3210 3302",
        Meaning(Reason.PROVIDER_UNAVAILABLE, "new_id", "Devis perdu ou expiré : à relancer."),
    ),
    **_row(
        "4001",
        Meaning(
            Reason.OUR_WALLET_EMPTY,
            "new_id",
            "Position insuffisante : approvisionnez, puis reprenez.",
            stop="account",
        ),
    ),
    **_row("4200", Meaning(Reason.PAYER_LIMIT, "new_id", "Plafond de l’organisation atteint.", stop="account")),
    **_row(
        "5001",
        Meaning(
            Reason.PROVIDER_UNAVAILABLE, "new_id", "L’institution du bénéficiaire manque de liquidité.", stop="fsp"
        ),
    ),
    **_row(
        "5000 5100 5101 5102 5103 5104 5105",
        Meaning(Reason.PAYEE_NOT_ALLOWED, "new_id", "Refusé par l’institution du bénéficiaire ; appelez-la."),
    ),
    **_row("5106", Meaning(Reason.CURRENCY_NOT_SUPPORTED, "never", "Ce compte ne reçoit pas cette devise.")),
    **_row(range(5200, 5300), Meaning(Reason.PAYEE_LIMIT, "new_id", "Plafond du compte du bénéficiaire atteint.")),
    **_row(range(5300, 5500), Meaning(Reason.PAYEE_NOT_ALLOWED, "never", "Compte bloqué ou non autorisé.")),
}

# What has no code of its own, by its reason: refusals of the adapter, of our own checks, and doubts.
SENTENCES: dict[Reason, str] = {
    Reason.CONFIGURATION: "Le connecteur refuse nos demandes ; prévenez l’administrateur.",
    Reason.CURRENCY_NOT_SUPPORTED: "Ce compte ne reçoit pas cette devise.",
    Reason.NOT_APPROVED: "Paiement arrêté avant son envoi.",
    Reason.PROVIDER_UNAVAILABLE: "Le switch n’a pas répondu ; rien n’est parti, l’envoi sera repris.",
    Reason.PAYEE_NOT_FOUND: "Bénéficiaire inconnu : corrigez l’identifiant.",
    Reason.UNSPECIFIED: "Refus non précisé.",
    Reason.AMOUNT_OUT_OF_BOUNDS: "Ce montant ne peut pas être écrit pour le switch.",
    Reason.NO_ANSWER: "Ne renvoyez pas : le paiement est peut-être déjà fait, le switch est interrogé.",
    Reason.NEVER_RECEIVED: "Le switch n’a jamais reçu ce paiement ; rien n’est parti.",
    Reason.PROVIDER_UNREACHABLE: "Le connecteur est injoignable ; rien n’est parti.",
    Reason.OUR_WALLET_EMPTY: "Position insuffisante : approvisionnez, puis reprenez.",
    Reason.MISMATCH_AMOUNT: "Le montant reçu n’est pas celui demandé ; un cas est ouvert.",
    Reason.MISMATCH_CURRENCY: "La devise reçue n’est pas celle demandée ; un cas est ouvert.",
}


# Codes of our own: what a person is asked about, and what he answered.
OWN_CODES: dict[str, str] = {
    "fee_too_high": "Les frais demandés dépassent votre plafond : libérez ou refusez ce paiement.",
    "mismatch_amount": "Le devis ne donne pas le montant demandé : refusez ce paiement et voyez l’institution.",
    "mismatch_currency": "Le devis est dans une autre devise : refusez ce paiement et voyez l’institution.",
    "name_different": "Le nom trouvé diffère du nom déclaré : libérez ou refusez ce paiement.",
    "name_unverified": "Le bénéficiaire n’a pas pu être vérifié : libérez ou refusez ce paiement.",
    "currency_not_supported": "Ce compte ne reçoit pas cette devise : libérez ou refusez ce paiement.",
    "refused_by_operator": "Refusé par une personne de l’organisation.",
}


def sentence_of(code: str, reason: Reason | None) -> str:
    """Return what the operator reads about a refusal or a doubt, in his language."""
    meaning = CODES.get(code)
    if meaning is not None:
        return meaning.text
    if code in OWN_CODES:
        return t(OWN_CODES[code])
    return t(SENTENCES.get(reason or Reason.UNSPECIFIED, SENTENCES[Reason.UNSPECIFIED]))
