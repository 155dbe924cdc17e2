"""`/ussd-console/menus/{key}/{number}`: one version as tree and form, as text, as a list of faults, as a difference."""

from nicegui import ui

from channels import document, publishing
from channels.difference import difference
from channels.document import Body
from core.permissions import Permission
from models.flows import VersionState
from services import flows
from services import menus as reads
from services.menus import MenuRow, VersionLine
from ui import live, shell
from ui.components import buttons, cards, chips, filters, layout, tabs, toasts
from ui.labels import count, t, when
from ui.markup import Markup, show, tag
from ui.pages.ussd.menus import words
from ui.pages.ussd.menus.changes import changes, summary
from ui.pages.ussd.menus.dialogs import ask_screen
from ui.pages.ussd.menus.draft import Draft
from ui.pages.ussd.menus.form import ScreenForm
from ui.pages.ussd.menus.putting_live import put_live_dialog
from ui.pages.ussd.menus.text_form import TextForm
from ui.pages.ussd.menus.tree import CHOOSE, Tree, checks, draw_checks

SCREENS, TEXT, CHECKS, CHANGES = "screens", "text", "checks", "changes"


@shell.screen(words.MENUS + "/{key}/{number}", title="Version d'un menu", needs=Permission.USSD_READ)
async def editor(key: str, number: int, ecran: str = "") -> None:
    """Draw one version; `ecran` opens one of its screens."""
    row = await shell.read(reads.get_menu, key)
    line = await shell.read(reads.get_version, key, number)
    versions = await shell.read(reads.list_versions, key)
    body = await shell.read(flows.get_body, line.id) if line else None
    facts = await shell.read(publishing.get_facts, key)
    if row is None or line is None or versions is None or body is None or facts is None:
        return
    may_write = shell.visitor().may(Permission.USSD_MENUS_WRITE)
    page = _Editor(row, versions, Draft(line, body, facts, may_write=may_write))
    await page.draw(ecran)
    live.subscribe(["flows"], lambda _: page.draft.heard())


