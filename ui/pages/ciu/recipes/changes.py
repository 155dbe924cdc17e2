"""What a version changes against the one in force, or against any other: questions, code, rules, texts."""

from uuid import UUID

from nicegui import ui

from services.ciu.difference import Difference, QuestionChange, RuleChange, TextChange, compare
from services.ciu.recipes import Recipe
from services.ciu.store import recipe_reads
from ui import shell
from ui.components import cards, chips, filters
from ui.components.empty import sentence
from ui.labels import counted, t
from ui.markup import Markup, icon, show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.draft import RecipeDraft


class ChangesPanel:
    """The difference; it follows what is typed."""

    def __init__(self, draft: RecipeDraft) -> None:
        self._draft = draft
        self._other: Recipe | None = draft.view.published
        with cards.card(is_flush=True):
            with ui.element("div").classes("card-head card-head-ruled"):
                self._title = show(Markup())
                ui.element("div").classes("spacer")
                self._choice = ui.element("div")
            self._list = show(Markup(), classes="entries")
        ui.timer(0, self._offer, once=True)

    def draw(self) -> None:
        """Draw what changes."""
        if self._other is None:
            self._title.set_content(tag("h2", t("Changements"), class_="card-title"))
            self._list.set_content(sentence(t("Rien n'est en service : choisissez une version."), "difference"))
            return
        found = compare(self._other, self._draft.recipe)
        told = counted(found.count, t("{count} changement"), t("{count} changements"))
        self._title.set_content(tag("h2", told, class_="card-title"))
        self._list.set_content(changes(found))

    async def _offer(self) -> None:
        """Offer the programme's other versions to compare with."""
        line = self._draft.line
        lines = await shell.read(recipe_reads.list_recipes, line.programme) or []
        others = {str(one.id): words.version(one) for one in lines if one.id != line.id}
        if not others or self._choice.is_deleted:
            return
        in_force = next((str(one.id) for one in lines if self._is_in_force(str(one.id))), next(iter(others)))
        with self._choice:
            filters.choice(t("Comparer avec"), others, self._compare, value=in_force if in_force in others else "")

    def _is_in_force(self, recipe_id: str) -> bool:
        line = self._draft.view.published_line
        return line is not None and str(line.id) == recipe_id

    async def _compare(self, recipe_id: str) -> None:
        body = await shell.read(recipe_reads.get_body, UUID(recipe_id))
        if body is not None and not self._list.is_deleted:
            self._other = body
            self.draw()


def changes(found: Difference) -> Markup:
    """Return the list of what changes."""
    if not found.count:
        return sentence(t("Les deux versions disent la même chose."), "difference")
    parts = [
        *map(_question, found.questions),
        _code(found),
        _rules(found.rules) if found.rules else None,
        _texts(found.texts) if found.texts else None,
    ]
    return tag("ul", *parts, class_="changes")


def _question(change: QuestionChange) -> Markup:
    head = tag(
        "div",
        tag("span", words.asked(change.name), class_="line-title"),
        chips.chip(words.CHANGES[change.change]),
        class_="change-head",
    )
    before = words.question(change.before) if change.before else ""
    after = words.question(change.after) if change.after else ""
    row = _row(t("Lecture"), before, after) if before != after else None
    return tag("li", head, row, class_="change")


def _code(found: Difference) -> Markup | None:
    if found.layout is None:
        return None
    before, after = map(words.layout, found.layout)
    return tag("li", _head(t("Code")), _row(t("Parties"), before, after), class_="change")


def _rules(rules: tuple[RuleChange, ...]) -> Markup:
    rows = (_row(t(words.RULES[one.name]), words.value(one.before), words.value(one.after)) for one in rules)
    return tag("li", _head(t("Règles")), *rows, class_="change")


def _texts(texts: tuple[TextChange, ...]) -> Markup:
    rows = (_row(f"{words.text(one.key)} · {words.language(one.language)}", one.before, one.after) for one in texts)
    return tag("li", _head(t("Textes")), *rows, class_="change")


def _head(title: str) -> Markup:
    return tag("div", tag("span", title, class_="line-title"), class_="change-head")


def _row(where: str, before: str, after: str) -> Markup:
    return tag(
        "div",
        tag("span", where, class_="change-where"),
        tag("del", before, class_="change-before") if before else None,
        icon("arrow_forward") if before and after else None,
        tag("ins", after, class_="change-after") if after else None,
        class_="change-row",
    )
