"""`/ciu/recettes/{programme}/{key}/{version}`: one version: questions, code, texts, rules, trials."""

from typing import Any

from nicegui import ui

from core.permissions import Permission
from models.ciu_recipes import RecipeState
from services.ciu.editing import is_weak
from services.ciu.store import recipe_reads, recipes
from services.ciu.store.recipe_reads import RecipeLine, RecipeView
from services.ciu.store.recipes import BeginDraft
from ui import live, shell
from ui.components import buttons, cards, chips, layout, tabs
from ui.components.facts import facts
from ui.labels import count, counted, percent, t, when
from ui.markup import Markup, icon, join, show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.changes import ChangesPanel
from ui.pages.ciu.recipes.checks import ChecksPanel
from ui.pages.ciu.recipes.code_form import CodeForm
from ui.pages.ciu.recipes.draft import RecipeDraft
from ui.pages.ciu.recipes.previewing import PreviewPanel
from ui.pages.ciu.recipes.putting import breaking, pseudonymous, publishing, roll_back_dialog
from ui.pages.ciu.recipes.questions import QuestionsForm
from ui.pages.ciu.recipes.rules_form import RulesForm
from ui.pages.ciu.recipes.simulating import SimulationPanel
from ui.pages.ciu.recipes.texts_form import TextsForm

QUESTIONS, CODE, TEXTS, RULES = "questions", "code", "texts", "rules"
CHECKS, PREVIEW, SIMULATION, CHANGES = "checks", "preview", "simulation", "changes"
LABELS = {
    QUESTIONS: "Questions",
    CODE: "Code",
    TEXTS: "Textes",
    RULES: "Règles",
    CHECKS: "Contrôle",
    PREVIEW: "Aperçu",
    SIMULATION: "Simulation",
    CHANGES: "Changements",
}


@shell.screen(words.RECIPES + "/{programme}/{key}/{version}", title="Recette", needs=Permission.CIU_ACT)
async def editor(programme: str, key: str, version: int) -> None:
    """Draw one version."""
    view = await shell.attempt(recipe_reads.get_recipe, programme, key, version)
    if not isinstance(view, RecipeView):
        raise view
    page = _Editor(RecipeDraft(view, may_publish=shell.visitor().may(Permission.CIU_ADMINISTER)))
    page.draw()
    live.subscribe([recipes.TOPIC], lambda _: page.draft.heard())


