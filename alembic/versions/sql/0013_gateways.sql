-- A turn may say what it is (begin, continue), carry a second identity, and be refused for its code.
drop function ussd_turn_open(uuid, text, text, text, text, uuid, text, text, boolean, boolean, text, int, int, bytea, bytea, int, int[], bytea[], timestamptz, timestamptz, uuid);
create function ussd_turn_open(
    p_gateway uuid, p_session_key text, p_phone text, p_code text, p_dialled text, p_default_service uuid,
    p_network text, p_language text, p_is_test boolean,
    p_is_cumulative boolean, p_reuse text, p_idle_s int, p_total_s int,
    p_identity bytea, p_input_mac bytea, p_length int, p_prefix_lengths int[], p_prefix_macs bytea[],
    p_received_at timestamptz, p_now timestamptz, p_id uuid,
    p_kind text, p_again bytea, p_is_code_typed boolean, p_refuses_unknown boolean, p_refuses_begin_again boolean,
    out verdict text, out session jsonb, out service jsonb, out caller jsonb, out resume jsonb,
    out tail text, out input_offset int, out wire bytea, out is_begin boolean,
    out is_restart boolean, out replayed jsonb
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
    kind text := p_kind;
    own_identity bytea := p_identity;
begin
    is_begin := false;
    is_restart := false;
    input_offset := 0;

    select * into s from ussd_session
    where gateway_id = p_gateway and session_key = p_session_key
    order by generation desc limit 1 for no key update;

    if p_is_code_typed and s.turn_number > 1 then
        -- The digits of the code, typed within a dialogue, are an answer like another.
        kind := case when s.state = 'open' then null else kind end;
        own_identity := null;
    end if;

    if s.id is not null then
        if s.phone is not distinct from p_phone then
            if own_identity is not null then
                select * into t from ussd_turn
                where session_id = s.id and identity_mac = own_identity
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
            if t.id is null and p_again is not null then
                select * into t from ussd_turn
                where session_id = s.id and again_mac = p_again and created_at > p_now - interval '10 seconds';
            end if;
            if t.number = 1 and s.turn_number > 1 and kind = 'begin' and p_refuses_begin_again then
                update ussd_session set conflicts = conflicts + 1 where id = s.id;
                verdict := 'conflict';
                is_restart := true;
                session := jsonb_build_object('id', s.id);
                return;
            end if;
            if t.id is not null and t.progress = 'done' then
                update ussd_turn set replays = replays + 1, is_delivered = null where id = t.id;
                verdict := 'replay';
                wire := t.wire_body;
                replayed := jsonb_build_object('text', t.response_text, 'has_more', t.has_more, 'coding', t.coding,
                    'screen', t.screen_after, 'number', t.number);
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
            if p_is_cumulative or p_reuse = 'refuse' or kind = 'continue' then
                verdict := 'expired';
                session := to_jsonb(s) - 'transcript_mac';
            else
                fresh_generation := s.generation + 1;
                s := null;
            end if;
        elsif s.state <> 'open' then
            if p_reuse = 'refuse' or kind = 'continue' then
                verdict := 'closed';
                session := jsonb_build_object('id', s.id);
                return;
            end if;
            fresh_generation := s.generation + 1;
            s := null;
        elsif kind = 'begin' and p_reuse = 'new' then
            -- A key that is used again says that its dialogue is over for the network.
            update ussd_session set state = 'moved', ended_at = p_now where id = s.id;
            fresh_generation := s.generation + 1;
            s := null;
        elsif kind = 'begin' then
            update ussd_session set conflicts = conflicts + 1 where id = s.id;
            verdict := 'conflict';
            is_restart := true;
            session := jsonb_build_object('id', s.id);
            return;
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

    if s.id is null and kind = 'continue' then
        -- The gateway says that a dialogue goes on which we do not know: it may be a late secret, nothing runs.
        verdict := 'closed';
        return;
    end if;

    if s.id is null then
        is_begin := true;
        select r.* into route from ussd_route r
        where (r.gateway_id = p_gateway or r.gateway_id is null)
          and (dialled = ussd_code(r.code) or dialled like ussd_code(r.code) || '*%')
        order by length(r.code) desc, r.gateway_id nulls last limit 1;
        if route.id is null and p_dialled is not null and p_code is not null then
            dialled := null;
            select r.* into route from ussd_route r
            where (r.gateway_id = p_gateway or r.gateway_id is null) and ussd_code(p_code) = ussd_code(r.code)
            order by r.gateway_id nulls last limit 1;
        end if;
        if route.id is null and p_refuses_unknown and coalesce(p_dialled, p_code) is not null then
            verdict := 'unknown_service';
            return;
        end if;
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
            coalesce(ussd_code(coalesce(p_code, route.code)), ''), p_network,
            coalesce(nullif(p_language, ''), svc.default_language),
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

drop function ussd_turn_close(uuid, uuid, bytea, bytea, text, text, text, int, boolean, bytea, text, uuid, boolean, timestamptz, timestamptz, int, text, uuid, text, text, int, int, jsonb, jsonb, int, text, boolean, int, bytea, boolean, uuid, uuid, uuid);
create function ussd_turn_close(
    p_id uuid, p_session uuid, p_identity bytea, p_input_mac bytea, p_input_text text,
    p_response_text text, p_coding text, p_size int, p_has_more boolean, p_wire bytea,
    p_refusal text, p_operation uuid, p_is_error boolean, p_received_at timestamptz, p_now timestamptz, p_elapsed_us int,
    p_state text, p_user uuid, p_language text, p_screen text, p_page int, p_visit int, p_data jsonb, p_scratch jsonb,
    p_refusals int, p_goal text, p_has_committed boolean, p_transcript_length int, p_transcript_mac bytea,
    p_is_secret boolean, p_version uuid, p_moved uuid, p_seen uuid, p_again bytea
) returns void
language plpgsql set enable_seqscan = off
as $$
declare
    before ussd_session;
begin
    select * into before from ussd_session where id = p_session;

    insert into ussd_turn (id, created_at, session_id, number, identity_mac, input_mac, input_text, screen_before,
        screen_after, response_text, coding, size, has_more, wire_body, progress, refusal, operation_id, is_error,
        answered_at, response_time_us, replays, again_mac)
    values (p_id, p_received_at, p_session, before.turn_number + 1, p_identity, p_input_mac, p_input_text, before.screen,
        p_screen, p_response_text, p_coding, p_size, p_has_more, p_wire, 'done', p_refusal, p_operation, p_is_error,
        p_now, p_elapsed_us, 0, p_again)
    on conflict (session_id, number) do update set
        input_text = excluded.input_text, screen_after = excluded.screen_after, response_text = excluded.response_text,
        coding = excluded.coding, size = excluded.size, has_more = excluded.has_more, wire_body = excluded.wire_body,
        progress = 'done', lease_until = null, refusal = excluded.refusal, operation_id = excluded.operation_id,
        is_error = excluded.is_error, answered_at = excluded.answered_at, response_time_us = excluded.response_time_us, again_mac = excluded.again_mac;

    update ussd_session set
        -- Who hung up while a secret was checked stays gone: what was done stands, the dialogue does not come back.
        state = case when state = 'open' then p_state else state end,
        ended_at = case when state = 'open' and p_state = 'open' then null else coalesce(ended_at, p_now) end,
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

-- What a gateway tells at the end of a dialogue: it is over, or what became of it. No screen runs; an operation stands.
create function ussd_turn_notice(
    p_gateway uuid, p_session_key text, p_phone text, p_kind text, p_report jsonb, p_now timestamptz
) returns uuid
language plpgsql set enable_seqscan = off
as $$
declare
    s ussd_session;
begin
    select * into s from ussd_session
    where gateway_id = p_gateway and session_key = p_session_key
    order by generation desc limit 1 for no key update;
    if s.id is null or s.phone is distinct from p_phone then
        return null;
    end if;
    update ussd_session set
        state = case when s.state <> 'open' then s.state
                     when p_kind in ('abort', 'timeout') then case p_kind when 'abort' then 'aborted' else 'timeout' end
                     when p_kind = 'end' then 'ended'
                     when p_report ->> 'status' = 'Success' then 'ended'
                     else 'aborted' end,
        ended_at = coalesce(s.ended_at, p_now),
        gateway_status = coalesce(p_report ->> 'status', gateway_status),
        gateway_ms = coalesce((p_report ->> 'duration_ms')::int, gateway_ms),
        cost_text = coalesce(p_report ->> 'cost', cost_text),
        gateway_report = case when p_report = '{}' then gateway_report else p_report end
    where id = s.id;
    return s.id;
end
$$;
