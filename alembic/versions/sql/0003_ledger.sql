-- The double-entry ledger. Source of the rules: docs/architecture.md, "Money".
--
-- amounts: signed minor units, debit positive, credit negative.
-- balances: counted on the account's own side, so a wallet with money in it is positive.
-- pg_temp comes last in every search path: else a temporary table of the caller's could stand in for a ledger's.
-- No sequential scan where money moves: a connection keeps its plans, and one made while a table was small would go on
-- reading the whole of it.

-- Own-side sign of an account: a debit account grows by debits, a credit account by credits.
create function ledger_sign(side text) returns int
language sql immutable parallel safe strict
return case side when 'debit' then 1 else -1 end;

-- What a replay is compared with: same kind, same reversal, same legs in any order.
create function ledger_content(kind text, reverses uuid, accounts uuid[], amounts bigint[]) returns bytea
language sql immutable parallel safe
return sha256(convert_to(
    kind || '|' || coalesce(reverses::text, '') || '|' ||
    (select string_agg(leg.account::text || ':' || leg.amount, ',' order by leg.account)
     from unnest(accounts, amounts) as leg (account, amount)),
    'UTF8'));

-- Open an account, or return the one that already serves this purpose.
create function ledger_open_account(
    p_id uuid, p_kind text, p_side text, p_owner_type text, p_owner_id uuid, p_currency text,
    p_label text, p_min_balance bigint, p_is_house boolean, p_now timestamptz
) returns uuid
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    found_id uuid;
begin
    insert into ledger_account
        (id, created_at, kind, side, owner_type, owner_id, label, currency, min_balance, balance, version, is_house)
    values (p_id, p_now, p_kind, p_side, p_owner_type, p_owner_id, p_label, p_currency, p_min_balance, 0, 0, p_is_house)
    on conflict (kind, owner_type, owner_id, currency) do nothing
    returning id into found_id;
    if found_id is null then
        select id into found_id from ledger_account
        where kind = p_kind and owner_type = p_owner_type
          and owner_id is not distinct from p_owner_id and currency = p_currency;
    end if;
    return found_id;
end
$$;

-- Lock accounts in ascending id order and return their balances: the one order, so two payers never wait in a ring.
create function ledger_lock(p_accounts uuid[]) returns table (account_id uuid, balance bigint)
language sql security definer set search_path = public, pg_temp set enable_seqscan = off
as $$
    select a.id, a.balance from ledger_account a
    where a.id = any(p_accounts) and not a.is_house
    order by a.id for no key update
$$;

-- Post one transaction in one round trip.
-- Raises PL001 when the key was used for other content, PL002 when the legs do not balance or are malformed (an
-- account unknown, named twice or of another currency); a balance under its floor violates ck_ledger_account_floor.
create function ledger_post(
    p_id uuid, p_source text, p_key text, p_kind text, p_reference text, p_actor text,
    p_occurred_at timestamptz, p_now timestamptz, p_accounts uuid[], p_amounts bigint[], p_currencies text[],
    p_reverses uuid default null,
    out transaction_id uuid, out is_replay boolean, out accounts uuid[], out balances bigint[]
)
language plpgsql security definer set search_path = public, pg_temp set enable_seqscan = off
as $$
declare
    fingerprint bytea := ledger_content(p_kind, p_reverses, p_accounts, p_amounts);
    known ledger_transaction;
    written int;
    unbalanced boolean;
