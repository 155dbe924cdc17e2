-- The caller as he was read before.
create or replace function ussd_caller(p_phone text, p_currency text, p_now timestamptz) returns jsonb
language plpgsql stable set enable_seqscan = off
as $$
begin
    return (select jsonb_build_object(
        'user_id', u.id, 'state', u.state, 'language', u.language, 'country', u.country,
        'name', trim(u.first_name || ' ' || u.last_name),
        'wallet_id', w.id, 'wallet_state', w.state, 'wallet_level', w.level,
        'unseen', (
            select jsonb_build_object('operation_id', o.id, 'type', o.type, 'reference', o.reference,
                'amount_minor', o.amount_minor, 'payee_name', trim(p.first_name || ' ' || p.last_name))
            from ussd_operation o
            join ussd_session s on s.id = o.session_id
            left join ussd_turn t on t.session_id = s.id and t.operation_id = o.id
            left join wallet pw on pw.id = o.payee_id
            left join users p on p.id = pw.user_id
            where o.payer_id = w.id and o.seen_at is null and o.state = 'completed'
              and o.created_at > p_now - interval '1 day'
              and (t.is_delivered is false or s.state in ('aborted', 'timeout'))
            order by o.created_at desc limit 1))
    from users u left join wallet w on w.user_id = u.id and w.currency = p_currency
    where u.phone = p_phone);
end
$$;
