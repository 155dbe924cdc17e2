"""Every five minutes: subscriptions that are due are paid for, wait for money, or end."""

from collections import Counter
from threading import Event

from core.database import get_database
from core.i18n import t
from jobs.job import Job, every
from models.offers import SubscriptionState
from services import subscriptions


def work(over: Event) -> str:
    """Renew what is due, one transaction each; stops between two when the leadership ends."""
    counts: Counter[SubscriptionState | None] = Counter()
    while not over.is_set():
        with get_database().transaction() as session:
            due = subscriptions.list_due(session)
        settled = 0
        for subscription_id in due:
            if over.is_set():
                break
            with get_database().transaction() as session:
                state = subscriptions.renew(session, subscription_id)
            counts[state] += 1
            settled += state is not None
        if not settled:
            break
    renewed, waiting = counts[SubscriptionState.ACTIVE], counts[SubscriptionState.GRACE]
    ended = counts[SubscriptionState.INACTIVE]
    if not (renewed or waiting or ended):
        return t("Aucun abonnement à renouveler.")
    return t("Abonnements renouvelés : {renewed}, en attente de paiement : {waiting}, arrêtés : {ended}.").format(
        renewed=renewed, waiting=waiting, ended=ended
    )


_PERIOD, _TRIGGER = every(300)
JOB = Job("subscriptions", "Renouveler les abonnements", "toutes les 5 minutes", _PERIOD, _TRIGGER, work)
