"""How the account's Kannel does, as it tells itself; asked from a worker thread, when somebody looks."""

from anyio import to_thread
from nicegui import ui

from core.errors import Refusal
from services import gateway_notes, kannel_status
from services.gateway_notes import GatewayNotes, SetStatusAddress
from services.gateways import GatewayRow
from services.kannel_status import KannelStatus, Link, Silence
from ui import forms, shell
from ui.components import buttons, cards, chips, dialogs, facts, fields, layout
from ui.labels import Sign, Tone, t
from ui.markup import join, show, tag
from ui.pages.ussd.gateways import words

_UP = Sign("check", "En ligne", Tone.ACCENT)
_DOWN = Sign("error", "Hors ligne", Tone.RED)


class KannelCard:
    """The panel; it asks once when the page opens, and again at a press."""

    def __init__(self, row: GatewayRow, notes: GatewayNotes, *, may_change: bool) -> None:
        self._row, self._address, self._has_password = row, notes.status_address, notes.has_status_password
        with cards.titled("Kannel", self._address):
            self._place = layout.stack(is_tight=True)
            with layout.row():
                if self._address:
                    buttons.secondary(t("Interroger"), self.ask, icon="refresh")
                if may_change:
                    buttons.secondary(t("Adresse de status.xml"), self._ask_address, icon="link")
        if self._address:
            ui.timer(0.1, self.ask, once=True)
        else:
            with self._place:
                show(facts.prose(t("Donnez l'adresse de status.xml pour voir ici comment va Kannel.")))

    async def ask(self) -> None:
        """Ask Kannel and show what it says."""
        request = await shell.read(gateway_notes.get_status_request, self._row.id)
        if request is None:
            return
        found = await to_thread.run_sync(kannel_status.read, request.address)
        if self._place.is_deleted:
            return
        self._place.clear()
        with self._place:
            if isinstance(found, KannelStatus):
                _draw(found)
            else:
                cards.notice(_silence(found), tone="red", icon_name="cloud_off")

    def _ask_address(self) -> None:
        with dialogs.dialog(t("Adresse de status.xml")) as dialog, fields.form():
            hint = "http://127.0.0.1:13000/status.xml"
            kept = t("Gardé. Vide : il ne change pas.") if self._has_password else ""
            boxes: dict[str, forms.Box] = {
                "address": fields.text(t("Adresse"), value=self._address, hint=hint),
                "password": fields.password(t("status-password de kannel.conf"), autocomplete="off", hint=kept),
            }
            with dialogs.actions():
                buttons.secondary(t("Annuler"), dialog.close)
                button = buttons.primary(t("Enregistrer"))

        async def keep() -> None:
            values = {name: forms.written(box) for name, box in boxes.items()}
            order = forms.fill(SetStatusAddress, boxes, gateway_id=self._row.id, **values)
            if order is None:
                return
            outcome = await shell.attempt(gateway_notes.set_status_address, order)
            if isinstance(outcome, Refusal):
                forms.say(outcome, boxes)
                return
            dialog.close()
            ui.navigate.to(f"{words.GATEWAYS}/{self._row.id}")

        button.on_click(keep)
        dialog.open()


def _silence(found: Silence) -> str:
    if not found.is_heard:
        return t("Bearerbox ne répond pas à cette adresse : Kannel est arrêté, ou l'adresse est fausse.")
    if found.is_denied:
        return t("Kannel refuse ce mot de passe : donnez le status-password de kannel.conf.")
    return t("Ce qui répond à cette adresse (état {status}) n'est pas Kannel.").format(status=found.status)


def _draw(found: KannelStatus) -> None:
    show(
        facts.facts(
            [
                (t("État"), join(chips.chip(_UP if found.is_running else _DOWN), " ", found.status)),
                (t("Version"), found.version),
                (t("Reçus"), found.received),
                (t("Envoyés"), found.sent),
                (t("En attente"), found.waiting),
            ]
        )
    )
    for title, links in ((t("Boîtes"), found.boxes), (t("Liaisons"), found.lines)):
        show(tag("h3", title, class_="caption"))
        show(facts.facts([_link(link) for link in links] or [(t("aucune"), "")]))


def _link(link: Link) -> facts.Fact:
    queued = t("{queued} en attente").format(queued=link.queued) if link.queued else ""
    failed = t("{failed} en échec").format(failed=link.failed) if link.failed not in {"", "0"} else ""
    said = " · ".join(filter(None, (link.status, queued, failed)))
    return link.name, join(chips.chip(_UP if link.is_up else _DOWN), " ", said)
