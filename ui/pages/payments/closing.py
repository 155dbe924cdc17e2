"""One case: what happened, where its money waits, and how a person closes it; never without a word."""

from functools import partial
from typing import Any
from uuid import UUID

from core.permissions import Permission
from services import unknowns
from services.unknowns import CaseOutcome, CaseRow, CloseCase
from ui import forms, shell
from ui.components import buttons, cards, chips, dialogs, facts, fields, figures, toasts
from ui.components.decisions import Then
from ui.labels import moment, money, t
from ui.markup import show, tag
from ui.pages.payments import shown, words


async def open_case(case_id: UUID, then: Then) -> None:
    """Open one case; `then` follows its closing."""
    row = await shell.read(unknowns.get_case, case_id)
    if row is None:
        return
    with dialogs.dialog(words.case(row.kind)) as dialog:
        if row.amount is not None:
            show(figures.amount(row.amount, is_big=True))
        cards.notice(words.case_meaning(row.kind), tone="ochre", icon_name="fact_check")
        show(facts.facts(_facts(row)))
        if row.closed_at is None and row.approval_id is None and shell.visitor().may(Permission.PAYMENTS_ACT):
            with dialogs.actions():
                buttons.primary(t("Clore…"), partial(_ask, row, then, dialog.close), icon="gavel")
    dialog.open()


def _facts(row: CaseRow) -> list[facts.Fact]:
    link = f"{words.SECTION}/transferts/{row.transfer_id}"
    lines: list[facts.Fact] = [
        (t("Compte"), row.account_label),
        (t("Environnement"), shown.environment(row.environment)),
        (
            t("Transfert"),
            tag("a", words.short(row.transfer_reference), href=link, class_="link") if row.transfer_id else "",
        ),
        (t("Référence de l'opérateur"), row.provider_ref),
        (t("Ouvert le"), moment(row.created_at)),
        (t("Détail"), row.detail),
        (t("Suite"), chips.chip(words.case_step(row))),
        (t("Clos par"), row.closed_by_name),
        (t("Conclusion"), row.resolution),
    ]
    return [(label, value) for label, value in lines if value]


def _ask(row: CaseRow, then: Then, close_first: Any) -> None:
    """Open the form that closes it; where money waits, it must go somewhere, and a second person agrees."""
    close_first()
    choices = dict(words.OUTCOMES_OF_CASE)
    if row.is_in_suspense:
        choices.pop("explained")
    else:
        choices = {"explained": choices["explained"]}
    with dialogs.dialog(t("Clore le dossier")) as dialog:
        with fields.form():
            outcome = fields.choice(t("Ce qu'il est devenu"), words.choices(choices), value=next(iter(choices)))
            resolution = fields.long_text(t("Ce que vous avez trouvé"), hint=t("Il reste dans la piste d'audit."))
        if row.is_in_suspense and row.amount is not None:
            told = t("{amount} attendent. Une deuxième personne doit approuver leur destination.")
            cards.notice(told.format(amount=money(row.amount)))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Demander l'accord") if row.is_in_suspense else t("Clore le dossier"))
    boxes = {"outcome": outcome, "resolution": resolution}

    async def run() -> None:
        order = forms.fill(
            CloseCase,
            boxes,
            case_id=row.id,
            outcome=CaseOutcome(str(outcome.value)),
            resolution=forms.written(resolution),
        )
        if order is None:
            return
        done = await shell.attempt(unknowns.close_case, order)
        if isinstance(done, unknowns.Closing):
            toasts.done(t("Dossier clos.") if done.is_closed else t("Demandé : une deuxième personne décidera."))
            dialog.close()
            await then()
        else:
            forms.say(done, boxes)

    button.on_click(run)
    dialog.open()
