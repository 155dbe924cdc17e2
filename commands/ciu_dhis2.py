"""`./dev ciu dhis2`: the connection, how codes stand there, and reading a register that is there already."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from commands.ciu_installation import open_database, tell
from core.i18n import t

if TYPE_CHECKING:
    from core.database import Database
    from services.ciu.dhis2.places import ProgrammePlace


def add(acts: Any) -> None:
    """Add the acts to `./dev ciu`."""
    parser = acts.add_parser("dhis2", help=t("liaison avec DHIS2 : essai, état, lecture"))
    parser.add_argument("--programme", default="ciu", metavar="CODE")
    which = parser.add_subparsers(metavar=t("acte"), required=True)
    which.add_parser("test", help=t("dire si DHIS2 répond")).set_defaults(command=probe)
    which.add_parser("status", help=t("compter les codes par état")).set_defaults(command=show_states)
    read = which.add_parser("read", help=t("reprendre les codes qui y sont déjà"))
    read.add_argument("--apply", action="store_true", help=t("garder ; sans cela, seulement vérifier"))
    read.set_defaults(command=read_register)


def probe(arguments: Namespace) -> None:
    """Print the version of the server."""
    from core.permissions import SYSTEM
    from services.ciu.dhis2 import places

    print("DHIS2", places.probe(SYSTEM, _place(open_database(), arguments).place))


def show_states(_arguments: Namespace) -> None:
    """Print how many codes stand how."""
    from core.permissions import SYSTEM
    from services.ciu.dhis2 import links

    with open_database().transaction() as session:
        states = links.count_states(session, SYSTEM)
    for state, number in states.items():
        print(f"{state}\t{number}")


def read_register(arguments: Namespace) -> int:
    """Print every refused code and a closing count; without `--apply` nothing is kept."""
    from core.permissions import SYSTEM
    from services.ciu.dhis2 import reading
    from services.ciu.store import programmes
    from services.ciu.store.importing import BATCH, RefusedRow

    database = open_database()
    entities = reading.fetch_entities(SYSTEM, _place(database, arguments).place)
    taken, refused = 0, list[RefusedRow]()
    step = BATCH if arguments.apply else max(len(entities), 1)
    for start in range(0, len(entities), step):
        part = entities[start : start + step]
        with database.transaction() as session:
            if arguments.apply:
                programme = programmes.get_programme(session, arguments.programme)
                found = reading.keep_entities(session, SYSTEM, programme, part, first_line=start + 1)
            else:
                found = reading.check_entities(session, SYSTEM, part)
        taken, refused = taken + found.taken, [*refused, *found.refused]
    return tell(taken, refused, is_kept=arguments.apply)


def _place(database: "Database", arguments: Namespace) -> "ProgrammePlace":
    from core.permissions import SYSTEM
    from services.ciu.dhis2 import places

    with database.transaction() as session:
        return places.get_place(session, SYSTEM, arguments.programme)
