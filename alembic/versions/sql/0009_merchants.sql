-- Limits by version: a row is never changed, a new one begins. Everything that asks what is allowed goes on reading
-- `wallet_limit`, which shows the rows in force.

alter table wallet_limit rename to wallet_limit_version;
alter table wallet_limit_version rename constraint pk_wallet_limit to pk_wallet_limit_version;
alter table wallet_limit_version rename constraint ck_wallet_limit_level to ck_wallet_limit_version_level;
drop index uq_wallet_limit_level_type_currency;

alter table wallet_limit_version
    add column valid_from timestamptz not null default '2020-01-01 00:00:00+00',
    add column valid_to timestamptz,
    add constraint ck_wallet_limit_version_bounds check (
        min_minor > 0 and max_minor >= min_minor and (valid_to is null or valid_to >= valid_from));
alter table wallet_limit_version alter column valid_from drop default;

create unique index uq_wallet_limit_version_valid_from
    on wallet_limit_version (level, type, currency, valid_from) nulls not distinct;

create view wallet_limit as
select * from wallet_limit_version
where valid_from <= statement_timestamp() and (valid_to is null or valid_to > statement_timestamp());

-- A refusal is counted by the hour, so that an operator sees who was held back, and by which rule.
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
            insert into velocity_refusal (id, created_at, rule_id, subject, hour, refusals, last_at)
            values (gen_random_uuid(), p_now, rule.id, p_subject, date_trunc('hour', p_now), 1, p_now)
            on conflict (rule_id, subject, hour) do update
            set refusals = velocity_refusal.refusals + 1, last_at = greatest(velocity_refusal.last_at, p_now);
            return false;
        end if;
    end loop;
    return true;
end
$$;
