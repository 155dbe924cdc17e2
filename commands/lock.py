"""`./dev lock`: write `requirements.lock` again from `pyproject.toml`."""

import os
import subprocess
import sys
import tomllib
from argparse import Namespace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers

ROOT = Path(__file__).parents[1]
# The lock names no registry: whoever installs says where from.
SILENT = ("--no-header", "--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-annotate")


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("lock", help=t("figer les dépendances de pyproject.toml avec leurs empreintes"))
    parser.add_argument("--upgrade", action="store_true", help=t("prendre les dernières versions"))
    parser.set_defaults(command=run)


def run(arguments: Namespace) -> int:
    """Resolve and write; versions already in the lock are kept unless `--upgrade` asks otherwise."""
    command = [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--allow-unsafe"]
    command += ["--strip-extras", *SILENT, "--output-file", "requirements.lock", "-"]
    if arguments.upgrade:
        command.append("--upgrade")
    # The machine's own pip settings would put its wheels' hashes beside the registry's.
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
    environment.pop("PIP_FIND_LINKS", None)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = chain.from_iterable(project["project"].get("optional-dependencies", {}).values())
    wanted = "\n".join([*project["project"]["dependencies"], *extras, *project["dependency-groups"]["dev"]])
    done = subprocess.run(command, cwd=ROOT, env=environment, input=wanted, text=True, check=False)  # noqa: S603
    return done.returncode
