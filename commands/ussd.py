"""`./dev ussd check-vectors FILE`: vectors checked with the production code, on a database that goes away."""

import json
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers
    from core.database import Database

FORMS = {"gsm7": "strings", "gateways": "fixtures", "menus": "dialogues"}
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("ussd", help=t("vérifier ce qui répond aux téléphones"))
    acts = parser.add_subparsers(metavar=t("acte"), required=True)
    vectors = acts.add_parser("check-vectors", help=t("comparer un fichier de vecteurs au code"))
    vectors.add_argument("file", type=Path, metavar="FICHIER")
    vectors.set_defaults(command=check_vectors)


def check_vectors(arguments: Namespace) -> int:
    """Print every difference and a closing count; fail when there is one."""
    try:
        document = json.loads(arguments.file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(t("Fichier illisible : {error}").format(error=error))
        return 1
    parts = _parts(document)
    if not parts:
        print(t("Ce fichier ne contient aucune forme connue : gsm7, gateways ou menus."))
        return 1
    passed = failed = skipped = 0
    for form, name, differences in _results(parts):
        if differences is None:
            skipped += 1
            print(t("{form} {name} : non vérifié, un opérateur devrait répondre").format(form=form, name=name))
        elif differences:
            failed += 1
            for one in differences:
                print(f"{form} {name} : {one}")
        else:
            passed += 1
    print(
        t("{passed} réussis, {failed} en échec, {skipped} non vérifiés").format(
            passed=passed, failed=failed, skipped=skipped
        )
    )
    return 1 if failed or not passed else 0


def _parts(document: Any) -> dict[str, dict[str, Any]]:
    """Return what the file holds, by form: alone, or several under their names."""
    if not isinstance(document, dict):
        return {}
    inside = {form: part for form in FORMS if isinstance(part := document.get(form), dict)}
    named = {form: part for form, part in inside.items() if FORMS[form] in part}
    return named or {form: document for form, mark in FORMS.items() if mark in document}


def _results(parts: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, list[str] | None]]:
    from commands.vectors import dialogues, exchanges, texts

    if "gsm7" in parts:
        yield from (("gsm7", name, found) for name, found in texts.check(parts["gsm7"]))
    if "gateways" in parts:
        yield from (("gateways", name, found) for name, found in exchanges.check(parts["gateways"]))
    if "menus" in parts:
        with _server() as server:
            fresh = _Fresh(server)
            yield from (("menus", name, found) for name, found in dialogues.check(parts["menus"], fresh))


@contextmanager
def _server() -> Iterator[str]:
    from commands import migrate
    from core.embedded_postgres import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="palabre-vectors-"))
    folder.chmod(0o755)  # as root, the server runs as another account
    try:
        with EmbeddedPostgres(folder, settings=FAST) as url:
            migrate.upgrade(url)
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Fresh:
    """The database, emptied and current, as often as one is asked for."""

    def __init__(self, server: str) -> None:
        self._server = server

    @contextmanager
    def __call__(self) -> Iterator["Database"]:
        from commands.vectors.fresh import empty
        from core.database import use_database

        database = use_database(self._server, pool_size=4)
        empty(self._server)
        yield database
