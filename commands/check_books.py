"""`./dev check-books`: examine every invariant of money, then seal what is sound."""

from argparse import Namespace
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers
    from core.database import Database
    from services.books import Finding

EXIT_BROKEN = 1
TIME_LIMIT_MS = 600_000
SHORT_HASH = 16


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("check-books", help=t("vérifier les comptes, puis les sceller"))
    parser.set_defaults(command=run)


def run(_arguments: Namespace) -> int:
    """Check the books of the settings' database; the status is not zero when any invariant is broken."""
    from core.database import use_database
    from core.embedded_postgres import ensure_running
    from core.settings import get_settings

    settings = get_settings()
    database = use_database(ensure_running(settings), settings.database_pool_size)
    return 0 if check(database) else EXIT_BROKEN


def check(database: "Database") -> bool:
    """Print how each invariant stands and say whether all hold; only sound books are sealed."""
    from core.database import driver
    from services import books

    with database.transaction(statement_timeout_ms=TIME_LIMIT_MS) as session:
        # One snapshot for all: money that moves meanwhile cannot look like a fault.
        driver(session).execute("set transaction isolation level repeatable read, read only")
        findings = books.list_findings(session)
    for finding in findings:
        print(_line(finding))
        for subject, detail in finding.violations:
            print(f"    {subject} : {detail}")
    is_sound = all(finding.holds for finding in findings)
    if is_sound:
        _seal(database)
    return is_sound


def _line(finding: "Finding") -> str:
    from services import books

    mark = "✓" if finding.holds else "✗"
    count = "" if finding.holds else " " + t("({count} à corriger)").format(count=finding.count)
    return f"{mark} {finding.invariant.number}. {books.describe(finding.invariant)}{count}"


def _seal(database: "Database") -> None:
    from psycopg.errors import LockNotAvailable

    from services import books

    sealed = 0
    try:
        while count := _seal_once(database):
            sealed += count
    except LockNotAvailable:
        print(t("Des écritures sont en cours : le reste sera scellé plus tard."))
    with database.transaction() as session:
        head = books.get_head(session)
    print(
        t("{transactions} opérations, {entries} écritures, {sealed} scellées maintenant.").format(sealed=sealed, **head)
    )
    if head["sha256"]:
        print(t("Sceau {seal} : {hash}").format(seal=head["seal"], hash=str(head["sha256"])[:SHORT_HASH]))


def _seal_once(database: "Database") -> int:
    from services import ledger

    with database.transaction(statement_timeout_ms=TIME_LIMIT_MS) as session:
        return ledger.seal_next(session)
