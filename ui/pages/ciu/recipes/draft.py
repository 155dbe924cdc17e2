"""One version on a page: every change is kept at once, nobody's edit is lost, the last ones can be undone."""

import asyncio
from collections.abc import Callable
from typing import Any

from nicegui import context, ui

from core.errors import Refusal
from models.ciu_recipes import RecipeState
from services.ciu.codes import readable_share
from services.ciu.editing import is_weak, sample_code
from services.ciu.lint import Finding, find_faults
from services.ciu.recipes import Recipe
from services.ciu.store import recipe_reads, recipes
from services.ciu.store.recipe_reads import RecipeLine, RecipeView
from services.ciu.store.recipes import BeginDraft, DiscardRecipe, RecipeChanged, SaveRecipe
from ui import shell
from ui.components import toasts
from ui.labels import speaking
from ui.pages.ciu.recipes import words

MOST_UNDONE = 100

Told = Callable[[], Any]


class RecipeDraft:
    """A version as written here and as kept there.

    `on_shape` hears that pieces came, went or moved, `on_words` of any other change, `on_state` of saving and conflict.
    """

    def __init__(self, view: RecipeView, *, may_publish: bool) -> None:
        self.view, self.line, self.recipe = view, view.line, view.recipe
        self.checksum, self.canon = view.line.checksum, view.line.canon
        self.may_publish = may_publish
        self.is_writable = view.line.state == RecipeState.DRAFT and not view.line.is_shipped
        self.findings: list[Finding] = []
        self.rival: RecipeLine | None = None
        self.is_kept = True
        self.on_shape: Told = lambda: None
        self.on_words: Told = lambda: None
        self.on_state: Told = lambda: None
        self._page = context.client  # the field that was typed in may be gone before its words are kept
        self._past: list[Recipe] = []
        self._lock = asyncio.Lock()
        self._lint()

    @property
    def can_undo(self) -> bool:
        """Whether something was changed here."""
        return bool(self._past) and self.is_writable

    @property
    def breaks_matching(self) -> bool:
        """Whether people known so far would not be found again by their answers."""
        before = self.view.published
        return before is not None and not before.is_comparable(self.recipe)

    @property
    def readable(self) -> float:
        """How much of the code shows answers, 0 to 1."""
        return readable_share(self.recipe)

    @property
    def example(self) -> str:
        """The code of the sample answers; nothing while the layout shows a question that is not there."""
        return sample_code(self.recipe)

    async def change(self, recipe: Recipe, *, is_shape: bool = False) -> None:
        """Put another document in place of this one, and keep it."""
        if not self.is_writable or recipe == self.recipe:
            return
        self._past = [*self._past, self.recipe][-MOST_UNDONE:]
        await self._set(recipe, is_shape=is_shape)

    async def attempt(self, make: Callable[[], Recipe], *, is_shape: bool = False) -> bool:
        """Change by a step that may be refused; its sentence is shown then."""
        try:
            with speaking():
                made = make()
        except Refusal as refusal:
            toasts.refused(shell.sentence_of(refusal))
            return False
        await self.change(made, is_shape=is_shape)
        return True

    async def undo(self) -> None:
        """Go back one change."""
        if self.can_undo:
            await self._set(self._past.pop(), is_shape=True)

    def _lint(self) -> None:
        with speaking():
            self.findings = find_faults(self.recipe)

    async def _set(self, recipe: Recipe, *, is_shape: bool) -> None:
        self.recipe, self.is_kept = recipe, False
        with self._page:
            self._lint()
            if is_shape:
                self.on_shape()
            self.on_words()
            self.on_state()
            await self._keep()

    async def _keep(self) -> None:
        """Save what stands here now; changes that came while another was saved go together."""
        async with self._lock:
            sent = self.recipe
            if self.rival is not None or self.is_kept:
                return
            order = SaveRecipe(recipe_id=self.line.id, checksum=self.checksum, body=sent.model_dump(mode="json"))
            outcome = await shell.attempt(recipes.save_recipe, order)
            if isinstance(outcome, RecipeChanged):
                await self.look_again()
            elif isinstance(outcome, Refusal):
                toasts.refused(shell.sentence_of(outcome))
            else:
                self.checksum, self.canon = outcome.checksum, outcome.canon
                self.is_kept = sent is self.recipe
                marks = {"canon": outcome.canon, "weak": is_weak(self.recipe)}
                self.recipe = self.recipe.model_copy(update=marks)
        self.on_state()

    async def look_again(self) -> None:
        """Read who holds this version now: another's save, or another state, is told and stops ours."""
        line = self.line
        view = await shell.read(recipe_reads.get_recipe, line.programme, line.key, line.version)
        if view is None or self.rival is not None:
            return
        if view.line.checksum != self.checksum:
            self.rival = view.line
            self.on_state()
        elif view.line.state != line.state:
            ui.navigate.reload()

    async def heard(self) -> None:
        """Look again once nothing of ours is on its way."""
        if not self.is_writable:
            return
        async with self._lock:
            await self.look_again()

    async def keep_apart(self) -> None:
        """Save what is written here as a draft of its own, and go there."""
        made = await shell.act(recipes.begin_draft, BeginDraft(recipe_id=self.line.id))
        if made is None:
            return
        order = SaveRecipe(recipe_id=made.id, checksum=made.checksum, body=self.recipe.model_dump(mode="json"))
        if await shell.act(recipes.save_recipe, order) is not None:
            ui.navigate.to(f"{words.RECIPES}/{made.programme}/{made.key}/{made.version}")

    async def order(self) -> DiscardRecipe:
        """Return this version as it was read, for a step of its life."""
        async with self._lock:
            return DiscardRecipe(recipe_id=self.line.id, checksum=self.checksum)