begin
    if coalesce(cardinality(p_accounts), 0) < 2 then
        raise exception 'ledger legs malformed: a transaction has two at least' using errcode = 'PL002';
    end if;
    if (cardinality(p_amounts), cardinality(p_currencies))
            is distinct from (cardinality(p_accounts), cardinality(p_accounts)) then
        raise exception 'ledger legs malformed: lists of unequal length' using errcode = 'PL002';
    end if;

    -- Any conflict, not that of the key alone: two who post the same reversal at once may meet on reverses_id first.
    insert into ledger_transaction
        (id, source, key, kind, reference, actor, occurred_at, posted_at, reverses_id, content)
    values (p_id, p_source, p_key, p_kind, p_reference, p_actor, p_occurred_at, p_now, p_reverses, fingerprint)
    on conflict do nothing;
    if not found then
        select * into known from ledger_transaction t where t.source = p_source and t.key = p_key;
        if known.id is null and p_reverses is not null then
            raise exception 'ledger transaction % is reversed already', p_reverses
                using errcode = '23505', constraint = 'uq_ledger_transaction_reverses_id';
        end if;
        if known.content is distinct from fingerprint then
            raise exception 'ledger key reused: % %', p_source, p_key using errcode = 'PL001';
        end if;
        select array_agg(e.account_id), array_agg(e.balance_after) into accounts, balances
        from ledger_entry e where e.transaction_id = known.id and e.account_version is not null;
        transaction_id := known.id;
        is_replay := true;
        return;
    end if;

    with leg as (
        select * from unnest(p_accounts, p_amounts, p_currencies) as l (account_id, amount, currency)
    ), locked as materialized (
        select a.id, a.side, a.currency from ledger_account a
        where a.id = any(p_accounts) and not a.is_house
        order by a.id for no key update
    ), moved as (
        update ledger_account a
        set balance = a.balance + leg.amount * ledger_sign(a.side), version = a.version + 1
        from locked join leg on leg.account_id = locked.id and leg.currency = locked.currency
        where a.id = locked.id
        returning a.id, a.currency, leg.amount, a.balance, a.version
    ), line as (
        insert into ledger_entry (transaction_id, account_id, currency, amount, balance_after, account_version)
        select p_id, m.id, m.currency, m.amount, m.balance, m.version from moved m
        union all
        select p_id, a.id, a.currency, leg.amount, null, null
        from leg join ledger_account a on a.id = leg.account_id and a.currency = leg.currency and a.is_house
        returning account_id, currency, amount, balance_after
    )
    select count(distinct line.account_id)::int,
           array_agg(line.account_id) filter (where line.balance_after is not null),
           array_agg(line.balance_after) filter (where line.balance_after is not null),
           (select bool_or(per.total <> 0) from (select sum(l.amount) total from line l group by l.currency) per)
    into written, accounts, balances, unbalanced
    from line;

    if written <> cardinality(p_accounts) then
        raise exception 'ledger legs malformed: % written of %', written, cardinality(p_accounts) using errcode = 'PL002';
    end if;
    if unbalanced then
        raise exception 'ledger transaction out of balance' using errcode = 'PL002';
    end if;
    transaction_id := p_id;
    is_replay := false;
end
$$;

-- Post up to 1 000 transactions of one source in one round trip, with one net update per account.
-- The legs of all transactions are flattened: p_leg_positions gives the 1-based transaction of each leg.
-- Returns one row per transaction, in the order given. Refuses as ledger_post does, and then the whole batch.
create function ledger_post_many(
    p_source text, p_actor text, p_now timestamptz,
    p_ids uuid[], p_keys text[], p_kinds text[], p_references text[], p_occurred_at timestamptz[],
    p_leg_positions int[], p_leg_accounts uuid[], p_leg_amounts bigint[], p_leg_currencies text[]
) returns table (transaction_id uuid, is_replay boolean)
language plpgsql security definer set search_path = public, pg_temp set enable_seqscan = off
as $$
declare
    contents bytea[];
    new_ids uuid[];
    problem text;
