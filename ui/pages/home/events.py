"""Events of the feed as the screen shows them, each leading to its thing where the reader may open it."""

from core.permissions import Actor, Permission
from reports import feed
from ui.components.history import Happening
from ui.labels import Tone, printed

PATHS = {
    "operation": (Permission.LEDGER_READ, "/grand-livre/operations/{id}"),
    "registration": (Permission.SUBSCRIBERS_READ, "/ussd-console/abonnes/{id}"),
    "publication": (Permission.USSD_READ, "/ussd-console"),
}


def happening(event: feed.Event, actor: Actor) -> Happening:
    """Return one line of the feed."""
    needs, path = PATHS.get(event.kind, (Permission.AUDIT_READ, ""))
    href = path.format(id=event.subject_id) if event.subject_id and actor.may(needs) else ""
    return Happening(
        event.at, printed(event.title), printed(event.detail), event.icon, Tone(event.tone), href, event.key
    )
