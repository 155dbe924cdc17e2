"""Refusals are classes: a stable code, an HTTP status, one French sentence and its data.

The screen notifies the sentence, USSD prints it after END, the API returns it. Anything else that is raised is a bug.
"""

from typing import Any, ClassVar

from core.i18n import t


class Refusal(Exception):  # noqa: N818  # a refusal is an answer, not an error
    """A rule said no. Nothing was changed.

    `sentence` may hold `{placeholders}` filled from `data`; it is the French source text, translated when read.
    """

    code: ClassVar[str] = "refus"
    status: ClassVar[int] = 400
    sentence: ClassVar[str] = "Cette demande est refusée."

    def __init__(self, **data: Any) -> None:
        super().__init__(self.code)
        self.data = data

    def __str__(self) -> str:
        return t(self.sentence).format_map(self.data)


class InvalidInput(Refusal):
    """Some fields are wrong; `fields` names each with its sentence."""

    code = "validation"
    status = 422
    sentence = "Des champs sont à corriger."

    def __init__(self, fields: dict[str, str], **data: Any) -> None:
        super().__init__(**data)
        self.fields = fields


class FieldRefusal(Refusal):
    """One field of a form is refused after its shape was right; `field` names it."""

    field: ClassVar[str] = ""


class NotSignedIn(Refusal):
    """No valid proof of identity came with the request."""

    code = "jeton_invalide"
    status = 401
    sentence = "Connexion requise : jeton absent, faux ou périmé."


class Forbidden(Refusal):
    """The actor's roles do not permit this act."""

    code = "role_insuffisant"
    status = 403
    sentence = "Votre rôle ne permet pas cet acte."


class NotFound(Refusal):
    """No such thing, or none that this actor may know of."""

    code = "introuvable"
    status = 404
    sentence = "Introuvable."


class Conflict(Refusal):
    """The same key came with other content."""

    code = "cle_reutilisee"
    status = 409
    sentence = "Cette clé a déjà servi pour une autre demande."


class TooManyTries(Refusal):
    """A limit of tries was reached; `secondes` says how long to wait."""

    code = "trop_d_essais"
    status = 429
    sentence = "Trop d'essais : attendez {secondes} s."


class Unavailable(Refusal):
    """A part we need does not answer; trying again later is right."""

    code = "indisponible"
    status = 503
    sentence = "Service momentanément indisponible."


class WrongState(Refusal):
    """The thing is in a state from which this step is not allowed."""

    code = "etat"
    status = 409
    sentence = "Impossible dans l'état actuel ({state})."


class ConfigurationError(Exception):
    """The process must not start like this: one line for whoever starts it, in English as the guides write it."""
