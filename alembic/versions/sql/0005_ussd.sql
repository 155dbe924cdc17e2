-- A USSD turn: ussd_turn_open, the pure step in Python, ussd_turn_close; one round trip each, one transaction.
-- The rules are those of docs/ussd.md: identity of a turn, sessions and keys, expiry, replay, conflict, resume.
-- No sequential scan on the way of a turn: a connection keeps its plans, and one made while a table was small would go
-- on reading the whole of it.

-- A dialled code without its stars and hash: '*155#' and '#155#' are one code, '155'.
create function ussd_code(dialled text) returns text
language sql immutable parallel safe strict
return trim(both '*#' from dialled);

-- Take one token from each of the subject's buckets of these rules; false, and nothing taken, when one is empty.
create function velocity_take(p_names text[], p_subject text, p_now timestamptz) returns boolean
language plpgsql
as $$
declare
    rule velocity_rule;
    left_over double precision;
begin
    for rule in select * from velocity_rule where name = any (p_names) order by name, window_s loop
        insert into velocity_bucket (id, created_at, rule_id, subject, tokens, refilled_at)
        values (gen_random_uuid(), p_now, rule.id, p_subject, rule.capacity - 1, p_now)
        on conflict (rule_id, subject) do update
        set tokens = least(rule.capacity, velocity_bucket.tokens
                + greatest(0, extract(epoch from p_now - velocity_bucket.refilled_at)) * rule.capacity / rule.window_s) - 1,
            refilled_at = p_now
        returning tokens into left_over;
        if left_over < 0 then
            -- What was asked for is not granted: the empty bucket stays at zero, so waiting always helps.
            update velocity_bucket set tokens = 0 where rule_id = rule.id and subject = p_subject;
            return false;
        end if;
    end loop;
    return true;
end
$$;

-- Who calls, as the menus see him: the person, his wallet in the service's currency, an unseen result.
create function ussd_caller(p_phone text, p_currency text, p_now timestamptz) returns jsonb
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

-- Open a turn: find or begin the session under its row lock and say what this request is.
--
-- verdict: go (run the step) · replay (wire holds the stored octets) · conflict · expired · closed · busy · limit ·
--          stopped · maintenance · unknown_service.
-- p_identity: MAC of what numbers the turn, or null where only the last turn's input identifies it (p_input_mac).
-- p_prefix_lengths, p_prefix_macs: for cumulative text, the MAC of every prefix that ends before a star.
create function ussd_turn_open(
    p_gateway uuid, p_session_key text, p_phone text, p_code text, p_dialled text, p_default_service uuid,
    p_network text, p_language text, p_is_test boolean,
    p_is_cumulative boolean, p_reuse text, p_idle_s int, p_total_s int,
    p_identity bytea, p_input_mac bytea, p_length int, p_prefix_lengths int[], p_prefix_macs bytea[],
    p_received_at timestamptz, p_now timestamptz, p_id uuid,
    out verdict text, out session jsonb, out service jsonb, out caller jsonb, out resume jsonb,
    out tail text, out input_offset int, out wire bytea, out is_begin boolean
)
language plpgsql set enable_seqscan = off
as $$
declare
    s ussd_session;
    t ussd_turn;
    svc ussd_service;
    own ussd_service;
    gateway_state text;
    route ussd_route;
    dialled text := ussd_code(coalesce(p_dialled, p_code));
    fresh_generation int := 1;
