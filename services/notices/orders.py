"""What notice verbs are asked, what they give back, and how they refuse."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from core.errors import NotFound, Refusal
from core.orders import Order
from services.audiences import Audience

LONGEST_TEXT = 306  # two parts of an SMS
MOST_PARTS = 2
MOST_NUMBERS = 100_000
LANGUAGES = ("fr", "en", "ln")


class NoticeNotFound(NotFound):
    """No such notice."""

    code = "notification_introuvable"
    sentence = "Cette notification est introuvable."


class NotTested(Refusal):
    """Nobody has read this very text on his own phone."""

    code = "essai_requis"
    status = 409
    sentence = "Envoyez d'abord un essai à vous-même : ce texte n'a pas encore été lu sur un téléphone."


class NoOwnPhone(Refusal):
    """Who sends a test to himself needs a number."""

    code = "sans_numero"
    status = 409
    sentence = "Votre compte n'a pas de numéro : ajoutez-le dans votre profil pour recevoir l'essai."


class NobodyMeant(Refusal):
    """The audience is empty."""

    code = "personne"
    status = 409
    sentence = "Personne ne correspond à ce choix."


class NotWorthSending(Refusal):
    """A text is missing, or longer than two parts."""

    code = "texte_refuse"
    status = 422
    sentence = "Le texte doit tenir en deux SMS dans chaque langue."


class TooLongForFlash(Refusal):
    """A screen that the network shows by itself is one page."""

    code = "ecran_trop_long"
    status = 422
    sentence = "Un message flash tient en un écran : 182 caractères au plus dans chaque langue."


class SaveNotice(Order):
    """A notice as it is written; without `notice_id` a new one begins. `numbers` replaces the list when given.

    `has_flash`: instead of the SMS, a screen shown by the network, where it can.
    """

    notice_id: UUID | None = None
    name: str = Field(min_length=1, max_length=60)
    texts: dict[Literal["fr", "en", "ln"], str] = Field(default={})
    default_language: Literal["fr", "en", "ln"] = "fr"
    audience: Audience = Audience()
    has_sms: bool = True
    has_inbox: bool = True
    has_flash: bool = False
    numbers: tuple[str, ...] | None = Field(default=None, max_length=MOST_NUMBERS)


class SendNotice(Order):
    """When it leaves (now when empty), and why a second person should agree."""

    notice_id: UUID
    starts_at: datetime | None = None
    reason: str = Field(default="", max_length=500)


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice as a screen shows it."""

    id: UUID
    name: str
    texts: dict[str, str]
    default_language: str
    audience: Audience
    has_sms: bool
    has_inbox: bool
    has_flash: bool
    state: str
    created_at: datetime
    starts_at: datetime | None
    tested_at: datetime | None
    is_tested: bool
    recipients: int
    written: int
    started_at: datetime | None
    ended_at: datetime | None


def checksum_of(texts: dict[str, str], *, has_sms: bool, has_inbox: bool, has_flash: bool) -> str:
    """Return what a test has tested: the texts and the ways they go."""
    ways = [has_sms, has_inbox, *([has_flash] if has_flash else [])]
    told = json.dumps([sorted(texts.items()), *ways], ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()
