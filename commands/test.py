"""`./dev test`: every test, on a real PostgreSQL and a real Chromium."""

import os
import shutil
import subprocess
import sys
from argparse import REMAINDER, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Unavailable
from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers

ROOT = Path(__file__).parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OLDEST_POSTGRES = Path("/usr/lib/postgresql/15/bin/postgres")


class ProgramMissing(Unavailable):
    """The tests need a program that we may not install."""

    code = "programme_absent"
    sentence = "Les tests demandent {package} : installez-le (apt-get install {package}), ou lancez-les sous root."


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("test", help=t("lancer les tests ; le reste est donné à pytest"), prefix_chars="\0")
    parser.add_argument("arguments", nargs=REMAINDER, metavar="…")
    parser.set_defaults(command=run)


def run(arguments: Namespace) -> int:
    """Run pytest on every core and one more, since tests wait as often as they work; or as the given arguments say."""
    if not any(Path(argument.partition("::")[0]).exists() for argument in arguments.arguments):
        install_programs()
    workers = (os.cpu_count() or 1) + 1
    spread = [] if "-n" in arguments.arguments else ["-n", str(workers)]
    command = [sys.executable, "-m", "pytest", *spread, *arguments.arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603


def install_programs() -> None:
    """Install what the whole suite needs besides Python; refuse with a sentence when that takes another account."""
    missing = [] if any(shutil.which(name) for name in CHROMIUM_NAMES) else ["chromium"]
    if not OLDEST_POSTGRES.exists():
        missing.append("postgresql-15")
    for package in missing:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise ProgramMissing(package=package)
    if missing:
        apt_get("update")
        apt_get("install", "--yes", "--no-install-recommends", *missing)


def apt_get(*arguments: str) -> None:
    """Run apt-get without a question."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", *arguments]
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True)  # noqa: S603