begin
    is_begin := false;
    input_offset := 0;

    select * into s from ussd_session
    where gateway_id = p_gateway and session_key = p_session_key
    order by generation desc limit 1 for no key update;

    if s.id is not null then
        if s.phone is not distinct from p_phone then
            if p_identity is not null then
                select * into t from ussd_turn
                where session_id = s.id and identity_mac = p_identity
                  and (s.state = 'open' or p_now - s.last_activity_at
                       < case p_reuse when 'refuse' then interval '24 hours' else interval '60 seconds' end);
            else
                select * into t from ussd_turn
                where session_id = s.id and number = s.turn_number + (case when exists (
                        select from ussd_turn r where r.session_id = s.id and r.number = s.turn_number + 1) then 1 else 0 end)
                  and input_mac = p_input_mac
                  and (progress = 'running' or p_received_at < coalesce(sent_at, answered_at) or is_delivered is false
                       or (not has_more and p_now - answered_at < interval '10 seconds'));
            end if;
            if t.id is not null and t.progress = 'done' then
                update ussd_turn set replays = replays + 1, is_delivered = null where id = t.id;
                verdict := 'replay';
                wire := t.wire_body;
                session := jsonb_build_object('id', s.id);
                return;
            end if;
        end if;

        if exists (
            select from ussd_turn r
            where r.session_id = s.id and r.progress = 'running' and r.lease_until > p_now
        ) then
            verdict := 'busy';
            return;
        end if;

        if s.state = 'open' and (s.phone is distinct from p_phone
                or (p_code is not null and s.code <> '' and ussd_code(p_code) <> s.code)) then
            update ussd_session set conflicts = conflicts + 1 where id = s.id;
            verdict := 'conflict';
            session := jsonb_build_object('id', s.id);
            return;
        end if;

        if s.state = 'open' and (p_now - s.last_activity_at > make_interval(secs => p_idle_s)
                or p_now - s.created_at > make_interval(secs => p_total_s)) then
            update ussd_session set state = 'expired', ended_at = p_now where id = s.id;
            if p_is_cumulative or p_reuse = 'refuse' then
                verdict := 'expired';
                session := to_jsonb(s) - 'transcript_mac';
            else
                fresh_generation := s.generation + 1;
                s := null;
            end if;
        elsif s.state <> 'open' then
            if p_reuse = 'refuse' then
                verdict := 'closed';
                session := jsonb_build_object('id', s.id);
                return;
            end if;
            fresh_generation := s.generation + 1;
            s := null;
        elsif p_is_cumulative then
            if s.transcript_length = 0 and p_length > 0 then
                input_offset := 0;
            elsif exists (
                select from unnest(p_prefix_lengths, p_prefix_macs) as prefix (length, mac)
                where prefix.length = s.transcript_length and prefix.mac = s.transcript_mac
            ) then
                input_offset := s.transcript_length + 1;
            else
                update ussd_session set conflicts = conflicts + 1 where id = s.id;
                verdict := 'conflict';
                session := jsonb_build_object('id', s.id);
                return;
            end if;
        end if;
    end if;

    if s.id is null then
        is_begin := true;
        select r.* into route from ussd_route r
        where (r.gateway_id = p_gateway or r.gateway_id is null)
          and (dialled = ussd_code(r.code) or dialled like ussd_code(r.code) || '*%')
        order by length(r.code) desc, r.gateway_id nulls last limit 1;
        select * into svc from ussd_service where id = coalesce(route.service_id, p_default_service);
        if svc.id is null or svc.live_version_id is null then
            verdict := 'unknown_service';
            return;
        end if;
        -- A caller whose money is in another currency is served by the same menu in his own.
        select v.* into own
        from users u join wallet w on w.user_id = u.id
        join ussd_service v on v.flow_id = svc.flow_id and v.currency = w.currency and v.live_version_id is not null
        where u.phone = p_phone
        order by (v.id = svc.id) desc, (v.currency = svc.currency) desc, w.created_at, v.created_at limit 1;
        if own.id is not null then
            svc := own;
        end if;
        if route.id is not null then
            tail := nullif(substr(dialled, length(ussd_code(route.code)) + 2), '');
        end if;
        insert into ussd_session (
            id, created_at, gateway_id, session_key, generation, phone, service_id, version_id, code, network, language,
            screen, page, visit, data, scratch, transcript_length, secret_positions, turn_number, refusals, state, goal,
            has_committed, conflicts, is_test, last_activity_at)
        values (
            p_id, p_now, p_gateway, p_session_key, fresh_generation, p_phone, svc.id, svc.live_version_id,
            coalesce(ussd_code(coalesce(p_code, route.code)), ''), p_network, p_language,
            '', 1, 0, '{}', '{}', 0, '{}', 0, 0, 'open', '', false, 0, p_is_test, p_now)
        on conflict (gateway_id, session_key, generation) do nothing;
        if not found then
            -- Another request began this very session a moment ago and we waited for it: look again, once.
            verdict := 'again';
            return;
        end if;
        select * into s from ussd_session where id = p_id;
    else
        select * into svc from ussd_service where id = s.service_id;
    end if;

    service := to_jsonb(svc);
    if p_phone is not null then
        caller := ussd_caller(p_phone, svc.currency, p_now);
    end if;
    if verdict = 'expired' then
        return;
    end if;
    session := to_jsonb(s) - 'transcript_mac';

    select g.state into gateway_state from ussd_gateway g where g.id = p_gateway;
    if svc.state <> 'live' or gateway_state <> 'live' then
        verdict := case when svc.state <> 'live' then svc.state else gateway_state end;
    elsif p_phone is not null and not velocity_take(
            case when is_begin then array['sessions', 'turns'] else array['turns'] end, p_phone, p_now) then
        verdict := 'limit';
    else
        verdict := 'go';
        if is_begin and p_phone is not null then
            select to_jsonb(o) - 'transcript_mac' into resume from (
                select * from ussd_session o
                where o.phone = p_phone and o.service_id = svc.id and o.id <> s.id
                  and o.state in ('open', 'aborted', 'timeout', 'expired') and o.turn_number > 0
                  and o.last_activity_at > p_now
                      - make_interval(secs => coalesce((svc.settings ->> 'resume_ttl_s')::int, 300))
                order by o.last_activity_at desc limit 1) o;
        end if;
    end if;
