-- What does not serve now, by name: '' is the whole platform, the others are kinds of money. Empty nearly always.
create function ussd_switched() returns jsonb
language sql stable
as $$
    select coalesce(jsonb_object_agg(key, jsonb_build_object('state', state, 'text', text)), '{}')
    from ussd_switch where state <> 'live'
$$;
