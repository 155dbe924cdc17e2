"""`./dev pensions check-vectors FILE`: vectors checked with the production code. `work`: one more worker."""

import json
import pkgutil
from argparse import Namespace
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("pensions", help=t("lots de pensions : envoyer, vérifier des vecteurs"))
    acts = parser.add_subparsers(metavar=t("acte"), required=True)
    vectors = acts.add_parser("check-vectors", help=t("comparer un fichier de vecteurs au code"))
    vectors.add_argument("file", type=Path, metavar=t("FICHIER"))
    vectors.set_defaults(command=check_vectors)
    worker = acts.add_parser("work", help=t("envoyer les pensions, à côté du serveur ou sur une autre machine"))
    worker.set_defaults(command=lambda _arguments: work())


def check_vectors(arguments: Namespace) -> int:
    """Print every difference and a closing count; fail when there is one, or nothing to check."""
    try:
        document = json.loads(arguments.file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(t("Fichier illisible : {error}").format(error=error))
        return 1
    passed = failed = 0
    for form, name, differences in _results(document):
        if differences:
            failed += 1
            for one in differences:
                print(f"{form} {name} : {one}")
        else:
            passed += 1
    if not passed + failed:
        print(t("Ce fichier ne contient aucun vecteur de pensions."))
        return 1
    print(t("{passed} réussis, {failed} en échec").format(passed=passed, failed=failed))
    return 1 if failed else 0


def work() -> int:
    """Send pensions until told to stop; SIGTERM claims nothing more and waits for the calls that are out."""
    from threading import Event

    from main import sending_pensions

    with sending_pensions():
        print(t("Envoi des pensions en cours."), flush=True)
        Event().wait()
    return 0


def _results(document: Any) -> Iterator[tuple[str, str, list[str]]]:
    """Check what the file holds, by the modules of `vectors` that know a form of pensions by the name of its list."""
    from commands import vectors

    for found in pkgutil.iter_modules(vectors.__path__):
        module = import_module(f"{vectors.__name__}.{found.name}")
        mark = getattr(module, "PENSION_FORM", None)
        if mark is not None and isinstance(document, dict) and mark in document:
            yield from ((found.name, name, differences) for name, differences in module.check(document))
