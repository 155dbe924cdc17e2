"""Reconciliation by the clock: each account's days at 03:30 of its country, and every hour the balances."""

from datetime import datetime, time, timedelta
from threading import Event
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock, live
from core.database import fetch_all as rows_of
from core.database import get_database
from core.i18n import t
from core.zones import zone_of
from jobs.job import Job, every
from providers import registry
from services import reconciliation

AT = time(3, 30)
HOUR_S = 3_600
LATELY = timedelta(days=7)


def work(over: Event) -> str:
    """Compare the days that are due and not compared since this night's hour; then the balances."""
    compared, silent = 0, 0
    for account_id, now in _accounts():
        if now.timetz().replace(tzinfo=None) < AT:
            continue
        for day in reconciliation.due_days(now.date()):
            if over.is_set():
                break
            if _is_done(account_id, day, now):
                continue
            try:
                outcome = reconciliation.compare_day(get_database(), account_id, day, over)
            except reconciliation.DayClosed:
                continue
            compared, silent = compared + (outcome is not None), silent + (outcome is None)
    differing = reconciliation.record_balances(get_database())
    live.ring("reconciliation")
    return t("Jours comparés : {compared}. Sans réponse : {silent}. Soldes qui diffèrent : {differing}.").format(
        compared=compared, silent=silent, differing=differing
    )


def _accounts() -> list[tuple[UUID, datetime]]:
    """Return every account that moved money lately, with the time its clocks show; the switch has a job of its own."""
    with get_database().transaction() as session:
        found = rows_of(
            session,
            """
            select a.id, a.country from provider_account a
            where a.state <> 'retired' and a.adapter = any(%s) and exists (
                select from transfer t where t.account_id = a.id and t.created_at > %s)
            order by a.code
            """,
            (sorted(registry.ADAPTERS), clock.now() - LATELY),
        )
    return [(row["id"], clock.now().astimezone(ZoneInfo(zone_of(row["country"])))) for row in found]


def _is_done(account_id: UUID, day: object, now: datetime) -> bool:
    """Say whether the day was compared to its end since 03:30 of today."""
    since = datetime.combine(now.date(), AT, now.tzinfo)
    with get_database().transaction() as session:
        return bool(
            rows_of(
                session,
                "select 1 from reconciliation_run where account_id = %s and day = %s and source <> 'statement'"
                " and ended_at >= %s",
                (account_id, day, since),
            )
        )


_PERIOD, _TRIGGER = every(HOUR_S)
JOB = Job("reconciliation", "Rapprocher les opérateurs", "toutes les heures", _PERIOD, _TRIGGER, work)
