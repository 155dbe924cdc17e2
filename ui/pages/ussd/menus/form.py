"""The form of one screen: what it says in every language, where it leads, what it asks or does."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from nicegui import context, ui

from channels import document, outline, yaml_form
from channels.document import Body, Path, ScreenNameRefused
from channels.yaml_form import UnreadableText
from ui import shell
from ui.components import buttons, cards, chips, fields, filters, layout, toasts
from ui.labels import speaking, t
from ui.markup import Markup, show, tag
from ui.pages.ussd.menus import kinds, meters, words
from ui.pages.ussd.menus.dialogs import ask_name, ask_screen
from ui.pages.ussd.menus.draft import Draft
from ui.pages.ussd.menus.kinds import Field, Widget

TYPING_RESTS_MS = 250
NEW = "+"

Choose = Callable[[str], Awaitable[Any]]
Refresh = Callable[[Body], None]


class ScreenForm:
    """The form of the chosen screen; typing changes the document, the meters follow, the fields stay."""

    def __init__(self, draft: Draft, on_choose: Choose) -> None:
        self._draft, self._choose = draft, on_choose
        self._page, self._name = context.client, ""
        self._language = document.languages_of(draft.body)[0]
        self._meters: list[Callable[[], None]] = []
        self._place = ui.element("div").classes("stack screen-form")

    def draw(self, name: str) -> None:
        """Draw the fields of a screen; the settings of the whole for an empty name."""
        self._name, self._meters = name, []
        self._place.clear()
        screen = document.screens_of(self._draft.body).get(name)
        with self._place:
            if screen is None:
                self._draw_settings()
            else:
                self._draw_screen(screen)
        self.weigh()

    def weigh(self) -> None:
        """Weigh everything on the form again."""
        for refresh in self._meters:
            refresh()

    # What is edited

    @property
    def _screen(self) -> Body:
        return document.screens_of(self._draft.body).get(self._name, {})

    def _path(self, *steps: str | int) -> Path:
        return ("screens", self._name, *steps) if self._name else steps

    async def _put(self, path: Path, value: Any) -> None:
        await self._draft.change(document.put(self._draft.body, path, value))

    async def _reshape(self, body: Body) -> None:
        """Change the document so that the fields change too."""
        await self._draft.change(body)
        self.draw(self._name)

    # The whole

    def _draw_settings(self) -> None:
        with cards.titled(t("Réglages du parcours"), kinds.language_names(self._draft.body)), fields.form():
            self._target(t("Entrée"), ("entry",), self._draft.body.get("entry"))
            for field, label, hint in kinds.SETTINGS:
                self._part(t(label), (field,), self._draft.body.get(field), hint=t(hint))

    # A screen

    def _draw_screen(self, screen: Body) -> None:
        kind = str(screen.get("kind", ""))
        with cards.card():
            self._draw_head(kind)
            with fields.form():
                for field in kinds.fields_of(screen):
                    self._draw_field(field, screen)

    def _draw_head(self, kind: str) -> None:
        with ui.element("div").classes("screen-head"):
            mark = chips.plain(words.kind(kind), icon_name=words.kind_icon(kind))
            show(tag("div", tag("h2", self._name, class_="card-title"), mark, class_="abreast"))
            if self._draft.is_writable:
                with ui.element("div").classes("version-acts"):
                    buttons.icon_only("edit", t("Renommer cet écran"), self._rename)
                    buttons.icon_only("content_copy", t("Copier cet écran"), self._copy)
                    buttons.icon_only("delete", t("Supprimer cet écran"), self._delete)
        before = outline.leading_to(self._draft.body, self._name)
        with ui.element("div").classes("abreast screen-before"):
            show(tag("span", t("On y vient de") if before else t("Aucun écran n'y mène."), class_="caption"))
            for name in before:
                buttons.quiet(name, partial(self._choose, name)).classes("screen-link")

    def _draw_field(self, field: Field, screen: Body) -> None:  # noqa: C901  # one case a widget
        path, value = self._path(field.name), screen.get(field.name)
        match field.widget:
            case Widget.TEXT:
                is_main = field.name == "text"
                self._texts(t(field.label), path, is_main=is_main)
                if is_main:
                    self._draw_preview()
            case Widget.TARGET:
                self._target(t(field.label), path, value)
            case Widget.WORD:
                self._word(t(field.label), path, value)
            case Widget.CHOICE:
                self._choice(t(field.label), path, value, kinds.choices(field.name, self._draft.body))
            case Widget.PART:
                self._part(t(field.label), path, value)
            case Widget.FLAG:
                self._flag(t(field.label), path, value)
            case Widget.OPTIONS:
                self._options(screen)
            case Widget.RULES:
                self._rules(screen)
            case Widget.ERRORS:
                self._errors(screen)
            case Widget.OUTCOMES:
                self._outcomes(screen)

    def _draw_preview(self) -> None:
        """Place what a phone shows, one language at a time, under the text it comes from."""
        languages = {code: words.language(code) for code in document.languages_of(self._draft.body)}
        with ui.element("div").classes("part-card"):
            with layout.row(is_spread=True):
                show(tag("span", t("Tel qu'il s'affiche, valeurs les plus longues"), class_="caption"))
                filters.segments(languages, self._language, self._speak, label=t("Langue"))
            place = show(Markup()).props("aria-live=polite")

        def refresh() -> None:
            place.set_content(meters.previews(kinds.gauges(self._draft, self._name), self._language))

        self._meters.append(refresh)

    def _speak(self, language: str) -> None:
        self._language = language
        self.weigh()

    # Fields

    def _texts(self, label: str, path: Path, *, is_main: bool) -> None:
        """Place a text in every language, each with its meter: of the whole screen, or of its own line."""
        with ui.element("fieldset").classes("texts"):
            show(tag("span", label), name="legend", classes="field-label")
            with ui.element("div").classes("texts-languages"):
                for language in document.languages_of(self._draft.body):
                    with ui.element("div").classes("text-language"):
                        self._text(path, language, is_main=is_main)

    def _text(self, path: Path, language: str, *, is_main: bool) -> None:
        present = kinds.spoken(self._draft.body, path, language)
        place = fields.long_text if is_main else fields.text
        box: ui.input | ui.textarea = place(words.language(language), value=present)
        box.props(f"debounce={TYPING_RESTS_MS} spellcheck=true lang={language}").set_enabled(self._draft.is_writable)
        meter = show(Markup())

        async def write() -> None:
            await self._draft.change(document.say(self._draft.body, path, language, str(box.value or "")))

        def refresh() -> None:
            said = kinds.spoken(self._draft.body, path, language)
            if is_main:
                found = next(
                    (each for each in kinds.gauges(self._draft, self._name) if each.language == language), None
                )
                meter.set_content(Markup((meters.gauge(found) if found else "") + (meters.strange(said) or "")))
            else:
                meter.set_content(meters.line_weight(kinds.weight(self._draft, said), said))

        box.on_value_change(write)
        self._meters.append(refresh)

    def _target(self, label: str, path: Path, value: Any) -> None:
        """Place a choice among the screens; the last one makes a new screen and leads to it."""
        named = {leaf.name: f"{leaf.name} · {leaf.label}" if leaf.label else leaf.name for leaf in self._leaves()}
        present = str(value or "")
        choices = {"": t("– nulle part"), **named}
        if present not in choices:
            choices[present] = t("{name} (absent)").format(name=present)
        if self._draft.is_writable:
            choices[NEW] = t("+ Nouvel écran…")
        box = fields.choice(label, choices, value=present)
        box.props("use-input input-debounce=0 hide-selected fill-input").set_enabled(self._draft.is_writable)

        async def choose() -> None:
            chosen = str(box.value or "")
            if chosen == NEW:
                box.value = present
                ask_screen(self._draft, partial(self._lead, path))
            elif chosen != present:
                await self._put(path, chosen)

        box.on_value_change(choose)

    async def _lead(self, path: Path, body: Body, name: str) -> None:
        """Take a document with one more screen, lead there from `path`, and show it."""
        await self._draft.change(document.put(body, path, name))
        await self._choose(name)

    def _leaves(self) -> tuple[outline.Leaf, ...]:
        return outline.outline(self._draft.body)

    def _word(self, label: str, path: Path, value: Any) -> None:
        box = fields.text(label, value=str(value or ""))
        box.props(f"debounce={TYPING_RESTS_MS}").set_enabled(self._draft.is_writable)
        box.on_value_change(lambda: self._put(path, str(box.value or "").strip()))

    def _choice(self, label: str, path: Path, value: Any, choices: Mapping[str, str]) -> None:
        present = str(value or "")
        box = fields.choice(label, {"": "–", present: present or "–", **choices}, value=present)
        box.set_enabled(self._draft.is_writable)

        async def choose() -> None:
            await self._reshape(document.put(self._draft.body, path, str(box.value or "")))

        box.on_value_change(choose)

    def _part(self, label: str, path: Path, value: Any, *, hint: str = "") -> None:
        """Place a piece of data as YAML: a condition, what an action is given, the variables."""
        box = fields.long_text(label, value=yaml_form.part_to_text(value), hint=hint)
        box.props(f"debounce={TYPING_RESTS_MS * 2} spellcheck=false").classes("yaml-line")
        box.set_enabled(self._draft.is_writable)

        async def write() -> None:
            fields.show_error(box, None)
            try:
                with speaking():
                    part = yaml_form.part_from_text(str(box.value or ""))
            except UnreadableText as refusal:
                fields.show_error(box, shell.sentence_of(refusal))
                return
            await self._put(path, part)

        box.on_value_change(write)

    def _flag(self, label: str, path: Path, value: Any) -> None:
        box = fields.checkbox(label, is_on=value is True)
        box.set_enabled(self._draft.is_writable)
        box.on_value_change(lambda: self._put(path, True if box.value else None))

    # Options, rules, outcomes, error lines

    def _options(self, screen: Body) -> None:
        layout.section_title(t("Options"))
        for at, option in enumerate(document.items(screen, "options")):
            with ui.element("div").classes("part-card"):
                path = self._path("options", at)
                with ui.element("div").classes("option-head"):
                    self._word(t("Touche"), (*path, "key"), option.get("key"))
                    self._target(t("Mène à"), (*path, "to"), option.get("to"))
                    self._part_acts("options", at, str(option.get("key", at + 1)))
                self._texts(t("Libellé"), (*path, "label"), is_main=False)
                with _more(is_open="if" in option or "set" in option):
                    self._part(t("Montrée si"), (*path, "if"), option.get("if"))
                    self._part(t("Retient"), (*path, "set"), option.get("set"))
        if self._draft.is_writable:
            with layout.row():
                buttons.secondary(t("Ajouter une option"), self._add_option, icon="add")

    def _rules(self, screen: Body) -> None:
        layout.section_title(t("Règles"))
        for at, rule in enumerate(document.items(screen, "rules")):
            with ui.element("div").classes("part-card"):
                path = self._path("rules", at)
                with ui.element("div").classes("option-head option-head-rule"):
                    self._target(t("Mène à"), (*path, "to"), rule.get("to"))
                    self._part_acts("rules", at, str(at + 1))
                self._part(t("Si"), (*path, "if"), rule.get("if"))
        if self._draft.is_writable:
            with layout.row():
                buttons.secondary(t("Ajouter une règle"), self._add_rule, icon="add")

    def _part_acts(self, field: str, at: int, name: str) -> None:
        if not self._draft.is_writable:
            return
        with ui.element("div").classes("version-acts"):
            up = t("Monter {name}").format(name=name)
            down = t("Descendre {name}").format(name=name)
            buttons.icon_only("arrow_upward", up, partial(self._move, field, at, -1))
            buttons.icon_only("arrow_downward", down, partial(self._move, field, at, 1))
            if field == "options":
                label = t("Déplacer {name} vers un autre écran").format(name=name)
                buttons.icon_only("subdirectory_arrow_right", label, partial(self._move_away, at))
            buttons.icon_only("delete", t("Supprimer {name}").format(name=name), partial(self._drop, field, at))

    def _outcomes(self, screen: Body) -> None:
        given = screen.get("outcomes")
        present: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        names = kinds.outcomes(screen, self._draft)
        if not names:
            return
        layout.section_title(t("Issues"))
        with ui.element("div").classes("outcomes"):
            for name in names:
                self._target(name, self._path("outcomes", name), present.get(name))

    def _errors(self, screen: Body) -> None:
        given = screen.get("errors")
        present = list(given) if isinstance(given, Mapping) else []
        layout.section_title(t("Lignes d'erreur"))
        for name in sorted(present):
            with ui.element("div").classes("part-card"):
                self._texts(name, self._path("errors", name), is_main=False)
                if self._draft.is_writable:
                    label = t("Supprimer {name}").format(name=name)
                    drop = partial(self._reshape_put, self._path("errors", name), None)
                    with ui.element("div").classes("version-acts"):
                        buttons.icon_only("delete", label, drop)
        missing = [name for name in kinds.error_names(screen, self._draft) if name not in present]
        if self._draft.is_writable and missing:
            with layout.row():
                for name in missing:
                    blank = dict.fromkeys(document.languages_of(self._draft.body), "")
                    buttons.quiet(name, partial(self._reshape_put, self._path("errors", name), blank), icon="add")

    async def _reshape_put(self, path: Path, value: Any) -> None:
        await self._reshape(document.put(self._draft.body, path, value))

    async def _add_option(self) -> None:
        await self._reshape(document.add_option(self._draft.body, self._name))

    async def _add_rule(self) -> None:
        rule = {"if": {"var": "caller.status", "op": "eq", "value": "active"}, "to": ""}
        await self._reshape_put(self._path("rules"), [*document.items(self._screen, "rules"), rule])

    async def _move(self, field: str, at: int, step: int) -> None:
        await self._reshape(document.move_part(self._draft.body, self._name, field, at, step))

    async def _drop(self, field: str, at: int) -> None:
        await self._reshape(document.delete_part(self._draft.body, self._name, field, at))

    def _move_away(self, at: int) -> None:
        async def move(to: str) -> None:
            await self._draft.change(document.move_option(self._draft.body, self._name, at, to))
            await self._choose(to)

        menus = [leaf.name for leaf in self._leaves() if leaf.kind in {"menu", "info"} and leaf.name != self._name]
        ask_name(t("Déplacer l'option"), t("Vers l'écran"), act=t("Déplacer"), choices=menus, confirm=move)

    # The screen itself

    def _rename(self) -> None:
        async def rename(new: str) -> None:
            try:
                body = document.rename_screen(self._draft.body, self._name, new)
            except ScreenNameRefused as refusal:
                toasts.refused(shell.sentence_of(refusal))
                return
            await self._draft.change(body)
            await self._choose(new)

        ask_name(t("Renommer l'écran"), t("Nouveau nom"), act=t("Renommer"), value=self._name, confirm=rename)

    async def _copy(self) -> None:
        body, fresh = document.copy_screen(self._draft.body, self._name)
        await self._draft.change(body)
        await self._choose(fresh)

    async def _delete(self) -> None:
        before, name = self._draft.body, self._name
        await self._draft.change(document.delete_screen(before, name))
        await self._choose("")
        with self._page:  # the button is gone with its screen
            toasts.undoable(t("Écran {name} supprimé.").format(name=name), partial(self._restore, name))

    async def _restore(self, name: str) -> None:
        await self._draft.undo()
        await self._choose(name)


def _more(*, is_open: bool) -> ui.element:
    """Open what is rarely needed, folded away; a key press unfolds it."""
    folded = ui.element("details").classes("more")
    if is_open:
        folded.props["open"] = True
    with folded:
        show(tag("span", t("Condition et valeurs")), name="summary", classes="caption")
        return ui.element("div").classes("more-fields")
