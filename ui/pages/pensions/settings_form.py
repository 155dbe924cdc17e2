"""The form of an organisation's rules; each says in plain words what it changes."""

from typing import Any

from nicegui import ui

from core.errors import Refusal
from core.money import Currency, InvalidAmount, Money
from models.pension_stages import LookupPolicy, NamePolicy, PayeeType, Rail
from services.pensions import settings
from services.pensions.accounts import AccountRow
from services.pensions.settings import ChangeSettings, SettingsRow
from ui import forms, shell
from ui.components import buttons, cards, fields, layout, toasts
from ui.labels import t
from ui.pages.pensions import words

NEVER, ALWAYS, ABOVE = "never", "always", "above"
FOUR_EYES = {NEVER: "Une personne suffit", ALWAYS: "Toujours deux personnes", ABOVE: "Deux à partir d'un montant"}
LOOKUPS = {
    LookupPolicy.BEFORE: "Avant l'approbation",
    LookupPolicy.INLINE: "Au moment de l'envoi",
    LookupPolicy.OFF: "Jamais",
}
NAMES = {NamePolicy.WARN: "Le montrer", NamePolicy.HOLD: "Retenir le paiement"}


class SettingsForm:
    """The card of rules, kept whole by one button."""

    def __init__(self, kept: SettingsRow, owned: list[AccountRow]) -> None:
        self._kept = kept
        self._owned = owned
        usual = next((one for one in owned if one.id == kept.default_account_id), owned[0] if owned else None)
        self._currency = usual.currency if usual else Currency.XOF
        self._boxes: dict[str, Any] = {}
        self._types: dict[str, ui.checkbox] = {}

    def draw(self) -> None:
        """Place the form."""
        with cards.titled(t("Qui décide")), fields.form():
            self._draw_decision()
        with cards.titled(t("Noms des bénéficiaires")), fields.form():
            self._draw_names()
        with cards.titled(t("Fichiers et limites")), fields.form():
            self._draw_limits()
        with layout.row(at_end=True):
            buttons.primary(t("Enregistrer les réglages"), self._keep)

    def _draw_decision(self) -> None:
        threshold = self._kept.four_eyes_from_minor
        chosen = NEVER if threshold is None else ABOVE if threshold else ALWAYS
        self._four_eyes = fields.choice(t("Approbation"), {k: t(v) for k, v in FOUR_EYES.items()}, value=chosen)
        unit = self._currency.value
        self._amount("four_eyes_from_minor", t("À partir de, en {unit}").format(unit=unit), threshold or None)
        self._four_eyes.on_value_change(self._follow)
        accounts = {"": t("Aucun"), **{str(one.id): one.account_id for one in self._owned if one.is_active}}
        value = str(self._kept.default_account_id or "")
        self._boxes["default_account_id"] = fields.choice(
            t("Compte par défaut"), accounts, value=value if value in accounts else ""
        )
        self._boxes["rail"] = fields.choice(
            t("Réseau"), {code: t(word) for code, word in words.RAILS.items()}, value=self._kept.rail
        )
        self._follow()

    def _draw_names(self) -> None:
        self._boxes["lookup"] = fields.choice(
            t("Demander les noms au switch"), {k: t(v) for k, v in LOOKUPS.items()}, value=self._kept.lookup
        )
        self._boxes["name_policy"] = fields.choice(
            t("Quand un nom diffère"), {k: t(v) for k, v in NAMES.items()}, value=self._kept.name_policy
        )
        self._text("lookup_max_age_days", t("Un nom reste valable, en jours"), self._kept.lookup_max_age_days)

    def _draw_limits(self) -> None:
        unit = self._currency.value
        self._amount(
            "max_amount_minor", t("Maximum par paiement, en {unit}").format(unit=unit), self._kept.max_amount_minor
        )
        self._amount(
            "max_total_minor",
            t("Maximum par lot, en {unit}").format(unit=unit),
            self._kept.max_total_minor,
            hint=t("Vide : aucun."),
        )
        self._amount(
            "fee_cap_minor",
            t("Frais admis par paiement, en {unit}").format(unit=unit),
            self._kept.fee_cap_minor,
            hint=t("Vide : aucun plafond."),
        )
        self._text("max_rows", t("Lignes par fichier"), self._kept.max_rows)
        self._text("personal_id_length", t("Chiffres d'un identifiant personnel"), self._kept.personal_id_length)
        self._boxes["countries"] = fields.text(
            t("Pays payés"), value=", ".join(self._kept.countries), hint=t("Codes à deux lettres : BJ, TG.")
        )
        with ui.element("div").classes("choices"):
            for code in PayeeType:
                self._types[code] = fields.checkbox(words.payee_type(code), is_on=code in self._kept.id_types)
        self._same_person = fields.checkbox(
            t("Une personne peut figurer plusieurs fois dans un fichier"), is_on=self._kept.is_same_person_allowed
        )

    def _text(self, name: str, label: str, value: int) -> None:
        self._boxes[name] = fields.text(label, value=str(value))
        self._boxes[name].props("inputmode=numeric")

    def _amount(self, name: str, label: str, minor: int | None, *, hint: str = "") -> None:
        value = "" if minor is None else Money(minor, self._currency).plain
        self._boxes[name] = fields.text(label, value=value, hint=hint)
        self._boxes[name].props("inputmode=decimal")

    def _follow(self) -> None:
        box = self._boxes["four_eyes_from_minor"]
        if box.parent_slot is not None:
            box.parent_slot.parent.set_visibility(self._four_eyes.value == ABOVE)

    async def _keep(self) -> None:
        order = self._order()
        if order is None:
            return
        done = await shell.attempt(settings.change_settings, order)
        if isinstance(done, Refusal):
            forms.say(done, self._boxes)
            return
        toasts.done(t("Réglages enregistrés. Les lots déjà confirmés gardent les leurs."))

    def _order(self) -> ChangeSettings | None:
        amounts = ("max_amount_minor", "max_total_minor", "fee_cap_minor", "four_eyes_from_minor")
        read = {name: self._minor(name) for name in amounts}
        if self._four_eyes.value != ABOVE:
            read["four_eyes_from_minor"] = 0 if self._four_eyes.value == ALWAYS else None
        return forms.fill(
            ChangeSettings,
            self._boxes,
            organisation_id=self._kept.organisation_id,
            lookup=self._boxes["lookup"].value,
            name_policy=self._boxes["name_policy"].value,
            rail=Rail(str(self._boxes["rail"].value)),
            default_account_id=self._boxes["default_account_id"].value or None,
            id_types=tuple(code for code, box in self._types.items() if box.value),
            countries=tuple(part for part in forms.written(self._boxes["countries"]).upper().replace(",", " ").split()),
            is_same_person_allowed=bool(self._same_person.value),
            **{name: forms.written(self._boxes[name]) for name in _NUMBERS},
            **read,
        )

    def _minor(self, name: str) -> int | str | None:
        """Return an amount in minor units, nothing where nothing is written, the text itself where it is none."""
        text = "".join(forms.written(self._boxes[name]).split())
        if not text:
            return None
        try:
            return Money.parse(text.replace(",", "."), self._currency).minor
        except InvalidAmount:
            return text


_NUMBERS = ("max_rows", "personal_id_length", "lookup_max_age_days")
