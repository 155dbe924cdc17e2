"""The dialog that writes a connector: its address, what it sends, what of the answer becomes a variable."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError

from core.errors import Refusal
from models.offers import FakeMode
from services import connectors
from services.connectors import Canned, ConnectorRow, Input, OutcomeRule, Output, SaveConnector
from ui import forms, shell
from ui.components import buttons, dialogs, fields, toasts
from ui.components.facts import facts
from ui.labels import t
from ui.markup import Markup
from ui.pages.ussd.offers import words

PLAIN = ("name", "label", "base_url", "path")


def ask(after: Callable[[], Awaitable[Any]], row: ConnectorRow | None = None) -> None:
    """Open the dialog; the name of a connector that exists stays, and its secrets are never shown again."""
    with dialogs.dialog(t("Changer le connecteur") if row else t("Ajouter un connecteur")) as dialog, fields.form():
        boxes = _boxes(row)
        secret_name = fields.text(t("En-tête secret"), hint=_kept(row))
        secret = fields.password(t("Sa valeur"), autocomplete="off", hint=t("Écrite une fois, jamais relue."))
        is_active = fields.switch(t("En service"), is_on=row.is_active if row else True)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def save() -> None:
        named = forms.written(secret_name)
        secrets = {named: forms.written(secret)} if named else {}
        values = _read(boxes)
        if values is None:
            return
        order = forms.fill(SaveConnector, boxes, **values, secrets=secrets, is_active=bool(is_active.value))
        if order is None:
            return
        outcome = await shell.attempt(connectors.save_connector, order, row.id if row else None)
        if isinstance(outcome, Refusal):
            forms.say(outcome, boxes)
            return
        dialog.close()
        toasts.done(t("Connecteur enregistré."))
        await after()

    button.on_click(save)
    dialog.open()


def facts_of(row: ConnectorRow) -> Markup:
    """Return what a connector is; of its secrets, the names."""
    lines = [
        (t("Adresse"), f"{row.method} {row.base_url}{row.path}"),
        (t("Délai"), t("{count} ms").format(count=row.timeout_ms)),
        (t("Variables envoyées"), ", ".join(one.name for one in row.inputs)),
        (t("Variables reçues"), ", ".join(one.name for one in row.outputs)),
        (t("Issues"), ", ".join(sorted({"ok", "refused", "down", *(one.outcome for one in row.outcomes)}))),
        (t("En-têtes secrets"), ", ".join(row.secret_names)),
        (t("Simulation"), t(words.FAKES[row.fake])),
    ]
    return facts(lines)


def _kept(row: ConnectorRow | None) -> str:
    if row is None or not row.secret_names:
        return t("Par exemple X-Api-Key. Vide : aucun.")
    return t("Gardés : {names}. Une valeur vide en efface un.").format(names=", ".join(row.secret_names))


def _boxes(row: ConnectorRow | None) -> dict[str, Any]:
    boxes: dict[str, Any] = {
        "name": fields.text(t("Nom dans les menus"), value=row.name if row else "", hint=t("Par exemple meteo.")),
        "label": fields.text(t("Titre"), value=row.label if row else ""),
        "base_url": fields.text(t("Adresse de base"), value=row.base_url if row else "https://"),
        "method": fields.choice(t("Méthode"), {"GET": "GET", "POST": "POST"}, value=row.method if row else "GET"),
        "path": fields.text(t("Chemin"), value=row.path if row else "/", hint=t("/villes/{ville}")),
        "body": fields.long_text(t("Corps (JSON)"), value=_json(row.body if row else {})),
        "timeout_ms": fields.text(t("Délai (ms)"), value=str(row.timeout_ms if row else 2_000), kind="number"),
        "inputs": fields.long_text(
            t("Variables envoyées"),
            value="\n".join(f"{one.name} {one.type} {one.max}" for one in row.inputs) if row else "",
            hint=t("Une par ligne : nom type longueur."),
        ),
        "outputs": fields.long_text(
            t("Variables reçues"),
            value="\n".join(f"{one.name} {one.type} {one.max} {one.pointer}" for one in row.outputs) if row else "",
            hint=t("Une par ligne : nom type longueur /pointeur/json."),
        ),
        "outcomes": fields.long_text(
            t("Issues"),
            value=_json([one.model_dump(exclude_none=True) for one in row.outcomes] if row else []),
            hint=t("JSON : une issue par statut ou par champ de la réponse."),
        ),
        "canned": fields.long_text(
            t("Réponses simulées (JSON)"),
            value=_json({mode.value: one.model_dump() for mode, one in row.canned.items()} if row else {}),
        ),
    }
    boxes["name"].set_enabled(row is None)
    modes = {mode.value: t(word) for mode, word in words.FAKES.items()}
    boxes["fake"] = fields.choice(t("Simulation"), modes, value=(row.fake if row else FakeMode.OFF).value)
    return boxes


def _read(boxes: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the fields hold; None when one does not read, which is then said under it."""
    readers: dict[str, Callable[[str], Any]] = {
        "body": lambda text: json.loads(text or "{}"),
        "outcomes": lambda text: tuple(map(OutcomeRule.model_validate, json.loads(text or "[]"))),
        "canned": lambda text: {mode: Canned.model_validate(one) for mode, one in json.loads(text or "{}").items()},
        "inputs": lambda text: tuple(map(_input, _lines(text))),
        "outputs": lambda text: tuple(map(_output, _lines(text))),
        "timeout_ms": int,
    }
    values: dict[str, Any] = {name: forms.written(boxes[name]) for name in PLAIN}
    values |= {"method": boxes["method"].value, "fake": boxes["fake"].value}
    is_readable = True
    for name, read in readers.items():
        try:
            values[name] = read(forms.written(boxes[name]))
            fields.show_error(boxes[name], None)
        except (ValueError, TypeError, AttributeError, IndexError, ValidationError):
            fields.show_error(boxes[name], t("Cela ne se lit pas."))
            is_readable = False
    return values if is_readable else None


def _lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


def _input(words_of: list[str]) -> Input:
    return Input.model_validate({"name": words_of[0], "type": words_of[1], "max": int(words_of[2])})


def _output(words_of: list[str]) -> Output:
    name, kind, longest, pointer = words_of
    return Output.model_validate({"name": name, "type": kind, "max": int(longest), "pointer": pointer})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) if value else ""
