"""Being forgotten: the address, the conversations and the consents go; a code that nobody else holds goes with them.

Of such a code only a keyed digest stays, so that it is never given to another.
"""

from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound
from core.orders import Order
from core.permissions import Actor, Permission
from services import audit
from services.ciu.reasons import Reason
from services.ciu.store.exports import SPOILT
from services.ciu.store.keys import CiuKeys, get_ciu_keys

# A conversation that ends because its person is erased ends in the statistics too, in every programme; the one that
# asked for it has written its own end.
_END_OPEN = """
insert into ciu_event (id, created_at, programme_id, conversation_id, recipe_id, name, question, error, language,
    is_test)
select gen_random_uuid(), %(now)s, c.programme_id, c.id, c.recipe_id, 'forgotten', '', '', c.language, i.is_test
from ciu_conversation c join ciu_identity i on i.id = c.identity_id
where c.identity_id = %(identity)s and c.ended_at is null and c.id is distinct from %(told)s
"""
# Files that are kept for a day may list the code and the number; one that is being made is made again, and one that
# waits is not begun before this transaction ends.
_ERASE_FILES = """
update ciu_export set content_enc = null,
    failure = case when state = 'working' then %(spoilt)s else failure end
where id in (
    select x.id from ciu_export x
    where x.kind = 'rows' and (x.content_enc is not null or x.state in ('waiting', 'working')) and exists (
        select from ciu_record r where r.id = any(%(records)s)
        and r.created_at::date between (x.wanted ->> 'since')::date - 1 and (x.wanted ->> 'until')::date + 1)
    order by x.id for update)
"""


class ForgetCode(Order):
    """Somebody asked at the counter to have his code erased, and why."""

    record_id: UUID
    reason: Reason


# The records somebody holds and those merged with them, locked before their links are counted.
_HELD = """
select r.id from ciu_record r where r.forgotten_at is null and r.id in (
    with recursive family (id) as (
        select record_id from ciu_record_identity where identity_id = %(identity)s
        union
        select case when r.id = f.id then r.merged_into else r.id end
        from family f join ciu_record r on r.merged_into is not null and (r.id = f.id or r.merged_into = f.id))
    select id from family)
order by r.id for update
"""
# Of codes that are one person's by a reviewer's word, all go or none; each stays where its programme must keep it.
_ALONE = """
select r.id, r.code from ciu_record r join ciu_programme p on p.id = r.programme_id
where r.id = any(%(held)s) and p.settings ->> 'forget_mode' is distinct from 'unlink' and not exists (
    select from ciu_record f join ciu_record_identity l on l.record_id = f.id
    where f.id = coalesce(r.merged_into, r.id) or f.merged_into = coalesce(r.merged_into, r.id))
"""
_FAMILY = """
select f.id, f.code, p.settings ->> 'forget_mode' = 'unlink' as is_kept from ciu_record r
join ciu_record f on f.id = coalesce(r.merged_into, r.id) or f.merged_into = coalesce(r.merged_into, r.id)
join ciu_programme p on p.id = f.programme_id
where r.id = %s and r.forgotten_at is null order by f.id for update of f
"""
_HOLDERS = """
select i.id from ciu_identity i where i.id in (
    select l.identity_id from ciu_record r
    join ciu_record f on f.id = coalesce(r.merged_into, r.id) or f.merged_into = coalesce(r.merged_into, r.id)
    join ciu_record_identity l on l.record_id = f.id
    where r.id = %s)
order by i.id for update
"""
_NO_OTHER = """
select h.id from unnest(%(holders)s::uuid[]) as h (id) where not exists (
    select from ciu_record_identity o where o.identity_id = h.id and o.record_id <> all(%(family)s))
"""


def forget_identity(
    session: Session,
    keys: CiuKeys,
    identity_id: UUID,
    *,
    told_conversation_id: UUID | None = None,
    keeps_codes: bool = False,
) -> int:
    """Forget somebody whose row is locked; return how many codes went.

    A code stays, without the person, where its programme forgets so, and everywhere if `keeps_codes`.
    """
    held = [row["id"] for row in fetch_all(session, _HELD, {"identity": identity_id})]
    _forget_messages(session, identity_id)
    ended = {"now": clock.now(), "identity": identity_id, "told": told_conversation_id}
    driver(session).execute(_END_OPEN, ended)
    driver(session).execute("delete from ciu_identity where id = %s", (identity_id,))
    gone = 0
    if not keeps_codes:
        for row in fetch_all(session, _ALONE, {"held": held}):
            forget_record(session, keys, row["id"], row["code"])
            gone += 1
    _name_next(session, held)
    _erase_files(session, held)
    return gone


