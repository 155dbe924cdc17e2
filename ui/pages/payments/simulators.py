"""`/paiements/simulateurs`: try money and messages on the fakes, in their real wire formats."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from core.errors import Refusal
from core.permissions import Permission
from services import simulators
from services.simulators import Desk, FireCallback, MoveClock, Prompt, RestartFakes
from ui import forms, live, shell
from ui.components import buttons, cards, chips, empty, fields, layout, tabs, toasts
from ui.components.confirm_dialog import confirm_dialog
from ui.labels import clock, count, money, t
from ui.markup import Markup, show, tag
from ui.pages.payments import account_words, simulator_words, words
from ui.pages.payments.simulator_book import BookView
from ui.pages.payments.simulator_letters import LettersView
from ui.pages.payments.simulator_trial import Trial

REFRESH_S = 1.0
MOST_PROMPTS = 12


@shell.screen(simulator_words.SIMULATORS, title="Simulateurs", needs=Permission.PAYMENTS_SIMULATE)
async def page() -> None:
    """Draw the desk, the two books and the phones, one tab each."""
    layout.title(
        t("Simulateurs"),
        t("Les opérateurs d'essai, dans leur vrai langage : rien n'est payé, rien ne sort de cette machine."),
    )
    desk = await shell.read(simulators.get_desk)
    if desk is None:
        return
    if not desk.accounts or not desk.is_running:
        with cards.card():
            empty.empty(
                t("Aucun compte d'essai en service : rien à simuler ici."),
                icon="experiment",
                action=t("Voir les comptes"),
                href=account_words.ACCOUNTS,
            )
        return
    views: dict[str, Callable[[], Awaitable[None]]] = {}
    choices = [
        tabs.Tab("desk", t("Essais")),
        tabs.Tab("book", t("Les deux livres")),
        tabs.Tab("letters", t("Messages reçus")),
    ]
    place = ui.element("div").classes("stack")

    async def draw(name: str) -> None:
        place.clear()
        with place:
            views["now"] = await _view(name, desk)

    tabs.tabs(choices, draw)
    place.move(target_index=-1)
    await draw("desk")
    live.hub.subscribe(["transfers", "messages"], lambda _: views["now"](), every_s=REFRESH_S)


async def _view(name: str, desk: Desk) -> Callable[[], Awaitable[None]]:
    """Draw one tab and return what refreshes it."""
    if name == "book":
        book = BookView(desk)
        await book.load()
        return book.load
    if name == "letters":
        letters = LettersView()
        await letters.load()
        return letters.load
    return await _DeskView(desk).draw()


class _DeskView:
    """An order of trial with its phone, what the operators hold, chance and the clock."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def draw(self) -> Callable[[], Awaitable[None]]:
        """Draw everything, then what the fakes hold now."""
        self._trial = Trial(self.load)
        await self._trial.draw()
        with layout.grid() as self._root:
            with layout.cell(8), cards.titled(t("Chez les opérateurs"), is_flush=True, is_ruled=True, is_live=True):
                self._list = ui.element("div")
            with layout.cell(4):
                self._draw_clock()
                self._draw_chance()
        await self.load()
        return self.load

    async def load(self) -> None:
        """Show what the fakes hold now."""
        found = await shell.attempt(simulators.list_prompts)
        if self._list.is_deleted:
            return
        self._list.clear()
        with self._list:
            if isinstance(found, Refusal):
                show(empty.sentence(shell.sentence_of(found), "cloud_off"))
                return
            if not found:
                show(empty.sentence(t("Aucune demande. Envoyez un essai : il paraîtra ici."), "experiment"))
            for prompt in found[:MOST_PROMPTS]:
                self._draw_prompt(prompt)
        self._trial.show_prompts(found)

    def _draw_prompt(self, prompt: Prompt) -> None:
        with ui.element("div").classes("line trial-line"):
            show(_prompt_words(prompt), classes="line-words")
            show(chips.chip(simulator_words.STATES[prompt.state]))
            with buttons.secondary(t("Rappel"), icon="webhook"), ui.menu().classes("menu"):
                for way, word in simulator_words.WAYS.items():
                    item = ui.menu_item(t(word), on_click=partial(self._fire, prompt, way))
                    item.classes("menu-line")

    async def _fire(self, prompt: Prompt, way: str) -> None:
        with self._root:  # the line is drawn again while we wait
            order = FireCallback.model_validate({"reference": prompt.name, "way": way})
            statuses = await shell.act(simulators.fire_callback, order)
            if statuses is not None:
                toasts.done(_answers(way, statuses))
                await self.load()

    def _draw_clock(self) -> None:
        with cards.titled(t("Leur horloge")):
            show(
                tag(
                    "p", t("Ce qui était dû arrive tout de suite, dans l'ordre. La nôtre ne bouge pas."), class_="prose"
                )
            )
            with layout.row():
                for seconds, word in simulator_words.MOVES.items():
                    buttons.secondary(t(word), partial(self._move, seconds))

    async def _move(self, seconds: int) -> None:
        done = await shell.act(simulators.move_clock, MoveClock(seconds=seconds))
        if done is not None:
            toasts.done(t("{number} choses sont arrivées.").format(number=count(done)))
            await self.load()

    def _draw_chance(self) -> None:
        with cards.titled(t("Hasard")), fields.form():
            seed = fields.text(t("Graine"), hint=t("La même graine donne les mêmes fins."))
            seed.props("maxlength=40")
            is_mixed = fields.checkbox(t("6 demandes sur 100 tournent mal"), is_on=True)
            with layout.row():
                buttons.secondary(
                    t("Recommencer"),
                    lambda: self._ask_restart(RestartFakes(seed=forms.written(seed), is_mixed=bool(is_mixed.value))),
                    icon="restart_alt",
                )

    def _ask_restart(self, order: RestartFakes) -> None:
        async def confirm() -> bool | None:
            refusal = await shell.attempt(simulators.restart, order)
            if isinstance(refusal, Refusal):
                toasts.refused(shell.sentence_of(refusal))
                return None
            toasts.done(t("Les opérateurs d'essai ont tout oublié."))
            await self.load()
            return True

        confirm_dialog(
            t("Recommencer les simulateurs"),
            t("Leur livre se vide : ce qui est en cours chez nous ne sera plus retrouvé chez eux."),
            act=t("Tout oublier"),
            confirm=confirm,
        )


