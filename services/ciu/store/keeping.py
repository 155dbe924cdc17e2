"""What ends by itself: conversations nobody goes on with, their stones, old replies, old lines of the statistics."""

from datetime import timedelta

from core import clock
from core.database import Session, driver
from services.ciu.store import counting, exports, retention, rotating
from services.whatsapp import inbox, replies

BATCH = 500
STONE_KEPT = timedelta(hours=24)
EVENTS_KEPT = timedelta(days=395)

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
# A line goes after 13 months, once the figures of its day are kept; days are counted in their order.
_DROP = """
delete from ciu_event where id in (
    select e.id from ciu_event e join ciu_programme p on p.id = e.programme_id
    where e.created_at < %(now)s - interval '13 months' and (e.is_test
        or (e.created_at at time zone p.timezone)::date <= (
            select max(c.day) from ciu_counted_day c where c.programme_id = e.programme_id))
    limit %(most)s for update of e skip locked)
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
    """Delete old lines of the statistics, whose days are counted; return how many."""
    oldest_kept = clock.now().date() - EVENTS_KEPT
    for due in counting.list_due(session):
        if due.day < oldest_kept:
            counting.count_day(session, due)
    return driver(session).execute(_DROP, {"now": clock.now(), "most": most}).rowcount


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


def remove_tokens(session: Session, *, most: int = BATCH) -> int:
    """Delete the addresses of pictures whose time is over."""
    removed = driver(session).execute(
        "delete from ciu_qr_token where id in (select id from ciu_qr_token where expires_at < %s limit %s)",
        (clock.now(), most),
    )
    return removed.rowcount


EVERY_MINUTE = (expire, remove_stones, replies.erase_old, inbox.erase_old, remove_tokens, exports.erase_old)
EVERY_NIGHT = (fold_events, forget_ids, rotating.seal_addresses, retention.unlink_old)
