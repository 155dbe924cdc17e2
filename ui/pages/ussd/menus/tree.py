"""The screens of a document as a tree: one element, walked with the arrows, searched, with what lint found beside."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import events, ui

from channels import outline as outlines
from channels.lint import Finding
from channels.outline import Leaf
from ui.components import filters
from ui.components.empty import sentence
from ui.labels import t
from ui.markup import Markup, icon, show, tag
from ui.pages.ussd.menus import words
from ui.pages.ussd.menus.draft import Draft

DEEPEST = 6
CHOOSE = "(event) => { const leaf = event.target.closest('[data-screen]'); if (leaf) emit(leaf.dataset.screen); }"

OnChoose = Callable[[str], Awaitable[Any]]


class Tree:
    """The tree; `on_choose` gets the name of a screen, empty for the settings of the whole."""

    def __init__(self, draft: Draft, on_choose: OnChoose) -> None:
        self._draft, self._on_choose = draft, on_choose
        self._chosen = ""
        self._sought = ""
        filters.search_box(t("Chercher un écran ou un mot"), self._search).classes("tree-search")
        self._place = ui.html("", tag="div").classes("shown leaves-place")
        self._place.on("click", self._choose, js_handler=CHOOSE)

    def draw(self, chosen: str) -> None:
        """Draw the tree again, one screen chosen."""
        self._chosen = chosen
        body = self._draft.body
        found = outlines.matches(body, self._sought)
        leaves = [leaf for leaf in outlines.outline(body) if leaf.name in found]
        by_screen = faults_by_screen(self._draft.findings)
        lines = [self._line(leaf, by_screen.get(leaf.name, [])) for leaf in leaves]
        settings = tag(
            "li",
            icon("settings", class_="leaf-kind"),
            tag("span", tag("span", t("Réglages du parcours"), class_="leaf-name"), class_="leaf-words"),
            _fault(by_screen.get("", [])),
            **_leaf("", is_chosen=not chosen, depth=0),
        )
        nothing = sentence(t("Aucun écran ne contient ces mots."), "search_off") if self._sought and not lines else None
        content = tag("ul", settings, *lines, class_="leaves", role="tree", aria_label=t("Écrans"))
        self._place.set_content(tag("div", content, nothing))

    def _line(self, leaf: Leaf, faults: list[Finding]) -> Markup:
        via = tag("span", leaf.via, class_="leaf-via") if leaf.via else None
        label = tag("span", leaf.label, class_="leaf-label") if leaf.label else None
        loose = t("jamais atteint") if leaf.is_loose and not leaf.parent else ""
        return tag(
            "li",
            icon(words.kind_icon(leaf.kind), class_="leaf-kind"),
            tag("span", tag("span", via, leaf.name, class_="leaf-name"), label, class_="leaf-words"),
            tag("span", loose, class_="caption") if loose else None,
            _fault(faults),
            title=words.kind(leaf.kind),
            **_leaf(leaf.name, is_chosen=leaf.name == self._chosen, depth=leaf.depth),
        )

    def _search(self, sought: str) -> None:
        self._sought = sought
        self.draw(self._chosen)

    async def _choose(self, event: events.GenericEventArguments) -> None:
        await self._on_choose(str(event.args))


def _leaf(name: str, *, is_chosen: bool, depth: int) -> dict[str, str]:
    return {
        "class_": f"leaf leaf-{min(depth, DEEPEST)}" + (" leaf-chosen" if is_chosen else ""),
        "role": "treeitem",
        "aria_level": str(depth + 1),
        "aria_selected": "true" if is_chosen else "false",
        "tabindex": "0" if is_chosen else "-1",
        "data_screen": name,
    }


def _fault(findings: list[Finding]) -> Markup | None:
    if not findings:
        return None
    is_error = any(finding.is_error for finding in findings)
    words_ = "\n".join(f"{finding.rule} {finding.message}" for finding in findings)
    tone = "red" if is_error else "ochre"
    return tag("span", icon("error" if is_error else "warning"), class_=f"leaf-fault tone-{tone}", title=words_)


def screen_of(finding: Finding) -> str:
    """Return the screen a finding is about: L01 names a path within the document."""
    if finding.rule != "L01":
        return finding.screen
    parts = finding.screen.split(".")
    return parts[1] if parts[0] == "screens" and len(parts) > 1 else ""


def faults_by_screen(findings: list[Finding]) -> dict[str, list[Finding]]:
    """Return the findings by the screen they are about."""
    by_screen: dict[str, list[Finding]] = {}
    for finding in findings:
        by_screen.setdefault(screen_of(finding), []).append(finding)
    return by_screen


def checks(findings: list[Finding]) -> Markup:
    """Return what lint found, one a line that leads to its place; errors first."""
    if not findings:
        return sentence(t("Rien à redire : ce parcours peut être publié."), "task_alt")
    ordered = sorted(findings, key=lambda finding: (finding.is_warning, finding.rule, finding.screen))
    return tag("ul", *map(_check, ordered), class_="findings")


def _check(finding: Finding) -> Markup:
    sign, tone = ("error", "red") if finding.is_error else ("warning", "ochre")
    screen = screen_of(finding)
    return tag(
        "li",
        tag(
            "button",
            icon(sign, class_=f"tone-{tone}"),
            tag(
                "span",
                tag("span", screen or t("Réglages du parcours"), class_="line-title"),
                tag("span", finding.message, class_="line-detail"),
                class_="line-words",
            ),
            tag("span", f"{finding.rule} · {words.rule(finding.rule)}", class_="caption"),
            type="button",
            class_="finding",
            data_screen=screen,
        ),
    )


def draw_checks(on_choose: OnChoose) -> ui.html:
    """Place the list of findings; pressing one leads to its screen."""
    place = show(Markup(), classes="entries")

    async def choose(event: events.GenericEventArguments) -> None:
        await on_choose(str(event.args))

    place.on("click", choose, js_handler=CHOOSE)
    return place
