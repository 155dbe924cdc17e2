"""A request pasted or recorded, beside the turn it decodes to and the answer that would leave."""

from collections.abc import Callable

from channels.ussd import trials
from channels.ussd.profiles.decoding import Place
from channels.ussd.trials import Said
from core.errors import InvalidInput, Refusal
from core.settings import get_settings
from services.wire_records import WireRow
from ui import forms, shell
from ui.components import cards, code, fields, layout
from ui.labels import t
from ui.markup import show
from ui.pages.ussd.gateways.wire import turn_facts

EXAMPLE_CODE = "*123#"


class TrialCard:
    """Decodes at each change; nothing pasted here is kept, sent or run."""

    def __init__(self, profile_text: Callable[[], str], record: WireRow | None) -> None:
        self._profile_text = profile_text
        exchange = record.exchange if record else {}
        with cards.titled(t("Essayer une requête"), t("Rien n'est gardé ni exécuté.")), fields.form():
            self._request = fields.long_text(
                t("Requête"),
                value=self._recorded(exchange) or self._example(),
                hint=t("Sa première ligne, ses en-têtes, une ligne vide, son corps ; ou le corps seul."),
            )
            self._request.classes("yaml-line")
            self._request.props("spellcheck=false debounce=500")
            with layout.row():
                country = get_settings().ussd_country
                self._country = fields.text(t("Pays"), value=country)
                self._codes = fields.text(
                    t("Codes du compte"), value=str(exchange.get("turn", {}).get("service_code", EXAMPLE_CODE))
                )
            self._text = fields.long_text(
                t("Ce que dirait l'écran"), value=str(exchange.get("text") or t("Bienvenue\n1. Solde\n2. Envoyer"))
            )
            self._more = fields.switch(t("La session continue"), is_on=bool(exchange.get("continue", True)))
            for box in (self._request, self._country, self._codes, self._text, self._more):
                box.on_value_change(self.run)
            self._place = layout.stack()
            self._place.props("role=status")

    def run(self) -> None:
        """Decode the request with the profile as it is written beside, saved or not."""
        self._place.clear()
        with self._place:
            try:
                profile = trials.read_profile(trials.from_text(self._profile_text()))
                codes = tuple(code.strip() for code in forms.written(self._codes).split(",") if code.strip())
                said = Said(forms.written(self._text), has_more=bool(self._more.value))
                place = Place(forms.written(self._country).upper(), codes)
                outcome = trials.attempt(profile, forms.written(self._request), place, said)
            except InvalidInput as refusal:
                faults = " · ".join(f"{name}: {fault}" for name, fault in refusal.fields.items())
                cards.notice(faults, tone="red", icon_name="error")
                return
            except Refusal as refusal:
                cards.notice(shell.sentence_of(refusal), tone="red", icon_name="error")
                return
            show(turn_facts(outcome.turn))
            headers = "".join(f"{name}: {value}\n" for name, value in outcome.headers.items())
            title = f"{t('Réponse')} · {outcome.status} {outcome.media_type}".strip()
            show(code.block(f"{headers}{outcome.answer}" or "\N{EM DASH}", title=title))

    def _example(self) -> str:
        """Return a first request as such a gateway sends it, to begin with."""
        try:
            return trials.example(trials.read_profile(trials.from_text(self._profile_text())), EXAMPLE_CODE)
        except Refusal:
            return ""

    def _recorded(self, exchange: dict[str, object]) -> str:
        found = exchange.get("fields")
        if not isinstance(found, dict):
            return ""
        try:
            return trials.written(trials.read_profile(trials.from_text(self._profile_text())), found)
        except Refusal:
            return ""