begin
    if cardinality(p_ids) > 1000 then
        raise exception 'ledger batch over 1000 transactions' using errcode = 'PL002';
    end if;
    if (cardinality(p_leg_accounts), cardinality(p_leg_amounts), cardinality(p_leg_currencies)) is distinct from
            (cardinality(p_leg_positions), cardinality(p_leg_positions), cardinality(p_leg_positions)) then
        raise exception 'ledger batch malformed: lists of unequal length' using errcode = 'PL002';
    end if;

    select array_agg(ledger_content(p_kinds[l.position], null, l.accounts, l.amounts) order by l.position)
    into contents
    from (
        select leg.position, array_agg(leg.account_id) as accounts, array_agg(leg.amount) as amounts
        from unnest(p_leg_positions, p_leg_accounts, p_leg_amounts) as leg (position, account_id, amount)
        group by leg.position
    ) l;
    if cardinality(contents) is distinct from cardinality(p_ids) then
        raise exception 'ledger batch: a transaction without legs' using errcode = 'PL002';
    end if;

    with claimed as (
        insert into ledger_transaction (id, source, key, kind, reference, actor, occurred_at, posted_at, content)
        select t.id, p_source, t.key, t.kind, t.reference, p_actor, t.occurred_at, p_now, t.content
        from unnest(p_ids, p_keys, p_kinds, p_references, p_occurred_at, contents) with ordinality
             as t (id, key, kind, reference, occurred_at, content, position)
        -- Two batches that share keys claim them in one order and never wait in a ring; of a key given twice, the first counts.
        order by t.key, t.position
        on conflict do nothing
        returning id
    )
    select array_agg(id) into new_ids from claimed;

    if exists (
        select from unnest(p_ids, p_keys, contents) as t (id, key, content)
        left join ledger_transaction known on known.source = p_source and known.key = t.key
        where t.id <> all (coalesce(new_ids, '{}')) and known.content is distinct from t.content
    ) then
        raise exception 'ledger key reused in a batch of %', p_source using errcode = 'PL001';
    end if;

    with leg as (
        select l.position, p_ids[l.position] as transaction_id, l.account_id, l.amount, l.currency
        from unnest(p_leg_positions, p_leg_accounts, p_leg_amounts, p_leg_currencies)
             as l (position, account_id, amount, currency)
        where p_ids[l.position] = any (new_ids)
    ), locked as materialized (
        select a.id, a.side, a.min_balance from ledger_account a
        where a.id in (select leg.account_id from leg) and not a.is_house
        order by a.id for no key update
    ), net as (
        select locked.id, sum(leg.amount) * ledger_sign(locked.side) as total, count(*) as lines
        from leg join locked on locked.id = leg.account_id
        group by locked.id, locked.side
    ), moved as (
        update ledger_account a
        set balance = a.balance + net.total, version = a.version + net.lines
        from net where a.id = net.id
        returning a.id, a.side, a.currency, a.min_balance,
                  a.balance - net.total as balance_before, a.version - net.lines as version_before
    ), line as (
        select leg.position, leg.transaction_id, leg.account_id, moved.currency, leg.amount, moved.min_balance,
               moved.balance_before
                   + sum(leg.amount * ledger_sign(moved.side)) over (partition by moved.id order by leg.position)
                   as balance_after,
               moved.version_before + row_number() over (partition by moved.id order by leg.position) as version
        from leg join moved on moved.id = leg.account_id and moved.currency = leg.currency
        union all
        select leg.position, leg.transaction_id, a.id, a.currency, leg.amount, null, null, null
        from leg join ledger_account a on a.id = leg.account_id and a.currency = leg.currency and a.is_house
    ), written as (
        insert into ledger_entry (transaction_id, account_id, currency, amount, balance_after, account_version)
        select line.transaction_id, line.account_id, line.currency, line.amount, line.balance_after, line.version
        from line order by line.position
        returning id
    )
    select case
        when (select count(*) from written) <> (select count(*) from leg) then 'legs'
        when exists (select from line where line.balance_after < line.min_balance) then 'floor'
        when exists (
            select from line group by line.transaction_id, line.currency having sum(line.amount) <> 0
        ) or exists (
            select from line group by line.transaction_id having count(*) < 2 or count(*) <> count(distinct line.account_id)
        ) then 'balance'
    end into problem;
    if problem = 'floor' then
        raise exception 'ledger batch: an account would fall under its floor'
            using errcode = '23514', constraint = 'ck_ledger_account_floor';
    elsif problem is not null then
        raise exception 'ledger batch malformed: %', problem using errcode = 'PL002';
    end if;

    return query
    select known.id, t.id <> all (coalesce(new_ids, '{}'))
    from unnest(p_ids, p_keys) with ordinality as t (id, key, position)
    join ledger_transaction known on known.source = p_source and known.key = t.key
    order by t.position;
end
$$;

-- The same promise again, at commit, against any code that reaches the table.
create function ledger_entry_balanced() returns trigger
language plpgsql set enable_seqscan = off
as $$
begin
    if exists (
        select from public.ledger_entry e where e.transaction_id = new.transaction_id
        group by e.currency having sum(e.amount) <> 0
    ) then
        raise exception 'ledger transaction % out of balance', new.transaction_id using errcode = 'PL002';
    end if;
    return null;
