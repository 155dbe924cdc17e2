"""What a simulated call is made of: service and version, gateway, network, language, code and caller."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from channels.ussd.profiles.calling import can_dial_behind
from channels.ussd.profiles.contract import Contract
from channels.ussd.simulation import PlayCaller
from channels.ussd.trial_lines import Served, Walkable
from ui.components import fields
from ui.labels import State, money, t
from ui.pages.ussd import words

NEWCOMER = "new"
LIVE = ""
NO_CHOICE = ""
DOCUMENTED = {"service": "doc_a"}
WALLET_PROFILE = "doc_b"

OnChange = Callable[[], Awaitable[None]]


class Choices:
    """The form above the phone; `on_change` is told when a call under way no longer fits it."""

    def __init__(
        self,
        callers: Sequence[PlayCaller],
        services: Sequence[Served],
        contracts: Sequence[Contract],
        on_change: OnChange,
        *,
        is_compact: bool,
    ) -> None:
        self._callers = {caller.phone: caller for caller in callers}
        self._services = {service.key: service for service in services}
        self._contracts = {contract.key: contract for contract in contracts}
        self._on_change = on_change
        self._is_compact = is_compact
        first = next(iter(self._services), "")
        titles = {key: service.name for key, service in self._services.items()}
        self._service = fields.choice(t("Service"), titles, value=first or None)
        self._service.on_value_change(self._choose_service)
        if not is_compact:
            self._draw_line()
        self._code = fields.text(t("Code"), value=self._served_code())
        self._code.props("inputmode=tel maxlength=16")
        if not is_compact:
            self._tail = fields.text(t("Tapé d'un trait derrière le code"), hint=self._about_tail())
            self._tail.props("inputmode=tel maxlength=60")
        self._draw_caller()

    def _draw_line(self) -> None:
        self._version = fields.choice(t("Version"), {LIVE: t("En service")}, value=LIVE)
        self._version.on_value_change(self._on_change)
        profiles = {key: t(contract.profile.title or key) for key, contract in self._contracts.items()}
        documented = self._documented()
        self._profile = fields.choice(
            t("Passerelle"), profiles, value=documented, hint=_about(self._contracts[documented])
        )
        self._profile.on_value_change(self._choose_profile)
        networks = {NO_CHOICE: t("Celui du numéro"), "MTN": "MTN", "Orange": "Orange", "Camtel": "Camtel"}
        self._network = fields.choice(t("Réseau annoncé"), networks, value=NO_CHOICE)
        languages = {NO_CHOICE: t("Celle du service"), **words.LANGUAGES}
        self._language = fields.choice(t("Langue annoncée"), languages, value=NO_CHOICE)
        self._hint_carried()

    def _draw_caller(self) -> None:
        people = {phone: f"{caller.name} · {phone}" for phone, caller in self._callers.items()}
        first = next(iter(people), NEWCOMER)
        choices = {**people, NEWCOMER: t("Un numéro neuf, jamais inscrit")}
        self._who = fields.choice(t("Appelant"), choices, value=first, hint=self._about(first))
        self._who.on_value_change(self._choose_caller)

    # What is chosen

    @property
    def service(self) -> str:
        """The key of the service."""
        return str(self._service.value or "")

    @property
    def profile(self) -> str:
        """The name of the gateway's profile."""
        return self._documented() if self._is_compact else str(self._profile.value)

    @property
    def contract(self) -> Contract:
        """How the gateway speaks."""
        return self._contracts[self.profile]

    @property
    def version(self) -> str:
        """The id of the version, empty for the live one."""
        return LIVE if self._is_compact else str(self._version.value or LIVE)

    @property
    def code(self) -> str:
        """What is dialled."""
        return str(self._code.value or "").strip()

    @property
    def tail(self) -> str:
        """What is dialled behind the code at once, where that reaches us."""
        return str(self._tail.value or "").strip("*# ") if not self._is_compact and self._hears_tail() else ""

    @property
    def caller(self) -> str:
        """The phone of the caller, or `NEWCOMER`."""
        return str(self._who.value)

    @property
    def other_phone(self) -> str:
        """Somebody else's phone."""
        return next((phone for phone in self._callers if phone != self.caller), self.caller)

    @property
    def carried(self) -> Mapping[str, str]:
        """The gateway's own fields that say network and language, where it has them."""
        if self._is_compact:
            return {}
        names = self.contract.profile.fields
        told = ((names.network, self._network.value), (names.language, self._language.value))
        return {fields_of[0]: str(value) for fields_of, value in told if fields_of and value}

    def show_code_error(self, sentence: str | None) -> None:
        """Write an error under the code, or take it away."""
        fields.show_error(self._code, sentence)

    def show_versions(self, versions: Sequence[Walkable]) -> None:
        """Offer what may be walked."""
        if self._is_compact:
            return
        named = {str(one.id): _named(one) for one in versions if not one.is_live}
        live = next((_named(one) for one in versions if one.is_live), t("En service"))
        self._version.set_options({LIVE: live, **named}, value=LIVE)

    def show_callers(self, callers: Sequence[PlayCaller]) -> None:
        """Tell again what the callers hold: something was just moved."""
        self._callers |= {caller.phone: caller for caller in callers}
        self._who.props["hint"] = self._about(self.caller)

    # When it changes

    async def _choose_service(self) -> None:
        self._code.value = self._served_code()
        if not self._is_compact:
            self._profile.value = self._documented()
        await self._on_change()

    async def _choose_profile(self) -> None:
        self._profile.props["hint"] = _about(self.contract)
        self._tail.props["hint"] = self._about_tail()
        self._hint_carried()
        await self._on_change()

    async def _choose_caller(self) -> None:
        self._who.props["hint"] = self._about(self.caller)
        await self._on_change()

    def _hint_carried(self) -> None:
        names = self.contract.profile.fields
        for box, known in ((self._network, names.network), (self._language, names.language)):
            box.props["hint"] = "" if known else t("Cette passerelle ne le dit pas.")
            box.set_enabled(bool(known))

    def _documented(self) -> str:
        return DOCUMENTED.get(self.service.partition("-")[0], WALLET_PROFILE)

    def _served_code(self) -> str:
        served = self._services.get(self.service)
        return served.code if served else ""

    def _hears_tail(self) -> bool:
        return can_dial_behind(self.contract.profile)

    def _about_tail(self) -> str:
        return t("Par exemple 1*5000.") if self._hears_tail() else t("Cette passerelle ne le transmet pas.")

    def _about(self, phone: str) -> str:
        caller = self._callers.get(phone)
        if caller is None:
            return t("Il s'inscrit lui-même et choisit son code.")
        state = "" if caller.state == "active" else f" · {t(State.SUSPENDED.value.word)}"
        return f"{t('Argent fictif')} · {money(caller.balance)}{state}"


def _about(contract: Contract) -> str:
    limits = contract.profile.limits
    return t("{gsm7} septets, {idle} s d'attente").format(gsm7=limits.gsm7, idle=limits.idle_s)


def _named(one: Walkable) -> str:
    name = t("version {number}").format(number=one.number)
    if one.is_live:
        return f"{t('En service')} · {name}"
    word = t("Brouillon") if one.state == "draft" else t("En relecture")
    return " · ".join(part for part in (word, name, one.note) if part)