def _prompt_words(prompt: Prompt) -> Markup:
    title = f"{account_words.adapter(prompt.adapter)} · {money(prompt.amount)}"
    told = [
        t(simulator_words.KINDS.get(prompt.operation, prompt.operation)),
        prompt.party,
        clock(prompt.at, with_seconds=True),
    ]
    name = words.short(prompt.reference) if prompt.reference else ""
    link = tag("a", name, href=f"{words.SECTION}/transferts/{prompt.transfer_id}", class_="link")
    return tag(
        "span",
        tag("span", title, class_="line-title"),
        tag(
            "span",
            " · ".join(part for part in told if part),
            " · " if name else "",
            link if prompt.transfer_id else name,
            class_="line-detail",
        ),
        tag("span", simulator_words.scenario(prompt.code), class_="line-detail"),
        class_="line-words",
    )


def _answers(way: str, statuses: list[int | None]) -> str:
    if way == "late":
        return t("Il partira dans dix minutes de leur horloge.")
    if not statuses:
        return t("Cet opérateur n'envoie pas ce rappel.")
    answers = ", ".join(str(status or t("aucune réponse")) for status in sorted({*statuses}, key=str))
    if len(statuses) == 1:
        return t("Rappel envoyé ; notre porte a répondu {answers}.").format(answers=answers)
    return t("{number} rappels envoyés ; notre porte a répondu {answers}.").format(
        number=count(len(statuses)), answers=answers
    )
