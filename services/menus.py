"""Menus as the console reads them: what is live where, what is being written, who put what in force and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all
from core.permissions import Actor, Permission
from models.flows import VersionState
from services.flows import FlowNotFound

MOST_PUBLICATIONS = 100


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A service and the version it has live; `open_live` and `open_older` are dialogues that go on now."""

    key: str
    name: str
    state: str
    needs_four_eyes: bool
    codes: tuple[str, ...]
    live_id: UUID | None
    live_number: int | None
    published_at: datetime | None
    open_live: int
    open_older: int


@dataclass(frozen=True, slots=True)
class MenuRow:
    """A menu: the services that run it, and how much is being written."""

    key: str
    title: str
    services: tuple[ServiceLine, ...]
    drafts: int
    reviews: int

    @property
    def open_sessions(self) -> int:
        """How many dialogues go on, on any version."""
        return sum(line.open_live + line.open_older for line in self.services)

    @property
    def needs_four_eyes(self) -> bool:
        """Whether some service of it wants a second person."""
        return any(line.needs_four_eyes for line in self.services)


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version with the names of its people; `body` is left out of lists."""

    id: UUID
    flow_key: str
    title: str
    number: int
    state: VersionState
    checksum: str
    note: str
    authors: tuple[UUID, ...]
    author: str
    saved_by: str
    saved_at: datetime
    reviewer: str
    published_at: datetime | None
    errors: int
    warnings: int
    open_sessions: int
    live_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicationLine:
    """One change of what is live."""

    at: datetime
    service: str
    number: int
    replaced: int | None
    who: str
    reason: str


_MENUS = """
select f.key as flow_key, f.title,
    (select count(*) from flow_version v where v.flow_id = f.id and v.state = 'draft') as drafts,
    (select count(*) from flow_version v where v.flow_id = f.id and v.state = 'review') as reviews,
    s.key, s.name, s.state, s.needs_four_eyes, s.live_version_id as live_id, l.number as live_number,
    coalesce(p.created_at, l.published_at) as published_at, r.codes,
    coalesce(o.open_live, 0) as open_live, coalesce(o.open_older, 0) as open_older
from flow f
left join ussd_service s on s.flow_id = f.id
left join flow_version l on l.id = s.live_version_id
left join lateral (
    select created_at from ussd_publication p where p.service_id = s.id order by created_at desc limit 1) p on true
left join lateral (
    select array_agg(distinct code order by code) as codes from ussd_route r where r.service_id = s.id) r on true
left join (
    select x.service_id, count(*) filter (where x.version_id = t.live_version_id) as open_live,
        count(*) filter (where x.version_id <> t.live_version_id) as open_older
    from ussd_session x join ussd_service t on t.id = x.service_id where x.state = 'open' group by 1
) o on o.service_id = s.id
where %(key)s::text is null or f.key = %(key)s
order by f.key, s.name
"""

_PERSON = "nullif(btrim(concat_ws(' ', {0}.first_name, {0}.last_name)), '')"

_VERSIONS = f"""
select v.id, f.key as flow_key, f.title, v.number, v.state, v.checksum, v.note, v.authors, v.published_at,
    coalesce(v.saved_at, v.created_at) as saved_at,
    {_PERSON.format("a")} as author, {_PERSON.format("b")} as saver, {_PERSON.format("c")} as reviewer,
    jsonb_path_query_array(v.lint, '$.findings[*].is_error') as errors,
    (select count(*) from ussd_session s where s.version_id = v.id and s.state = 'open') as open_sessions,
    (select array_agg(s.name order by s.name) from ussd_service s where s.live_version_id = v.id) as live_on
from flow_version v
join flow f on f.id = v.flow_id
left join users a on a.id = v.created_by
left join users b on b.id = v.saved_by
left join users c on c.id = v.reviewed_by
where f.key = %(key)s and (%(number)s::int is null or v.number = %(number)s)
order by v.number desc
"""  # constants only

_PUBLICATIONS = f"""
select p.created_at as at, s.name as service, v.number, r.number as replaced, p.reason, {_PERSON.format("u")} as who
from ussd_publication p
join ussd_service s on s.id = p.service_id
join flow f on f.id = s.flow_id
join flow_version v on v.id = p.version_id
left join flow_version r on r.id = p.replaces_id
left join users u on u.id = p.actor_id
where f.key = %s order by p.created_at desc, p.id desc limit {MOST_PUBLICATIONS}
"""  # constants only


# Reads


def list_menus(session: Session, actor: Actor) -> list[MenuRow]:
    """Return every menu with its services."""
    actor.require(Permission.USSD_READ)
    return _menus(session, None)


def get_menu(session: Session, actor: Actor, flow_key: str) -> MenuRow:
    """Return one menu with its services."""
    actor.require(Permission.USSD_READ)
    found = _menus(session, flow_key)
    if not found:
        raise FlowNotFound
    return found[0]


def list_versions(session: Session, actor: Actor, flow_key: str) -> list[VersionLine]:
    """Return the versions of a menu, newest first."""
    actor.require(Permission.USSD_READ)
    return [_version(row) for row in fetch_all(session, _VERSIONS, {"key": flow_key, "number": None})]


def get_version(session: Session, actor: Actor, flow_key: str, number: int) -> VersionLine:
    """Return one version of a menu."""
    actor.require(Permission.USSD_READ)
    found = fetch_all(session, _VERSIONS, {"key": flow_key, "number": number})
    if not found:
        raise FlowNotFound
    return _version(found[0])


def list_publications(session: Session, actor: Actor, flow_key: str) -> list[PublicationLine]:
    """Return who put which version live, newest first."""
    actor.require(Permission.USSD_READ)
    return [
        PublicationLine(row["at"], row["service"], row["number"], row["replaced"], row["who"] or "", row["reason"])
        for row in fetch_all(session, _PUBLICATIONS, (flow_key,))
    ]


def _menus(session: Session, key: str | None) -> list[MenuRow]:
    rows = fetch_all(session, _MENUS, {"key": key})
    by_flow: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_flow.setdefault(row["flow_key"], []).append(row)
    return [
        MenuRow(
            flow_key,
            lines[0]["title"],
            tuple(_service(line) for line in lines if line["key"] is not None),
            lines[0]["drafts"],
            lines[0]["reviews"],
        )
        for flow_key, lines in by_flow.items()
    ]


def _service(row: dict[str, Any]) -> ServiceLine:
    names = ("key", "name", "state", "needs_four_eyes", "live_id", "live_number", "published_at")
    return ServiceLine(
        **{name: row[name] for name in names},
        codes=tuple(row["codes"] or ()),
        open_live=row["open_live"],
        open_older=row["open_older"],
    )


def _version(row: dict[str, Any]) -> VersionLine:
    names = (
        "id", "flow_key", "title", "number", "checksum", "note", "saved_at", "published_at", "open_sessions"
    )  # fmt: skip
    return VersionLine(
        **{name: row[name] for name in names},
        state=VersionState(row["state"]),
        authors=tuple(row["authors"]),
        author=row["author"] or "",
        saved_by=row["saver"] or row["author"] or "",
        reviewer=row["reviewer"] or "",
        errors=row["errors"].count(True),
        warnings=row["errors"].count(False),
        live_on=tuple(row["live_on"] or ()),
    )
