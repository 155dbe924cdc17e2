-- The ground: French collation key, the role the application runs under, the live channel.

create extension if not exists unaccent;

-- unaccent() is only STABLE because its dictionary may change; ours never does, and an index needs IMMUTABLE.
create function french_key(value text) returns text
language sql immutable parallel safe strict
return lower(public.unaccent('public.unaccent'::regdictionary, value));

-- The application's own role: it may read the ledger, never write it but through its functions.
do $$
begin
    if not exists (select from pg_roles where rolname = 'palabre_app') then
        create role palabre_app nologin;
    end if;
    execute format('grant palabre_app to %I', current_user);
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise notice 'role palabre_app cannot be made here: the application runs as %', current_user;
end
$$;

-- Every table and view made from here on is open to the application; the ledger and the trail close themselves again.
do $$
begin
    grant usage on schema public to palabre_app;
    alter default privileges in schema public grant select, insert, update, delete on tables to palabre_app;
    alter default privileges in schema public grant usage, select on sequences to palabre_app;
exception
    when undefined_object then null;
end
$$;
