"""The terminal's one door: every module of `commands` that has `register` is a command.

A module keeps its heavy imports inside its functions, so that `--help` is instant.
"""

import os
import pkgutil
import signal
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Sequence
from importlib import import_module
from typing import TypeAlias

import commands
from core.errors import ConfigurationError, Refusal
from core.i18n import DEFAULT_LANGUAGE, LANGUAGES, language, t

Subparsers: TypeAlias = "_SubParsersAction[ArgumentParser]"

DEFAULT_COMMAND = "run"
EXIT_REFUSED = 1
EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: a supervisor must not try again


def main(argv: Sequence[str]) -> int:
    """Run one command and return the status of the process; without a command, `run`."""
    language.set(_terminal_language())
    signal.signal(signal.SIGTERM, _leave)
    arguments = build_parser().parse_args(list(argv) or [DEFAULT_COMMAND])
    from pydantic import ValidationError

    from core.embedded_postgres import EmbeddedPostgresError

    try:
        return arguments.command(arguments) or 0
    except (Refusal, EmbeddedPostgresError) as refusal:
        print(refusal, file=sys.stderr)
        return EXIT_REFUSED
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            print(" ".join([*map(str, problem["loc"]), problem["msg"]]), file=sys.stderr)
        return EXIT_CONFIGURATION
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def build_parser() -> ArgumentParser:
    """Return the parser of every command there is."""
    parser = ArgumentParser(prog="./dev", description=t("Palabre : tontines, CIU, USSD et lots de pensions."))
    subparsers = parser.add_subparsers(metavar=t("commande"), required=True)
    for module in pkgutil.iter_modules(commands.__path__, "commands."):
        if module.name != __name__ and not module.ispkg:
            register = getattr(import_module(module.name), "register", None)
            if register is not None:
                register(subparsers)
    return parser


def _terminal_language() -> str:
    spoken = (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "")[:2]
    return spoken if spoken in LANGUAGES else DEFAULT_LANGUAGE


def _leave(number: int, _frame: object) -> None:
    sys.exit(128 + number)
