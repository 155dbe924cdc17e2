"""`./dev seed`: fill a development database with the demo; what is there already stays."""

import sys
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers

BAR_WIDTH = 32


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("seed", help=t("remplir une base de développement de données de démonstration"))
    parser.add_argument("--seed", type=int, metavar="N", help=t("une autre graine : d'autres gens, une autre histoire"))
    parser.set_defaults(command=lambda arguments: seed_if_empty(arguments.seed))


def seed_if_empty(seed: int | None = None) -> None:
    """Write the demo into the database of the settings unless it is there, and say how to sign in."""
    from commands import demo
    from commands.demo.people import PASSWORD, STAFF
    from commands.migrate import upgrade
    from core.database import use_database
    from core.embedded_postgres import ensure_running
    from core.settings import get_settings

    settings = get_settings()
    demo.require_development(settings)
    url = ensure_running(settings)
    upgrade(url)
    database = use_database(url, settings.database_pool_size)
    seeded = demo.seed(database, settings, seed_number=demo.SEED if seed is None else seed, progress=draw_bar)
    if seeded.is_new:
        sentence = t(
            "Démonstration : {subscribers} abonnés, {sessions} sessions, {turns} étapes, {transfers} transferts."
        )
        print(sentence.format(**seeded.figures()))
    else:
        print(t("Démonstration : déjà là."))
    print(t("Connexion : {email}, mot de passe {password}").format(email=STAFF[0].email, password=PASSWORD), flush=True)


def draw_bar(share: float) -> None:
    """Draw the progress of the demo, from 0 to 1, on a terminal; elsewhere nothing."""
    if not sys.stderr.isatty():
        return
    filled = round(share * BAR_WIDTH)
    bar = "█" * filled + "░" * (BAR_WIDTH - filled)
    end = "\n" if share >= 1 else ""
    print(f"\r{t('Démonstration')} {bar} {share:4.0%}", end=end, file=sys.stderr, flush=True)
