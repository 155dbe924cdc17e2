-- What the owner's guide asks of the database in SQL, under the very names it uses.

-- One row a living code: not merged into another, not forgotten, not of a rehearsal. A sealed number shows as h:…, so
-- that distinct users are still counted exactly.
create view uic_records as
select r.code as uic_code, coalesce(i.value, 'h:' || left(encode(i.lookup, 'hex'), 32)) as phone_number, r.created_at
from ciu_record r left join ciu_identity i on i.id = r.first_identity_id
where r.forgotten_at is null and r.merged_into is null and not r.is_test;

-- One row a conversation that goes on: -2 language, -1 consent, then the question from 0, and their number at the end.
create view conversation_sessions as
select coalesce(i.value, 'h:' || left(encode(i.lookup, 'hex'), 32)) as phone_number, c.step as current_step
from ciu_conversation c join ciu_identity i on i.id = c.identity_id
where c.ended_at is null and c.expires_at >= now() and not i.is_test;

-- Whoever only counts may read these two and nothing else.
do $$
begin
    if not exists (select from pg_roles where rolname = 'palabre_report') then
        create role palabre_report nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise notice 'role palabre_report cannot be made here: reports read as %', current_user;
end
$$;
do $$
begin
    grant usage on schema public to palabre_report;
    grant select on uic_records, conversation_sessions to palabre_report;
exception
    when undefined_object then null;
end
$$;
