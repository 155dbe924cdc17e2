"""What ends by itself: conversations nobody goes on with, their stones, old replies, old lines of the statistics."""

from datetime import timedelta

from core import clock
from core.database import Session, driver, fetch_all
from services.ciu.store import forgetting, rotating
from services.ciu.store.keys import get_ciu_keys
from services.whatsapp import inbox, replies

BATCH = 500
STONE_KEPT = timedelta(hours=24)

_EXPIRE = """
with late as (
    select c.id, c.programme_id, c.recipe_id, c.language, i.is_test
    from ciu_conversation c join ciu_identity i on i.id = c.identity_id
    where c.ended_at is null and c.expires_at < %(now)s order by c.expires_at limit %(most)s
    for no key update of c, i skip locked
), told as (
    insert into ciu_event (id, created_at, programme_id, conversation_id, recipe_id, name, question, error, language,
        is_test)
    select gen_random_uuid(), %(now)s, programme_id, id, recipe_id, 'expired', '', '', language, is_test from late
), silenced as (
    update whatsapp_reply r set body_enc = null from late where r.conversation_id = late.id
    and not exists (select from message m where m.id = r.message_id and m.state in ('queued', 'sending', 'unknown'))
)
update ciu_conversation c set ended_at = %(now)s, end_reason = 'expired', answers_enc = null, is_told = false
from late where c.id = late.id
"""
# Older lines than 13 months are counted by day in their programme's time zone, then deleted.
_FOLD = """
with old as (
    delete from ciu_event where id in (
        select id from ciu_event where created_at < %(now)s - interval '13 months' limit %(most)s
        for update skip locked)
    returning programme_id, created_at, name, question, error, language, is_test
), counted as (
    insert into ciu_day as d (id, created_at, programme_id, day, name, question, error, language, number)
    select gen_random_uuid(), %(now)s, o.programme_id, (o.created_at at time zone p.timezone)::date, o.name,
        o.question, o.error, o.language, count(*)
    from old o join ciu_programme p on p.id = o.programme_id where not o.is_test group by 3, 4, 5, 6, 7, 8
    on conflict (programme_id, day, name, question, error, language)
    do update set number = d.number + excluded.number
)
select count(*) from old
"""

# A number is kept as long as the most patient of its programmes wants; one that sets nothing keeps it for good.
_SILENT = """
select i.id from ciu_identity i
where exists (select from ciu_programme where settings ? 'phone_retention_months') and not i.is_test
and i.last_inbound_at < %(now)s - (
    select case when bool_and(coalesce((p.settings ->> 'phone_retention_months')::int, 0) > 0)
        then make_interval(months => max((p.settings ->> 'phone_retention_months')::int)) end
    from ciu_programme p
    where p.id in (
        select r.programme_id from ciu_record_identity l join ciu_record r on r.id = l.record_id
        where l.identity_id = i.id)
    or not exists (select from ciu_record_identity l where l.identity_id = i.id))
limit %(most)s for update skip locked
"""


def expire(session: Session, *, most: int = BATCH) -> int:
    """End up to `most` conversations past their time and erase their answers; a turn under way holds its person."""
    return driver(session).execute(_EXPIRE, {"now": clock.now(), "most": most}).rowcount


def remove_stones(session: Session, *, most: int = BATCH) -> int:
    """Delete conversations that ended a day ago: from then on their events are nobody's."""
    removed = driver(session).execute(
        "delete from ciu_conversation where id in (select id from ciu_conversation where ended_at < %s limit %s"
        " for update skip locked)",
        (clock.now() - STONE_KEPT, most),
    )
    return removed.rowcount


def fold_events(session: Session, *, most: int = BATCH) -> int:
    """Count and delete old lines of the statistics; return how many."""
    row = driver(session).execute(_FOLD, {"now": clock.now(), "most": most}).fetchone()
    return row[0] if row else 0


def forget_ids(session: Session, *, most: int = BATCH) -> int:
    """Delete the digests of message ids after 13 months, and replies whose text is long gone."""
    removed = driver(session).execute(
        """
        delete from whatsapp_inbound where id in (
            select id from whatsapp_inbound where created_at < %(now)s - interval '13 months' limit %(most)s
            for update skip locked)
        """,
        {"now": clock.now(), "most": most},
    )
    emptied = driver(session).execute(
        """
        delete from whatsapp_reply where id in (
            select id from whatsapp_reply where created_at < %(now)s - interval '13 months' limit %(most)s
            for update skip locked)
        """,
        {"now": clock.now(), "most": most},
    )
    return max(removed.rowcount, emptied.rowcount)


def let_numbers_go(session: Session, *, most: int = BATCH) -> int:
    """Erase the numbers nobody wrote from for as long as their programmes keep one; the codes stay, nobody's."""
    silent = fetch_all(session, _SILENT, {"now": clock.now(), "most": most})
    for row in silent:
        forgetting.forget_identity(session, get_ciu_keys(), row["id"], mode=forgetting.UNLINK)
    return len(silent)


def remove_tokens(session: Session, *, most: int = BATCH) -> int:
    """Delete the addresses of pictures whose time is over."""
    removed = driver(session).execute(
        "delete from ciu_qr_token where id in (select id from ciu_qr_token where expires_at < %s limit %s)",
        (clock.now(), most),
    )
    return removed.rowcount


EVERY_MINUTE = (expire, remove_stones, replies.erase_old, inbox.erase_old, remove_tokens)
EVERY_NIGHT = (fold_events, forget_ids, let_numbers_go, rotating.seal_addresses)
