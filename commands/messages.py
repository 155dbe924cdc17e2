"""`./dev messages vapid-keys`: make the pair of keys with which browsers are notified."""

from argparse import Namespace
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("messages", help=t("messages : clés de notification des navigateurs"))
    acts = parser.add_subparsers(metavar=t("acte"), required=True)
    keys = acts.add_parser("vapid-keys", help=t("créer une paire de clés VAPID"))
    keys.set_defaults(command=make_keys)


def make_keys(_arguments: Namespace) -> int:
    """Print a new pair, as variables of the environment; it is kept nowhere else."""
    from providers.messaging.web_push import make_vapid_keys

    private, public = make_vapid_keys()
    print(f"VAPID_PRIVATE_KEY={private}")
    print(f"VAPID_PUBLIC_KEY={public}")
    return 0
