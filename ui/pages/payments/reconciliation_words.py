"""How the codes of reconciliation look on the screen."""

from services.reconciliation import DayRow, words
from ui.labels import Sign, Tone

PATH = "/paiements/rapprochement"

_LOOKS = {
    "ours_not_theirs": ("call_made", Tone.RED),
    "theirs_not_ours": ("call_received", Tone.RED),
    "amount_differs": ("difference", Tone.RED),
    "state_differs": ("sync_problem", Tone.OCHRE),
    "fee_differs": ("percent", Tone.BLUE),
}
KINDS = {code: Sign(icon, words.KINDS[code], tone) for code, (icon, tone) in _LOOKS.items()}

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