end
$$;

-- Keep a running receipt while a slow step (a PIN) is worked out without locks; false when another one runs.
create function ussd_turn_lease(
    p_id uuid, p_session uuid, p_identity bytea, p_input_mac bytea, p_now timestamptz, p_lease_until timestamptz
) returns void
language sql
as $$
    insert into ussd_turn (id, created_at, session_id, number, identity_mac, input_mac, input_text, screen_before,
        screen_after, response_text, coding, size, has_more, progress, lease_until, refusal, is_error, response_time_us, replays)
    select p_id, p_now, s.id, s.turn_number + 1, p_identity, p_input_mac, '•••••', s.screen, s.screen, '', 'gsm7', 0, true,
        'running', p_lease_until, '', false, 0, 0
    from ussd_session s where s.id = p_session
    on conflict (session_id, number) do update set id = excluded.id, lease_until = excluded.lease_until,
        identity_mac = excluded.identity_mac, input_mac = excluded.input_mac
$$;

-- Take the session's lock again after a slow step; false when the lease was taken over meanwhile.
create function ussd_turn_resume(p_id uuid, p_session uuid) returns boolean
language plpgsql
as $$
begin
    perform from ussd_session where id = p_session for no key update;
    return exists (select from ussd_turn where id = p_id and progress = 'running');
end
$$;

-- Close a turn: the receipt, the session, the end or the move of an older session; then the caller commits.
create function ussd_turn_close(
    p_id uuid, p_session uuid, p_identity bytea, p_input_mac bytea, p_input_text text,
    p_response_text text, p_coding text, p_size int, p_has_more boolean, p_wire bytea,
    p_refusal text, p_operation uuid, p_is_error boolean, p_received_at timestamptz, p_now timestamptz, p_elapsed_us int,
    p_state text, p_user uuid, p_language text, p_screen text, p_page int, p_visit int, p_data jsonb, p_scratch jsonb,
    p_refusals int, p_goal text, p_has_committed boolean, p_transcript_length int, p_transcript_mac bytea,
    p_is_secret boolean, p_version uuid, p_moved uuid, p_seen uuid
) returns void
language plpgsql set enable_seqscan = off
as $$
declare
    before ussd_session;
