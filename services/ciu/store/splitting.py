"""One set of answers, two people: the second gets a code of his own, made without the answers, which are gone."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import Refusal
from core.security import UnreadableSecretError
from models.ciu import RecordSource
from models.ciu_pairs import CiuPair
from services.ciu.codes import spare_candidates
from services.ciu.recipes import Recipe
from services.ciu.store.issuing import spare_context
from services.ciu.store.keys import get_ciu_keys
from services.ciu.store.programmes import load_recipe
from services.whatsapp.sealing import seal, unseal


class NoSpareCode(Refusal):
    """Nothing was kept from which another code could be made: the layout forbids it, or the key is gone."""

    code = "code_sans_suite"
    status = 409
    sentence = "Aucun autre code ne peut être formé pour ces réponses."


class NotTheirs(Refusal):
    """The address does not hold the code any more."""

    code = "plus_le_sien"
    status = 409
    sentence = "Ce numéro ne détient plus ce code."


_TAKE_CODE = """
insert into ciu_record (id, created_at, code, programme_id, recipe_id, first_identity_id, salt_fingerprint, ordinal,
    language, source, spare_enc, is_test)
select %(id)s, %(now)s, %(code)s, programme_id, recipe_id, %(identity)s, salt_fingerprint, %(ordinal)s, language,
    %(source)s, %(spare)s, is_test
from ciu_record where id = %(record)s
    and not exists (select from ciu_reserved_code where digest = any(%(reserved)s))
on conflict (code, is_test) do nothing
"""


def split(session: Session, pair: CiuPair, identity_id: UUID) -> UUID:
    """Give the person at one address a code of his own beside the record of a pair, both locked; return the new one."""
    row = fetch_one(session, "select id, recipe_id, spare_enc from ciu_record where id = %s", (pair.left_id,))
    if row is None or row["recipe_id"] is None or row["spare_enc"] is None:
        raise NoSpareCode
    recipe, spare = load_recipe(session, row["recipe_id"]), _open(row)
    record_id, ordinal = ids.new_id(), _next_ordinal(session, pair.left_id)
    _take_code(session, recipe, row["id"], record_id, identity_id, ordinal, spare)
    _copy_keys(session, row["id"], record_id, ordinal)
    move_link(session, identity_id, row["id"], record_id)
    return record_id


def move_link(session: Session, identity_id: UUID, origin: UUID, target: UUID) -> None:
    """Let an address hold another record instead of the one it held; it holds the other one already, or held this."""
    asked = {"origin": origin, "target": target, "identity": identity_id}
    driver(session).execute(
        """
        update ciu_record_identity set record_id = %(target)s
        where record_id = %(origin)s and identity_id = %(identity)s
        and not exists (select from ciu_record_identity where record_id = %(target)s and identity_id = %(identity)s)
        """,
        asked,
    )
    driver(session).execute(
        "delete from ciu_record_identity where record_id = %(origin)s and identity_id = %(identity)s", asked
    )
    held = fetch_one(
        session, "select 1 from ciu_record_identity where record_id = %(target)s and identity_id = %(identity)s", asked
    )
    if held is None:
        raise NotTheirs
    driver(session).execute(
        """
        update ciu_record r set first_identity_id = (
            select l.identity_id from ciu_record_identity l where l.record_id = r.id
            order by l.created_at, l.id limit 1)
        where r.id = any(%s)
        """,
        ([origin, target],),
    )


def list_same_answers(session: Session, record_id: UUID) -> list[UUID]:
    """Return the records of all people known with these answers, in their order."""
    rows = fetch_all(
        session,
        """
        select distinct o.record_id, o.ordinal from ciu_match_key m join ciu_match_key o
            on o.space = m.space and o.key_version = m.key_version and o.digest = m.digest
        where m.record_id = %s order by o.ordinal
        """,
        (record_id,),
    )
    return [row["record_id"] for row in rows]


def _open(row: Mapping[str, Any]) -> str:
    try:
        return unseal(bytes(row["spare_enc"]), spare_context(row["id"]))
    except UnreadableSecretError as error:
        raise NoSpareCode from error


def _next_ordinal(session: Session, record_id: UUID) -> int:
    row = fetch_one(
        session,
        """
        select max(o.ordinal) as last from ciu_match_key m join ciu_match_key o
            on o.space = m.space and o.key_version = m.key_version and o.digest = m.digest
        where m.record_id = %s
        """,
        (record_id,),
    )
    return (row["last"] if row and row["last"] else 1) + 1


def _take_code(  # what a record is made of
    session: Session, recipe: Recipe, origin: UUID, record_id: UUID, identity_id: UUID, ordinal: int, spare: str
) -> None:
    keys = get_ciu_keys()
    for code in spare_candidates(recipe, spare, ordinal):
        taken = driver(session).execute(
            _TAKE_CODE,
            {
                "id": record_id,
                "now": clock.now(),
                "code": code,
                "identity": identity_id,
                "ordinal": ordinal,
                "source": RecordSource.CHAT,
                "spare": seal(spare, spare_context(record_id)),
                "record": origin,
                "reserved": [*keys.code_digests(code).values()],
            },
        )
        if taken.rowcount:
            return
    raise NoSpareCode


def _copy_keys(session: Session, origin: UUID, record_id: UUID, ordinal: int) -> None:
    """Let the same answers, and those that sound like them, find the second person too."""
    asked = {"origin": origin, "record": record_id, "ordinal": ordinal, "now": clock.now()}
    driver(session).execute(
        """
        insert into ciu_match_key (id, created_at, record_id, space, key_version, digest, ordinal)
        select gen_random_uuid(), %(now)s, %(record)s, space, key_version, digest, %(ordinal)s
        from ciu_match_key where record_id = %(origin)s
        """,
        asked,
    )
    driver(session).execute(
        """
        insert into ciu_near_key (id, created_at, record_id, space, key_version, label, digest)
        select gen_random_uuid(), %(now)s, %(record)s, space, key_version, label, digest
        from ciu_near_key where record_id = %(origin)s
        """,
        asked,
    )
