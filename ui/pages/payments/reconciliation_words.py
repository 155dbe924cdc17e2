"""What the codes of reconciliation are called on the screen."""

from services.reconciliation import DayRow
from ui.labels import Sign, Tone

PATH = "/paiements/rapprochement"

SOURCES = {"list": "liste de l'opérateur", "statement": "relevé importé", "reads": "chaque transfert relu"}

KINDS: dict[str, Sign] = {
    "ours_not_theirs": Sign("call_made", "Chez nous seulement", Tone.RED),
    "theirs_not_ours": Sign("call_received", "Chez l'opérateur seulement", Tone.RED),
    "amount_differs": Sign("difference", "Montant différent", Tone.RED),
    "state_differs": Sign("sync_problem", "État différent", Tone.OCHRE),
    "fee_differs": Sign("percent", "Frais différents", Tone.BLUE),
}

_CLOSED = Sign("lock", "Clos", Tone.ACCENT)
_EVEN = Sign("check", "Sans écart", Tone.ACCENT)
_OPEN = Sign("priority_high", "Écarts à régler", Tone.OCHRE)
_RUNNING = Sign("sync", "En cours ou sans réponse", Tone.NEUTRAL)


def standing(row: DayRow) -> Sign:
    """Return how a day stands: closed, even, with differences, or not compared to its end."""
    if row.state == "closed":
        return _CLOSED
    if row.open_items:
        return _OPEN
    return _RUNNING if row.state == "running" else _EVEN
