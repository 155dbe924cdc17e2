"""Codes that DHIS2 has already: kept as nobody's yet, until a person whose answers make one claims it."""

from collections.abc import Sequence

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
from services.ciu.store.importing import LONGEST_CODE, Imported, RefusedRow, Row, keep_row
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


def keep_entities(session: Session, actor: Actor, programme: Programme, entities: Sequence[Listed]) -> Imported:
    """Keep the codes that are not known here, with their uids; those that we sent ourselves are passed over."""
    actor.require(Permission.CIU_ADMINISTER)
    own = {row["uid"] for row in fetch_all(session, "select uid from ciu_dhis2_link")}
    taken, refused, made = 0, [], []
    for line, entity in enumerate(entities, start=1):
        if entity.uid in own:
            continue
        try:
            record_id = keep_row(session, programme, _row(entity), RecordSource.DHIS2)
        except ValueError as error:
            refused.append(RefusedRow(line, str(error)))
            continue
        taken += 1
        made.append((record_id, entity.uid, LinkState.EXPORTED))
    links.add_links(session, made)
    audit.record(session, actor, "ciu.dhis2.read", "ciu_programme", programme.id, f"{taken} / {len(refused)}")
    return Imported(taken, tuple(refused))


def _row(entity: Listed) -> Row:
    code = entity.code.strip().upper()
    if not code or len(code) > LONGEST_CODE:
        raise ValueError(t("code absent ou trop long"))
    return Row(code, entity.created_at or clock.now())
