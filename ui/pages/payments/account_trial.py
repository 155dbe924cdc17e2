"""«Tester»: the harmless call of an account, in a dialog that says what came of it."""

from uuid import UUID

from nicegui import ui

from services import provider_accounts
from ui import shell
from ui.components import cards, dialogs, facts
from ui.components.progress import moving_bar
from ui.labels import duration, t
from ui.markup import show

WRITERS = frozenset({"twilio_whatsapp", "meta_whatsapp"})  # they carry messages, no money


async def try_account(account_id: UUID, adapter: str) -> None:
    """Make the adapter's harmless call, and say what came of it."""
    with dialogs.dialog(t("Essai du compte")) as dialog:
        place = ui.element("div").classes("form")
        with place:
            show(moving_bar(t("Appel en cours")))
    dialog.open()
    trial = await shell.act(provider_accounts.test_account, account_id)
    if dialog.is_deleted:
        return
    if trial is None:
        dialog.close()
        return
    place.clear()
    with place:
        if trial.is_right:
            cards.notice(_success(adapter), icon_name="check_circle")
        else:
            cards.notice(_failure(adapter), tone="red", icon_name="error")
        show(facts.facts([(call.operation, str(call.http_status or call.error_kind)) for call in trial.exchanges]))
        show(facts.prose(t("En {duration}.").format(duration=duration(trial.took_ms / 1000))))


def _success(adapter: str) -> str:
    is_writer = adapter in WRITERS
    return (
        t("Le compte répond. Rien n'a été envoyé.") if is_writer else t("L'opérateur répond. Aucun argent n'a bougé.")
    )


def _failure(adapter: str) -> str:
    is_writer = adapter in WRITERS
    return t("Le compte ne répond pas comme il faut.") if is_writer else t("L'opérateur ne répond pas comme il faut.")
