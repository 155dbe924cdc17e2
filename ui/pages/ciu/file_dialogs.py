"""The dialogs that ask for a file: of which days, in which form, and why."""

from datetime import date
from typing import Any

from nicegui import ui
from pydantic import ValidationError

from models.ciu_leaving import ExportKind
from services.ciu.store import exports
from services.ciu.store.exports import RequestExport
from ui import shell
from ui.components import buttons, dialogs, fields, toasts
from ui.components.facts import prose
from ui.components.reason_dialog import written_reason
from ui.labels import t
from ui.markup import show

FORMATS = {"csv": "Texte (CSV)", "xlsx": "Classeur (XLSX)", "parquet": "Colonnes (Parquet)"}
PERIODS = {"day": "Jour", "week": "Semaine", "month": "Mois", "quarter": "Trimestre"}
CUTS = {"language": "Langue", "recipe": "Recette", "hour": "Heure"}
LONGEST_REASON = 500


def ask_counts(since: date, until: date, names: dict[str, str]) -> None:
    """Ask for counts in which nobody is found."""
    with dialogs.dialog(t("Comptes")) as dialog:
        show(prose(t("Des nombres de codes ; de 1 à 4, ils s'écrivent « <5 », et rien ne se déduit du reste.")))
        where = _Where(names, since, until)
        by = fields.choice(t("Par"), {code: t(word) for code, word in PERIODS.items()}, value="day")
        cuts = {code: fields.checkbox(t(word)) for code, word in CUTS.items()}
        form = _format()

        async def run() -> None:
            chosen = tuple(code for code, box in cuts.items() if box.value)
            await where.request(dialog, kind=ExportKind.AGGREGATE, format=form.value, by=by.value, cuts=chosen)

        _actions(dialog, t("Demander les comptes"), run)
    dialog.open()


def ask_rows(since: date, until: date, names: dict[str, str], *, has_phones: bool) -> None:
    """Ask for codes one by one, and why."""
    with dialogs.dialog(t("Codes un par un")) as dialog:
        show(
            prose(t("Code, jour, recette et langue de chaque code vivant. Votre demande reste dans la piste d'audit."))
        )
        where = _Where(names, since, until)
        phones = fields.checkbox(t("Avec les numéros de téléphone")) if has_phones else None
        form = _format()
        reason = fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        reason.props(f"maxlength={LONGEST_REASON}")

        async def run() -> None:
            text = written_reason(reason)
            if not text:
                return
            asked = {"format": form.value, "reason": text, "has_phones": bool(phones and phones.value)}
            await where.request(dialog, kind=ExportKind.ROWS, **asked)

        _actions(dialog, t("Demander les codes"), run)
    dialog.open()


class _Where:
    """The programme and the days of a file."""

    def __init__(self, names: dict[str, str], since: date, until: date) -> None:
        choices = {"": t("Tous"), **names}
        self._programme = fields.choice(t("Programme"), choices, value="") if len(names) > 1 else None
        self._since = fields.text(t("Du"), value=since.isoformat(), kind="date")
        self._until = fields.text(t("Au"), value=until.isoformat(), kind="date")

    async def request(self, dialog: ui.dialog, **asked: Any) -> None:
        """Ask for the file; a period that cannot be is said under its end."""
        programme = (self._programme.value if self._programme else "") or None
        days = {"since": self._since.value, "until": self._until.value}
        try:
            order = RequestExport(programme=programme, **days, **asked)
        except ValidationError:
            fields.show_error(self._until, t("La période finit après son début, dix ans plus tard au plus."))
            return
        if await shell.act(exports.request_export, order) is not None:
            toasts.done(t("Demandé : le fichier paraîtra dans la liste."))
            if not dialog.is_deleted:
                dialog.close()


def _format() -> ui.select:
    return fields.choice(t("Fichier"), {code: t(word) for code, word in FORMATS.items()}, value="csv")


def _actions(dialog: ui.dialog, act: str, run: Any) -> None:
    with dialogs.actions():
        buttons.secondary(t("Annuler"), dialog.close)
        buttons.primary(act, run)