class _Editor:
    """The page of a version."""

    def __init__(self, row: MenuRow, versions: list[VersionLine], draft: Draft) -> None:
        self._row, self._versions, self.draft = row, versions, draft
        self._chosen, self._tab = "", SCREENS
        self._parts: dict[str, ui.element] = {}
        live_one = next((line for line in versions if line.live_on and line.id != draft.line.id), None)
        older = next((line for line in versions if line.number < draft.line.number), None)
        self._other = live_one or older
        self._other_body: Body = {}

    async def draw(self, screen: str) -> None:
        """Draw the page, one screen chosen: the entry unless another is asked for."""
        self._draw_head()
        self._notice = ui.element("div").classes("stack stack-tight editor-notice")
        if self._other is not None:
            self._other_body = await shell.read(flows.get_body, self._other.id) or {}
        self._row_of_tabs = tabs.tabs(self._tabs(), self._open_tab, value=SCREENS)
        self._row_of_tabs.classes("tabs-plain")
        self._draw_parts()
        self.draft.on_change, self.draft.on_state = self._follow, self._say_state
        screens = document.screens_of(self.draft.body)
        self._chosen = screen if screen in screens else str(self.draft.body.get("entry", ""))
        self._show_chosen()
        self._follow_part()
        self._say_state()
        if screen:
            ui.timer(0, lambda: ui.run_javascript("palabre.showLeaf()"), once=True)  # once the browser is there

    # Drawing

    def _draw_head(self) -> None:
        line = self.draft.line
        title = t("{menu}, version {number}").format(menu=self._row.title or self._row.key, number=line.number)
        crumbs = [(t("Menus"), words.MENUS), (self._row.title or self._row.key, words.menu_path(self._row.key))]
        with layout.page_head(title, _about(line), crumbs=crumbs, chip=chips.chip(words.STATES[line.state])):
            self._kept = show(Markup(), name="span").props("role=status aria-live=polite")
            if self.draft.is_writable:
                self._undo = buttons.icon_only("undo", t("Annuler le dernier changement"), self.draft.undo)
                buttons.secondary(t("Nouvel écran"), self._add_screen, icon="add")
            if self.draft.may_write:
                self._draw_steps(line)

    def _draw_steps(self, line: VersionLine) -> None:
        """Draw the steps of its life that this version may take now."""
        self._step: ui.button | None = None
        is_author = shell.visitor().user_id in line.authors
        match line.state:
            case VersionState.DRAFT if self._row.needs_four_eyes:
                self._step = buttons.primary(t("Envoyer en relecture"), self._ask_review, icon="fact_check")
            case VersionState.DRAFT:
                buttons.secondary(t("Envoyer en relecture"), self._ask_review, icon="fact_check")
                self._step = buttons.primary(t("Publier"), self._publish, icon="publish")
            case VersionState.REVIEW:
                buttons.secondary(t("Rendre à l'auteur"), self._give_back, icon="undo")
                if not (self._row.needs_four_eyes and is_author):
                    self._step = buttons.primary(t("Publier"), self._publish, icon="publish")
            case VersionState.RETIRED:
                buttons.secondary(t("Revenir à celle-ci"), self._publish, icon="undo")

    def _draw_parts(self) -> None:
        with ui.element("div").classes("grid editor-grid") as self._parts[SCREENS]:
            with ui.element("div").classes("cell cell-4 editor-tree"), cards.card(is_flush=True):
                self._tree = Tree(self.draft, self._choose)
            with layout.cell(8):
                self._form = ScreenForm(self.draft, self._choose)
        with ui.element("div").classes("stack") as self._parts[TEXT]:
            self._text = TextForm(self.draft)
        ruling = t("une erreur empêche de publier")
        with cards.titled(t("Contrôle"), ruling, is_flush=True, is_ruled=True) as self._parts[CHECKS]:
            self._checks = draw_checks(self._choose)
        with ui.element("div").classes("stack") as self._parts[CHANGES]:
            self._draw_changes()
        for name, part in self._parts.items():
            part.set_visibility(name == SCREENS)

    def _draw_changes(self) -> None:
        others = {str(line.number): _named(line) for line in self._versions if line.id != self.draft.line.id}
        with cards.card(is_flush=True):
            with ui.element("div").classes("card-head card-head-ruled"):
                self._change_words = show(Markup())
                if self._other is not None:
                    filters.choice(t("Comparer avec"), others, self._compare, value=str(self._other.number))
            self._changes = show(Markup(), classes="entries")
            self._changes.on("click", lambda event: self._choose(str(event.args)), js_handler=CHOOSE)

    def _tabs(self) -> list[tabs.Tab]:
        return [
            tabs.Tab(SCREENS, t("Écrans")),
            tabs.Tab(CHECKS, t("Contrôle")),
            tabs.Tab(CHANGES, t("Changements")),
            tabs.Tab(TEXT, t("Texte")),
        ]

    # Moving about

    async def _choose(self, name: str) -> None:
        """Show a screen: in the tree, in the form, whatever part was open."""
        self._chosen = name if name in document.screens_of(self.draft.body) else ""
        with self._notice:  # the button that led here may be gone with its form
            self._show_chosen()
            if self._tab != SCREENS:
                self._row_of_tabs.value = SCREENS
            ui.run_javascript("palabre.showLeaf()")

    def _show_chosen(self) -> None:
        self._form.draw(self._chosen)
        self._tree.draw(self._chosen)

    def _open_tab(self, name: str) -> None:
        self._tab = name
        for other, part in self._parts.items():
            part.set_visibility(other == name)
        if name == SCREENS:
            self._form.draw(self._chosen)
        self._follow_part()
        if name == TEXT:
            self._text.draw()

    async def _compare(self, number: str) -> None:
        other = next((line for line in self._versions if str(line.number) == number), None)
        if other is not None:
            self._other = other
            self._other_body = await shell.read(flows.get_body, other.id) or {}
            self._follow_part()

    # Following the document

    def _follow(self) -> None:
        self._tree.draw(self._chosen)
        self._form.weigh()
        self._follow_part()

    def _follow_part(self) -> None:
        self._checks.set_content(checks(self.draft.findings))
        tab = next(each for each in self._row_of_tabs.default_slot.children if each.props.get("name") == CHECKS)
        tab.props["label"] = f"{t('Contrôle')} · {count(len(self.draft.findings))}"
        if self._tab == CHANGES:
            found = difference(self._other_body, self.draft.body)
            self._change_words.set_content(tag("h2", summary(found), class_="card-title"))
            self._changes.set_content(changes(found))

    def _say_state(self) -> None:
        """Say whether all is kept, what forbids the next step, and whether somebody else was faster."""
        draft = self.draft
        if draft.is_writable:
            self._kept.set_content(tag("span", t("Gardé") if draft.is_kept else t("Enregistrement…"), class_="caption"))
            self._undo.set_enabled(draft.can_undo)
        if draft.may_write and self._step is not None:
            self._step.set_enabled(not draft.errors and draft.conflict is None)
            self._step.props["title"] = t("Corrigez d'abord les erreurs.") if draft.errors else ""
        if draft.conflict is not None and not list(self._notice):
            self._draw_conflict(draft.conflict.by)

    def _draw_conflict(self, line: VersionLine) -> None:
        told = t("{who} a enregistré ce brouillon à {time}. Ce que vous écrivez ici n'est plus gardé dedans.")
        self._kept.set_content(tag("span", t("Non gardé"), class_="caption tone-red"))
        with self._notice:
            told = told.format(who=line.saved_by or t("Quelqu'un"), time=when(line.saved_at))
            cards.notice(told, tone="red", icon_name="sync_problem")
            with layout.row():
                buttons.secondary(t("Garder le mien comme nouveau brouillon"), self.draft.keep_apart, icon="call_split")
                buttons.secondary(t("Charger l'autre"), ui.navigate.reload, icon="refresh")

    # Acts

    def _add_screen(self) -> None:
        async def made(body: Body, name: str) -> None:
            await self.draft.change(body)
            await self._choose(name)

        ask_screen(self.draft, made)

    async def _ask_review(self) -> None:
        moved = await shell.act(flows.request_review, await self.draft.order())
        if moved is not None:
            toasts.done(t("Version {number} envoyée en relecture.").format(number=moved.number))
            ui.navigate.reload()

    async def _give_back(self) -> None:
        moved = await shell.act(flows.return_to_draft, await self.draft.order())
        if moved is not None:
            toasts.done(t("Version {number} rendue à son auteur.").format(number=moved.number))
            ui.navigate.reload()

    async def _publish(self) -> None:
        line = await shell.read(reads.get_version, self._row.key, self.draft.line.number)
        row = await shell.read(reads.get_menu, self._row.key)
        versions = await shell.read(reads.list_versions, self._row.key)
        if line is None or row is None or versions is None:
            return
        if line.checksum != self.draft.checksum:
            await self.draft.heard()
            return
        await put_live_dialog(row, line, versions, self._leave)

    async def _leave(self) -> None:
        ui.navigate.to(words.menu_path(self._row.key))


def _about(line: VersionLine) -> str:
    who, note = (line.saved_by, line.note) if line.saved_by else (t("livrée avec Palabre"), "")
    parts = [f"{who}, {when(line.saved_at)}", note, words.sessions(line.open_sessions)]
    return " · ".join(filter(None, parts))


def _named(line: VersionLine) -> str:
    state = t("en ligne") if line.live_on else t(words.STATES[line.state].word)
    return f"{words.version(line.number)} · {state}"
