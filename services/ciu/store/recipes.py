"""Versions of a recipe: written as a draft without losing anybody's edit, published in one step, brought back in one.

A published version never changes, and one is published a programme; conversations end on the version they began with.
The canon, by which answers are compared, is never typed: other questions, kinds or another order get a new one.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select

from core import clock, live
from core.database import Session
from core.errors import Conflict, NotFound, Refusal, WrongState
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.ciu import CiuProgramme
from models.ciu_recipes import RECIPE_STEPS, CiuRecipe, RecipeState
from services import audit
from services.ciu.editing import is_weak, read_recipe
from services.ciu.lint import Finding, find_faults
from services.ciu.recipes import Recipe, parse_recipe
from services.ciu.store.programmes import checksum_of

TOPIC = "ciu_recipes"
LONGEST_NOTE = 200
PUBLISH, ROLL_BACK = "ciu_recipe.publish", "ciu_recipe.roll_back"


class RecipeNotFound(NotFound):
    """No such programme or version."""

    code = "recette_introuvable"
    sentence = "Cette recette est introuvable."


class RecipeChanged(Conflict):
    """Somebody saved since this draft was read; `checksum` is what it is now."""

    code = "recette_modifiee"
    sentence = "Ce brouillon a changé depuis que vous l'avez ouvert : rechargez-le."


class RecipeShipped(Conflict):
    """A recipe that comes with the product stays as it is."""

    code = "recette_livree"
    sentence = "Cette recette est livrée avec Palabre : faites-en une copie."


class RecipeFaulty(Refusal):
    """Lint found something; `findings` lists all of it."""

    code = "recette_en_erreur"
    status = 422
    sentence = "Fautes à corriger avant de publier : {errors}."


class RecipeWeak(Refusal):
    """Persons with equal segments cannot be told apart by machine: somebody must take that risk by his name."""

    code = "recette_faible"
    status = 422
    sentence = "Ces codes ne distinguent pas deux personnes aux mêmes réponses : cochez que vous acceptez ce risque."


class BeginDraft(Order):
    """A draft to write, as a copy of a version."""

    recipe_id: UUID
    note: str = Field(default="", max_length=LONGEST_NOTE)


class SaveRecipe(Order):
    """The document of a draft, to be kept in place of the one that was read (`checksum`)."""

    recipe_id: UUID
    checksum: str
    body: dict[str, Any]


class DiscardRecipe(Order):
    """A draft to throw away, as it was read."""

    recipe_id: UUID
    checksum: str


class PublishRecipe(Order):
    """A draft to put in force, as it was read; `accepts_weak` is ticked by whoever takes the risk of a weak recipe."""

    recipe_id: UUID
    checksum: str
    reason: str = Field(default="", max_length=LONGEST_NOTE)
    accepts_weak: bool = False


class RollBackRecipe(Order):
    """A version that was in force, to be in force again."""

    recipe_id: UUID
    reason: str = Field(default="", max_length=LONGEST_NOTE)


@dataclass(frozen=True, slots=True)
class SavedRecipe:
    """A version after a change: its programme's code, its canon, and what lint says of it."""

    id: UUID
    programme: str
    key: str
    version: int
    canon: str
    state: RecipeState
    checksum: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PublishedRecipe:
    """What is in force now and what was before; `breaks_matching`: known people are not found by their answers."""

    recipe: SavedRecipe
    replaced_id: UUID | None
    breaks_matching: bool


def begin_draft(session: Session, actor: Actor, order: BeginDraft) -> SavedRecipe:
    """Begin a draft as a copy of a version, under the next number of its key."""
    actor.require(Permission.CIU_ACT)
    source, programme = _locked(session, order.recipe_id)
    newest = max(row.version for row in _versions(session, programme.id) if row.key == source.key)
    recipe = read_recipe({**source.body, "version": newest + 1})
    row = CiuRecipe(
        programme_id=programme.id,
        key=source.key,
        version=newest + 1,
        canon=recipe.canon,
        checksum="",
        note=order.note,
        created_by=actor.user_id,
    )
    _write(session, row, recipe, actor)
    audit.record(session, actor, "ciu_recipe.begin", "ciu_recipe", row.id, _name(row), {"copy_of": str(source.id)})
    return _saved(programme, row)


