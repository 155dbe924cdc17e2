"""`./dev admin create`: the first administrator, from the machine itself and never from a known password."""

from argparse import Namespace
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers


def register(subparsers: "Subparsers") -> None:
    """Add `admin create` to the terminal's commands."""
    parser = subparsers.add_parser("admin", help=t("Créer un administrateur de la plateforme."))
    acts = parser.add_subparsers(metavar=t("acte"), required=True)
    create = acts.add_parser("create", help=t("Créer un administrateur et donner son lien d'entrée."))
    create.add_argument("--email", required=True)
    create.add_argument("--first-name", default="Admin")
    create.add_argument("--last-name", default="Palabre")
    create.set_defaults(command=create_admin)


def create_admin(arguments: Namespace) -> None:
    """Make an administrator and print, once, the link and the temporary password; both die after 72 hours."""
    from core.database import use_database
    from core.embedded_postgres import ensure_running
    from core.settings import get_settings
    from services import users

    database = use_database(ensure_running(get_settings()))
    with database.transaction() as session:
        created = users.create_first_admin(session, arguments.email, arguments.first_name, arguments.last_name)
    print(t("Administrateur créé : {email}").format(email=created.user.email))
    print(t("Lien pour choisir le mot de passe (72 h, une fois) :"), created.invitation.url)
    print(t("Ou mot de passe temporaire (72 h) :"), created.temporary_password)
