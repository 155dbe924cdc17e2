"""What is sent to DHIS2 and what it says: plain values, no states of ours."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Place:
    """Where codes go: the server, its token, the type and the attribute that hold them, the unit they belong to."""

    base_url: str
    token: str = field(repr=False)
    entity_type: str
    attribute: str
    org_unit: str
    program: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """A code under its uid: nothing else of anybody leaves."""

    uid: str
    code: str
    day: date


class TroubleKind(StrEnum):
    """Why there is no answer of use."""

    SILENT = "silent"
    REFUSED = "refused"  # the token: nothing was done
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Trouble:
    """No answer of use. `is_sent`: it may have been done all the same."""

    kind: TroubleKind
    is_sent: bool
    detail: str


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """What DHIS2 has against one entity."""

    uid: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """What validating a batch found."""

    errors: tuple[ErrorReport, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A batch was taken, to be imported under this id."""

    id: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a job; None instead of one: not ready, or forgotten."""

    status: str
    errors: tuple[ErrorReport, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Whether an entity with a uid of ours is there."""

    is_there: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The uids of the entities that have a code."""

    uids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """An entity that DHIS2 has: its uid, its code (empty: none) and when it was made there."""

    uid: str
    code: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the entities, in the order of their making."""

    entities: tuple[Listed, ...]
    is_last: bool
