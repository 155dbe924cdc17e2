"""Programmes: who asks, on which of our numbers, by which version of a recipe."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from core import clock
from core.database import Session, driver, fetch_one
from core.settings import Settings, get_settings
from core.states import transition
from models.ciu import CiuProgramme
from models.ciu_recipes import RECIPE_STEPS, CiuRecipe, RecipeState
from models.whatsapp import WhatsappChannel, WhatsappSender
from providers.fakes.accounts import account_of
from services.ciu.recipes import SHIPPED, Recipe, parse_recipe, shipped

DEFAULT = "ciu"
DEFAULT_NAME = "Votre programme de santé"
DEFAULT_CONTACT = "votre centre de santé"
DEFAULT_RECIPE = "document"

MOST_NEW_CODES = 5  # for one identity in a day
REVIEW_SCORE = 60


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme as a turn needs it, with the version it has published."""

    id: UUID
    code: str
    name: str
    contact: str
    recipe_id: UUID
    settings: dict[str, Any] = field(repr=False)

    @property
    def timeout(self) -> timedelta:
        """How long a conversation waits."""
        return timedelta(minutes=self.settings.get("timeout_minutes") or get_settings().session_timeout_minutes)

    @property
    def values(self) -> dict[str, str]:
        """What fills its texts."""
        return {"programme": self.name, "contact": self.contact}

    @property
    def most_new_codes(self) -> int:
        """How many new codes one identity gets in a day."""
        return int(self.settings.get("max_new_codes_per_identity", MOST_NEW_CODES))

    @property
    def review_score(self) -> int:
        """From which score on a person looks at two records."""
        return int(self.settings.get("review_score", REVIEW_SCORE))

    def is_exempt(self, address: str) -> bool:
        """Say whether a field worker's number may be given any number of codes."""
        return address in self.settings.get("exempt_numbers", ())


@dataclass(frozen=True, slots=True)
class Sender:
    """A number of ours and its programme."""

    id: UUID
    programme: Programme


_PROGRAMME = """
select p.id, p.code, p.name, p.contact, p.settings, r.id as recipe_id, {sender} as sender_id
from ciu_programme p join ciu_recipe r on r.programme_id = p.id and r.state = 'published' {join} where {condition}
"""


def find_sender(session: Session, channel: WhatsappChannel, address: str) -> Sender | None:
    """Return what answers at a number of ours, None when nothing of ours does."""
    query = _PROGRAMME.format(
        sender="s.id",
        join="join whatsapp_sender s on s.programme_id = p.id",
        condition="s.channel = %s and s.address = %s",
    )
    row = fetch_one(session, query, (channel, address))
    return None if row is None else Sender(row.pop("sender_id"), Programme(**row))


def get_sender(session: Session, sender_id: UUID) -> Sender:
    """Return a number of ours by its id."""
    query = _PROGRAMME.format(
        sender="s.id", join="join whatsapp_sender s on s.programme_id = p.id", condition="s.id = %s"
    )
    row = fetch_one(session, query, (sender_id,))
    if row is None:
        raise LookupError(sender_id)
    return Sender(row.pop("sender_id"), Programme(**row))


def get_default(session: Session) -> Programme:
    """Return the programme that answers where no number was named."""
    return get_programme(session, DEFAULT)


def get_programme(session: Session, code: str) -> Programme:
    """Return a programme that has published a recipe."""
    row = fetch_one(session, _PROGRAMME.format(sender="null", join="", condition="p.code = %s"), (code,))
    if row is None:
        raise LookupError(code)
    del row["sender_id"]
    return Programme(**row)


def load_recipe(session: Session, recipe_id: UUID) -> Recipe:
    """Return a version of a recipe; what was published never changes, so it is read once."""
    known = _recipes.get(recipe_id)
    if known is not None:
        return known
    row = fetch_one(session, "select body, state from ciu_recipe where id = %s", (recipe_id,))
    if row is None:
        raise LookupError(recipe_id)
    recipe = parse_recipe(row["body"])
    if row["state"] != RecipeState.DRAFT:
        _recipes[recipe_id] = recipe
    return recipe


_recipes: dict[UUID, Recipe] = {}


# Installing


def install(session: Session, settings: Settings) -> None:
    """Add the default programme, the ready recipes and the numbers of the environment where they are missing."""
    if not settings.has_ciu:
        return
    programme = session.exec(select(CiuProgramme).where(CiuProgramme.code == DEFAULT)).first()
    is_new = programme is None
    if programme is None:
        programme = CiuProgramme(
            code=DEFAULT, name=DEFAULT_NAME, contact=DEFAULT_CONTACT, timezone=settings.ciu_timezone
        )
        session.add(programme)
        session.flush()
    for key in SHIPPED:
        row = keep_shipped(session, programme.id, key)
        if is_new and key == DEFAULT_RECIPE:
            transition(row, RECIPE_STEPS, RecipeState.PUBLISHED)
            row.published_at = clock.now()
            session.add(row)
    session.flush()
    for channel, address in _own_numbers(settings):
        open_sender(session, channel, address, programme.id)


def open_sender(session: Session, channel: WhatsappChannel, address: str, programme_id: UUID) -> None:
    """Let a programme answer at a number, unless something answers there already."""
    row = WhatsappSender(channel=channel, address=address, programme_id=programme_id)
    driver(session).execute(
        "insert into whatsapp_sender (id, created_at, channel, address, programme_id) values (%s, %s, %s, %s, %s)"
        " on conflict (channel, address) do nothing",
        (row.id, row.created_at, channel, address, programme_id),
    )


def checksum_of(recipe: Recipe) -> str:
    """Return what tells two versions of a recipe apart."""
    document = json.dumps(recipe.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(document.encode()).hexdigest()


def keep_shipped(session: Session, programme_id: UUID, key: str) -> CiuRecipe:
    """Return a programme's row of a ready recipe, added now if it is missing."""
    recipe = _shipped_row(key)
    known = session.exec(
        select(CiuRecipe).where(
            CiuRecipe.programme_id == programme_id,
            CiuRecipe.key == key,
            col(CiuRecipe.version) == recipe["version"],
        )
    ).first()
    if known is not None:
        return known
    row = CiuRecipe(programme_id=programme_id, key=key, **recipe)
    session.add(row)
    session.flush()
    return row


@lru_cache(maxsize=len(SHIPPED))
def _shipped_row(key: str) -> dict[str, Any]:
    recipe = shipped(key)
    return {
        "version": recipe.version,
        "canon": recipe.canon,
        "body": recipe.model_dump(mode="json"),
        "checksum": checksum_of(recipe),
    }


def _own_numbers(settings: Settings) -> list[tuple[WhatsappChannel, str]]:
    """Return the numbers the environment names; where the fakes run, theirs too."""
    named = [
        (WhatsappChannel.TWILIO, settings.twilio_whatsapp_number.removeprefix("whatsapp:").strip()),
        (WhatsappChannel.META, settings.meta_phone_number_id.strip()),
    ]
    if settings.wants_fakes:
        named += [
            (WhatsappChannel.TWILIO, str(account_of("twilio_whatsapp").settings["from"])),
            (WhatsappChannel.META, str(account_of("meta_whatsapp").settings["phone_number_id"])),
        ]
    return [(channel, address) for channel, address in named if address]
