"""`/ciu/recettes`: what each programme asks, the versions that are written, those that were in force, the models."""

from functools import partial
from typing import Any

from nicegui import ui

from core.permissions import Actor, Permission
from models.ciu_recipes import RecipeState
from services.ciu.store import recipe_reads, recipes, settings
from services.ciu.store.recipe_reads import PublicationLine, RecipeLine
from services.ciu.store.recipes import BeginDraft, DiscardRecipe
from ui import live, shell
from ui.components import buttons, cards, chips, filters, layout, toasts
from ui.components.confirm_dialog import confirm_dialog
from ui.components.history import Happening, history
from ui.labels import Tone, count, counted, percent, t, when
from ui.markup import Markup, show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.putting import publish_dialog, roll_back_dialog

FOLLOWS_EVERY_S = 1.0


@shell.screen(words.RECIPES, title="Recettes", needs=Permission.CIU_ACT)
async def all_recipes(programme: str = "") -> None:
    """Draw the versions of a programme; `programme` is its code, the oldest one's when nothing is asked."""
    names = await shell.read(settings.list_programme_names)
    if not names:
        layout.title(t("Recettes"), t("Aucun programme : le sel des codes (UIC_SALT) n'est pas donné."))
        return
    page = _Recipes(names, programme if programme in names else next(iter(names)))
    await page.draw()
    live.subscribe([recipes.TOPIC], lambda _: page.refresh(), every_s=FOLLOWS_EVERY_S)


class _Recipes:
    """The versions of one programme and what may be done with each."""

    def __init__(self, names: dict[str, str], code: str) -> None:
        self._names, self._code = names, code
        self._may_publish = shell.visitor().may(Permission.CIU_ADMINISTER)
        self._lines: list[RecipeLine] = []

    async def draw(self) -> None:
        """Draw the page."""
        said = t("Ce qui est demandé sur WhatsApp, dans quelles langues, et le code qui en sort.")
        with layout.page_head(t("Recettes"), said, crumbs=[("CIU", "/ciu")]):
            if len(self._names) > 1:
                filters.choice(t("Programme"), self._names, self._choose, value=self._code)
            buttons.primary(t("Nouveau brouillon"), self._begin, icon="add")
        with layout.grid():
            with layout.cell(8):
                with cards.titled(t("Versions"), is_flush=True, is_ruled=True):
                    self._own = ui.element("div")
                with cards.titled(t("Modèles"), t("à copier"), is_flush=True, is_ruled=True) as self._models_card:
                    self._models = ui.element("div")
            with layout.cell(4), cards.titled(t("Mises en service"), is_flush=True, is_ruled=True):
                self._history = show(Markup(), classes="card-body")
        await self.refresh()

    async def refresh(self) -> None:
        """Read the versions again."""
        found = await shell.read(_read, self._code)
        if found is None or self._own.is_deleted:
            return
        lines, published = found
        self._lines = lines
        self._history.set_content(history([_happening(line) for line in published]))
        models = [line for line in lines if words.sign(line) == words.SHIPPED]
        self._models_card.set_visibility(bool(models))
        for place, drawn in ((self._own, [one for one in lines if one not in models]), (self._models, models)):
            place.clear()
            with place:
                for line in drawn:
                    self._draw_line(line)

    def _choose(self, code: str) -> None:
        ui.navigate.to(f"{words.RECIPES}?programme={code}")

    def _draw_line(self, line: RecipeLine) -> None:
        with ui.element("div").classes("line version-line"):
            show(_version(line), classes="line-words")
            show(chips.chip(words.sign(line)))
            with ui.element("span").classes("version-acts"):
                self._draw_acts(line)

    def _draw_acts(self, line: RecipeLine) -> None:
        said = words.version(line)
        if self._may_publish and line.state == RecipeState.DRAFT and not line.faults:
            buttons.secondary(t("Publier"), partial(publish_dialog, line, self.refresh), icon="publish")
        if self._may_publish and line.state == RecipeState.RETIRED:
            buttons.secondary(t("Revenir à celle-ci"), partial(roll_back_dialog, line, self.refresh), icon="undo")
        buttons.icon_only(
            "content_copy", t("Copier en brouillon : {version}").format(version=said), partial(self._copy, line)
        )
        if line.state == RecipeState.DRAFT and not line.is_shipped:
            buttons.icon_only(
                "delete", t("Jeter le brouillon : {version}").format(version=said), partial(self._discard, line)
            )

    async def _begin(self) -> None:
        """Begin a draft from what is in force, else from the first model."""
        if self._lines:
            await self._copy(self._lines[0])

    async def _copy(self, line: RecipeLine) -> None:
        note = t("D'après {version}").format(version=words.version(line))
        made = await shell.act(recipes.begin_draft, BeginDraft(recipe_id=line.id, note=note))
        if made is not None:
            ui.navigate.to(f"{words.RECIPES}/{made.programme}/{made.key}/{made.version}")

    def _discard(self, line: RecipeLine) -> None:
        async def confirm() -> Any:
            order = DiscardRecipe(recipe_id=line.id, checksum=line.checksum)
            gone = await shell.act(recipes.discard_recipe, order)
            if gone is not None:
                toasts.done(t("Brouillon jeté."))
                await self.refresh()
            return gone

        confirm_dialog(
            t("Jeter ce brouillon"),
            t("{version} disparaît. Ce qui est en service ne change pas.").format(version=words.version(line)),
            act=t("Jeter"),
            confirm=confirm,
        )


def _read(session: Any, actor: Actor, code: str) -> tuple[list[RecipeLine], list[PublicationLine]]:
    return recipe_reads.list_recipes(session, actor, code), recipe_reads.list_publications(session, actor, code)


def _version(line: RecipeLine) -> Markup:
    title = tag("a", words.version(line), href=words.path(line))
    marks = [
        chips.plain(t("Faible"), icon_name="warning", tone=Tone.OCHRE) if line.is_weak else None,
        chips.plain(t("Pseudonyme"), icon_name="visibility") if line.readable_share else None,
    ]
    asked = [
        words.questions(line.questions),
        words.languages(line.languages),
        t("lisible à {share}").format(share=percent(line.readable_share, 0)),
        words.faults(line.faults) if line.faults else "",
    ]
    who = t("livrée avec Palabre") if line.is_shipped else f"{line.saved_by or line.author}, {when(line.saved_at)}"
    used = [
        counted(line.records, t("{count} code"), t("{count} codes")) if line.records else "",
        t("{count} en cours").format(count=count(line.open_conversations)) if line.open_conversations else "",
    ]
    return tag(
        "span",
        tag("span", title, *marks, class_="line-title abreast"),
        tag("span", " · ".join(filter(None, asked)), class_="line-detail"),
        tag("span", " · ".join(filter(None, [who, line.note, *used])), class_="line-detail"),
        class_="line-words",
    )


def _happening(line: PublicationLine) -> Happening:
    verb = t("Retour à {recipe}") if line.is_back else t("{recipe} en service")
    warned = t("les codes d'avant ne se comparent plus") if line.has_new_canon else ""
    return Happening(
        at=line.at,
        title=verb.format(recipe=line.recipe),
        detail=" · ".join(filter(None, (line.who, line.reason, warned))),
        icon="undo" if line.is_back else "publish",
        tone=Tone.OCHRE if line.is_back or line.has_new_canon else Tone.ACCENT,
    )
