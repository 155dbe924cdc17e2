"""A notice being written: its texts with their weight, whom it is for, the test to oneself, what it will cost."""

import csv
import io
from typing import Any

from nicegui import ui

from core.errors import Refusal
from core.gsm7 import Coding, count_segments, fold, measure
from core.money import Currency, Money
from core.permissions import Permission
from services import audiences
from services import notices as service
from services.notices import LONGEST_TEXT, MOST_NUMBERS, NoticeRow, Preview, SaveNotice, SendNotice
from ui import forms, shell
from ui.components import buttons, cards, chips, confirm_dialog, fields, layout, toasts, uploads
from ui.components.progress import plain_bar
from ui.labels import Tone, count, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd import moments
from ui.pages.ussd.notices import words
from ui.pages.ussd.surveys.words import LANGUAGES, language

RESTS_MS = 200
MOST_PARTS = 2
ROOM = {Coding.GSM7: (160, 306), Coding.UCS2: (70, 134)}
LARGEST_FILE = 4 * uploads.MEGABYTE


class Composer:
    """The page of one draft; `row` is None for a notice that begins here."""

    def __init__(self, row: NoticeRow | None) -> None:
        self._row = row
        self._numbers: tuple[str, ...] | None = None
        self._boxes: dict[str, ui.textarea] = {}
        self._may_write = shell.visitor().may(Permission.USSD_NOTICES_WRITE)

    async def draw(self) -> None:
        """Draw the page."""
        name = self._row.name if self._row else t("Nouvelle notification")
        chip = chips.chip(words.STATES["draft"])
        with layout.page_head(name, crumbs=[(t("Notifications"), words.NOTICES)], chip=chip):
            if self._may_write:
                buttons.secondary(t("Garder le brouillon"), self._save)
                buttons.secondary(t("Essai à moi-même"), self._test, icon="mobile")
                buttons.primary(t("Envoyer"), self._ask_send, icon="send")
        with layout.grid():
            with layout.cell(7):
                with cards.titled(t("Texte"), t("deux SMS au plus")), fields.form():
                    self._draw_texts()
                with cards.titled(t("Pour qui")), fields.form():
                    self._draw_audience()
            with layout.cell(5):
                with cards.titled(t("Aperçu"), t("avant l'envoi")):
                    self._tested = show(Markup())
                    self._preview = show(Markup()).props("aria-live=polite")
                with cards.titled(t("Règles des messages")):
                    told = t(
                        "Rien ne part de 21 h à 7 h chez la personne, ni plus de 3 messages par jour, "
                        "ni à qui a demandé de ne plus rien recevoir."
                    )
                    show(tag("p", told, class_="prose"))
        await self._offer_flash()
        await self._look()

    def _draw_texts(self) -> None:
        row = self._row
        self._name = fields.text(t("Nom, pour vous"), value=row.name if row else "")
        for code in LANGUAGES:
            box = fields.long_text(language(code), value=row.texts.get(code, "") if row else "")
            box.props(f"debounce={RESTS_MS} maxlength={LONGEST_TEXT}")
            meter = show(Markup(), classes="template-meter")
            meter.set_content(_meter(str(box.value or "")))
            box.on_value_change(lambda event, meter=meter: meter.set_content(_meter(str(event.value or ""))))
            self._boxes[code] = box
        with layout.row():
            self._sms = fields.checkbox("SMS", is_on=row.has_sms if row else True)
            self._inbox = fields.checkbox(t("Menu USSD, sous 5"), is_on=row.has_inbox if row else True)
        with layout.stack() as self._of_flash:
            self._flash = fields.checkbox(t("Message flash USSD"), is_on=row.has_flash if row else False)
            self._flash_told = show(Markup())
        self._of_flash.set_visibility(False)
        self._starts = fields.text(t("Départ"), kind="datetime-local", hint=t("vide : tout de suite"))

    async def _offer_flash(self) -> None:
        """Offer the screen shown at once where some network can show it."""
        networks = await shell.read(service.list_flash_networks)
        if not networks or self._of_flash.is_deleted:
            return
        told = t(
            "Un écran de 182 caractères au plus, affiché aussitôt par {networks} à la place du SMS ; "
            "les autres numéros reçoivent le SMS. Personne n'y répond : n'y demandez jamais de code."
        )
        self._flash_told.set_content(tag("p", told.format(networks=", ".join(networks)), class_="caption"))
        self._of_flash.set_visibility(True)

    def _draw_audience(self) -> None:
        chosen = self._row.audience if self._row else audiences.Audience()
        kinds = {code: t(word) for code, word in words.AUDIENCES.items()}
        self._kind = fields.choice(t("Destinataires"), kinds, value=chosen.kind)
        self._kind.on_value_change(self._show_kind)
        with layout.stack() as self._of_service:
            self._service = fields.text(t("Code du service"), value=chosen.service)
        with layout.stack() as self._of_filter:
            roles = {code: t(word) for code, word in words.ROLES.items()}
            self._role = fields.choice(t("Rôle"), roles, value=chosen.roles[0] if chosen.roles else "")
            networks = {"": t("Tous"), **{name: name for name in audiences.list_networks()}}
            self._network = fields.choice(t("Réseau"), networks, value=next(iter(chosen.networks), ""))
            spoken = {"": t("Toutes"), **{code: language(code) for code in LANGUAGES}}
            self._language = fields.choice(t("Langue"), spoken, value=next(iter(chosen.languages), ""))
            seen = str(chosen.seen_within_days or "")
            self._seen = fields.text(t("Vus depuis (jours)"), value=seen, kind="number")
        with layout.stack() as self._of_numbers:
            self._typed = fields.long_text(t("Numéros"), hint=t("un par ligne ; un seul numéro convient aussi"))
            told = t("Ou un fichier CSV, le numéro dans la première colonne.")
            uploads.upload(told, self._take, accept=".csv,.txt", kinds="CSV", largest_bytes=LARGEST_FILE)
        self._show_kind()

    def _show_kind(self) -> None:
        for kind, place in (("service", self._of_service), ("filter", self._of_filter), ("numbers", self._of_numbers)):
            place.set_visibility(self._kind.value == kind)

    async def _take(self, _name: str, _kind: str, content: bytes) -> None:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig", "replace")), delimiter=";")
        cells = [line[0].split(",")[0].strip() for line in lines if line]
        numbers = tuple(cell for number, cell in enumerate(cells) if cell and (number or any(map(str.isdigit, cell))))
        if len(numbers) > MOST_NUMBERS:
            toasts.refused(t("Au plus {most} numéros.").format(most=count(MOST_NUMBERS)))
            return
        self._numbers = numbers
        toasts.done(t("{count} numéros lus.").format(count=count(len(numbers))))

    def _audience(self) -> dict[str, Any]:
        chosen: dict[str, Any] = {"kind": self._kind.value}
        if self._kind.value == "service":
            chosen["service"] = forms.written(self._service)
        if self._kind.value == "filter":
            narrowed = (("roles", self._role), ("networks", self._network), ("languages", self._language))
            chosen |= {name: [box.value] for name, box in narrowed if box.value}
            chosen["seen_within_days"] = forms.written(self._seen) or None
        return chosen

    async def _keep(self) -> NoticeRow | None:
        typed = tuple(str(self._typed.value or "").split("\n")) if str(self._typed.value or "").strip() else None
        texts = {code: str(box.value or "") for code, box in self._boxes.items()}
        filled = next((code for code, text in texts.items() if text.strip()), "fr")
        order = forms.fill(
            SaveNotice,
            {"name": self._name},
            notice_id=self._row.id if self._row else None,
            name=forms.written(self._name),
            texts=texts,
            default_language=filled,
            audience=self._audience(),
            has_sms=bool(self._sms.value),
            has_inbox=bool(self._inbox.value),
            has_flash=bool(self._flash.value),
            numbers=tuple(each for each in typed if each.strip()) if typed else self._numbers,
        )
        if order is None:
            return None
        outcome = await shell.attempt(service.save_notice, order)
        if isinstance(outcome, Refusal):
            forms.say(outcome, {"name": self._name, "numbers": self._typed})
            return None
        self._row = outcome
        return outcome

    async def _save(self) -> None:
        kept = await self._keep()
        if kept is not None:
            toasts.done(t("Brouillon gardé."))
            await self._look()

    async def _test(self) -> None:
        kept = await self._keep()
        if kept is None:
            return
        tested = await shell.act(service.test_notice, kept.id)
        if tested is not None:
            self._row = tested
            toasts.done(t("L'essai part vers votre téléphone."))
            await self._look()

    async def _look(self) -> None:
        """Count what the kept draft would reach, and say whether it was tried."""
        if self._row is None:
            self._preview.set_content(
                tag("p", t("Gardez le brouillon pour compter les destinataires."), class_="caption")
            )
            return
        found = await shell.read(service.preview_notice, self._row.id)
        if found is None or self._preview.is_deleted:
            return
        sign = chips.plain(t("Essai lu"), icon_name="check", tone=Tone.ACCENT)
        self._tested.set_content(
            sign if self._row.is_tested else chips.plain(t("Essai à faire"), icon_name="mobile", tone=Tone.OCHRE)
        )
        self._preview.set_content(_shown(found, has_flash=self._row.has_flash))

    async def _ask_send(self) -> None:
        kept = await self._keep()
        found = None if kept is None else await shell.read(service.preview_notice, kept.id)
        if kept is None or found is None:
            return
        starts_at = moments.read(forms.written(self._starts))

        async def confirm() -> NoticeRow | None:
            sent = await shell.act(service.send_notice, SendNotice(notice_id=kept.id, starts_at=starts_at))
            if sent is not None:
                ui.navigate.to(f"{words.NOTICES}/{sent.id}")
            return sent

        confirm_dialog.confirm_dialog(
            t("Envoyer « {name} »").format(name=kept.name),
            t("Vous pourrez l'arrêter à tout moment ; ce qui est parti le reste."),
            act=t("Envoyer à {people} personnes").format(people=count(found.people)),
            confirm=confirm,
            notes=(
                (t("Destinataires"), count(found.people)),
                (t("Sans SMS (opposés)"), count(found.opted_out)),
                *([(t("Messages flash"), count(found.flashes))] if kept.has_flash else []),
                (t("Parties de SMS"), count(found.parts)),
                (t("Coût estimé"), _total(found)),
            ),
        )


