"""What asking for a transfer may be refused for: always before anything is written."""

from core.errors import Refusal
from core.money import Money


class TransferInProgress(Refusal):
    """A transfer for the same thing is not known yet: a second one cannot start."""

    code = "transfert_en_cours"
    status = 409
    sentence = "Un paiement est déjà en cours pour cela : attendez sa réponse avant de recommencer."


class AmountTooSmall(Refusal):
    """The provider moves no amount under `shown`."""

    code = "montant_minimum"
    sentence = "Cet opérateur demande au moins {shown}."

    def __init__(self, bound: Money) -> None:
        super().__init__(shown=bound.on_phone())


class AmountTooLarge(Refusal):
    """The provider moves no amount over `shown` at once."""

    code = "montant_maximum"
    sentence = "Cet opérateur accepte au plus {shown} à la fois."

    def __init__(self, bound: Money) -> None:
        super().__init__(shown=bound.on_phone())


class DayLimitReached(Refusal):
    """The account moves no more today."""

    code = "plafond_du_jour"
    sentence = "Le plafond du jour de cet opérateur est atteint. Réessayez demain."


class NothingLeftToRefund(Refusal):
    """The payment was given back, or is being given back, or never came."""

    code = "rien_a_rembourser"
    status = 409
    sentence = "Il ne reste rien à rembourser sur ce paiement."


class NotRefundable(Refusal):
    """Neither the purpose nor the provider can give this payment back by the way it came."""

    code = "non_remboursable"
    status = 409
    sentence = "Cet opérateur ne rembourse pas par le chemin du paiement : faites un envoi."


class NoLongerDue(Refusal):
    """What the transfer was for is settled or gone: it is not sent."""

    code = "plus_du"
    status = 409
    sentence = "Ce paiement n'a plus lieu d'être. Rien n'a été envoyé."
