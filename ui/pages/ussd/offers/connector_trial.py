"""The dialog that tries a connector: a sample for each variable, a real request, what the menu would receive."""

from anyio import to_thread

from core.errors import Refusal
from services import connectors
from services.connectors import ConnectorRow, Input, Tried, TryConnector
from ui import forms, shell
from ui.components import buttons, chips, dialogs, facts, fields, layout
from ui.labels import count, t
from ui.markup import show
from ui.pages.ussd.offers import words

SAMPLES = {"int": "1", "money": "1000", "phone": "677000001", "date": "2026-01-31"}


def ask(row: ConnectorRow) -> None:
    """Ask for the samples; what comes back stands under them, and may be asked for again."""
    with dialogs.dialog(t("Essayer {name}").format(name=row.label or row.name)) as dialog, fields.form():
        said = t("Une vraie requête part vers {address}, même si la simulation est en marche.")
        show(facts.prose(said.format(address=row.base_url)))
        boxes = {each.name: _box(each) for each in row.inputs}
        place = layout.stack(is_tight=True)
        place.props("role=status")
        with dialogs.actions():
            buttons.secondary(t("Fermer"), dialog.close)
            button = buttons.primary(t("Envoyer"), icon="experiment")

    async def send() -> None:
        place.clear()
        values = {name: forms.written(box) for name, box in boxes.items()}
        order = forms.fill(TryConnector, boxes, connector_id=row.id, values=values)
        if order is None:
            return
        trial = await shell.attempt(connectors.prepare_trial, order)
        if isinstance(trial, Refusal):
            forms.say(trial, boxes)
            return
        button.disable()
        tried = await to_thread.run_sync(connectors.run_trial, trial)
        if place.is_deleted:
            return
        button.enable()
        with place:
            show(facts.facts(_told(tried)))

    button.on_click(send)
    dialog.open()


def _box(each: Input) -> forms.Box:
    return fields.text(each.name, value=SAMPLES.get(each.type, ""), hint=t(words.TYPES[each.type]))


def _told(tried: Tried) -> list[facts.Fact]:
    asked = tried.asked
    lines: list[facts.Fact] = [
        (t("Issue"), chips.chip(words.outcome_sign(asked.outcome))),
        (t("Statut HTTP"), str(asked.status) if asked.status else t("aucune réponse")),
        (t("Temps"), t("{count} ms").format(count=count(tried.elapsed_ms))),
    ]
    if asked.why:
        lines.append((t("Cause"), words.fault(asked.why)))
    received = [(name, t("rien") if value in (None, "") else str(value)) for name, value in asked.values.items()]
    return [*lines, *received]
