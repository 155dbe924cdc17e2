"""How often is too often: each rate with what it refused lately, tightened at once, loosened by two."""

from functools import partial

from nicegui import ui

from core.errors import Refusal
from core.permissions import Permission
from services import limits
from services.limits import SetVelocity, VelocityRow
from ui import forms, shell
from ui.components import buttons, cards, dialogs, fields, toasts
from ui.components.decisions import Then
from ui.components.facts import prose
from ui.labels import count, counted, t
from ui.markup import Markup, show, tag
from ui.pages.ussd_money import words


async def draw(then: Then) -> None:
    """Draw one line a rate."""
    rows = await shell.read(limits.list_velocity) or []
    may_write = shell.visitor().may(Permission.USSD_TARIFFS_WRITE)
    note = t("par abonné, sauf la passerelle ; les essais de code secret ont leurs propres règles")
    with cards.titled(t("Cadences"), note, is_flush=True, is_ruled=True):
        for row in rows:
            with ui.element("div").classes("waiting-line"):
                show(_words(row), classes="waiting-asked")
                if may_write:
                    buttons.secondary(t("Changer"), partial(ask, row, then))


def _words(row: VelocityRow) -> Markup:
    refused = counted(row.refusals, t("{count} refus en 7 jours"), t("{count} refus en 7 jours"))
    return tag(
        "span",
        tag("span", words.rule(row.name), class_="line-title"),
        tag("span", f"{count(row.capacity)} {words.window(row.window_s)} · {refused}", class_="line-detail"),
        class_="waiting-words",
    )


def ask(row: VelocityRow, then: Then) -> None:
    """Open the dialog of one rate."""
    with dialogs.dialog(words.rule(row.name)) as dialog, fields.form():
        show(
            prose(
                t("Baisser vaut dès la prochaine demande, pour tout le monde. Relever demande une deuxième personne.")
            )
        )
        capacity = fields.text(t("Combien {window}").format(window=words.window(row.window_s)), value=str(row.capacity))
        capacity.props("inputmode=numeric autofocus")
        reason = fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Changer la cadence"))
    boxes: forms.Boxes = {"capacity": capacity, "reason": reason}

    async def run() -> None:
        order = forms.fill(
            SetVelocity, boxes, rule_id=row.id, capacity=forms.written(capacity), reason=forms.written(reason)
        )
        if order is None:
            return
        asked = await shell.attempt(limits.set_velocity, order)
        if isinstance(asked, Refusal):
            forms.say(asked, boxes)
            return
        toasts.done(t("Demandé. Une autre personne doit approuver.") if asked else t("Cadence changée."))
        dialog.close()
        await then()

    button.on_click(run)
    dialog.open()
