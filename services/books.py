"""The books' own examination: the invariants of money, read from views that list violations."""

from dataclasses import dataclass

from core.database import Session, fetch_all, fetch_one
from core.i18n import t


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


# Reads


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
