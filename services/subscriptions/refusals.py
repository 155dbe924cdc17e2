"""What a subscription may be refused for: always before anything is written."""

from core.errors import Refusal
from core.money import Money


class AlreadySubscribed(Refusal):
    """This number has this service."""

    code = "deja_abonne"
    status = 409
    sentence = "Ce service est déjà actif."


class NotSubscribed(Refusal):
    """This number does not have this service."""

    code = "non_abonne"
    status = 409
    sentence = "Ce service n'est pas actif."


class ServicePriced(Refusal):
    """The service costs something; `price` is what has to be confirmed and paid."""

    code = "service_payant"
    status = 402
    sentence = "Ce service est payant."

    def __init__(self, price: Money) -> None:
        super().__init__(price=price)