class _Editor:
    """The page of a version: panels that follow one document."""

    def __init__(self, draft: RecipeDraft) -> None:
        self.draft = draft
        self._tab = QUESTIONS
        self._places: dict[str, ui.element] = {}
        self._panels: dict[str, Any] = {}

    def draw(self) -> None:
        """Draw the page, the questions first."""
        self._draw_head()
        self._notice = ui.element("div").classes("stack stack-tight editor-notice")
        with layout.grid().classes("recipe-grid"):
            with ui.element("div").classes("cell cell-8"):
                choices = [tabs.Tab(name, t(label)) for name, label in LABELS.items()]
                self._row = tabs.tabs(choices, self._open, value=QUESTIONS).classes("tabs-plain")
                for name in LABELS:
                    self._places[name] = layout.stack()
                    self._places[name].set_visibility(name == QUESTIONS)
            with ui.element("div").classes("cell cell-4 recipe-summary"):
                self._draw_summary()
        self.draft.on_shape, self.draft.on_words, self.draft.on_state = self._reshape, self._follow, self._say_state
        self._open(QUESTIONS)
        self._follow()
        self._say_state()

    def _draw_head(self) -> None:
        line = self.draft.line
        crumbs = [("CIU", "/ciu"), (t("Recettes"), f"{words.RECIPES}?programme={line.programme}")]
        chip = chips.chip(words.sign(line))
        subtitle = f"{self.draft.view.programme_name} · {_about(line)}"
        with layout.page_head(words.version(line), subtitle, crumbs=crumbs, chip=chip):
            self._kept = show(Markup(), name="span").props("role=status aria-live=polite")
            self._publish: ui.button | None = None
            if self.draft.is_writable:
                self._undo = buttons.icon_only("undo", t("Annuler le dernier changement"), self.draft.undo)
                if self.draft.may_publish:
                    self._publish = buttons.primary(t("Publier"), self._ask_publish, icon="publish")
            else:
                if self.draft.may_publish and line.state == RecipeState.RETIRED:
                    buttons.secondary(t("Revenir à celle-ci"), self._ask_back, icon="undo")
                if self.draft.may_publish and line.state == RecipeState.DRAFT:
                    buttons.secondary(t("Publier"), self._ask_publish, icon="publish")
                buttons.primary(t("Copier en brouillon"), self._copy, icon="content_copy")

    def _draw_summary(self) -> None:
        with cards.titled(t("Le code qui en sort"), t("réponses d'exemple")):
            self._example = show(Markup(), classes="recipe-example")
            self._facts = show(Markup())
        self._warnings = layout.stack(is_tight=True)

    # Moving about

    def _open(self, name: str) -> None:
        self._tab = name
        for other, place in self._places.items():
            place.set_visibility(other == name)
        if name not in self._panels:
            with self._places[name]:
                self._panels[name] = self._make(name)
        self._panels[name].draw()

    def _make(self, name: str) -> Any:
        kinds = {
            QUESTIONS: QuestionsForm,
            CODE: CodeForm,
            TEXTS: TextsForm,
            RULES: RulesForm,
            PREVIEW: PreviewPanel,
            SIMULATION: SimulationPanel,
            CHANGES: ChangesPanel,
        }
        return ChecksPanel(self.draft, self._choose) if name == CHECKS else kinds[name](self.draft)

    def _choose(self, name: str) -> None:
        self._row.value = name

    # Following the document

    def _reshape(self) -> None:
        """Draw the open panel again: pieces came, went or moved."""
        self._panels[self._tab].draw()

    def _follow(self) -> None:
        draft = self.draft
        self._example.set_content(_example(draft))
        self._warnings.clear()
        with self._warnings:
            if draft.breaks_matching and draft.is_writable:
                cards.notice(breaking(draft.view), tone="ochre", icon_name="warning")
            if is_weak(draft.recipe):
                weak = t("Recette faible : deux personnes aux mêmes réponses auraient le même code.")
                cards.notice(weak, tone="ochre", icon_name="warning")
            if draft.readable:
                cards.notice(pseudonymous(draft.readable), icon_name="visibility")
        for place in self._row.default_slot.children:
            if place.props.get("name") == CHECKS:
                place.props["label"] = f"{t(LABELS[CHECKS])} · {count(len(draft.findings))}"
        if self._tab in {CHECKS, PREVIEW, CHANGES}:
            self._panels[self._tab].draw()

    def _say_state(self) -> None:
        """Say whether all is kept, what forbids publishing, and whether somebody else was faster."""
        draft = self.draft
        self._facts.set_content(facts(_facts(draft)))
        if draft.is_writable:
            said = t("Gardé") if draft.is_kept else t("Enregistrement…")
            self._kept.set_content(tag("span", said, class_="caption"))
            self._undo.set_enabled(draft.can_undo)
        if self._publish is not None:
            self._publish.set_enabled(not draft.findings and draft.rival is None)
            self._publish.props["title"] = t("Corrigez d'abord les fautes.") if draft.findings else ""
        if draft.rival is not None and not list(self._notice):
            self._draw_rival(draft.rival)

    def _draw_rival(self, line: RecipeLine) -> None:
        told = t("{who} a enregistré ce brouillon à {time}. Ce que vous écrivez ici n'est plus gardé dedans.")
        self._kept.set_content(tag("span", t("Non gardé"), class_="caption tone-red"))
        with self._notice:
            told = told.format(who=line.saved_by or t("Quelqu'un"), time=when(line.saved_at))
            cards.notice(told, tone="red", icon_name="sync_problem")
            with layout.row():
                buttons.secondary(t("Garder le mien comme nouveau brouillon"), self.draft.keep_apart, icon="call_split")
                buttons.secondary(t("Charger l'autre"), ui.navigate.reload, icon="refresh")

    # Acts

    async def _ask_publish(self) -> None:
        order = await self.draft.order()
        line = self.draft.line
        view = await shell.read(recipe_reads.get_recipe, line.programme, line.key, line.version)
        if view is None:
            return
        if view.line.checksum != order.checksum:
            await self.draft.heard()
            return
        publishing(view, self._leave)

    async def _ask_back(self) -> None:
        await roll_back_dialog(self.draft.line, self._leave)

    async def _leave(self) -> None:
        ui.navigate.to(f"{words.RECIPES}?programme={self.draft.line.programme}")

    async def _copy(self) -> None:
        line = self.draft.line
        note = t("D'après {version}").format(version=words.version(line))
        made = await shell.act(recipes.begin_draft, BeginDraft(recipe_id=line.id, note=note))
        if made is not None:
            ui.navigate.to(f"{words.RECIPES}/{made.programme}/{made.key}/{made.version}")


def _about(line: RecipeLine) -> str:
    if line.is_shipped:
        return t("livrée avec Palabre")
    return " · ".join(filter(None, (f"{line.saved_by or line.author}, {when(line.saved_at)}", line.note)))


def _example(draft: RecipeDraft) -> Markup:
    if not draft.example:
        return join(icon("error"), tag("span", t("Le code montre une question qui n'existe pas.")))
    return tag("code", draft.example, class_="recipe-code")


def _facts(draft: RecipeDraft) -> list[tuple[str, str | Markup]]:
    return [
        (t("Longueur"), counted(len(draft.example), t("{count} signe"), t("{count} signes"))),
        (t("Part lisible"), percent(draft.readable, 0)),
        (t("Questions"), words.questions(len(draft.recipe.questions))),
        (t("Langues"), words.languages(draft.recipe.languages)),
        (t("Comparée sous"), tag("code", draft.canon, class_="code-inline")),
        (t("Contrôle"), words.faults(len(draft.findings))),
    ]
