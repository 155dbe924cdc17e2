drop view conversation_sessions;
drop view uic_records;
do $$
begin
    revoke usage on schema public from palabre_report;
exception
    when undefined_object then null;
end
$$;
