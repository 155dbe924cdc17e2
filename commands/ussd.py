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
    passed = failed = 0
    for form, name, differences in _results(parts):
        passed += not differences
        failed += bool(differences)
        for one in differences:
            print(f"{form} {name} : {one}")
    print(t("{passed} réussis, {failed} en échec").format(passed=passed, failed=failed))
    return 1 if failed or not passed else 0


def _parts(document: Any) -> dict[str, dict[str, Any]]:
    """Return what the file holds, by form: alone, or several under their names."""
    if not isinstance(document, dict):
        return {}
    inside = {form: part for form in FORMS if isinstance(part := document.get(form), dict)}
    named = {form: part for form, part in inside.items() if FORMS[form] in part}
    return named or {form: document for form, mark in FORMS.items() if mark in document}


def _results(parts: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, list[str]]]:
    from commands.vectors import exchanges, texts

    if "gsm7" in parts:
        yield from (("gsm7", name, found) for name, found in texts.check(parts["gsm7"]))
    if "gateways" in parts:
        yield from (("gateways", name, found) for name, found in exchanges.check(parts["gateways"]))
    if "menus" in parts:
        yield from (("menus", name, found) for name, found in _walk(parts["menus"]))


def _walk(vectors: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    from commands.vectors import dialogues, door, outside
    from commands.vectors.houses import Houses
    from commands.vectors.speakers import Documented
    from main import create_doors

    with _server() as (server, migrated), outside.running() as around, door.opened(create_doors()) as doors:
        yield from dialogues.check(vectors, Houses(server, migrated, vectors, around), Documented(doors), around)


@contextmanager
def _server() -> Iterator[tuple[str, str]]:
    """Start a server that goes away; give its address and the name of its migrated database."""
    from psycopg.conninfo import conninfo_to_dict

    from commands import migrate
    from core.embedded_postgres import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="palabre-vectors-"))
    folder.chmod(0o755)  # as root, the server runs as another account
    try:
        with EmbeddedPostgres(folder, settings=FAST) as url:
            migrate.upgrade(url)
            name = str(conninfo_to_dict(url)["dbname"])
            yield url.replace(f"/{name}?", "/postgres?", 1), name
    finally:
        shutil.rmtree(folder, ignore_errors=True)
