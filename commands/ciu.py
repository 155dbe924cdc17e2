"""`./dev ciu`: what the health identifiers need from a terminal."""

import secrets
from argparse import Namespace
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers

SALT_SIZE_BYTES = 32


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("ciu", help=t("identifiants de santé : sel"))
    acts = parser.add_subparsers(metavar=t("acte"), required=True)
    salt = acts.add_parser("generate-salt", help=t("afficher un sel neuf, sans rien écrire"))
    salt.set_defaults(command=generate_salt)


def generate_salt(_arguments: Namespace) -> None:
    """Print 32 random bytes as URL-safe base64 without padding, and the line to put in the settings."""
    salt = secrets.token_urlsafe(SALT_SIZE_BYTES)
    print(salt)
    print(f'UIC_SALT="{salt}"')