end
$$;

create constraint trigger ledger_entry_balanced after insert on ledger_entry
deferrable initially deferred for each row execute function ledger_entry_balanced();

create function ledger_refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'PL003';
end
$$;

create trigger ledger_entry_append_only before update or delete on ledger_entry
for each row execute function ledger_refuse_change();
create trigger ledger_entry_no_truncate before truncate on ledger_entry
for each statement execute function ledger_refuse_change();
create trigger ledger_transaction_append_only before update or delete on ledger_transaction
for each row execute function ledger_refuse_change();
create trigger ledger_transaction_no_truncate before truncate on ledger_transaction
for each statement execute function ledger_refuse_change();
create trigger ledger_seal_append_only before update or delete on ledger_seal
for each row execute function ledger_refuse_change();
create trigger ledger_seal_no_truncate before truncate on ledger_seal
for each statement execute function ledger_refuse_change();

-- The balance of any account, on its own side; house accounts from their snapshot and the entries since.
create function ledger_balance(p_account uuid) returns bigint
language sql stable
as $$
    select case when not a.is_house then a.balance
        else coalesce(s.balance, 0) + ledger_sign(a.side) * coalesce((
            select sum(e.amount) from ledger_entry e
            where e.account_id = a.id and e.account_version is null and e.id > coalesce(s.entry_id, 0)), 0)::bigint
        end
    from ledger_account a left join ledger_snapshot s on s.account_id = a.id
    where a.id = p_account
$$;

-- The text a seal hashes: every column of every entry of the window, in id order.
create function ledger_window_hash(p_from bigint, p_to bigint, p_previous bytea) returns bytea
language sql stable
as $$
    select sha256(coalesce(p_previous, ''::bytea) || coalesce(convert_to(string_agg(
        e.id || '|' || e.transaction_id || '|' || e.account_id || '|' || e.currency || '|' || e.amount || '|' ||
        coalesce(e.balance_after::text, '') || '|' || coalesce(e.account_version::text, ''), E'\n' order by e.id), 'UTF8'),
        ''::bytea))
    from ledger_entry e where e.id between p_from and p_to
$$;

-- Seal the entries since the last seal, at most p_most of them, and bring the house snapshots to the same point.
-- Returns the number of entries sealed. The caller sets a short lock_timeout and tries again another time.
create function ledger_seal_next(p_now timestamptz, p_most int default 50000) returns int
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    last ledger_seal;
    closed_id bigint;
    first_id bigint;
    final_id bigint;
    entries int;
    total numeric;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'a seal must see what was committed while it waited' using errcode = 'PL004';
    end if;
    lock table ledger_seal in share row exclusive mode; -- one sealer at a time

    -- SHARE waits until no posting is in flight: ids up to the greatest are then final, later ones are greater.
    -- Leaving the block by an exception lets go of the lock at once, so that postings go on while we hash.
    begin
        lock table ledger_entry in share mode;
        select max(e.id) into closed_id from ledger_entry e;
        raise exception using errcode = 'PL005';
    exception
        when sqlstate 'PL005' then null;
    end;

    select * into last from ledger_seal order by id desc limit 1;
    select min(w.id), max(w.id), count(*), coalesce(sum(abs(w.amount)), 0)
    into first_id, final_id, entries, total
    from (
        select e.id, e.amount from ledger_entry e
        where e.id > coalesce(last.to_id, 0) and e.id <= closed_id order by e.id limit p_most
    ) w;
    if entries = 0 then
        return 0;
    end if;
    insert into ledger_seal (from_id, to_id, count, sum_abs, sha256, previous, sealed_at)
    values (first_id, final_id, entries, total, ledger_window_hash(first_id, final_id, last.sha256), last.sha256, p_now);
    insert into ledger_snapshot (account_id, entry_id, balance, taken_at)
    select a.id, final_id, ledger_sign(a.side) * sum(e.amount), p_now
    from ledger_entry e join ledger_account a on a.id = e.account_id
    where e.id between first_id and final_id and e.account_version is null
    group by a.id, a.side
    on conflict (account_id) do update
    set balance = ledger_snapshot.balance + excluded.balance, entry_id = excluded.entry_id, taken_at = excluded.taken_at;
    return entries;
