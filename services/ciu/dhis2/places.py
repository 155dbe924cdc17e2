"""Where a programme's codes go in DHIS2: the server and its token from outside, the rest from its own settings."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import Field, ValidationError

from core.database import Session, fetch_all
from core.errors import Refusal, Unavailable
from core.orders import Order
from core.permissions import Actor, Permission
from core.settings import get_settings
from providers.dhis2 import Dhis2, Place, Trouble, TroubleKind
from providers.fakes import place as fakes
from providers.fakes.keys import secret_of

UID = r"^[A-Za-z][A-Za-z0-9]{10}$"
KEY = "dhis2"  # among a programme's settings


class NotConnected(Refusal):
    """Nothing says where the codes of a programme go."""

    code = "dhis2_absent"
    status = 409
    sentence = "Ce programme n'est pas relié à un DHIS2."


class NoAnswer(Unavailable):
    """The server is not there, or answers something else."""

    code = "dhis2_muet"
    sentence = "DHIS2 ne répond pas ({detail})."


class TokenRefused(Unavailable):
    """The server is there and does not let us in."""

    code = "dhis2_jeton_refuse"
    status = 409
    sentence = "DHIS2 refuse notre jeton ({detail})."


class Connection(Order):
    """What a programme's settings say of its place in DHIS2."""

    entity_type: str = Field(pattern=UID)
    attribute: str = Field(pattern=UID)
    org_unit: str = Field(pattern=UID)
    program: str = Field(default="", pattern=rf"^$|{UID}")


@dataclass(frozen=True, slots=True)
class ProgrammePlace:
    """A programme and its place in DHIS2."""

    programme_id: UUID
    code: str
    zone: str
    place: Place


def list_places(session: Session) -> list[ProgrammePlace]:
    """Return the programmes whose codes go to DHIS2."""
    address, token = _server()
    if not address or not token:
        return []
    rows = fetch_all(
        session,
        "select id, code, timezone, settings -> %(key)s as place from ciu_programme where settings ? %(key)s",
        {"key": KEY},
    )
    found = []
    for row in rows:
        try:
            own = Connection.model_validate(row["place"])
        except ValidationError:
            continue  # half a form: nothing leaves before it is whole
        place = Place(address, token, own.entity_type, own.attribute, own.org_unit, own.program)
        found.append(ProgrammePlace(row["id"], row["code"], row["timezone"], place))
    return found


def get_place(session: Session, actor: Actor, programme: str) -> ProgrammePlace:
    """Return the place of a programme, or refuse with `NotConnected`."""
    actor.require(Permission.CIU_ADMINISTER)
    found = [one for one in list_places(session) if one.code == programme]
    if not found:
        raise NotConnected
    return found[0]


def probe(actor: Actor, place: Place) -> str:
    """Return the version of the server, or refuse with why it does not answer; call it outside any transaction."""
    actor.require(Permission.CIU_ADMINISTER)
    answer = Dhis2(place).probe()
    if isinstance(answer, Trouble):
        raise refusal_of(answer)
    return answer


def refusal_of(trouble: Trouble) -> Refusal:
    """Return what a person is told of a trouble."""
    kind = TokenRefused if trouble.kind is TroubleKind.REFUSED else NoAnswer
    return kind(detail=trouble.detail)


def _server() -> tuple[str, str]:
    """Return the address and the token from outside; where the fakes run and nothing else is named, theirs."""
    settings = get_settings()
    if settings.dhis2_base_url:
        return settings.dhis2_base_url, settings.dhis2_api_token.get_secret_value()
    root = fakes.address(settings)
    return (f"{root}/dhis2", secret_of("dhis2", "api_token")) if root else ("", "")
