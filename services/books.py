"""The books' own examination: the invariants of money, read from views that list violations."""

from dataclasses import dataclass
from datetime import datetime

from core.database import Session, fetch_all, fetch_one
from core.i18n import t
from core.permissions import Actor, Permission


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule that must always hold, and the view that lists what breaks it."""

    number: int
    view: str
    title: str


INVARIANTS = (
    Invariant(1, "books_1_balanced", "Chaque opération et tout le grand livre sont équilibrés"),
    Invariant(2, "books_2_chained", "Chaque solde est la somme de ses écritures, sans trou"),
    Invariant(3, "books_3_floor", "Aucun solde sous son plancher"),
    Invariant(4, "books_4_once", "Une seule opération par clé, une seule annulation"),
    Invariant(5, "books_5_operations", "Chaque opération aboutie a une écriture et une seule"),
    Invariant(6, "books_6_messages", "Chaque message se rapporte à une opération enregistrée"),
    Invariant(8, "books_8_pensions", "Chaque lot de pensions compte ses paiements, et réserve ce qui reste ouvert"),
    Invariant(9, "books_9_sealed", "Les sceaux correspondent aux écritures"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one invariant stands; `violations` are (subject, detail), at most 20 of `count`."""

    invariant: Invariant
    count: int
    violations: tuple[tuple[str, str], ...]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return self.count == 0


@dataclass(frozen=True, slots=True)
class Examination:
    """The last examination of the books that ended well; no findings when there was none."""

    ended_at: datetime | None
    findings: tuple[Finding, ...]

    @property
    def are_right(self) -> bool:
        """Whether an examination took place and found nothing."""
        return self.ended_at is not None and all(finding.holds for finding in self.findings)


# Reads


def get_examination(session: Session, actor: Actor) -> Examination:
    """Return how every invariant stood at the last examination, from what it wrote in the trail."""
    actor.require(Permission.HEALTH_READ)
    run = fetch_one(
        session,
        "select started_at, ended_at from job_run where job = 'books' and state = 'done'"
        " order by created_at desc limit 1",
    )
    if run is None:
        return Examination(None, ())
    alerts = fetch_all(
        session,
        "select subject_id, changes from audit_entry where action = 'books.broken' and created_at between %s and %s",
        (run["started_at"], run["ended_at"]),
    )
    broken = {alert["subject_id"]: alert["changes"] for alert in alerts}
    findings = []
    for invariant in INVARIANTS:
        found = broken.get(str(invariant.number), {"count": 0, "violations": []})
        violations = tuple((str(subject), str(detail)) for subject, detail in found["violations"])
        findings.append(Finding(invariant, int(found["count"]), violations))
    return Examination(run["ended_at"], tuple(findings))


def list_findings(session: Session) -> list[Finding]:
    """Examine every invariant, in the caller's transaction (one snapshot is best: repeatable read)."""
    findings = []
    for invariant in INVARIANTS:
        rows = fetch_all(session, f"select subject, detail, count(*) over () as total from {invariant.view} limit 20")
        violations = tuple((str(row["subject"]), str(row["detail"])) for row in rows)
        findings.append(Finding(invariant, int(rows[0]["total"]) if rows else 0, violations))
    return findings


def get_head(session: Session) -> dict[str, object]:
    """Return the size of the ledger and its last seal: entries, transactions, seal number, hash in hexadecimal."""
    row = fetch_one(
        session,
        """
        select (select count(*) from ledger_entry) as entries,
               (select count(*) from ledger_transaction) as transactions,
               s.id as seal, encode(s.sha256, 'hex') as sha256, s.sealed_at, s.to_id
        from (select 1) one left join lateral (select * from ledger_seal order by id desc limit 1) s on true
        """,
    )
    return dict(row) if row else {}


def describe(invariant: Invariant) -> str:
    """Return the invariant's title in the language of this context."""
    return t(invariant.title)
