"""Health identifiers: the versions of what is asked, and of the code that comes out."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant


class RecipeState(StrEnum):
    """One version is published at a time; an earlier one can come back."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


RECIPE_STEPS = {
    RecipeState.DRAFT: frozenset({RecipeState.PUBLISHED, RecipeState.RETIRED}),
    RecipeState.PUBLISHED: frozenset({RecipeState.RETIRED}),
    RecipeState.RETIRED: frozenset({RecipeState.PUBLISHED}),
}


class CiuRecipe(Table, table=True):
    """One version of a recipe, immutable once published: `body` is the whole of it."""

    __tablename__ = "ciu_recipe"
    __table_args__ = (
        UniqueConstraint("programme_id", "key", "version"),
        check("state", one_of("state", RecipeState)),
        Index("uq_ciu_recipe_published", "programme_id", unique=True, postgresql_where=text("state = 'published'")),
    )

    programme_id: UUID = Field(foreign_key="ciu_programme.id")
    key: str
    version: int
    canon: str
    body: dict[str, Any] = document()
    checksum: str
    note: str = ""
    state: str = RecipeState.DRAFT
    created_by: UUID | None = Field(default=None, foreign_key="users.id")
    saved_by: UUID | None = Field(default=None, foreign_key="users.id")
    saved_at: datetime | None = instant()
    published_at: datetime | None = instant()
    published_by: UUID | None = Field(default=None, foreign_key="users.id")