end
$$;

-- Invariants (docs/architecture.md): each view lists violations; empty means it holds.

create view books_1_balanced as
select e.transaction_id::text as subject, e.currency || ' ' || sum(e.amount) as detail
from ledger_entry e group by e.transaction_id, e.currency having sum(e.amount) <> 0
union all
select t.id::text, 'no entry' from ledger_transaction t
where not exists (select from ledger_entry e where e.transaction_id = t.id)
union all
select 'ledger', e.currency || ' ' || sum(e.amount) from ledger_entry e group by e.currency having sum(e.amount) <> 0;

create view books_2_chained as
select a.id::text as subject,
       'balance ' || a.balance || ', entries ' || coalesce(s.total, 0) || ', version ' || a.version
           || ', count ' || coalesce(s.lines, 0) as detail
from ledger_account a
left join (
    select e.account_id, sum(e.amount) as total, count(*) as lines, max(e.account_version) as top
    from ledger_entry e group by e.account_id
) s on s.account_id = a.id
where not a.is_house and (
    a.balance <> coalesce(s.total, 0) * ledger_sign(a.side)
    or a.version <> coalesce(s.lines, 0) or coalesce(s.top, 0) <> coalesce(s.lines, 0))
union all
select c.account_id::text, 'entry ' || c.id || ' breaks the chain'
from (
    select e.id, e.account_id, e.balance_after, a.side, e.amount, e.account_version,
           lag(e.balance_after, 1, 0::bigint) over w as before, lag(e.account_version, 1, 0::bigint) over w as version_before
    from ledger_entry e join ledger_account a on a.id = e.account_id
    where e.account_version is not null
    window w as (partition by e.account_id order by e.account_version)
) c
where c.balance_after <> c.before + c.amount * ledger_sign(c.side) or c.account_version <> c.version_before + 1
union all
select a.id::text, 'house balance ' || ledger_balance(a.id) || ', entries ' || coalesce(h.total, 0)
from ledger_account a
left join (select e.account_id, sum(e.amount) as total from ledger_entry e group by e.account_id) h on h.account_id = a.id
where a.is_house and ledger_balance(a.id) <> coalesce(h.total, 0) * ledger_sign(a.side);

create view books_3_floor as
select a.id::text as subject, 'balance ' || a.balance || ' under ' || a.min_balance as detail
from ledger_account a where a.balance < a.min_balance
union all
select e.account_id::text, 'entry ' || e.id || ' left ' || e.balance_after
from ledger_entry e join ledger_account a on a.id = e.account_id where e.balance_after < a.min_balance;

create view books_4_once as
select t.source || ' ' || t.key as subject, count(*) || ' transactions' as detail
from ledger_transaction t group by t.source, t.key having count(*) > 1
union all
select t.reverses_id::text, count(*) || ' reversals'
from ledger_transaction t where t.reverses_id is not null group by t.reverses_id having count(*) > 1;

create view books_9_sealed as
select 'seal ' || s.id as subject, 'hash, count or sum differs from the entries' as detail
from (select ledger_seal.*, lag(sha256) over (order by id) as chained, lag(to_id) over (order by id) as before
      from ledger_seal) s
cross join lateral (
    select count(*) as lines, coalesce(sum(abs(e.amount)), 0) as total
    from ledger_entry e where e.id between coalesce(s.before, 0) + 1 and s.to_id
) w
where s.sha256 <> ledger_window_hash(s.from_id, s.to_id, s.chained)
   or s.previous is distinct from s.chained or s.count <> w.lines or s.sum_abs <> w.total;

-- The application reads the ledger and calls its functions; it cannot write a row of it.
do $$
begin
    revoke insert, update, delete, truncate
        on ledger_account, ledger_transaction, ledger_entry, ledger_snapshot, ledger_seal from palabre_app;
    -- What writes with its owner's rights is for the application alone, not for any role that may connect.
    revoke execute on function ledger_open_account, ledger_lock, ledger_post, ledger_post_many, ledger_seal_next from public;
    grant execute on function ledger_open_account, ledger_lock, ledger_post, ledger_post_many, ledger_seal_next
        to palabre_app;
exception
    when undefined_object then null;
end
$$;