def save_recipe(session: Session, actor: Actor, order: SaveRecipe) -> SavedRecipe:
    """Keep the document of a draft; its key, number and canon are the house's. Refuses rather than lose an edit."""
    actor.require(Permission.CIU_ACT)
    row, programme = _draft(session, order.recipe_id, order.checksum)
    recipe = read_recipe({**order.body, "key": row.key, "version": row.version, "canon": row.canon})
    before = row.checksum
    _write(session, row, recipe, actor)
    if row.checksum != before:
        audit.record(session, actor, "ciu_recipe.save", "ciu_recipe", row.id, _name(row), {"checksum": row.checksum})
    return _saved(programme, row)


def discard_recipe(session: Session, actor: Actor, order: DiscardRecipe) -> SavedRecipe:
    """Throw a draft away."""
    actor.require(Permission.CIU_ACT)
    row, programme = _draft(session, order.recipe_id, order.checksum)
    gone = _saved(programme, row)
    session.delete(row)
    session.flush()
    audit.record(session, actor, "ciu_recipe.discard", "ciu_recipe", row.id, _name(row))
    live.ring_after_commit(session, TOPIC)
    return gone


def publish_recipe(session: Session, actor: Actor, order: PublishRecipe) -> PublishedRecipe:
    """Put a draft in force: conversations to come begin on it, open ones end on theirs."""
    actor.require(Permission.CIU_ADMINISTER)
    row, programme = _locked(session, order.recipe_id)
    _require_as_read(row, order.checksum)
    if row.state != RecipeState.DRAFT:
        raise WrongState(state=row.state, wanted=RecipeState.DRAFT)
    if row.created_by is not None:
        _write(session, row, parse_recipe(row.body))  # another version may have taken its canon meanwhile
    recipe = parse_recipe(row.body)
    if faults := find_faults(recipe):
        raise RecipeFaulty(errors=len(faults), findings=[asdict(fault) for fault in faults])
    if recipe.weak and not order.accepts_weak:
        raise RecipeWeak
    changes = {"accepts_weak": order.accepts_weak} if recipe.weak else {}
    return _put_in_force(session, actor, programme, row, PUBLISH, order.reason, changes)


def roll_back_recipe(session: Session, actor: Actor, order: RollBackRecipe) -> PublishedRecipe:
    """Put a version in force again that was before; it was judged then, and has not changed since."""
    actor.require(Permission.CIU_ADMINISTER)
    row, programme = _locked(session, order.recipe_id)
    if row.state != RecipeState.RETIRED:
        raise WrongState(state=row.state, wanted=RecipeState.RETIRED)
    return _put_in_force(session, actor, programme, row, ROLL_BACK, order.reason, {})


def canon_for(recipe: Recipe, own: str, others: Sequence[tuple[str, bool, Recipe]]) -> str:
    """Return the canon of a recipe: that of a version in use that asks the same, else one that nothing else has.

    `others` are canon, whether it was ever in force, and recipe of the programme's other versions, best first.
    """
    for canon, was_in_force, other in others:
        if was_in_force and recipe.is_comparable(other):
            return canon
    taken = {canon: other for canon, _, other in others}
    if own not in taken or all(recipe.is_comparable(other) for canon, _, other in others if canon == own):
        return own
    numbers = [int(found[1]) for canon in taken if (found := re.fullmatch(rf"{re.escape(recipe.key)}\.(\d+)", canon))]
    return f"{recipe.key}.{max(numbers, default=0) + 1}"


