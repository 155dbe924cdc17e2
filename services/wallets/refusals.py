"""What a wallet may be refused for: always before anything is written, so that the dialogue goes on and commits."""

from core.database import Session
from core.errors import Refusal
from services.ledger import InsufficientFunds
from services.tariffs import AboveMaximum, BelowMinimum, Quote
from services.wallets.velocity import take


class NoWallet(Refusal):
    """This person has no wallet in this currency."""

    code = "compte_absent"
    status = 404
    sentence = "Aucun compte n'est lié à ce numéro."


class WalletSuspended(Refusal):
    """The payer's own wallet may not send."""

    code = "compte_suspendu"
    status = 403
    sentence = "Compte suspendu. Contactez le service client."


class AlreadyRegistered(Refusal):
    """This number has its wallet already."""

    code = "deja_inscrit"
    status = 409
    sentence = "Ce numéro est déjà inscrit."


class InvalidPayee(Refusal):
    """What was typed is no phone number."""

    code = "beneficiaire_invalide"
    sentence = "Numéro invalide."


class OwnNumber(Refusal):
    """Payer and payee are one."""

    code = "propre_numero"
    sentence = "C'est votre propre numéro."


class UnknownPayee(Refusal):
    """This number has no wallet in the payer's currency."""

    code = "beneficiaire_inconnu"
    sentence = "Ce numéro n'a pas de compte."


class InvalidMerchant(Refusal):
    """What was typed is no merchant's code: six digits."""

    code = "code_marchand_invalide"
    sentence = "Code marchand invalide."


class UnknownMerchant(Refusal):
    """No merchant has this code, or none that takes the payer's currency."""

    code = "code_marchand_inconnu"
    sentence = "Code marchand inconnu."


class OwnCode(Refusal):
    """The merchant is the payer himself."""

    code = "propre_code"
    sentence = "C'est votre propre code."


class NotASeller(Refusal):
    """Only agents and merchants sell electronic money for bank notes."""

    code = "vente_reservee"
    status = 403
    sentence = "La vente est réservée aux agents et aux marchands."


class PayeeClosed(Refusal):
    """The payee's wallet is suspended or closed."""

    code = "beneficiaire_ferme"
    sentence = "Ce compte ne peut pas recevoir."


class PayeeFull(Refusal):
    """The payee would hold more than his level allows."""

    code = "beneficiaire_plein"
    sentence = "Ce compte ne peut pas recevoir ce montant. Rien n'a été débité."


class CeilingReached(Refusal):
    """The payer's ceiling of the operation, the day or the 30 days."""

    code = "plafond_depasse"
    sentence = "Plafond dépassé. Rien n'a été débité."


class SentAlready(Refusal):
    """The same money left for the same payee within ten minutes, and nobody said «once more»; `ago` says when."""

    code = "deja_envoye"
    status = 409
    sentence = "Vous avez déjà envoyé ce montant à cette personne il y a {ago}. Rien n'a été débité."

    def __init__(self, ago: str) -> None:
        super().__init__(ago=ago)


class QuoteChanged(Refusal):
    """The price is no longer what was shown; `quote` is the one to show now."""

    code = "tarif_change"
    status = 409
    sentence = "Le tarif a changé. Rien n'a été débité."

    def __init__(self, quote: Quote) -> None:
        super().__init__(quote=quote)


class TooManyRequests(Refusal):
    """More look-ups, registrations or operations than one person makes in good faith."""

    code = "trop_de_demandes"
    status = 429
    sentence = "Trop de demandes. Réessayez plus tard."


# The outcomes of the menus' actions, by refusal: what a flow branches on.
OUTCOMES: dict[type[Refusal], str] = {
    AlreadyRegistered: "exists",
    InvalidPayee: "invalid",
    OwnNumber: "self",
    UnknownPayee: "unknown",
    InvalidMerchant: "invalid",
    UnknownMerchant: "unknown",
    OwnCode: "self",
    PayeeClosed: "closed",
    PayeeFull: "payee",
    BelowMinimum: "min",
    AboveMaximum: "max",
    CeilingReached: "limit",
    InsufficientFunds: "funds",
    QuoteChanged: "requote",
    SentAlready: "found",
    NoWallet: "none",
}


def guard_velocity(session: Session, rule: str, subject: str) -> None:
    """Take one token of `rule` for `subject`, or refuse with `TooManyRequests`; a rule without rows lets all pass."""
    if not take(session, rule, subject):
        raise TooManyRequests