def _meter(text: str) -> Markup:
    """Return what a text weighs: its size, its coding and its parts."""
    folded = fold(text.strip())
    measured, parts = measure(folded), count_segments(folded) if folded else 0
    room = ROOM[measured.coding][0 if parts <= 1 else 1]
    unit = t("septets, GSM-7") if measured.coding is Coding.GSM7 else t("unités, UCS-2")
    word = t("1 partie") if parts == 1 else t("{number} parties").format(number=count(parts))
    figure = t("{size} / {room} · {parts}").format(size=count(measured.size), room=count(room), parts=word)
    bar = plain_bar(measured.size / room, label=figure, tone=Tone.ACCENT if parts <= MOST_PARTS else Tone.RED)
    figures = tag("span", tag("b", figure), class_="meter-figure")
    return tag("div", tag("span", unit), bar, figures, class_="meter meter-wide")


def _shown(found: Preview, *, has_flash: bool) -> Markup:
    flash = (t("Flash"),) if has_flash else ()
    names = (t("Réseau (estimé)"), t("Personnes"), *flash, t("Parties"), t("Coût"))
    head = tag("tr", *(tag("th", name, scope="col", class_="number" if at else "") for at, name in enumerate(names)))
    lines = [
        tag(
            "tr",
            tag("td", each.network or t("réseau inconnu")),
            tag("td", count(each.people), class_="number"),
            *((tag("td", count(each.flashes), class_="number"),) if has_flash else ()),
            tag("td", count(each.parts), class_="number"),
            tag("td", _cost(each.cost_minor, each.currency), class_="number"),
        )
        for each in found.networks
    ]
    out = t("{people} personnes, dont {out} ne veulent pas de SMS.").format(
        people=count(found.people), out=count(found.opted_out)
    )
    table = tag("table", tag("thead", head), tag("tbody", *lines), class_="plain-table")
    return join(tag("p", out, class_="prose"), table if lines else None)


def _cost(minor: int | None, currency: str) -> str:
    return "–" if minor is None else money(Money(minor, Currency(currency)))


def _total(found: Preview) -> str:
    """Return the estimated cost by currency; a dash where no network told a price lately."""
    totals: dict[str, int] = {}
    for each in found.networks:
        if each.cost_minor is not None:
            totals[each.currency] = totals.get(each.currency, 0) + each.cost_minor
    return " + ".join(_cost(minor, currency) for currency, minor in totals.items()) or "–"
