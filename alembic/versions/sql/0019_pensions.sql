-- What a seal covers never changes again: who is paid, how much, for what (docs/pensions.md, "The seal").
create function pension_payment_sealed() returns trigger
language plpgsql set search_path = public, pg_temp
as $$
begin
    if (select b.seal from pension_batch b where b.id = old.batch_id) <> '' then
        raise exception 'pension payment % is sealed', old.id using errcode = 'PL005';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end
$$;

create trigger pension_payment_sealed
before update of batch_id, organisation_id, line, id_type, identifier, identifier_raw, amount_minor, purpose,
    occurrence, name, file_transfer_id
on pension_payment for each row execute function pension_payment_sealed();

create trigger pension_payment_kept before delete on pension_payment
for each row execute function pension_payment_sealed();

-- A seal is set once, with what it covers; from then on the batch's own terms stand too.
create function pension_batch_sealed() returns trigger
language plpgsql set search_path = public, pg_temp
as $$
begin
    if old.seal <> '' and (new.seal, new.organisation_id, new.account_id, new.cycle, new.currency, new.total_count,
            new.total_minor, new.bulk_id) is distinct from (old.seal, old.organisation_id, old.account_id, old.cycle,
            old.currency, old.total_count, old.total_minor, old.bulk_id) then
        raise exception 'pension batch % is sealed', old.bulk_id using errcode = 'PL005';
    end if;
    return new;
end
$$;

create trigger pension_batch_sealed
before update of seal, organisation_id, account_id, cycle, currency, total_count, total_minor, bulk_id
on pension_batch for each row execute function pension_batch_sealed();

-- Payments belong to a batch that is there, and to its organisation. Asked once a statement: a foreign key would ask
-- a million times, and take longer than the rows themselves.
create function pension_payment_placed() returns trigger
language plpgsql set search_path = public, pg_temp
as $$
begin
    if exists (
        select from (select distinct batch_id, organisation_id from arrived) a
        where not exists (
            select from pension_batch b where b.id = a.batch_id and b.organisation_id = a.organisation_id for key share)
    ) then
        raise exception 'pension payments of no batch of their organisation' using errcode = 'foreign_key_violation';
    end if;
    return null;
end
$$;

create trigger pension_payment_placed after insert on pension_payment
referencing new table as arrived for each statement execute function pension_payment_placed();

-- A batch is never forgotten, so its payments never stand alone.
create function pension_batch_kept() returns trigger
language plpgsql set search_path = public, pg_temp
as $$
begin
    raise exception 'pension batches are never deleted' using errcode = 'PL005';
end
$$;

create trigger pension_batch_kept before delete on pension_batch
for each statement execute function pension_batch_kept();

-- A file's rows arrive by COPY with what the file says; the rest of a payment begins like this.
alter table pension_payment
    alter rail_identifier set default '', alter fsp_id set default '', alter name_found set default '',
    alter name_verdict set default '', alter stage set default 'WAITING', alter tries set default 0,
    alter code set default '', alter reason set default '', alter is_retryable set default false,
    alter fee_minor set default 0;

-- An original is compressed before it comes.
alter table pension_file alter original set storage external;
