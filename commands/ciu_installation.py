"""What the acts of `./dev ciu` share: the installation's database, its keys checked, and how a register is told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from core.database import Database
    from services.ciu.store.importing import RefusedRow


def open_database(*, is_checked: bool = True) -> "Database":
    """Return the installation's database, its server running, its keys those of what it holds."""
    from core.database import use_database
    from core.embedded_postgres import ensure_running
    from core.settings import get_settings
    from services.ciu.store import keys

    settings = get_settings()
    database = use_database(ensure_running(settings), settings.database_pool_size)
    if is_checked:
        with database.transaction() as session:
            keys.check_stored(session, settings)
    return database


def tell(taken: int, refused: "Sequence[RefusedRow]", *, is_kept: bool) -> int:
    """Print every refused row of a register and a closing count; return how the act ends."""
    if not is_kept:
        print(t("Vérification seulement : rien n'est gardé (--apply pour garder)."))
    for row in sorted(refused, key=lambda one: one.line):
        print(t("ligne {line} : {reason}").format(line=row.line, reason=row.reason))
    print(t("{taken} pris, {refused} refusés").format(taken=taken, refused=len(refused)))
    return 1 if refused else 0