begin
    select * into before from ussd_session where id = p_session;

    insert into ussd_turn (id, created_at, session_id, number, identity_mac, input_mac, input_text, screen_before,
        screen_after, response_text, coding, size, has_more, wire_body, progress, refusal, operation_id, is_error,
        answered_at, response_time_us, replays)
    values (p_id, p_received_at, p_session, before.turn_number + 1, p_identity, p_input_mac, p_input_text, before.screen,
        p_screen, p_response_text, p_coding, p_size, p_has_more, p_wire, 'done', p_refusal, p_operation, p_is_error,
        p_now, p_elapsed_us, 0)
    on conflict (session_id, number) do update set
        input_text = excluded.input_text, screen_after = excluded.screen_after, response_text = excluded.response_text,
        coding = excluded.coding, size = excluded.size, has_more = excluded.has_more, wire_body = excluded.wire_body,
        progress = 'done', lease_until = null, refusal = excluded.refusal, operation_id = excluded.operation_id,
        is_error = excluded.is_error, answered_at = excluded.answered_at, response_time_us = excluded.response_time_us;

    update ussd_session set
        state = p_state, ended_at = case when p_state = 'open' then null else p_now end,
        user_id = coalesce(p_user, user_id), version_id = coalesce(p_version, version_id), language = p_language, screen = p_screen, page = p_page, visit = p_visit,
        data = p_data, scratch = p_scratch, refusals = p_refusals,
        goal = case when p_goal = '' then goal else p_goal end, has_committed = p_has_committed,
        transcript_length = p_transcript_length, transcript_mac = p_transcript_mac,
        secret_positions = case when p_is_secret then secret_positions || (turn_number + 1) else secret_positions end,
        turn_number = turn_number + 1, last_activity_at = p_now
    where id = p_session;

    if p_moved is not null then
        update ussd_session set state = 'moved', ended_at = p_now where id = p_moved and state <> 'ended';
    end if;
    if p_seen is not null then
        update ussd_operation set seen_at = p_now where id = p_seen;
    end if;
end
$$;

-- Count a turn that was rolled back; it has no receipt, so a retry runs. A session that never stood is not invented.
create function ussd_turn_fail(p_id uuid, p_session uuid, p_now timestamptz) returns void
language sql
as $$
    with failed as (
        update ussd_session set turn_number = turn_number + 1 where id = p_session returning id, turn_number, screen
    )
    insert into ussd_turn (id, created_at, session_id, number, identity_mac, input_text, screen_before, screen_after,
        response_text, coding, size, has_more, progress, refusal, is_error, answered_at, response_time_us, replays)
    select p_id, p_now, f.id, f.turn_number, sha256(p_id::text::bytea), '•••••', f.screen, f.screen, '', 'gsm7', 0, false,
        'done', 'error', true, p_now, 0, 0
    from failed f
    on conflict (session_id, number) do nothing
$$;

-- Roll the turns of two hours up into their counters; running it again gives the same rows.
create function ussd_rollup(p_from timestamptz, p_to timestamptz) returns int
language sql
as $$
    with counted as (
        select date_trunc('hour', t.created_at) as hour, s.service_id, s.gateway_id,
               count(*) filter (where t.number = 1) as sessions, count(*) as turns, sum(t.replays) as replays,
               count(*) filter (where t.refusal <> '') as refusals, count(*) filter (where t.is_error) as errors,
               sum(t.response_time_us) as response_time_us
        from ussd_turn t join ussd_session s on s.id = t.session_id
        where t.created_at >= p_from and t.created_at < p_to and not s.is_test and t.progress = 'done'
        group by 1, 2, 3
    ), kept as (
        insert into ussd_rollup_hour (id, created_at, hour, service_id, gateway_id, sessions, turns, replays, conflicts,
            refusals, errors, response_time_us)
        select gen_random_uuid(), p_to, hour, service_id, gateway_id, sessions, turns, replays, 0, refusals, errors,
            response_time_us
        from counted
        on conflict (hour, service_id, gateway_id) do update set
            sessions = excluded.sessions, turns = excluded.turns, replays = excluded.replays,
            refusals = excluded.refusals, errors = excluded.errors, response_time_us = excluded.response_time_us
        returning 1
    )
    select count(*)::int from kept
$$;

-- A version that was ever published keeps its body: open sessions stand on it, and rolling back means exactly it.
create function flow_version_keep() returns trigger
language plpgsql
as $$
begin
    if old.state in ('published', 'retired') and (tg_op = 'DELETE'
            or (new.body, new.checksum, new.number, new.flow_id)
                is distinct from (old.body, old.checksum, old.number, old.flow_id)
            or new.state not in ('published', 'retired')) then
        raise exception 'a published version never changes' using errcode = 'restrict_violation';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end
$$;
create trigger flow_version_keep before update or delete on flow_version
for each row execute function flow_version_keep();
