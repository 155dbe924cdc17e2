"""Requests that ran no turn and leave no row of their own, counted for the figures: too late, or no room for them."""

import structlog

from channels.ussd.gateways import Gateway
from core.database import Database
from services import rollups

OUTCOMES = frozenset({"busy", "stale"})

_log = structlog.get_logger(__name__)


def note(database: Database, gateway: Gateway, outcome: str) -> None:
    """Count a request that was not served, as far as the database allows; the answer must leave whatever it does."""
    if outcome not in OUTCOMES:
        return
    try:
        with database.transaction() as session:
            rollups.count_request(session, gateway.id, outcome)
    except Exception:  # noqa: BLE001  # the answer must leave whatever the database does
        _log.warning("ussd.unserved_uncounted", gateway=gateway.key, outcome=outcome)
