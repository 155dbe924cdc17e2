"""«Tester»: the harmless call of an account, in a dialog that says what came of it."""

from uuid import UUID

from nicegui import ui

from services import provider_accounts
from ui import shell
from ui.components import cards, dialogs, facts
from ui.components.progress import moving_bar
from ui.labels import duration, t
from ui.markup import show


async def try_account(account_id: UUID) -> None:
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
            cards.notice(t("L'opérateur répond. Aucun argent n'a bougé."), icon_name="check_circle")
        else:
            cards.notice(t("L'opérateur ne répond pas comme il faut."), tone="red", icon_name="error")
        show(facts.facts([(call.operation, str(call.http_status or call.error_kind)) for call in trial.exchanges]))
        show(facts.prose(t("En {duration}.").format(duration=duration(trial.took_ms / 1000))))
