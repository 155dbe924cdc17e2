"""Numbers that are kept no longer than a programme says: the code and its digests stay, without the person."""

from core import clock
from core.database import Session, fetch_all, fetch_one
from services.ciu.store.forgetting import forget_identity
from services.ciu.store.keys import get_ciu_keys

BATCH = 500

_ANY = """
select min((settings ->> 'phone_retention_months')::int) as months from ciu_programme
where (settings ->> 'phone_retention_months')::int > 0
"""
# A number is let go of when every programme that knows it has had enough of it; one that none knows, when all have.
_PAST = """
select i.id from ciu_identity i cross join lateral (
    select array(
        select c.programme_id from ciu_contact c where c.identity_id = i.id
        union select a.programme_id from ciu_consent a where a.identity_id = i.id
        union select r.programme_id from ciu_record_identity l join ciu_record r on r.id = l.record_id
        where l.identity_id = i.id) as programmes
) known cross join lateral (
    select bool_and(coalesce((p.settings ->> 'phone_retention_months')::int, 0) > 0
        and i.last_inbound_at < %(now)s - make_interval(
            months => coalesce((p.settings ->> 'phone_retention_months')::int, 0))) as is_past
    from ciu_programme p where p.id = any(known.programmes) or known.programmes = '{}'
) judged
where i.last_inbound_at < %(now)s - make_interval(months => %(months)s) and judged.is_past
limit %(most)s for update of i skip locked
"""


def unlink_old(session: Session, *, most: int = BATCH) -> int:
    """Let go of up to `most` numbers past their time; return how many."""
    shortest = fetch_one(session, _ANY)
    if shortest is None or shortest["months"] is None:
        return 0
    asked = {"now": clock.now(), "months": shortest["months"], "most": most}
    rows = fetch_all(session, _PAST, asked)
    for row in rows:
        forget_identity(session, get_ciu_keys(), row["id"], keeps_codes=True)
    return len(rows)