def forget_code(session: Session, actor: Actor, order: ForgetCode) -> int:
    """Erase a code, and those of the same person, with whoever holds no other; return how many addresses went.

    A programme that must keep its codes keeps it, and nobody holds it.
    """
    actor.require(Permission.CIU_ACT)
    # In the order of a message: whoever writes first, his records after him.
    holders = [row["id"] for row in fetch_all(session, _HOLDERS, (order.record_id,))]
    family = fetch_all(session, _FAMILY, (order.record_id,))
    if not family:
        raise NotFound(thing="ciu_record")
    records = [row["id"] for row in family]
    alone = [row["id"] for row in fetch_all(session, _NO_OTHER, {"holders": holders, "family": records})]
    for row in family:
        if row["is_kept"]:
            _unlink(session, row["id"])
        else:
            forget_record(session, get_ciu_keys(), row["id"], row["code"])
    for identity_id in alone:
        forget_identity(session, get_ciu_keys(), identity_id)
    _erase_files(session, records)
    # The code itself is not in the trail: it would outlive what was erased.
    audit.record(session, actor, "ciu.forget", "ciu_record", order.record_id, order.reason, {"addresses": len(alone)})
    return len(alone)


def forget_record(session: Session, keys: CiuKeys, record_id: UUID, code: str) -> None:
    """Forget a code: its date stays, and a digest that keeps it from being given again."""
    row = fetch_one(session, "select is_test from ciu_record where id = %s", (record_id,))
    digests = keys.code_digests(code, is_test=row is not None and row["is_test"])
    driver(session).execute(
        "insert into ciu_reserved_code (id, created_at, digest, key_version) values (%s, %s, %s, %s)"
        " on conflict (digest) do nothing",
        (ids.new_id(), clock.now(), digests[keys.newest], keys.newest),
    )
    for table, column in (
        ("ciu_match_key", "record_id"),
        ("ciu_near_key", "record_id"),
        ("ciu_qr_token", "record_id"),
        ("ciu_dhis2_link", "record_id"),
        ("ciu_record_identity", "record_id"),
        ("ciu_pair", "left_id"),
        ("ciu_pair", "right_id"),
        ("ciu_pair", "merged_id"),
        ("ciu_pair", "survivor_id"),
        ("ciu_pair", "split_id"),
    ):
        driver(session).execute(f"delete from {table} where {column} = %s".encode(), (record_id,))
    driver(session).execute(
        """
        update ciu_record set code = null, forgotten_at = %s, first_identity_id = null, salt_fingerprint = null,
            language = '', input_hash = null, spare_enc = null, merged_into = null, recipe_id = null where id = %s
        """,
        (clock.now(), record_id),
    )


def _unlink(session: Session, record_id: UUID) -> None:
    driver(session).execute("delete from ciu_record_identity where record_id = %s", (record_id,))
    driver(session).execute("update ciu_record set first_identity_id = null where id = %s", (record_id,))


def _erase_files(session: Session, record_ids: list[UUID]) -> None:
    driver(session).execute(_ERASE_FILES, {"records": record_ids, "spoilt": SPOILT})


def _forget_messages(session: Session, identity_id: UUID) -> None:
    """Erase every reply to somebody; the ids that Meta gave them hold his number."""
    driver(session).execute(
        """
        with his as (
            update whatsapp_reply set body_enc = null where identity_id = %s returning message_id
        )
        update message m set provider_message_id = null from his where m.id = his.message_id
        """,
        (identity_id,),
    )


def _name_next(session: Session, records: list[UUID]) -> None:
    """Let the codes that live on be counted as the next person's."""
    driver(session).execute(
        """
        update ciu_record r set first_identity_id = (
            select l.identity_id from ciu_record_identity l where l.record_id = r.id
            order by l.created_at, l.id limit 1)
        where r.id = any(%s) and r.first_identity_id is null and r.forgotten_at is null
        """,
        (records,),
    )
