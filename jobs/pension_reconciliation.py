"""Pensions are compared with the books by night: each rail's days at 03:45 of its country."""

from datetime import date, datetime, time, timedelta
from threading import Event
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock, live
from core.database import fetch_one, get_database
from core.i18n import t
from core.zones import zone_of
from jobs.job import Job, every
from services.pensions import reconciliation
from services.reconciliation import DayClosed, due_days

AT = time(3, 45)
HOUR_S = 3_600
LATELY = timedelta(days=7)


def work(over: Event) -> str:
    """Check the days that are due and were not checked since this night's hour."""
    checked, differing = 0, 0
    with get_database().transaction() as session:
        rails = reconciliation.list_rails(session, clock.now() - LATELY)
    for rail in rails:
        now = clock.now().astimezone(ZoneInfo(zone_of(rail["country"])))
        if now.timetz().replace(tzinfo=None) < AT:
            continue
        for day in due_days(now.date()):
            if over.is_set():
                break
            if _is_done(rail["id"], day, now):
                continue
            try:
                found = reconciliation.check_day(get_database(), rail["id"], day)
            except DayClosed:
                continue
            checked, differing = checked + 1, differing + len(found.differences)
    live.ring("reconciliation")
    return t("Jours de pensions comparés : {checked}. Écarts : {differing}.").format(
        checked=checked, differing=differing
    )


def _is_done(rail_id: UUID, day: date, now: datetime) -> bool:
    since = datetime.combine(now.date(), AT, now.tzinfo)
    with get_database().transaction() as session:
        return bool(
            fetch_one(
                session,
                "select 1 as done from reconciliation_run where account_id = %s and day = %s and source = %s"
                " and ended_at >= %s",
                (rail_id, day, reconciliation.SOURCE, since),
            )
        )


_PERIOD, _TRIGGER = every(HOUR_S)
JOB = Job("pension_reconciliation", "Rapprocher les pensions", "toutes les heures", _PERIOD, _TRIGGER, work)
