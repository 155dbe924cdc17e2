do $$
begin
    alter default privileges in schema public revoke all on tables from palabre_app;
    alter default privileges in schema public revoke all on sequences from palabre_app;
    revoke usage on schema public from palabre_app;
exception
    when undefined_object then null;
end
$$;
drop function french_key(text);
drop extension unaccent;
