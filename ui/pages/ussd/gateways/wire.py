"""The wire recorder on the page: the last exchanges, the newest first, and the chosen one decoded."""

import json
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from channels.ussd import accounts
from channels.ussd.accounts import KeepFixture, ProfileRow
from core.errors import Refusal
from services import wire_records
from services.gateways import GatewayRow
from services.wire_records import WireRow
from ui import forms, shell
from ui.components import buttons, cards, chips, code, dialogs, empty, facts, fields, layout, toasts
from ui.labels import clock, t, when
from ui.markup import Markup, join, show, tag
from ui.pages.ussd.gateways import words

MOST_SHOWN = 50


class Wire:
    """The exchanges of one account; the newest is open until another one is chosen."""

    def __init__(self, row: GatewayRow, profile: ProfileRow, *, may_change: bool) -> None:
        self._row, self._profile, self._may_change = row, profile, may_change
        self._records: list[WireRow] = []
        self._chosen: UUID | None = None
        with cards.titled(t("Échanges"), is_live=True) as self._none:
            said = t("Aucune requête encore. La première paraîtra ici d'elle-même, décodée.")
            show(empty.sentence(said, "hourglass_top"))
        with layout.grid() as self._some:
            with (
                layout.cell(4),
                cards.titled(t("Échanges"), t("Sans secret, sept jours au plus."), is_flush=True, is_live=True),
            ):
                self._list = ui.element("ul").classes("findings wire-list")
            with layout.cell(8):
                self._detail = cards.card()
                self._detail.props("role=status")

    async def refresh(self) -> None:
        """Read the exchanges again; a first request appears by itself."""
        records = await shell.read(wire_records.list_records, self._row.id, limit=MOST_SHOWN)
        if records is None:
            return
        self._none.set_visibility(not records)
        self._some.set_visibility(bool(records))
        if records != self._records:
            self._records = records
            self._draw()

    def _draw(self) -> None:
        chosen = next((one for one in self._records if one.id == self._chosen), None)
        self._list.clear()
        with self._list:
            for record in self._records:
                self._line(record)
        self._detail.clear()
        if self._records:
            with self._detail:
                self._draw_record(chosen or self._records[0])

    def _line(self, record: WireRow) -> None:
        turn = record.exchange.get("turn", {})
        said = " · ".join(filter(None, (str(turn.get("msisdn", "")), str(turn.get("service_code", "")))))
        names = tag(
            "span",
            tag("span", words.kind(_kind(record)), class_="line-title"),
            tag("span", f"{clock(record.at, with_seconds=True)} · {said}" if said else when(record.at),
                class_="line-detail"),
            class_="line-words",
        )  # fmt: skip
        with ui.element("li"), ui.element("button").classes("finding").props("type=button") as button:
            show(join(names, chips.chip(words.outcome(record))), name="span", classes="finding-inside")
        button.on("click", partial(self._choose, record.id))

    def _choose(self, record_id: UUID) -> None:
        self._chosen = record_id
        self._draw()

    def _draw_record(self, record: WireRow) -> None:
        exchange = record.exchange
        notes = [when(record.at), words.elapsed(record)]
        if record.drift_ms is not None:
            notes.append(t("horloge {drift}").format(drift=words.drift(record.drift_ms)))
        path = f"/g/{self._row.key}/…"
        show(cards.head(f"{exchange['method']} {path}", " · ".join(notes)), classes="card-head card-head-in")
        with layout.grid():
            with layout.cell(6):
                show(code.block(_asked(exchange), title=t("Requête")))
                show(code.block(_answered(exchange), title=t("Réponse")))
            with layout.cell(6):
                show(turn_facts(exchange.get("turn", {})))
                if exchange.get("text"):
                    show(code.block(str(exchange["text"]), title=t("Écran")))
                if "lengths" in exchange:
                    show(facts.prose(t("Non décodée, ou arrivée trop tard : seuls les noms et les longueurs restent.")))
        if self._may_change and "fields" in exchange:
            with layout.row(at_end=True):
                href = f"{words.PROFILES}/{self._profile.name}?essai={record.id}&compte={self._row.id}"
                buttons.secondary(t("Ouvrir dans le profil"), icon="open_in_new", href=href)
                if not self._profile.is_shipped:
                    buttons.primary(t("Faire un test"), partial(self._ask_fixture, record), icon="fact_check")

    def _ask_fixture(self, record: WireRow) -> None:
        with dialogs.dialog(t("Faire un test")) as dialog, fields.form():
            show(facts.prose(t("Le numéro est remplacé. Le profil devra toujours lire cette requête ainsi.")))
            box = fields.text(t("Titre"), hint=t("Première requête, composition directe…"))
            with dialogs.actions():
                buttons.secondary(t("Annuler"), dialog.close)
                button = buttons.primary(t("Garder le test"))

        async def keep() -> None:
            order = forms.fill(KeepFixture, {"title": box}, record_id=record.id, title=forms.written(box))
            if order is None:
                return
            outcome = await shell.attempt(accounts.keep_fixture, order)
            if isinstance(outcome, Refusal):
                forms.say(outcome, {"title": box})
                return
            dialog.close()
            toasts.done(t("Test gardé."))

        button.on_click(keep)
        dialog.open()


def _kind(record: WireRow) -> str:
    """Return what an exchange was: by what it says, else by its place in the dialogue."""
    said = str(record.exchange.get("turn", {}).get("kind", ""))
    number = record.exchange.get("turn_number", 0)
    return said or ("begin" if number == 1 else "continue" if number else "")


def turn_facts(turn: dict[str, Any]) -> Markup:
    """Return a decoded turn, each thing with its value."""
    return facts.facts([(t(label), _value(name, turn[name])) for name, label in words.TURN.items() if turn.get(name)])


def _value(name: str, value: Any) -> str:
    if name == "kind":
        return words.kind(str(value))
    if value is True:
        return t("oui")
    if isinstance(value, list):
        return " · ".join(map(str, value))
    return ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else str(value)


def _asked(exchange: dict[str, Any]) -> str:
    if "fields" in exchange:
        headers = [f"{name}: {value}" for name, value in exchange.get("headers", {}).items()]
        return "\n".join([*headers, "", json.dumps(exchange["fields"], ensure_ascii=False, indent=2)]).strip()
    if "lengths" in exchange:
        return "\n".join(f"{name}: {size}" for name, size in exchange["lengths"].items()) or "\N{EM DASH}"
    return t("Le contenu n'est pas pour votre rôle.")


def _answered(exchange: dict[str, Any]) -> str:
    headers = [f"{name}: {value}" for name, value in exchange.get("answer_headers", {}).items()]
    kind = str(exchange.get("media_type", ""))
    return "\n".join([*filter(None, [kind, *headers]), "", str(exchange.get("answer", "\N{EM DASH}"))]).strip()
