"""Codes that DHIS2 has already: kept as nobody's yet, until a person whose answers make one claims it."""

from collections.abc import Sequence
from operator import attrgetter
from uuid import UUID

from core import clock
from core.database import Session, fetch_all
from core.i18n import t
from core.permissions import Actor, Permission
from models.ciu import RecordSource
from models.ciu_leaving import LinkState
from providers.dhis2 import Dhis2, Listed, Place, Trouble
from services import audit
from services.ciu.dhis2 import links
from services.ciu.dhis2.places import refusal_of
from services.ciu.store.importing import LONGEST_CODE, Imported, RefusedRow, Row, check_rows, keep_row
from services.ciu.store.programmes import Programme

MOST_PAGES = 20_000


def fetch_entities(actor: Actor, place: Place) -> list[Listed]:
    """Return every entity of the type, page after page; call it outside any transaction."""
    actor.require(Permission.CIU_ADMINISTER)
    client, found = Dhis2(place), list[Listed]()
    for number in range(1, MOST_PAGES + 1):
        page = client.list_page(number)
        if isinstance(page, Trouble):
            raise refusal_of(page)
        found += page.entities
        if page.is_last:
            break
    return found


def check_entities(session: Session, actor: Actor, entities: Sequence[Listed]) -> Imported:
    """Say what would become of these codes; nothing is kept, nobody waits."""
    actor.require(Permission.CIU_ADMINISTER)
    rows, refused = _readable(session, entities, first_line=1)
    found = check_rows(session, actor, [row for row, _ in rows])
    return Imported(found.taken, tuple(sorted([*refused, *found.refused], key=attrgetter("line"))))


def keep_entities(
    session: Session, actor: Actor, programme: Programme, entities: Sequence[Listed], *, first_line: int = 1
) -> Imported:
    """Keep the codes that are not known here, with their uids; those that we sent ourselves are passed over.

    Give `BATCH` of them at a time, or people wait for the whole register.
    """
    actor.require(Permission.CIU_ADMINISTER)
    rows, refused = _readable(session, entities, first_line)
    made = list[tuple[UUID, str, LinkState]]()
    for row, uid in rows:
        try:
            made.append((keep_row(session, programme, row, RecordSource.DHIS2), uid, LinkState.EXPORTED))
        except ValueError as error:
            refused.append(RefusedRow(row.line, str(error)))
    links.add_links(session, made)
    audit.record(session, actor, "ciu.dhis2.read", "ciu_programme", programme.id, f"{len(made)} / {len(refused)}")
    return Imported(len(made), tuple(sorted(refused, key=attrgetter("line"))))


def _readable(
    session: Session, entities: Sequence[Listed], first_line: int
) -> tuple[list[tuple[Row, str]], list[RefusedRow]]:
    """Return what can be kept with its uid, and what cannot; what we sent ourselves is neither."""
    uids = [entity.uid for entity in entities]
    own = {row["uid"] for row in fetch_all(session, "select uid from ciu_dhis2_link where uid = any(%s)", (uids,))}
    rows, refused = list[tuple[Row, str]](), list[RefusedRow]()
    for line, entity in enumerate(entities, start=first_line):
        code = entity.code.strip().upper()
        if entity.uid in own:
            continue
        if not code or len(code) > LONGEST_CODE:
            refused.append(RefusedRow(line, t("code absent ou trop long")))
        else:
            rows.append((Row(line, code, entity.created_at or clock.now()), entity.uid))
    return rows, refused
