-- The trail is only added to, by anybody.
create function audit_refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception 'audit_entry is append-only' using errcode = 'PL003';
end
$$;

create trigger audit_entry_append_only before update or delete on audit_entry
for each row execute function audit_refuse_change();
