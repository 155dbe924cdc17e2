"""What callers said when they were asked whether to send the same again: yes and no, as they answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core import clock
from core.database import Session, fetch_all
from core.permissions import Actor, Permission
from services.shown import LARGEST_PAGE, full_name, phone_for

ASKS = "wallet.recent_same"  # the action whose `found` leads to the question
LATELY = timedelta(days=7)

# Reads


@dataclass(frozen=True, slots=True)
class RepeatAnswer:
    """One answer; `asked` is the screen as it was read, None for who may not read texts."""

    id: UUID
    at: datetime
    session_id: UUID
    name: str
    phone: str
    asked: str | None
    is_yes: bool


_ANSWERS = """
with asking as (
    select v.id as version_id, q.screen, o.value ->> 'key' as key, o.value #>> '{set,again}' = 'true' as is_yes
    from flow_version v
    cross join lateral (
        select distinct s.value #>> '{outcomes,found}' as screen from jsonb_each(v.body -> 'screens') s
        where s.value ->> 'run' = %(asks)s) q
    cross join lateral jsonb_array_elements(v.body #> array['screens', q.screen, 'options']) o
)
select t.id, t.created_at as at, s.id as session_id, s.phone, coalesce(u.first_name, '') as first_name,
       coalesce(u.last_name, '') as last_name, b.response_text as asked, coalesce(a.is_yes, false) as is_yes
from ussd_turn t join ussd_session s on s.id = t.session_id
join asking a on a.version_id = s.version_id and a.screen = t.screen_before
    and a.key = regexp_replace(t.input_text, '^.*\\*', '')
left join ussd_turn b on b.session_id = s.id and b.number = t.number - 1
left join users u on u.id = s.user_id
where t.created_at > %(since)s and t.progress = 'done' and t.refusal = '' and not s.is_test
order by t.created_at desc, t.id desc limit %(limit)s
"""


def list_repeat_answers(session: Session, actor: Actor, *, limit: int = 50) -> list[RepeatAnswer]:
    """Return the answers of the last days, the newest first."""
    actor.require(Permission.SUBSCRIBERS_READ)
    values = {"asks": ASKS, "since": clock.now() - LATELY, "limit": min(limit, LARGEST_PAGE)}
    has_texts = actor.may(Permission.USSD_TEXTS_READ)
    return [
        RepeatAnswer(
            id=row["id"],
            at=row["at"],
            session_id=row["session_id"],
            name=full_name(row["first_name"], row["last_name"]),
            phone=phone_for(actor, row["phone"]),
            asked=row["asked"] if has_texts else None,
            is_yes=row["is_yes"],
        )
        for row in fetch_all(session, _ANSWERS, values)
    ]
