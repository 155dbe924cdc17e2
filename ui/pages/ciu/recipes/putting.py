"""The dialogs before a version is put in force, or comes back: what changes, what it costs, who takes the risk."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.ciu.difference import Difference, compare
from services.ciu.store import recipe_reads, recipes
from services.ciu.store.recipe_reads import RecipeLine, RecipeView
from services.ciu.store.recipes import PublishRecipe, RollBackRecipe
from ui import shell
from ui.components import buttons, cards, dialogs, fields, toasts
from ui.components.facts import Fact, facts, prose
from ui.labels import count, percent, t
from ui.markup import show
from ui.pages.ciu.recipes import words

Then = Callable[[], Awaitable[Any]]


async def publish_dialog(line: RecipeLine, then: Then) -> None:
    """Open the dialog for a draft; `then` is called once it is in force."""
    view = await shell.read(recipe_reads.get_recipe, line.programme, line.key, line.version)
    if view is not None:
        publishing(view, then)


def publishing(view: RecipeView, then: Then) -> None:
    """Open the dialog for a draft that was just read."""
    _open(view, then, is_back=False)


async def roll_back_dialog(line: RecipeLine, then: Then) -> None:
    """Open the dialog for a version that was in force."""
    view = await shell.read(recipe_reads.get_recipe, line.programme, line.key, line.version)
    if view is not None:
        _open(view, then, is_back=True)


def _open(view: RecipeView, then: Then, *, is_back: bool) -> None:
    line = view.line
    named = words.version(line)
    title = t("Revenir à {version}") if is_back else t("Publier {version}")
    act = t("Remettre en service") if is_back else t("Mettre en service")
    found = compare(view.published, view.recipe) if view.published else None
    with dialogs.dialog(title.format(version=named)) as dialog:
        show(
            prose(t("Les prochaines conversations commencent dessus ; celles qui sont ouvertes finissent sur la leur."))
        )
        show(facts(_facts(view, found)))
        _draw_warnings(view, found)
        risk = None
        if line.is_weak and not is_back:
            risk = fields.checkbox(t("J'accepte que deux personnes aux mêmes réponses aient le même code."))
        box = fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        box.props(f"maxlength={recipes.LONGEST_NOTE}")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(act)

    async def run() -> None:
        reason = str(box.value or "").strip()
        accepts = bool(risk and risk.value)
        button.disable()
        done = await _put(line, reason, is_back=is_back, accepts_weak=accepts)
        if not button.is_deleted:
            button.enable()
        if done is None:
            return
        if not dialog.is_deleted:
            dialog.close()
        toasts.done(t("{version} est en service.").format(version=named))
        await then()

    button.on_click(run)
    dialog.open()


async def _put(line: RecipeLine, reason: str, *, is_back: bool, accepts_weak: bool) -> Any:
    if is_back:
        return await shell.act(recipes.roll_back_recipe, RollBackRecipe(recipe_id=line.id, reason=reason))
    order = PublishRecipe(recipe_id=line.id, checksum=line.checksum, reason=reason, accepts_weak=accepts_weak)
    return await shell.act(recipes.publish_recipe, order)


def _draw_warnings(view: RecipeView, found: Difference | None) -> None:
    if found is not None and found.breaks_matching:
        cards.notice(breaking(view), tone="ochre", icon_name="warning")
    if view.line.readable_share:
        cards.notice(pseudonymous(view.line.readable_share), icon_name="visibility")


def breaking(view: RecipeView) -> str:
    """Return what other questions, kinds or another order cost."""
    known = view.published_line.records if view.published_line else 0
    return t(
        "Les questions, leur lecture ou leur ordre changent. Codes déjà donnés : {count}. Ces personnes ne "
        "seraient plus retrouvées par leurs réponses et recevraient un second code."
    ).format(count=count(known))


def pseudonymous(share: float) -> str:
    """Return what a code that shows answers is."""
    return t(
        "{share} du code montre des réponses : il est pseudonyme, pas anonyme. "
        "Qui connaît la personne peut le reconnaître."
    ).format(share=percent(share, 0))


def _facts(view: RecipeView, found: Difference | None) -> list[Fact]:
    lines: list[Fact] = [
        (t("Questions"), words.questions(len(view.recipe.questions))),
        (t("Langues"), words.languages(view.recipe.languages)),
        (t("Code"), words.layout(view.recipe.layout)),
    ]
    if found is not None:
        lines.append((t("Changements"), count(found.count)))
    if view.published_line is not None:
        lines.append((t("Remplace"), words.version(view.published_line)))
        lines.append((t("Conversations ouvertes"), count(view.published_line.open_conversations)))
    return lines
