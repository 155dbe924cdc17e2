"""What a person wants to get where: one line a kind of message, one column a channel, kept at each tick."""

from collections.abc import Callable
from typing import Any

from nicegui import events, ui

from core.errors import Refusal
from models.messages import Channel
from services.messages import preferences
from services.messages.kinds import KINDS, LOCKED
from services.messages.preferences import EVERY_TYPE, SetPreference
from ui import shell
from ui.components import cards, fields, toasts
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show, tag
from ui.pages.administration import words

COLUMNS = (Channel.SMS, Channel.WHATSAPP, Channel.EMAIL, Channel.PUSH)
ASKED_FIRST = frozenset({Channel.WHATSAPP})  # silence is no consent there


async def draw() -> None:
    """Draw the card of one's own choices; what protects the account is shown, and cannot be cut."""
    chosen = await shell.read(preferences.list_preferences)
    if chosen is None:
        return
    has_consent = chosen.get((EVERY_TYPE, Channel.WHATSAPP), False)
    with cards.titled(t("Messages que je reçois")):
        show(prose(t("Tout reste lisible dans l'application. Les codes et la sécurité partent toujours.")))
        fields.switch(
            t("J'accepte qu'on m'écrive sur WhatsApp"),
            is_on=has_consent,
            on_change=_keep(EVERY_TYPE, Channel.WHATSAPP),
        )
        with ui.element("div").classes("wishes"):
            for code, kind in KINDS.items():
                channels = [one for one in COLUMNS if any(one in copy for copy in kind.plan)]
                if channels:
                    _draw_kind(code, channels, chosen)


def _draw_kind(code: str, channels: list[Channel], chosen: dict[tuple[str, str], bool]) -> None:
    with ui.element("div").classes("wish").props("role=group") as line:
        line.props["aria-label"] = words.message_type(code)
        show(tag("span", words.message_type(code), class_="wish-name"), name="span")
        with ui.element("div").classes("wish-channels"):
            for channel in COLUMNS:
                if channel not in channels:
                    show(tag("span"), name="span", classes="wide-only")
                    continue
                is_on = chosen.get((code, channel), chosen.get((EVERY_TYPE, channel), True) or channel in ASKED_FIRST)
                box = fields.checkbox(words.channel(channel), is_on=is_on, on_change=_keep(code, channel))
                if code in LOCKED:
                    box.set_value(True)
                    box.disable()


def _keep(code: str, channel: Channel) -> Callable[[events.ValueChangeEventArguments[Any]], Any]:
    async def keep(event: events.ValueChangeEventArguments[Any]) -> None:
        order = SetPreference(type=code, channel=channel, is_on=bool(event.value))
        outcome = await shell.attempt(preferences.set_preference, order)
        if isinstance(outcome, Refusal):
            toasts.refused(shell.sentence_of(outcome))
        else:
            toasts.done(t("Choix gardé."))

    return keep
