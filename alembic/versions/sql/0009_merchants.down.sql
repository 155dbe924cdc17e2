-- Take one token from each of the subject's buckets of these rules; false, and nothing taken, when one is empty.
create or replace function velocity_take(p_names text[], p_subject text, p_now timestamptz) returns boolean
language plpgsql
as $$
declare
    rule velocity_rule;
    left_over double precision;
begin
    for rule in select * from velocity_rule where name = any (p_names) order by name, window_s loop
        insert into velocity_bucket (id, created_at, rule_id, subject, tokens, refilled_at)
        values (gen_random_uuid(), p_now, rule.id, p_subject, rule.capacity - 1, p_now)
        on conflict (rule_id, subject) do update
        set tokens = least(rule.capacity, velocity_bucket.tokens
                + greatest(0, extract(epoch from p_now - velocity_bucket.refilled_at)) * rule.capacity / rule.window_s) - 1,
            refilled_at = p_now
        returning tokens into left_over;
        if left_over < 0 then
            -- What was asked for is not granted: the empty bucket stays at zero, so waiting always helps.
            update velocity_bucket set tokens = 0 where rule_id = rule.id and subject = p_subject;
            return false;
        end if;
    end loop;
    return true;
end
$$;

drop view wallet_limit;
drop index uq_wallet_limit_version_valid_from;

-- One row of each level and type remains: the one in force, else the newest.
delete from wallet_limit_version v where exists (
    select from wallet_limit_version n
    where n.level = v.level and n.type is not distinct from v.type and n.currency = v.currency
      and n.valid_from > v.valid_from and n.valid_from <= statement_timestamp());
delete from wallet_limit_version v where v.valid_from > statement_timestamp() and exists (
    select from wallet_limit_version n
    where n.level = v.level and n.type is not distinct from v.type and n.currency = v.currency
      and n.valid_from < v.valid_from);

alter table wallet_limit_version drop constraint ck_wallet_limit_version_bounds, drop column valid_to, drop column valid_from;
alter table wallet_limit_version rename constraint ck_wallet_limit_version_level to ck_wallet_limit_level;
alter table wallet_limit_version rename constraint pk_wallet_limit_version to pk_wallet_limit;
alter table wallet_limit_version rename to wallet_limit;
create unique index uq_wallet_limit_level_type_currency on wallet_limit (level, type, currency) nulls not distinct;
