"""A programme's place in DHIS2: four identifiers, a harmless call, and how many codes stand how there."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from nicegui import ui

from core.errors import Refusal
from models.ciu_leaving import LinkState
from services.ciu.dhis2 import connecting
from services.ciu.dhis2.connecting import ConnectDhis2, Dhis2Row
from services.ciu.store.settings import ProgrammeRow
from ui import forms, shell
from ui.components import buttons, cards, chips, dialogs, fields, toasts
from ui.components.confirm_dialog import confirm_dialog
from ui.components.facts import Fact, facts
from ui.labels import Sign, State, Tone, count, t
from ui.markup import show, tag

SETTINGS = "/ciu/reglages"
FREE = Sign("block", "Non relié", Tone.NEUTRAL)
FIELDS = {
    "entity_type": "Type d'entité suivie",
    "attribute": "Attribut du code",
    "org_unit": "Unité d'organisation",
    "program": "Programme DHIS2 (facultatif)",
}
STATES = {
    "waiting": "En attente",
    "sent": "Envoyés",
    "exported": "Reçus",
    "conflict": "En conflit",
    "rejected": "Refusés",
    "unknown": "Sort inconnu",
}


def draw(row: ProgrammeRow, found: Dhis2Row, states: Mapping[LinkState, int]) -> None:
    """Place the card of the connection."""
    with cards.titled("DHIS2", t("le jeton vient du serveur : DHIS2_API_TOKEN")):
        sign = State.ACTIVE if found.is_connected else FREE
        lines: list[Fact] = [
            (t("État"), chips.chip(sign)),
            (
                t("Adresse"),
                tag("code", found.server, class_="code-inline") if found.server else t("simulateur, ou aucun"),
            ),
        ]
        if found.is_connected:
            lines += [
                (t(label), tag("code", str(getattr(found, name)), class_="code-inline"))
                for name, label in FIELDS.items()
                if getattr(found, name)
            ]
            lines += [(t(STATES[state]), count(number)) for state, number in states.items() if number]
        show(facts(lines))
        with ui.element("div").classes("abreast"):
            buttons.secondary(t("Relier") if not found.is_connected else t("Modifier"), partial(_ask, row, found))
            if found.is_connected:
                buttons.secondary(t("Tester"), partial(_try, row), icon="network_check")
                buttons.quiet(t("Délier"), partial(_ask_leaving, row))


def _ask(row: ProgrammeRow, found: Dhis2Row) -> None:
    with dialogs.dialog(t("Relier à DHIS2")) as dialog, fields.form():
        boxes: dict[str, Any] = {
            name: fields.text(t(label), value=str(getattr(found, name))) for name, label in FIELDS.items()
        }
        for box in boxes.values():
            box.props("maxlength=11")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def run() -> None:
        given = {name: forms.written(box) for name, box in boxes.items()}
        order = forms.fill(ConnectDhis2, boxes, programme=row.code, **given)
        if order is None:
            return
        if await shell.act(connecting.connect_dhis2, order) is not None:
            dialog.close()
            _again(row, t("Programme relié à DHIS2."))

    button.on_click(run)
    dialog.open()


async def _try(row: ProgrammeRow) -> None:
    outcome = await shell.carry(connecting.try_dhis2, row.code)
    if isinstance(outcome, Refusal):
        toasts.refused(shell.sentence_of(outcome))
    else:
        toasts.done(t("DHIS2 {version} répond. Rien n'a été envoyé.").format(version=outcome))


def _ask_leaving(row: ProgrammeRow) -> None:
    async def confirm() -> Any:
        done = await shell.act(connecting.disconnect_dhis2, row.code)
        if done is not None:
            _again(row, t("Programme délié de DHIS2."))
        return done

    confirm_dialog(
        t("Délier de DHIS2"),
        t("Plus aucun code n'y partira. Ceux qui y sont y restent."),
        act=t("Délier"),
        confirm=confirm,
    )


def _again(row: ProgrammeRow, words: str) -> None:
    toasts.done(words)
    ui.navigate.to(f"{SETTINGS}?programme={row.code}")
