"""`./dev ciu`: what the health identifiers need from a terminal."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import ciu_service
from core.errors import Refusal
from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers

RECIPES = ("document", "document-v1", "compact", "random")
LONGEST_SHOWN = 400


class UnreadableVectors(Refusal):
    """There is no such file, or it is no JSON object."""

    code = "vecteurs_illisibles"
    sentence = "Fichier illisible : {reason}"


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("ciu", help=t("identifiants de santé : sel, vecteurs, simulation"))
    acts = parser.add_subparsers(metavar=t("acte"), required=True)
    salt = acts.add_parser("generate-salt", help=t("afficher un sel neuf, sans rien écrire"))
    salt.set_defaults(command=generate_salt)
    vectors = acts.add_parser("check-vectors", help=t("comparer un fichier de vecteurs au code"))
    vectors.add_argument("file", type=Path, metavar=t("FICHIER"))
    vectors.set_defaults(command=check_vectors)
    evaluation = acts.add_parser("eval", help=t("répondre à des questions JSON, une par ligne"))
    evaluation.set_defaults(command=evaluate)
    population = acts.add_parser("simulate", help=t("mesurer une recette sur une population inventée"))
    population.add_argument("recipe", choices=RECIPES)
    population.add_argument("--people", type=int, default=50_000, metavar="N")
    population.add_argument("--seed", type=int, default=1, metavar="N")
    population.add_argument("--error", type=float, default=0.03, metavar="P")
    population.set_defaults(command=simulate)
    ciu_service.add(acts)


def generate_salt(_arguments: Namespace) -> None:
    """Print 32 random bytes as URL-safe base64 without padding, and the line to put in the settings."""
    from services.ciu.salts import make_salt

    salt = make_salt()
    print(salt)
    print(f'UIC_SALT="{salt}"')


def check_vectors(arguments: Namespace) -> int:
    """Print every difference and a closing count; fail when there is one, or nothing to compare."""
    from commands.ciu_vectors import sections

    try:
        document = json.loads(arguments.file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableVectors(reason=error) from error
    passed = failed = 0
    for part in _parts(document, sections.SECTIONS):
        for name, differences in sections.check(part):
            passed += not differences
            failed += bool(differences)
            for one in differences:
                print(f"{name} : {one}"[:LONGEST_SHOWN])
    if not passed + failed:
        print(t("Ce fichier ne contient aucun vecteur connu."))
        return 1
    print(t("{passed} réussis, {failed} en échec").format(passed=passed, failed=failed))
    return 1 if failed else 0


def _parts(document: Any, known: Iterable[str]) -> list[dict[str, Any]]:
    """Return what a file holds: its own sections, else those of the files it carries under their names."""
    if not isinstance(document, dict):
        return []
    if document.keys() & set(known):
        return [document]
    return [part for one in document.values() for part in _parts(one, known)]


def evaluate(_arguments: Namespace) -> None:
    """Answer each JSON line of standard input with one JSON line, by the production code."""
    from commands.ciu_vectors.operations import answer

    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            result = answer(json.loads(line))
        except ValueError as error:
            result = {"error": f"JSON: {error}"}
        print(json.dumps(result, ensure_ascii=False), flush=True)


def simulate(arguments: Namespace) -> None:
    """Print the figures of a recipe on a synthetic population, as one JSON object."""
    from dataclasses import asdict

    from services.ciu.recipes import shipped
    from services.ciu.simulator import simulate

    found = simulate(shipped(arguments.recipe), arguments.people, arguments.seed, arguments.error)
    print(json.dumps(asdict(found), indent=2))
