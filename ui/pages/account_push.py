"""Notifications of the browser: a switch for the one that shows the page, and a line for each of one's own.

The browser asks its owner by itself, at his own click; we only hear what came of it.
"""

import json
from typing import Any
from uuid import UUID

from nicegui import context, events, ui
from pydantic import ValidationError

from core.errors import Refusal
from services.messages import browsers
from services.messages.browsers import BrowserRow, PushDoor, SubscribePush, UnsubscribePush
from ui import shell
from ui.components import buttons, cards, chips, fields, toasts
from ui.components.facts import prose
from ui.labels import t, when
from ui.markup import join, show, tag
from ui.pages.administration import words

LONGEST_LABEL = 100


async def draw() -> None:
    """Draw the card where an active account can push to browsers; nothing elsewhere."""
    door = await shell.read(browsers.get_push_door)
    if door is not None:
        await _Card(door).draw()


class _Card:
    """What the page knows of the browser that shows it."""

    def __init__(self, door: PushDoor) -> None:
        self._door = door
        self._agent = context.client.request.headers.get("user-agent", "")
        self._here: UUID | None = None

    async def draw(self) -> None:
        with cards.titled(t("Notifications du navigateur"), is_flush=True, is_ruled=True):
            with ui.element("div").classes("card-body stack stack-tight"):
                show(prose(t("Une phrase sans montant ni nom, même quand Palabre est fermé.")))
                if self._door.is_fake:
                    sentence = t("Compte fictif : seuls les navigateurs du simulateur peuvent s'abonner.")
                    cards.notice(sentence, tone="ochre")
                self._switch = fields.switch(t("Me notifier sur ce navigateur"))
                self._switch.disable()  # until the browser has said what it can
                self._switch.on("update:model-value", self._turned, js_handler=_handler(self._door.public_key))
                self._note = ui.element("div")
                self._note.set_visibility(False)
            self._list = ui.element("div")
        await self._refresh()
        event = f"subscription-{self._switch.id}"
        ui.on(event, self._told)
        ui.run_javascript(f"palabre.tellSubscription({json.dumps(event)})")

    async def _told(self, event: events.GenericEventArguments) -> None:
        """Hear what this browser can, and whether it is subscribed already."""
        heard = _heard(event)
        if heard.get("is_able") is not True:
            self._note.set_visibility(True)
            with self._note:
                show(prose(t("Ce navigateur ne reçoit pas de notifications, ou la page n'est pas en https.")))
            return
        self._here = await shell.read(browsers.find_browser, str(heard.get("endpoint", "")))
        self._switch.enable()
        await self._refresh()

    async def _turned(self, event: events.GenericEventArguments) -> None:
        """Keep what came of the owner's click."""
        heard = _heard(event)
        if "endpoint" in heard:
            await self._keep(heard)
        elif "fault" in heard:
            toasts.refused(_sentence_of(str(heard["fault"])))
        elif self._here is not None:
            await self._remove(self._here)
        await self._refresh()

    async def _keep(self, heard: dict[str, Any]) -> None:
        label = words.browser(self._agent)[:LONGEST_LABEL]
        try:
            order = SubscribePush(
                endpoint=heard["endpoint"], p256dh=heard.get("p256dh"), auth=heard.get("auth"), label=label
            )
        except ValidationError:
            outcome: BrowserRow | Refusal = browsers.BrowserRefused()
        else:
            outcome = await shell.attempt(browsers.subscribe_push, order)
        if isinstance(outcome, Refusal):
            toasts.refused(shell.sentence_of(outcome))
            ui.run_javascript("palabre.unsubscribe()")
            return
        self._here = outcome.id
        toasts.done(t("Ce navigateur sera notifié."))

    async def _remove(self, browser_id: UUID) -> None:
        outcome = await shell.attempt(browsers.unsubscribe_push, UnsubscribePush(browser_id=browser_id))
        if isinstance(outcome, Refusal):
            toasts.refused(shell.sentence_of(outcome))
            return
        if browser_id == self._here:
            self._here = None
            ui.run_javascript("palabre.unsubscribe()")
        toasts.done(t("Navigateur retiré."))

    async def _refresh(self) -> None:
        rows = await shell.read(browsers.list_browsers) or []
        if self._here not in {row.id for row in rows}:
            self._here = None
        self._switch.set_value(self._here is not None)
        self._list.clear()
        with self._list:
            for row in rows:
                self._line(row)

    def _line(self, row: BrowserRow) -> None:
        async def remove() -> None:
            await self._remove(row.id)
            await self._refresh()

        with ui.element("div").classes("line"):
            show(
                join(
                    tag("span", row.label or t("Navigateur inconnu"), class_="line-title"),
                    chips.plain(t("Ce navigateur")) if row.id == self._here else None,
                    tag("span", t("depuis {moment}").format(moment=when(row.since)), class_="line-detail"),
                ),
                classes="line-words",
            )
            button = buttons.secondary(t("Retirer"), remove)
            button.props["aria-label"] = t("Retirer {browser}").format(browser=row.label or t("Navigateur inconnu"))


def _heard(event: events.GenericEventArguments) -> dict[str, Any]:
    return event.args if isinstance(event.args, dict) else {}


def _handler(key: str) -> str:
    return f"(isOn) => (isOn ? palabre.subscribe({json.dumps(key)}) : palabre.unsubscribe()).then(emit)"


def _sentence_of(fault: str) -> str:
    if fault == "denied":
        return t("Le navigateur refuse les notifications : permettez-les dans ses réglages.")
    return t("Le service de notifications du navigateur n'a pas répondu. Réessayez plus tard.")
