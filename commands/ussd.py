"""`./dev ussd check-vectors FILE`: vectors checked with the production code, on a database that goes away."""

import json
import os
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

MARKS = {"gsm7": {"strings", "pages"}, "gateways": {"fixtures"}, "menus": {"dialogues"}}
OWN_SETTINGS = {"ENVIRONMENT": "test", "ALLOWED_IPS": "127.0.0.1,::1", "TRUSTED_PROXIES": "", "LOG_LEVEL": "INFO"}
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "4GB"}


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
    for form, name, differences in _results(document, parts):
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
    inside = {form: part for form in MARKS if isinstance(part := document.get(form), dict)}
    named = {form: part for form, part in inside.items() if MARKS[form] & part.keys()}
    return named or {form: document for form, marks in MARKS.items() if marks & document.keys()}


def _results(document: dict[str, Any], parts: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, list[str]]]:
    from commands.vectors import exchanges, texts
    from commands.vectors.form import FILES, unknown

    known = {form: set().union(*(FILES[one] for one in parts if parts[one] is part)) for form, part in parts.items()}
    strange = {form: unknown(part, known[form]) for form, part in parts.items()}
    if document not in parts.values():
        strange["file"] = unknown(document, {"about", *MARKS})
    yield from ((form, "about", found) for form, found in strange.items() if found)
    checks = {"gsm7": texts.check, "gateways": exchanges.check, "menus": _walk}
    for form, part in parts.items():
        yield from ((form, name, found) for name, found in checks[form](part))


def _walk(vectors: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Walk the dialogues, the settings of this place and its logs left alone."""
    from core.settings import get_settings

    folder = Path(tempfile.mkdtemp(prefix="palabre-vectors-"))
    folder.chmod(0o755)  # as root, the server runs as another account
    before = dict(os.environ)
    os.environ.update(OWN_SETTINGS, DATA_DIR=str(folder / "var"))
    get_settings.cache_clear()
    try:
        yield from _rehearse(vectors, folder)
    finally:
        os.environ.clear()
        os.environ.update(before)
        get_settings.cache_clear()
        shutil.rmtree(folder, ignore_errors=True)


def _rehearse(vectors: dict[str, Any], folder: Path) -> Iterator[tuple[str, list[str]]]:
    from commands.vectors import dialogues, door, outside
    from commands.vectors.houses import Houses
    from commands.vectors.speakers import Documented
    from core import logs
    from core.settings import get_settings
    from main import create_doors

    logs.configure(get_settings().model_copy(update={"log_dir": folder}), has_console=False)
    written = folder / "palabre.log"
    with _server(folder) as (server, migrated), outside.running() as around, door.opened(create_doors()) as doors:
        stage = dialogues.Stage(Documented(doors), around, written.read_text)
        yield from dialogues.check(vectors, Houses(server, migrated, vectors, around.url), stage)


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, str]]:
    """Start a server that goes away; give its address and the name of its migrated database."""
    from psycopg.conninfo import conninfo_to_dict

    from commands import migrate
    from core.embedded_postgres import EmbeddedPostgres

    with EmbeddedPostgres(folder, settings=FAST) as url:
        migrate.upgrade(url)
        name = str(conninfo_to_dict(url)["dbname"])
        yield url.replace(f"/{name}?", "/postgres?", 1), name
