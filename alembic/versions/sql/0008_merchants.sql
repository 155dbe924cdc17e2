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
