"""Every night: the invariants of money are examined; what breaks one is an alert in the trail."""

from threading import Event

from core import live
from core.database import driver, get_database
from core.i18n import t
from core.permissions import SYSTEM
from jobs.job import Job, nightly
from services import audit, books

BROKEN = "books.broken"
TIMEOUT_MS = 30 * 60_000


def work(_over: Event) -> str:
    """Examine every invariant in one snapshot and write one alert for each that is broken."""
    with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
        driver(session).execute("set transaction isolation level repeatable read")
        findings = books.list_findings(session)
        for finding in findings:
            if not finding.holds:
                audit.record(
                    session,
                    SYSTEM,
                    BROKEN,
                    "books",
                    str(finding.invariant.number),
                    summary=t("Règle rompue : {title}").format(title=books.describe(finding.invariant)),
                    changes={"count": finding.count, "violations": [list(pair) for pair in finding.violations]},
                )
    live.ring("books")
    broken = [str(finding.invariant.number) for finding in findings if not finding.holds]
    if broken:
        return t("Règles rompues : {numbers}.").format(numbers=", ".join(broken))
    return t("Les livres sont justes. Règles examinées : {count}.").format(count=len(findings))


_PERIOD, _TRIGGER = nightly(2, 15)
JOB = Job("books", "Examiner les livres", "chaque nuit à 02:15 UTC", _PERIOD, _TRIGGER, work)
