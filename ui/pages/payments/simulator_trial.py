"""An order of trial: whose wallet, which way, how much, what shall happen; and the phone it rings on."""

from collections.abc import Awaitable, Callable, Sequence
from typing import cast
from uuid import UUID

from nicegui import ui

from core.errors import Refusal
from core.ids import new_id
from core.money import InvalidAmount, Money
from services import simulators
from services.simulators import PlayScenario, PressPhone, Prompt, SendTrial, TrialWallet
from ui import forms, shell
from ui.components import buttons, cards, fields, filters, layout, toasts
from ui.labels import money, t
from ui.markup import Markup, show, tag
from ui.pages.payments import account_words, simulator_words, words

USUAL_AMOUNT = "1000"
PENDING = "pending"


class Trial:
    """The form on the left, the phone on the right; `on_sent` shows the newest of what the operators hold."""

    def __init__(self, on_sent: Callable[[], Awaitable[None]]) -> None:
        self._on_sent = on_sent
        self._wallet: TrialWallet | None = None
        self._direction = "collect"
        self._transfer_id: UUID | None = None

    async def draw(self) -> None:
        """Draw both sides; where people are real there is nothing to draw."""
        people = await shell.attempt(simulators.list_wallets)
        if isinstance(people, Refusal):
            cards.notice(shell.sentence_of(people), tone="ochre", icon_name="lock")
            return
        with layout.grid() as self._root:
            with layout.cell(8), cards.titled(t("Un essai")), fields.form():
                self._draw_form(people)
            with layout.cell(4), cards.card(is_flush=True).classes("handset"):
                show(cards.head(t("Téléphone"), t("ce que voit la personne")), classes="card-head")
                self._phone = ui.element("div").classes("handset-body")
        self._draw_phone(None)
        if people:
            await self._choose_person(people[0].phone)

    def _draw_form(self, people: Sequence[TrialWallet]) -> None:
        names = {one.phone: f"{one.name} · {one.phone} · {money(one.balance)}" for one in people}
        with layout.row():
            ways = {"collect": t("Demander au téléphone"), "payout": t("Envoyer au téléphone")}
            filters.segments(ways, self._direction, self._choose_direction, label=t("Sens"))
        with ui.element("div").classes("field-pair trial-pair"):
            person = fields.choice(t("Portefeuille"), names, value=next(iter(names), None))
            self._number = fields.text(t("Ou un autre numéro"), hint=t("Entrée pour chercher."))
        with ui.element("div").classes("field-pair trial-pair"):
            self._method = fields.choice(t("Moyen"), {})
            self._amount = fields.text(t("Montant"), value=USUAL_AMOUNT)
        self._scenario = fields.choice(
            t("Ce qui va se passer"), simulator_words.scenarios(), value=simulator_words.BY_HAND
        )
        with layout.row(at_end=True):
            self._button = buttons.primary(t("Envoyer l'essai"), self._send, icon="send")
        person.on_value_change(lambda event: self._choose_person(str(event.value or "")))
        self._number.props("inputmode=tel").on("keydown.enter", self._find)
        self._amount.props("inputmode=numeric").on_value_change(lambda _: self._name_button())

    def _choose_direction(self, direction: str) -> None:
        self._direction = direction
        self._offer()

    async def _find(self) -> None:
        await self._choose_person(forms.written(self._number))

    async def _choose_person(self, phone: str) -> None:
        found = await shell.attempt(simulators.find_wallet, phone)
        fields.show_error(self._number, shell.sentence_of(found) if isinstance(found, Refusal) else None)
        if not isinstance(found, Refusal):
            self._wallet = found
            self._offer()

    def _offer(self) -> None:
        """Offer the methods that reach this person this way."""
        if self._wallet is None:
            return
        offered = self._wallet.collects if self._direction == "collect" else self._wallet.payouts
        kept = self._method.value
        choices = {one.method: f"{one.label} · {account_words.adapter(one.adapter)}" for one in offered}
        self._method.set_options(choices, value=kept if kept in choices else next(iter(choices), None))
        fields.show_error(self._method, None if choices else t("Aucun compte d'essai n'atteint cette personne."))
        self._name_button()

    def _name_button(self) -> None:
        amount = self._asked()
        words_of = t("Demander {amount}") if self._direction == "collect" else t("Envoyer {amount}")
        self._button.text = words_of.format(amount=money(amount)) if amount else t("Envoyer l'essai")

    def _asked(self) -> Money | None:
        if self._wallet is None:
            return None
        try:
            amount = Money.parse(forms.written(self._amount), self._wallet.balance.currency)
        except InvalidAmount:
            return None
        return amount if amount.minor > 0 else None

    async def _send(self) -> None:
        amount, method = self._asked(), cast("str | None", self._method.value)
        fields.show_error(self._amount, None if amount else t("Écrivez un montant."))
        if amount is None or method is None or self._wallet is None:
            return
        offered = (*self._wallet.collects, *self._wallet.payouts)
        adapter = next(one.adapter for one in offered if one.method == method)
        order = SendTrial.model_validate(
            {
                "key": str(new_id()),
                "phone": self._wallet.phone,
                "method": method,
                "direction": self._direction,
                "amount_minor": amount.minor,
            }
        )
        code = str(self._scenario.value or "")
        if code and not await self._play(adapter, code, 1):
            return
        sent = await shell.act(simulators.send_trial, order)
        if sent is None:
            if code:
                await self._play(adapter, code, 0)  # it was for this order alone
            return
        self._transfer_id = sent.transfer_id
        self._draw_phone(None)
        toasts.done(t("Essai parti : {reference}.").format(reference=sent.reference))
        await self._on_sent()

    async def _play(self, adapter: str, code: str, times: int) -> bool:
        outcome = await shell.attempt(simulators.play_scenario, PlayScenario(adapter=adapter, code=code, count=times))
        if isinstance(outcome, Refusal):
            toasts.refused(shell.sentence_of(outcome))
        return not isinstance(outcome, Refusal)

    # The phone

    def show_prompts(self, prompts: Sequence[Prompt]) -> None:
        """Show on the phone the order that was sent last, else the newest one that waits for an answer."""
        mine = next((one for one in prompts if one.transfer_id and one.transfer_id == self._transfer_id), None)
        waiting = next((one for one in prompts if one.state == PENDING), None)
        if hasattr(self, "_phone") and not self._phone.is_deleted:
            self._draw_phone(mine or (waiting if self._transfer_id is None else None))

    def _draw_phone(self, prompt: Prompt | None) -> None:
        self._phone.clear()
        with self._phone:
            show(_screen(prompt, is_sent=self._transfer_id is not None))
            if prompt is None:
                return
            if prompt.state == PENDING:
                with ui.element("div").classes("handset-calls"):
                    buttons.secondary(t("Refuser"), lambda: self._press(prompt, is_paid=False))
                    buttons.primary(t("Accepter"), lambda: self._press(prompt, is_paid=True))
            if prompt.link:
                show(tag("a", t("Ouvrir la page de paiement"), href=prompt.link, target="_blank", class_="link"))
            if prompt.transfer_id:
                path = f"{words.SECTION}/transferts/{prompt.transfer_id}"
                show(tag("a", t("Voir le transfert"), href=path, class_="link"))

    async def _press(self, prompt: Prompt, *, is_paid: bool) -> None:
        with self._root:  # the button itself is drawn again while we wait
            outcome = await shell.attempt(simulators.press_phone, PressPhone(reference=prompt.name, is_paid=is_paid))
            if isinstance(outcome, Refusal):
                toasts.refused(shell.sentence_of(outcome))
            await self._on_sent()


def _screen(prompt: Prompt | None, *, is_sent: bool) -> Markup:
    """Return the phone's screen: what the operator asks, or what became of it."""
    if prompt is None:
        text = t("L'essai est en route…") if is_sent else t("Rien n'attend. Envoyez un essai.")
        return _framed("", text)
    asked = {
        "collect": t("{operator} : Palabre vous demande {amount}. Acceptez-vous ?"),
        "payout": t("{operator} : vous recevez {amount} de Palabre."),
        "refund": t("{operator} : Palabre vous rend {amount}."),
    }[prompt.operation]
    text = asked.format(operator=account_words.adapter(prompt.adapter), amount=money(prompt.amount))
    state = simulator_words.STATES[prompt.state]
    return _framed(prompt.party, text, "" if prompt.state == PENDING else t(state.word))


def _framed(number: str, text: str, outcome: str = "") -> Markup:
    return tag(
        "div",
        tag("div", tag("span", t("Réseau d'essai")), tag("span", number), class_="handset-bar"),
        tag("p", text, class_="handset-text"),
        tag("p", outcome, class_="handset-outcome") if outcome else None,
        class_="handset-screen trial-screen",
        role="status",
    )
