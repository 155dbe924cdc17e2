"""`./dev`, or `./dev run`: everything on this machine, with demonstration data in development."""

import os
import sys
import webbrowser
from argparse import Namespace
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("run", help=t("tout démarrer et ouvrir la console (par défaut)"))
    parser.add_argument("--no-browser", action="store_true", help=t("ne pas ouvrir le navigateur"))
    parser.set_defaults(command=run)


def run(arguments: Namespace) -> int:
    """Prepare the database, fill it if it is new, and serve until Ctrl-C."""
    from commands.seed import seed_if_empty
    from commands.serve import serve
    from core.settings import Environment, get_settings
    from services.ciu.store.keys import check_settings

    if get_settings().environment is Environment.DEVELOPMENT:
        # The demonstration takes what nobody signed, so that the guide's `curl` answers; it says so once.
        get_settings().whatsapp_allow_unsigned = True
        check_settings(get_settings())
        seed_if_empty()

    def announce(url: str) -> None:
        print(t("Palabre est prêt : {url}  (Ctrl-C pour arrêter)").format(url=url), flush=True)
        if not arguments.no_browser and has_desktop():
            webbrowser.open(url)

    return serve(announce)


def has_desktop() -> bool:
    """Say whether a person sits before a graphical screen here."""
    is_graphical = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return sys.stdout.isatty() and is_graphical
