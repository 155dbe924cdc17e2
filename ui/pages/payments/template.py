"""`/paiements/messages/modeles/{code}`: one text per language, weighed while it is written, published in one act."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from core.errors import NotFound, Refusal
from core.permissions import Permission
from services.messages import editions
from services.messages.editions import Checked, SaveText, TextRow
from ui import forms, shell
from ui.components import buttons, cards, chips, fields, layout, tabs, toasts
from ui.components.progress import plain_bar
from ui.labels import Tone, count, moment, t
from ui.markup import Markup, join, show, tag
from ui.pages.administration import words
from ui.pages.payments import message_words

ONE_PART = {"gsm7": (160, 153), "ucs2": (70, 67)}
TYPING_RESTS_MS = 200


@shell.screen(message_words.TEMPLATES + "/{code}", title="Modèle de message", needs=Permission.OUTBOX_READ)
async def template(code: str, langue: str = "fr") -> None:
    """Draw the languages of a text; `langue` opens one of them."""
    rows = await shell.read(editions.list_texts, code=code, with_history=True)
    if rows is None:
        return
    if not rows:
        raise NotFound(thing="message_template")
    layout.title(
        words.message_type(code),
        t("Variables : {names}.").format(names=_variables(rows[0])),
        crumbs=[(t("Messages"), message_words.MESSAGES), (t("Modèles"), message_words.TEMPLATES)],
    )
    order = [locale for locale in ("fr", "en", "ln") if any(row.locale == locale for row in rows)]
    first = langue if langue in order else order[0]
    place = ui.element("div").classes("stack")

    async def draw(locale: str) -> None:
        """Draw a language as it stands now; who pressed a button of it is drawn again."""
        with place:
            found = await shell.read(editions.list_texts, code=code, locale=locale, with_history=True)
            if found and not place.is_deleted:
                place.clear()
                await _Editor(found, lambda: draw(locale)).draw()

    tabs.tabs([tabs.Tab(locale, message_words.language(locale)) for locale in order], draw, value=first)
    place.move(target_index=-1)
    await draw(first)


def _variables(row: TextRow) -> str:
    return ", ".join(f"{{{name}}} ({length})" for name, length in row.variables.items()) or t("aucune")


class _Editor:
    """One language: what is written on the left, how it arrives on the right, its versions under it."""

    def __init__(self, rows: Sequence[TextRow], again: Callable[[], Awaitable[None]]) -> None:
        self._rows = rows  # the newest first
        self._again = again
        self._present = next((row for row in rows if row.state == "published"), rows[0])
        self._draft = next((row for row in rows if row.state == "draft" and row.version > self._present.version), None)
        self._may_write = shell.visitor().may(Permission.MESSAGES_WRITE)

    async def draw(self) -> None:
        """Draw the language."""
        if self._present.needs_review:
            self._draw_review()
        shown = self._draft or self._present
        with layout.grid():
            with layout.cell(7), cards.titled(t("Texte"), chips.chip(message_words.STATES[shown.state])), fields.form():
                self._draw_form(shown)
            with layout.cell(5), cards.titled(t("Tel qu'il arrive"), t("valeurs les plus longues")):
                self._meter = show(Markup(), classes="template-meter")
                self._preview = show(Markup(), classes="bubbles").props("aria-live=polite")
        with cards.titled(t("Versions"), count=count(len(self._rows)), is_flush=True, is_ruled=True):
            for row in self._rows:
                self._draw_version(row)
        await self._check()

    def _draw_review(self) -> None:
        cards.notice(t("À relire par une personne qui parle cette langue."), tone="ochre", icon_name="translate")
        if self._may_write:
            with layout.row():
                buttons.secondary(t("Approuver ce texte"), self._approve, icon="check")

    def _draw_form(self, shown: TextRow) -> None:
        has_subject = any(row.subject for row in self._rows)
        self._subject = fields.text(t("Objet"), value=shown.subject) if has_subject else None
        self._body = fields.long_text(t("Message"), value=shown.body)
        self._body.props(f"debounce={TYPING_RESTS_MS} maxlength={editions.LONGEST_BODY}")
        for box in (self._subject, self._body):
            if box is not None:
                box.on_value_change(self._check)
                box.set_enabled(self._may_write)
        self._faults = show(Markup())
        if self._may_write:
            with layout.row(at_end=True):
                buttons.secondary(t("Garder le brouillon"), self._save)
                self._publish_button = buttons.primary(t("Publier"), self._publish, icon="check")

    def _order(self) -> SaveText | None:
        boxes = {"body": self._body} | ({"subject": self._subject} if self._subject else {})
        return forms.fill(
            SaveText,
            boxes,
            code=self._present.code,
            locale=self._present.locale,
            channel=self._present.channel,
            subject=forms.written(self._subject) if self._subject else "",
            body=str(self._body.value or ""),
            max_segments=self._present.max_segments,
            duplicate_ok=self._present.duplicate_ok,
            provider_template=dict(self._present.provider_template),
        )

    async def _check(self) -> None:
        """Weigh what is written now, and say what forbids it."""
        order = self._order()
        found = None if order is None else await shell.read(editions.check_text, order)
        if found is None or self._meter.is_deleted:
            return
        self._meter.set_content(_meter(found, self._present.max_segments))
        self._preview.set_content(_preview(found))
        self._faults.set_content(join(*(tag("p", fault, class_="template-fault") for fault in found.faults)))
        if self._may_write:
            self._publish_button.set_enabled(not found.faults)

    async def _keep(self) -> TextRow | None:
        """Return what is written as a version: the newest one when nothing changed since."""
        order = self._order()
        if order is None:
            return None
        newest = self._draft or self._present
        if (order.subject, order.body) == (newest.subject, newest.body):
            return newest
        return await shell.act(editions.save_draft, order)

    async def _save(self) -> None:
        kept = await self._keep()
        if kept is not None:
            toasts.done(t("Version {number} gardée ; rien ne part avec elle.").format(number=count(kept.version)))
            await self._again()

    async def _publish(self) -> None:
        kept = await self._keep()
        if kept is not None:
            await self._put(kept)

    async def _put(self, row: TextRow) -> None:
        outcome = await shell.attempt(editions.publish, row.id)
        if isinstance(outcome, Refusal):
            toasts.refused(shell.sentence_of(outcome))
            return
        toasts.done(t("Version {number} en vigueur.").format(number=count(outcome.version)))
        await self._again()

    async def _roll_back(self) -> None:
        outcome = await shell.act(editions.roll_back, self._present.id)
        if outcome is not None:
            toasts.done(t("Version {number} de nouveau en vigueur.").format(number=count(outcome.version)))
            await self._again()

    async def _approve(self) -> None:
        if await shell.act(editions.mark_reviewed, self._present.id) is not None:
            toasts.done(t("Texte approuvé."))
            await self._again()

    def _draw_version(self, row: TextRow) -> None:
        with ui.element("div").classes("line"):
            show(_version_words(row), classes="line-words")
            show(chips.chip(message_words.STATES[row.state]))
            if not self._may_write:
                return
            if row.id == self._present.id and self._has_before():
                buttons.secondary(t("Revenir à la précédente"), self._roll_back, icon="undo")
            elif row.state == "retired":
                buttons.quiet(t("Remettre"), lambda: self._put(row))

    def _has_before(self) -> bool:
        return any(row.published_at for row in self._rows if row.id != self._present.id)


def _version_words(row: TextRow) -> Markup:
    who = t("livrée avec Palabre") if row.is_shipped else t("écrite ici")
    date = moment(row.published_at or row.created_at)
    return tag(
        "span",
        tag("span", t("Version {number}, {who}").format(number=count(row.version), who=who), class_="line-title"),
        tag("span", f"{date} · {row.body}", class_="line-detail"),
        class_="line-words",
    )


def _meter(found: Checked, most: int) -> Markup:
    weight = found.weight
    if not weight.segments:
        return tag("span", t("Non mesurable tant qu'il y a une faute."), class_="caption")
    alone, each = ONE_PART[str(weight.coding).lower().replace("-", "")]
    room = alone if most == 1 else each * most
    is_right = weight.segments <= most
    figure = t("{size} / {room} · {parts}").format(
        size=count(weight.size), room=count(room), parts=_parts(weight.segments)
    )
    bar = plain_bar(weight.size / room, label=figure, tone=Tone.ACCENT if is_right else Tone.RED)
    unit = t("septets, GSM-7") if alone == ONE_PART["gsm7"][0] else t("unités, UCS-2")
    return tag(
        "div", tag("span", unit), bar, tag("span", tag("b", figure), class_="meter-figure"), class_="meter meter-wide"
    )


def _parts(number: int) -> str:
    return t("1 partie") if number == 1 else t("{number} parties").format(number=count(number))


def _preview(found: Checked) -> Markup:
    subject = tag("strong", found.longest.subject) if found.longest.subject else None
    return tag("div", subject, tag("span", found.longest.body, class_="bubble-text"), class_="bubble")
