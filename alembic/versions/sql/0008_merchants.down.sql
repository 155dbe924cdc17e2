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