def _put_in_force(  # what one line of the trail says
    session: Session, actor: Actor, programme: CiuProgramme, row: CiuRecipe, act: str, reason: str, changes: Any
) -> PublishedRecipe:
    before = next((one for one in _versions(session, programme.id) if one.state == RecipeState.PUBLISHED), None)
    if before is not None:
        transition(before, RECIPE_STEPS, RecipeState.RETIRED)
        session.add(before)
        session.flush()  # one is published a programme: the old one leaves first
    transition(row, RECIPE_STEPS, RecipeState.PUBLISHED)
    row.published_at, row.published_by = clock.now(), actor.user_id
    session.add(row)
    session.flush()
    is_broken = before is not None and before.canon != row.canon
    told = {"recipe": _name(row), "replaces": _name(before) if before else None, "new_canon": is_broken, **changes}
    audit.record(session, actor, act, "ciu_programme", programme.id, reason, told)
    live.ring_after_commit(session, TOPIC)
    return PublishedRecipe(_saved(programme, row), before.id if before else None, is_broken)


def _write(session: Session, row: CiuRecipe, recipe: Recipe, author: Actor | None = None) -> None:
    """Keep a document in its row, with the canon and the mark of weakness that follow from it."""
    canon = canon_for(recipe, row.canon, _others(session, row.programme_id, row.id))
    kept = recipe.model_copy(update={"canon": canon, "weak": is_weak(recipe)})
    row.canon, row.body, row.checksum = canon, kept.model_dump(mode="json"), checksum_of(kept)
    if author is not None:
        row.saved_by, row.saved_at = author.user_id, clock.now()
    session.add(row)
    session.flush()
    live.ring_after_commit(session, TOPIC)


def _others(session: Session, programme_id: UUID, recipe_id: UUID) -> list[tuple[str, bool, Recipe]]:
    """Return the other versions, the one in force first, then from the newest that was; what is shipped counts too."""
    rows = [row for row in _versions(session, programme_id) if row.id != recipe_id]
    rank = {RecipeState.PUBLISHED: 0, RecipeState.RETIRED: 1, RecipeState.DRAFT: 2}
    rows.sort(key=lambda row: (rank[RecipeState(row.state)], -(row.published_at or row.created_at).timestamp()))
    return [(row.canon, row.state != RecipeState.DRAFT or row.created_by is None, parse_recipe(row.body))
            for row in rows]  # fmt: skip


def _versions(session: Session, programme_id: UUID) -> Sequence[CiuRecipe]:
    return session.exec(select(CiuRecipe).where(CiuRecipe.programme_id == programme_id)).all()


def _locked(session: Session, recipe_id: UUID) -> tuple[CiuRecipe, CiuProgramme]:
    """Return a version and its programme; the programme is held, so that two people take turns."""
    programme = session.exec(
        select(CiuProgramme)
        .join(CiuRecipe, col(CiuRecipe.programme_id) == CiuProgramme.id)
        .where(CiuRecipe.id == recipe_id)
        .with_for_update(of=CiuProgramme, key_share=True)
    ).first()
    row = session.get(CiuRecipe, recipe_id, populate_existing=True)
    if programme is None or row is None:
        raise RecipeNotFound
    return row, programme


def _draft(session: Session, recipe_id: UUID, checksum: str) -> tuple[CiuRecipe, CiuProgramme]:
    row, programme = _locked(session, recipe_id)
    if row.state != RecipeState.DRAFT:
        raise WrongState(state=row.state, wanted=RecipeState.DRAFT)
    if row.created_by is None:
        raise RecipeShipped
    _require_as_read(row, checksum)
    return row, programme


def _require_as_read(row: CiuRecipe, checksum: str) -> None:
    if row.checksum != checksum:
        raise RecipeChanged(checksum=row.checksum)


def _saved(programme: CiuProgramme, row: CiuRecipe) -> SavedRecipe:
    return SavedRecipe(
        id=row.id,
        programme=programme.code,
        key=row.key,
        version=row.version,
        canon=row.canon,
        state=RecipeState(row.state),
        checksum=row.checksum,
        findings=tuple(find_faults(parse_recipe(row.body))),
    )


def _name(row: CiuRecipe) -> str:
    return f"{row.key} {row.version}"
