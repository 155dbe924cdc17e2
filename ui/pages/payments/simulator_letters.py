"""The messages that arrived, on the phones they arrived on: SMS, WhatsApp, mail, browser."""

from collections import defaultdict

from nicegui import ui

from core.errors import Refusal
from services import simulators
from services.simulators import Letter
from ui import shell
from ui.components import chips, empty, filters, layout
from ui.labels import t, when
from ui.markup import Markup, join, show, tag
from ui.pages.payments import simulator_words

MOST_PHONES = 12
MOST_ON_A_PHONE = 6


class LettersView:
    """One phone a person, the one written to last first."""

    def __init__(self) -> None:
        self._channel = ""
        with layout.row():
            channels = {code: t(sign.word) for code, sign in simulator_words.CHANNELS.items()}
            filters.choice(t("Canal"), {"": t("Tous"), **channels}, self._choose)
        self._place = ui.element("div").classes("stack")

    async def load(self) -> None:
        """Read again what arrived."""
        found = await shell.attempt(simulators.list_letters)
        if self._place.is_deleted:
            return
        self._place.clear()
        with self._place:
            if isinstance(found, Refusal):
                show(empty.sentence(shell.sentence_of(found), "cloud_off"))
                return
            kept = [one for one in found if self._channel in {"", one.channel}]
            if not kept:
                show(empty.sentence(t("Aucun message n'est encore arrivé. Un essai en écrit un."), "sms"))
            else:
                show(_phones(kept), classes="phones")

    async def _choose(self, channel: str) -> None:
        self._channel = channel
        await self.load()


def _phones(letters: list[Letter]) -> Markup:
    by_person: dict[str, list[Letter]] = defaultdict(list)
    for letter in letters:  # the newest first
        by_person[letter.to].append(letter)
    return join(*(_phone(to, got) for to, got in list(by_person.items())[:MOST_PHONES]))


def _phone(to: str, letters: list[Letter]) -> Markup:
    shown = letters[:MOST_ON_A_PHONE]
    return tag(
        "section",
        tag("div", tag("span", to, class_="line-title"), tag("span", when(letters[0].at)), class_="handset-bar"),
        tag("ol", *map(_bubble, reversed(shown)), class_="bubbles", tabindex="0", aria_label=to),
        class_="phone-inbox",
    )


def _bubble(letter: Letter) -> Markup:
    sign = simulator_words.CHANNELS[letter.channel]
    return tag(
        "li",
        tag("span", chips.chip(sign), tag("span", when(letter.at), class_="caption"), class_="bubble-head"),
        tag("strong", letter.subject) if letter.subject else None,
        tag("span", letter.text, class_="bubble-text"),
        class_=f"bubble bubble-{letter.channel}",
    )
