"""`/ussd-console/tarifs/{type}/{devise}`: writing a new scale, trying it on last month, asking a second person."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import ui

from core.clock import now
from core.errors import NotFound, Refusal
from core.money import Currency, InvalidAmount, Money
from core.permissions import Permission
from models.wallets import OperationType
from services import tariff_changes
from services.tariff_changes import RequestScale, WhatIf
from services.tariffs import AddTariff, Band
from ui import forms, shell
from ui.components import buttons, cards, facts, fields, layout, toasts
from ui.labels import count, day, money, t, zone
from ui.markup import Markup, show
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd_money import words

SOON = timedelta(minutes=1)
_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?")
AMOUNTS = ("from_minor", "to_minor", "fixed_minor", "min_minor", "max_minor")
ORDER = ("from_minor", "to_minor", "fixed_minor", "bps", "min_minor", "max_minor", "payee_bps", "commission_bps")
LABELS = {
    "from_minor": "De",
    "to_minor": "À",
    "fixed_minor": "Fixe",
    "bps": "Part, %",
    "min_minor": "Au moins",
    "max_minor": "Au plus",
    "payee_bps": "Bénéficiaire, %",
    "commission_bps": "Commission, %",
}


@shell.screen(f"{words.TARIFFS}/{{kind}}/{{currency}}", title="Nouveau barème", needs=Permission.USSD_TARIFFS_WRITE)
async def page(kind: str, currency: str) -> None:
    """Draw the scale in force as a draft to change."""
    if kind not in set(OperationType) or currency not in set(Currency):
        raise NotFound(thing="tariff")
    scales = await shell.read(tariff_changes.list_scales, Currency(currency)) or []
    present = next((scale.bands for scale in scales if scale.type == kind and scale.is_in_force), ())
    _Draft(OperationType(kind), Currency(currency), present)


class _Draft:
    """The bands as they are typed."""

    def __init__(self, kind: OperationType, currency: Currency, bands: tuple[Band, ...]) -> None:
        self._kind, self._currency = kind, currency
        self._rows: list[dict[str, ui.input]] = []
        layout.title(
            t("Nouveau barème : {kind}").format(kind=ussd_words.kind(kind)),
            t("En {currency}. Les tranches se suivent sans trou ni chevauchement.").format(currency=currency),
            crumbs=[("USSD", words.SECTION), (t("Tarifs et plafonds"), words.TARIFFS)],
        )
        with layout.grid():
            with layout.cell(8), cards.titled(t("Tranches")):
                self._place = ui.element("div").classes("bands")
                buttons.secondary(t("Ajouter une tranche"), self._add_after, icon="add")
            with layout.cell(4):
                with cards.titled(t("Le mois dernier, à ces prix")):
                    self._shown = show(
                        facts.prose(
                            t("Rien n'est écrit : les opérations des 30 derniers jours sont seulement recomptées.")
                        )
                    )
                    buttons.secondary(t("Essayer"), self._try, icon="calculate")
                with cards.titled(t("Demander")), fields.form():
                    self._begin = fields.text(t("À partir du"), kind="date", hint=t("Vide : dès l'accord."))
                    self._reason = fields.long_text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
                    buttons.primary(t("Demander l'accord"), self._ask)
        for band in bands or (Band.model_construct(from_minor=1, to_minor=1),):
            self._add(band)

    def _add_after(self) -> None:
        """Add a band that begins where the last one ends."""
        last = self._amount(self._rows[-1]["to_minor"]) if self._rows else 0
        begin = (last or 0) + 1
        self._add(Band.model_construct(from_minor=begin, to_minor=begin))

    def _add(self, band: Band) -> None:
        boxes: dict[str, ui.input] = {}
        with self._place, ui.element("div").classes("band") as line:
            for name in ORDER:
                boxes[name] = fields.text(t(LABELS[name]), value=self._written(name, getattr(band, name)))
                boxes[name].props("inputmode=decimal")
            buttons.icon_only("delete", t("Enlever la tranche"), lambda: self._remove(line, boxes))
        self._rows.append(boxes)

    def _remove(self, line: ui.element, boxes: dict[str, ui.input]) -> None:
        if len(self._rows) > 1:
            self._rows.remove(boxes)
            line.delete()

    def _written(self, name: str, value: int | None) -> str:
        if value is None or (value == 0 and name not in {"from_minor", "to_minor"}):
            return ""
        return Money(value, self._currency).plain if name in AMOUNTS else f"{value / 100:g}".replace(".", ",")

    def _scale(self) -> AddTariff | None:
        """Read what is typed; None when something is wrong, which is then said under it."""
        bands = [self._band(boxes) for boxes in self._rows]
        if not all(bands):
            return None
        return forms.fill(
            AddTariff, {}, type=self._kind, currency=self._currency, valid_from=self._begins(), bands=tuple(bands)
        )

    def _begins(self) -> datetime:
        """Return the chosen day's first instant, or soon."""
        chosen = forms.written(self._begin)
        soon = now() + SOON
        if not chosen:
            return soon
        return max(datetime.fromisoformat(chosen).replace(tzinfo=ZoneInfo(zone())), soon)

    def _band(self, boxes: dict[str, ui.input]) -> Band | None:
        values: dict[str, Any] = {}
        for name, box in boxes.items():
            fields.show_error(box, None)
            value = self._amount(box) if name in AMOUNTS else _hundredths(box)
            if value is None and forms.written(box):
                fields.show_error(box, t("valeur invalide"))
                return None
            if value is not None:
                values[name] = value
        return forms.fill(Band, boxes, **values)

    def _amount(self, box: ui.input) -> int | None:
        try:
            return Money.parse(forms.written(box).replace(" ", "").replace(",", "."), self._currency).minor
        except InvalidAmount:
            return None

    async def _try(self) -> None:
        scale = self._scale()
        if scale is None:
            return
        found = await shell.read(tariff_changes.what_if, scale)
        if found is not None:
            self._shown.set_content(_what_if(found))

    async def _ask(self) -> None:
        scale = self._scale()
        boxes: forms.Boxes = {"reason": self._reason}
        order = scale and forms.fill(RequestScale, boxes, scale=scale, reason=forms.written(self._reason))
        if not order:
            return
        asked = await shell.attempt(tariff_changes.request_scale, order)
        if isinstance(asked, Refusal):
            forms.say(asked, boxes)
            return
        toasts.done(t("Demandé. Une autre personne doit approuver."))
        ui.navigate.to(words.TARIFFS)


def _hundredths(box: ui.input) -> int | None:
    """Read a percentage of at most two decimals as hundredths of a percent."""
    match = _SHARE.fullmatch(forms.written(box).replace(",", "."))
    return None if match is None else int(match[1] + (match[2] or "").ljust(2, "0"))


def _what_if(found: WhatIf) -> Markup:
    difference = found.after - found.before
    lines: list[facts.Fact] = [
        (t("Opérations"), t("{number} depuis le {day}").format(number=count(found.operations), day=day(found.since))),
        (t("Frais encaissés"), money(found.before)),
        (t("À ces prix"), money(found.after)),
        (t("Différence"), words.signed(difference)),
        (t("Plus chères"), count(found.dearer)),
        (t("Moins chères"), count(found.cheaper)),
    ]
    if found.unpriced:
        lines.append((t("Sans tranche"), count(found.unpriced)))
    return facts.facts(lines)
