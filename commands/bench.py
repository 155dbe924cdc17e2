"""`./dev bench`: the figures of `benchmarks/`, each a ratio measured in one run."""

import subprocess
import sys
from argparse import REMAINDER, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("bench", help=t("mesurer ; le reste est donné aux mesures"), prefix_chars="\0")
    parser.add_argument("arguments", nargs=REMAINDER, metavar="…")
    parser.set_defaults(command=run)


def run(arguments: Namespace) -> int:
    """Run the benchmarks in a process of their own."""
    command = [sys.executable, "-m", "benchmarks", *arguments.arguments]
    return subprocess.run(command, cwd=Path(__file__).parents[1], check=False).returncode  # noqa: S603
