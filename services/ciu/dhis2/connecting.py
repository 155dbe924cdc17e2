"""The connection of a programme with DHIS2: where its codes go there, set and tried by an administrator."""

from dataclasses import dataclass

from pydantic import Field

from core.database import Database, Session
from core.permissions import Actor, Permission
from core.settings import get_settings
from services import audit
from services.ciu.dhis2.places import KEY, Connection, get_place, probe
from services.ciu.store.settings import locked_programme


class ConnectDhis2(Connection):
    """Where the codes of a programme go."""

    programme: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Dhis2Row:
    """What is set of a programme's place in DHIS2; the server and its token come from outside, the token never out."""

    server: str
    has_token: bool
    is_connected: bool
    entity_type: str
    attribute: str
    org_unit: str
    program: str


def connect_dhis2(session: Session, actor: Actor, order: ConnectDhis2) -> Dhis2Row:
    """Let the codes of a programme go to DHIS2, those that were given before too."""
    actor.require(Permission.CIU_ADMINISTER)
    row = locked_programme(session, order.programme)
    place = order.model_dump(exclude={"programme"})
    row.settings = {**row.settings, KEY: place}
    session.add(row)
    session.flush()
    audit.record(session, actor, "ciu_programme.dhis2", "ciu_programme", row.id, row.code, place)
    return get_dhis2(session, actor, order.programme)


def disconnect_dhis2(session: Session, actor: Actor, programme: str) -> Dhis2Row:
    """Let no further code of a programme go to DHIS2; what is there stays there."""
    actor.require(Permission.CIU_ADMINISTER)
    row = locked_programme(session, programme)
    row.settings = {name: value for name, value in row.settings.items() if name != KEY}
    session.add(row)
    session.flush()
    audit.record(session, actor, "ciu_programme.dhis2", "ciu_programme", row.id, row.code, {KEY: None})
    return get_dhis2(session, actor, programme)


def try_dhis2(database: Database, actor: Actor, programme: str) -> str:
    """Return the version of the server a programme is connected with, or refuse with why it does not answer."""
    with database.transaction() as session:
        place = get_place(session, actor, programme).place
    return probe(actor, place)


# Reads


def get_dhis2(session: Session, actor: Actor, programme: str) -> Dhis2Row:
    """Return what is set of a programme's place in DHIS2."""
    actor.require(Permission.CIU_ADMINISTER)
    settings, kept = get_settings(), locked_programme(session, programme).settings.get(KEY, {})
    names = ("entity_type", "attribute", "org_unit", "program")
    return Dhis2Row(
        server=settings.dhis2_base_url,
        has_token=bool(settings.dhis2_api_token.get_secret_value()),
        is_connected=bool(kept),
        **{name: str(kept.get(name, "")) for name in names},
    )
