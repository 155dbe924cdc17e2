"""`./dev check`: form, types, floors, dependencies, migrations; the same in CI."""

import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent
STEPS: dict[str, tuple[str, ...]] = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy", "."),
    "floors": ("lint-imports",),
    "dependencies": ("deptry", "."),
}


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("check", help=t("vérifier la forme, les types, les étages et les migrations"))
    parser.add_argument("--fix", action="store_true", help=t("corriger d'abord ce qui se corrige seul"))
    parser.set_defaults(command=run)


def run(arguments: Namespace) -> int:
    """Run every check, tell how each ended, and fail if one did."""
    if arguments.fix:
        for step in (("ruff", "check", "--fix", "--quiet", "."), ("ruff", "format", "--quiet", ".")):
            _call(step)
    results = {name: _report(name, _call(command)) for name, command in STEPS.items()}
    results["migrations"] = _report("migrations", _migrations())
    return 0 if all(results.values()) else 1


def _call(command: tuple[str, ...]) -> str:
    """Run a tool and return what it complained of, nothing when all is well."""
    done = subprocess.run(  # noqa: S603
        [TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip() or f"status {done.returncode}"


def _migrations() -> str:
    """Build an empty database, take it down, build it again, and compare it with the models."""
    from alembic.util import CommandError

    from commands import migrate
    from core.embedded_postgres import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="palabre-check-"))
    folder.chmod(0o755)  # as root, the server runs as another account
    try:
        with EmbeddedPostgres(folder) as url:
            migrate.upgrade(url)
            migrate.downgrade(url)
            migrate.upgrade(url)
            migrate.check(url)
    except CommandError as error:
        return str(error)
    finally:
        shutil.rmtree(folder)
    return ""


def _report(name: str, complaint: str) -> bool:
    print(f"{name:<14}{'✗' if complaint else '✓'}", flush=True)
    if complaint:
        print(complaint, flush=True)
    return not complaint
