"""The form of a programme: its name, its clock, its limits, how long a number is kept."""

from typing import Any

from core.errors import Refusal
from core.settings import get_settings
from services.ciu.store import settings
from services.ciu.store.settings import ChangeProgramme, ProgrammeRow
from ui import forms, shell
from ui.components import buttons, cards, fields, layout, toasts
from ui.labels import t

FORGET = {"": "Le code disparaît avec la personne", "unlink": "Le code reste, sans la personne"}


class ProgrammeForm:
    """The fields, kept whole by one button."""

    def __init__(self, row: ProgrammeRow) -> None:
        self._row = row
        self._boxes: dict[str, Any] = {}

    def draw(self) -> None:
        """Place the form."""
        with cards.titled(t("Programme"), self._row.code), fields.form():
            self._text("name", t("Nom lu par les personnes"), self._row.name)
            self._text("contact", t("Contact donné par AIDE"), self._row.contact)
            self._text("timezone", t("Fuseau horaire des chiffres"), self._row.timezone)
        with cards.titled(t("Limites")), fields.form():
            usual = get_settings().session_timeout_minutes
            self._number(
                "timeout_minutes",
                t("Session, en minutes"),
                self._row.timeout_minutes,
                hint=t("Vide : {count}, comme le serveur.").format(count=usual),
            )
            most = self._row.max_new_codes_per_identity
            self._number("max_new_codes_per_identity", t("Codes nouveaux par numéro et par jour"), most)
            self._boxes["exempt_numbers"] = fields.long_text(
                t("Numéros sans cette limite"),
                value="\n".join(self._row.exempt_numbers),
                hint=t("Agents de terrain, un numéro par ligne."),
            )
            self._number("review_score", t("Score à partir duquel un doublon est à examiner"), self._row.review_score)
        with cards.titled(t("Conservation")), fields.form():
            self._boxes["forget_mode"] = fields.choice(
                t("Après EFFACER"),
                {code: t(word) for code, word in FORGET.items()},
                value=self._row.forget_mode,
                hint=t("Le second cas est celui des registres tenus par la loi."),
            )
            self._number(
                "phone_retention_months",
                t("Numéro gardé après le dernier message, en mois"),
                self._row.phone_retention_months,
                hint=t("Vide : sans terme. Le code et ses empreintes restent."),
            )
        with layout.row(at_end=True):
            buttons.primary(t("Enregistrer"), self._keep)

    def _text(self, name: str, label: str, value: str) -> None:
        self._boxes[name] = fields.text(label, value=value)

    def _number(self, name: str, label: str, value: int | None, *, hint: str = "") -> None:
        self._boxes[name] = fields.text(label, value="" if value is None else str(value), hint=hint)
        self._boxes[name].props("inputmode=numeric")

    async def _keep(self) -> None:
        numbers = ("timeout_minutes", "max_new_codes_per_identity", "review_score", "phone_retention_months")
        order = forms.fill(
            ChangeProgramme,
            self._boxes,
            programme=self._row.code,
            forget_mode=str(self._boxes["forget_mode"].value or ""),
            exempt_numbers=tuple(forms.written(self._boxes["exempt_numbers"]).split("\n"))
            if forms.written(self._boxes["exempt_numbers"])
            else (),
            **{name: forms.written(self._boxes[name]) for name in ("name", "contact", "timezone")},
            **{name: forms.written(self._boxes[name]) or None for name in numbers},
        )
        if order is None:
            return
        done = await shell.attempt(settings.change_programme, order)
        if isinstance(done, Refusal):
            forms.say(done, self._boxes)
            return
        toasts.done(t("Réglages enregistrés : ils valent dès le prochain message."))
