"""From a notice to rows of the outbox: in bounded batches, each person once, from where the last batch ended."""

import json

from sqlalchemy import event
from sqlmodel import col, select

from core import clock, live
from core.database import Session, fetch_all, fetch_one
from core.states import transition
from models.notices import NOTICE_STEPS, Notice, NoticeState
from services.messages import templates
from services.messages.flash import Reach, reach
from services.messages.kinds import INFORMATION, USUAL_LIFE
from services.messages.outbox import TOPIC as MESSAGES
from services.notices.people import chosen

TOPIC = "notices"
TEMPLATE = "information"
GUARD = "notice_going_out"
BATCH = 1_000

_WRITE = """
with batch as materialized (
    select phone, user_id, language from ({chosen}) c where phone > %(cursor)s order by phone limit %(batch)s
), rows as (
    select batch.*, coalesce(%(texts)s::jsonb ->> batch.language, %(texts)s::jsonb ->> %(default)s) as body,
           case when w.channel = 'sms' and phone like any(%(screens)s::text[])
                     and not phone like any(%(beside)s::text[]) then 'ussd' else w.channel end as channel
    from batch cross join unnest(%(channels)s::text[]) as w (channel)
), written as (
    insert into message (
        id, created_at, dedupe_key, type, recipient_id, channel, address, locale, template_code, template_version,
        variables, data, guard, priority, not_before, expires_at, state, sent_at, tries, encoding, segments,
        error_code, next_channels)
    select gen_random_uuid(), %(now)s,
           'notice:' || %(id)s || ':' || coalesce(user_id::text, phone)
               || case channel when 'in_app' then ':in_app' else '' end,
           %(template)s, user_id, channel, phone, language, %(template)s, %(version)s,
           jsonb_build_object('texte', body), jsonb_build_object('notice_id', %(id)s::text), %(guard)s, %(priority)s,
           %(now)s, %(expires)s, case channel when 'in_app' then 'sent' else 'queued' end,
           case channel when 'in_app' then %(now)s::timestamptz end, 0, '', 0, '',
           case channel when 'ussd' then '["sms"]' else '[]' end::jsonb
    from rows
    on conflict (dedupe_key) do nothing
)
select count(*) as people, max(phone) as last from batch
"""

_CANCEL = """
with stopped as (
    select id from message where data ->> 'notice_id' = %(id)s and data ? 'notice_id' and state = 'queued'
    limit %(batch)s for update skip locked
), gone as (
    update message m set state = 'cancelled', error_code = 'stopped' from stopped where m.id = stopped.id returning m.id
), noted as (
    insert into message_event (id, created_at, message_id, state, detail)
    select gen_random_uuid(), %(now)s, id, 'cancelled', '{"code": "stopped"}' from gone
)
select count(*) as cancelled from gone
"""


def write_due(session: Session) -> int:
    """Write one batch of one notice whose hour has come; return how many people it was for, 0 when nothing is due."""
    notice = _due(session)
    if notice is None:
        return 0
    if notice.state == NoticeState.SCHEDULED:
        transition(notice, NOTICE_STEPS, NoticeState.SENDING)
        notice.started_at = clock.now()
    done = _write_batch(session, notice)
    if done < BATCH:
        transition(notice, NOTICE_STEPS, NoticeState.SENT)
        notice.ended_at, notice.cursor = clock.now(), ""  # nothing goes on from somebody's number any more
    session.add(notice)
    ring(session, MESSAGES)
    return max(done, 1)  # a notice that has just ended leaves room to look for the next


def cancel_stopped(session: Session) -> int:
    """Cancel one batch of what a stopped notice left in the outbox; return how many."""
    query = select(Notice).where(Notice.state == NoticeState.STOPPED, col(Notice.ended_at).is_(None))
    notice = session.exec(query.limit(1).with_for_update(skip_locked=True)).first()
    if notice is None:
        return 0
    asked = {"id": str(notice.id), "batch": BATCH, "now": clock.now()}
    found = fetch_one(session, _CANCEL, asked)
    cancelled = int(found["cancelled"]) if found else 0
    if cancelled < BATCH:
        notice.ended_at = clock.now()
        session.add(notice)
    return cancelled


def ring(session: Session, topic: str = TOPIC) -> None:
    """Wake who works on it, once the change stands."""
    event.listen(session, "after_commit", lambda _: live.ring(topic), once=True)


def _due(session: Session) -> Notice | None:
    running = select(Notice).where(Notice.state == NoticeState.SENDING)
    planned = select(Notice).where(Notice.state == NoticeState.SCHEDULED, col(Notice.starts_at) <= clock.now())
    for query in (running, planned):
        found = session.exec(query.order_by(col(Notice.starts_at)).limit(1).with_for_update(skip_locked=True)).first()
        if found is not None:
            return found
    return None


def _write_batch(session: Session, notice: Notice) -> int:
    query, values = chosen(notice)
    now = clock.now()
    screens = reach(session) if notice.has_flash else Reach({})
    asked = values | {
        "screens": [f"{prefix}%" for prefix in screens.prefixes],
        "beside": [f"{prefix}%" for prefix in screens.beside],
        "id": str(notice.id),
        "cursor": notice.cursor,
        "batch": BATCH,
        "texts": json.dumps(notice.texts),
        "default": notice.default_language,
        "channels": ["sms"] * notice.has_sms + ["in_app"] * notice.has_inbox,
        "template": TEMPLATE,
        "version": templates()[TEMPLATE].version,
        "guard": GUARD,
        "priority": INFORMATION,
        "now": now,
        "expires": now + USUAL_LIFE,
    }
    row = fetch_all(session, _WRITE.format(chosen=query), asked)[0]
    notice.cursor = row["last"] or notice.cursor
    notice.written += row["people"]
    return int(row["people"])
