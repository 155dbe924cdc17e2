"""Recipes as the console reads them: every version with its people, one with its document, who put what in force."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.permissions import Actor, Permission
from models.ciu_recipes import RecipeState
from services import audit
from services.ciu.codes import readable_share
from services.ciu.lint import find_faults
from services.ciu.recipes import Recipe, parse_recipe
from services.ciu.store.recipes import PUBLISH, ROLL_BACK, RecipeNotFound

MOST_PUBLICATIONS = 50


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """One version, without its document.

    `open_conversations` go on now, `records` were issued with it. `is_shipped` came with the product and has no author.
    """

    id: UUID
    programme: str
    key: str
    version: int
    canon: str
    state: RecipeState
    checksum: str
    note: str
    is_shipped: bool
    is_weak: bool
    languages: tuple[str, ...]
    questions: int
    readable_share: float
    faults: int
    author: str
    saved_by: str
    saved_at: datetime
    published_by: str
    published_at: datetime | None
    open_conversations: int
    records: int


@dataclass(frozen=True, slots=True)
class RecipeView:
    """A version to read or to write, beside the one in force; `values` fill its texts."""

    line: RecipeLine
    recipe: Recipe
    published: Recipe | None
    published_line: RecipeLine | None
    programme_name: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class PublicationLine:
    """One change of what is in force."""

    at: datetime
    who: str
    recipe: str
    replaced: str
    is_back: bool
    has_new_canon: bool
    reason: str


_LINES = """
select r.id, p.code as programme, r.key, r.version, r.canon, r.state, r.checksum, r.note, r.body,
    r.created_by is null as is_shipped, r.published_at, coalesce(r.saved_at, r.created_at) as saved_at,
    coalesce(concat_ws(' ', a.first_name, a.last_name), '') as author,
    coalesce(concat_ws(' ', s.first_name, s.last_name), '') as saved_by,
    coalesce(concat_ws(' ', b.first_name, b.last_name), '') as published_by,
    (select count(*) from ciu_conversation c where c.recipe_id = r.id and c.ended_at is null) as open_conversations,
    (select count(*) from ciu_record d where d.recipe_id = r.id and not d.is_test) as records
from ciu_recipe r join ciu_programme p on p.id = r.programme_id
left join users a on a.id = r.created_by left join users s on s.id = r.saved_by
left join users b on b.id = r.published_by
where {condition}
order by r.state = 'published' desc, r.created_by is null, coalesce(r.saved_at, r.created_at) desc, r.key, r.version
"""


def list_recipes(session: Session, actor: Actor, programme: str) -> list[RecipeLine]:
    """Return the versions of a programme: the one in force, then from the newest, those of the product last."""
    actor.require(Permission.CIU_ACT)
    return [_line(row) for row in fetch_all(session, _LINES.format(condition="p.code = %s"), (programme,))]


def get_recipe(session: Session, actor: Actor, programme: str, key: str, version: int) -> RecipeView:
    """Return one version with its document."""
    actor.require(Permission.CIU_ACT)
    condition = "p.code = %s and (r.state = 'published' or (r.key = %s and r.version = %s))"
    rows = fetch_all(session, _LINES.format(condition=condition), (programme, key, version))
    wanted = next((row for row in rows if (row["key"], row["version"]) == (key, version)), None)
    known = fetch_one(session, "select name, contact from ciu_programme where code = %s", (programme,))
    if wanted is None or known is None:
        raise RecipeNotFound
    in_force = next((row for row in rows if row["state"] == RecipeState.PUBLISHED), None)
    return RecipeView(
        line=_line(wanted),
        recipe=parse_recipe(wanted["body"]),
        published=parse_recipe(in_force["body"]) if in_force else None,
        published_line=_line(in_force) if in_force else None,
        programme_name=known["name"],
        values={"programme": known["name"], "contact": known["contact"]},
    )


def get_body(session: Session, actor: Actor, recipe_id: UUID) -> Recipe:
    """Return the document of a version."""
    actor.require(Permission.CIU_ACT)
    row = fetch_one(session, "select body from ciu_recipe where id = %s", (recipe_id,))
    if row is None:
        raise RecipeNotFound
    return parse_recipe(row["body"])


def list_publications(session: Session, actor: Actor, programme: str) -> list[PublicationLine]:
    """Return who put what in force and why, newest first."""
    actor.require(Permission.CIU_ACT)
    row = fetch_one(session, "select id from ciu_programme where code = %s", (programme,))
    if row is None:
        raise RecipeNotFound
    found = audit.list_history(session, "ciu_programme", row["id"], limit=2 * MOST_PUBLICATIONS)
    lines = [
        PublicationLine(
            at=entry.created_at,
            who=entry.actor_name,
            recipe=str(entry.changes.get("recipe", "")),
            replaced=str(entry.changes.get("replaces") or ""),
            is_back=entry.action == ROLL_BACK,
            has_new_canon=bool(entry.changes.get("new_canon")),
            reason=entry.summary,
        )
        for entry in found
        if entry.action in {PUBLISH, ROLL_BACK}
    ]
    return lines[:MOST_PUBLICATIONS]


def _line(row: dict[str, Any]) -> RecipeLine:
    recipe = parse_recipe(row["body"])
    kept = {name: value for name, value in row.items() if name not in {"body", "state"}}
    return RecipeLine(
        **kept,
        state=RecipeState(row["state"]),
        is_weak=recipe.weak,
        languages=recipe.languages,
        questions=len(recipe.questions),
        readable_share=readable_share(recipe),
        faults=len(find_faults(recipe)),
    )
