"""`/approbations`: everything that waits for a second person, whatever it is about."""

from core.errors import Forbidden
from services import approvals
from services.approvals import ApprovalRow
from ui import live, shell
from ui.components import decisions, layout
from ui.components.empty import sentence
from ui.labels import t
from ui.markup import show
from ui.navigation import APPROVALS

TOPICS = ("ussd", "transfers", "jobs", "switches")
EVERY_S = 5.0


@shell.screen(APPROVALS, title="Approbations")
async def page() -> None:
    """Draw what this person may decide, then what this person asked."""
    if not approvals.takes_part(shell.visitor()):
        raise Forbidden
    layout.title(t("Approbations"), t("Ce qu'une personne demande et qu'une autre décide. Rien n'est fait avant."))
    drawn = _Page()
    await drawn.refresh()
    live.subscribe(TOPICS, lambda _: drawn.refresh(), every_s=EVERY_S)


class _Page:
    """The two lists, drawn again when one of them changed."""

    def __init__(self) -> None:
        self._place = layout.stack()
        self._drawn: list[ApprovalRow] | None = None

    async def refresh(self) -> None:
        """Read again, and draw when something came or went: a dialog that is open is never torn down for nothing."""
        found = await shell.read(approvals.list_waiting)
        if found is None or found == self._drawn:
            return
        self._drawn = found
        mine = [asked for asked in found if asked.asked_by == shell.visitor().user_id]
        others = [asked for asked in found if asked not in mine]
        self._place.clear()
        with self._place:
            decisions.card(others, self.refresh, t("À décider"))
            decisions.card(mine, self.refresh, t("Vos demandes"))
            if not found:
                show(sentence(t("Aucune demande n'attend."), "task_alt"))
