-- Every figure of the conversations begun in a period, counted from their events: one row a name, question, error,
-- language and slot. The roll-ups keep what this says of a day; reports add the days that are not kept yet.
-- `started` has its hour as slot, `to_code` its seconds; `throttled` and `repeated` are of their own instant.
create function ciu_count(programme uuid, since timestamptz, until timestamptz, tz text)
returns table (name text, question text, error text, language text, slot integer, number bigint)
language sql stable as $$
with begun as materialized (
    select e.conversation_id, min(e.created_at) as begun_at from ciu_event e
    where e.programme_id = programme and e.created_at >= since and e.created_at < until and e.name = 'started'
      and not e.is_test
    group by e.conversation_id
), lines as materialized (
    select b.conversation_id, b.begun_at, e.name, e.question, e.error, e.language, e.created_at, e.id
    from begun b join ciu_event e on e.conversation_id = b.conversation_id
), ends as materialized (
    select distinct on (l.conversation_id) l.conversation_id, l.name, l.language,
        round(extract(epoch from l.created_at - l.begun_at))::integer as seconds
    from lines l
    where l.name in ('issued_new', 'issued_existing', 'expired', 'stopped', 'restarted', 'forgotten')
    order by l.conversation_id, l.created_at
), last_asked as (
    select distinct on (l.conversation_id) l.conversation_id, l.question from lines l where l.name = 'asked'
    order by l.conversation_id, l.created_at desc, l.id desc
)
select 'started', '', '', '', extract(hour from b.begun_at at time zone tz)::integer, count(*) from begun b group by 5
union all
select l.name, l.question, '', '', 0, count(distinct l.conversation_id) from lines l
where l.name in ('asked', 'answered', 'confirmed') group by 1, 2
union all
select 'refused', l.question, l.error, '', 0, count(*) from lines l where l.name = 'refused' group by 2, 3
union all
select 'abandoned', coalesce(a.question, ''), '', '', 0, count(*)
from ends e left join last_asked a on a.conversation_id = e.conversation_id
where e.name in ('expired', 'stopped') group by 2
union all
select e.name, '', '', e.language, 0, count(*) from ends e group by 1, 4
union all
select 'to_code', '', '', '', e.seconds, count(*) from ends e where e.name in ('issued_new', 'issued_existing')
group by 5
union all
select e.name, '', '', '', 0, count(*) from ciu_event e
where e.programme_id = programme and e.created_at >= since and e.created_at < until
  and e.name in ('throttled', 'repeated') and not e.is_test
group by 1
$$;
