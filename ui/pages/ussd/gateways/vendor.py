"""What a vendor answered to what it does not publish, with the date and who said it."""

from datetime import date
from functools import partial

from nicegui import ui

from core import clock
from core.errors import Refusal
from services import gateway_notes
from services.gateway_notes import GatewayNotes, RecordVendorAnswer, VendorAnswer
from services.gateways import GatewayRow
from ui import forms, shell
from ui.components import buttons, cards, dialogs, fields
from ui.labels import t
from ui.markup import join, show, tag
from ui.pages.ussd.gateways import words


def draw_answers(row: GatewayRow, notes: GatewayNotes, *, may_change: bool) -> None:
    """Place each question with its answer."""
    known = sum(bool(one.answer) for one in notes.answers)
    with cards.titled(t("À confirmer avec le fournisseur"), f"{known} / {len(notes.answers)}", is_flush=True):
        for answer in notes.answers:
            with ui.element("div").classes("line"):
                show(
                    join(
                        tag("span", t(answer.question), class_="line-title"),
                        tag("span", _said(answer), class_="line-detail line-wrap"),
                    ),
                    classes="line-words",
                )
                if may_change:
                    label = t("Noter : {question}").format(question=t(answer.question))
                    buttons.icon_only("edit", label, partial(_ask, row, answer))


def _said(answer: VendorAnswer) -> str:
    if not answer.answer or answer.on is None:
        return t("sans réponse")
    return t("{answer} ({contact}, {on})").format(
        answer=answer.answer, contact=answer.contact, on=answer.on.strftime("%d/%m/%Y")
    )


def _ask(row: GatewayRow, answer: VendorAnswer) -> None:
    with dialogs.dialog(t(answer.question)) as dialog, fields.form():
        day = (answer.on or clock.now().date()).isoformat()
        boxes: dict[str, forms.Box] = {
            "answer": fields.long_text(t("Réponse"), value=answer.answer),
            "contact": fields.text(t("Qui a répondu"), value=answer.contact),
            "on": fields.text(t("Le"), value=day, kind="date"),
        }
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def keep() -> None:
        values: dict[str, str | date] = {name: forms.written(box) for name, box in boxes.items()}
        order = forms.fill(RecordVendorAnswer, boxes, gateway_id=row.id, question=answer.key, **values)
        if order is None:
            return
        outcome = await shell.attempt(gateway_notes.record_vendor_answer, order)
        if isinstance(outcome, Refusal):
            forms.say(outcome, boxes)
            return
        dialog.close()
        ui.navigate.to(f"{words.GATEWAYS}/{row.id}")

    button.on_click(keep)
    dialog.open()
