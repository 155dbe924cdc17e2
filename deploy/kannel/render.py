#!/usr/bin/env python3
"""Write Kannel's configuration from its templates: `python3 render.py kannel.env > /etc/kannel/palabre.conf`.

The tests start Kannel on what this gives, so what is tested is what is shipped. It needs Python and nothing else.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template

HERE = Path(__file__).parent
SECRETS = ("ADMIN_PASSWORD", "STATUS_PASSWORD", "SENDSMS_PASSWORD")
CALLBACKS = ("SMS_CALLBACK", "USSD_CALLBACK")
SHORTEST_SECRET = 16
LINKS = ("sms-smpp.conf", "sms-essai.conf")


class UnusableError(ValueError):
    """A value is missing, or would not mean to Kannel what it says."""


def render(values: Mapping[str, str], link: str = "sms-smpp.conf") -> str:
    """Return the configuration with the SMS link of the file `link`; `UnusableError` names every value at fault."""
    template = (HERE / "kannel.conf").read_text().replace("${SMS_LINK}", (HERE / link).read_text().strip())
    problems = [
        problem for name in sorted(set(Template(template).get_identifiers())) if (problem := _problem(name, values))
    ]
    if problems:
        raise UnusableError("\n".join(problems))
    return Template(template).substitute(values)


def read(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of a file."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _problem(name: str, values: Mapping[str, str]) -> str:
    value = values.get(name, "")
    if not value:
        return f"{name} : valeur absente."
    if not value.isprintable() or set(value) & set('"$\\ '):
        return f"{name} : guillemet, espace, $ ou barre oblique inverse interdits."
    if name in SECRETS and len(value) < SHORTEST_SECRET:
        return f"{name} : {SHORTEST_SECRET} caractères au moins."
    if name in CALLBACKS and ("/g/" not in value or "?" in value or "%" in value):
        return f"{name} : collez l'adresse de rappel de la console, sans rien après."
    return ""


def main(arguments: list[str]) -> None:
    """Print the configuration, or end with what is to be corrected."""
    if len(arguments) not in {1, 2} or arguments[1:] not in ([], ["--essai"]):
        sys.exit("Usage : render.py kannel.env [--essai]")
    try:
        sys.stdout.write(render(read(Path(arguments[0])), LINKS[len(arguments) - 1]))
    except (OSError, UnusableError) as error:
        sys.exit(f"Configuration non écrite.\n{error}")


if __name__ == "__main__":
    main(sys.argv[1:])
