"""Codes on their way to DHIS2: new ones get their uid every minute; a worker sends and looks at what is due."""

from threading import Event

from core import live
from core.database import get_database
from core.i18n import t
from jobs.job import Job, every
from jobs.worker import Worker
from services.ciu.dhis2 import sending

TOPIC = "ciu-dhis2"
IDLE_S = 2.0


def send() -> int:
    """Send and look at what is due."""
    return sending.send_due(get_database())


def work(_over: Event) -> str:
    """Give the codes that DHIS2 has not been told of their uids."""
    opened = sending.open_due(get_database())
    if opened:
        live.ring(TOPIC)
    return t("Codes à envoyer à DHIS2 : {count}.").format(count=opened) if opened else t("Rien à faire.")


_PERIOD, _TRIGGER = every(60)
JOB = Job("ciu_dhis2", "Préparer les codes pour DHIS2", "toutes les minutes", _PERIOD, _TRIGGER, work)
WORKERS = (Worker("ciu-dhis2", send, TOPIC, IDLE_S),)
