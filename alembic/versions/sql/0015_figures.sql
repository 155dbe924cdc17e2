-- USSD in figures, hour by hour (`docs/ussd.md`, 13): what was begun in an hour, counted from the sessions and turns.
-- Counting an hour again gives the same rows; nothing is added to what is there, so nothing is ever counted twice.

-- How a session stands; the five words part the sessions begun. A defect's answer was an END: who was not heard of
-- again after it did not drop out, we failed him.
create function ussd_standing(p_state text, p_goal text, p_is_last_error boolean) returns text
language sql immutable parallel safe
return case
    when p_goal <> '' then 'completed'
    when p_state = 'open' then 'open'
    when p_state = 'failed' or (p_state <> 'ended' and p_is_last_error) then 'failed'
    when p_state = 'ended' then 'ended'
    else 'dropped'
end;

-- A place in a histogram: `p_steps` to each doubling, from `p_least` on; what is beyond either end is in the end's own.
create function ussd_bucket(p_value double precision, p_least double precision, p_steps int, p_last int) returns int
language sql immutable parallel safe
return least(p_last, greatest(0, floor(p_steps * ln(greatest(p_value, p_least) / p_least) / ln(2::double precision))::int));

-- A request that ran no turn and leaves no row of its own: it came too late (stale), or found no room (busy).
create function ussd_request_count(p_gateway uuid, p_outcome text, p_now timestamptz) returns void
language sql
as $$
    insert into ussd_request_hour (hour, gateway_id, outcome, number)
    values (date_trunc('hour', p_now), p_gateway, p_outcome, 1)
    on conflict (hour, gateway_id, outcome) do update set number = ussd_request_hour.number + 1
$$;

-- Count the sessions begun in one hour anew, in one statement so that every part sees the same rows; how many cells.
--
-- p_prefixes: the operator that each prefix of an E.164 number was given to, for gateways that name no network.
create function ussd_figures_count(p_hour timestamptz, p_prefixes jsonb, p_now timestamptz) returns int
language plpgsql set enable_seqscan = off
as $$
declare
    written int;
begin
    delete from ussd_figure_cell where hour = p_hour;

    with begun as materialized (
        select s.id, s.service_id, s.version_id, s.gateway_id, s.language, s.state, s.goal, s.screen, s.conflicts,
            s.gateway_status, s.cost_text, s.network = '' and hint.operator is not null as is_estimated,
            coalesce(nullif(s.network, ''), hint.operator, '') as network
        from ussd_session s
        cross join lateral (select coalesce(
            p_prefixes ->> left(s.phone, 9), p_prefixes ->> left(s.phone, 8), p_prefixes ->> left(s.phone, 7),
            p_prefixes ->> left(s.phone, 6), p_prefixes ->> left(s.phone, 5)) as operator) hint
        where s.created_at >= p_hour and s.created_at < p_hour + interval '1 hour'
            and not s.is_test and s.turn_number > 0
    ), taken as materialized (
        select b.id as session_id, t.*,
            extract(epoch from lead(t.created_at) over in_order - coalesce(t.sent_at, t.answered_at)) as waited_s,
            row_number() over (partition by b.id order by t.number desc) = 1 as is_last
        from begun b
        cross join lateral (
            select number, created_at, sent_at, answered_at, screen_before, screen_after, refusal, is_error, has_more,
                response_time_us, replays
            from ussd_turn where session_id = b.id and progress = 'done' offset 0) t
        window in_order as (partition by b.id order by t.number)
    ), summed as (
        select session_id, count(*) as turns, sum(replays) as replays,
            count(*) filter (where is_error) as errors, count(*) filter (where refusal <> '') as refusals,
            count(*) filter (where response_time_us > 4000000) as late, sum(response_time_us) as response_time_us,
            coalesce(bool_or(is_error) filter (where is_last), false) as is_last_error,
            coalesce(bool_or(has_more) filter (where is_last), true) as is_last_more,
            coalesce(max(refusal) filter (where is_last), '') as last_refusal
        from taken group by session_id
    ), stood as materialized (
        select b.*, m.turns, m.replays, m.errors, m.refusals, m.late, m.response_time_us, m.is_last_more,
            m.last_refusal, ussd_standing(b.state, b.goal, m.is_last_error) as standing,
            regexp_match(b.cost_text, '^\s*([A-Z]{3})\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*$') as cost
        from begun b join summed m on m.session_id = b.id
    ), answered as (
        select b.service_id, b.version_id, b.gateway_id, b.network, b.is_estimated, b.language, array[
            count(*) filter (where bucket = 0), count(*) filter (where bucket = 1), count(*) filter (where bucket = 2), count(*) filter (where bucket = 3),
            count(*) filter (where bucket = 4), count(*) filter (where bucket = 5), count(*) filter (where bucket = 6), count(*) filter (where bucket = 7),
            count(*) filter (where bucket = 8), count(*) filter (where bucket = 9), count(*) filter (where bucket = 10), count(*) filter (where bucket = 11),
            count(*) filter (where bucket = 12), count(*) filter (where bucket = 13), count(*) filter (where bucket = 14), count(*) filter (where bucket = 15),
            count(*) filter (where bucket = 16), count(*) filter (where bucket = 17), count(*) filter (where bucket = 18), count(*) filter (where bucket = 19),
            count(*) filter (where bucket = 20), count(*) filter (where bucket = 21), count(*) filter (where bucket = 22), count(*) filter (where bucket = 23),
            count(*) filter (where bucket = 24), count(*) filter (where bucket = 25), count(*) filter (where bucket = 26), count(*) filter (where bucket = 27),
            count(*) filter (where bucket = 28), count(*) filter (where bucket = 29), count(*) filter (where bucket = 30), count(*) filter (where bucket = 31),
            count(*) filter (where bucket = 32), count(*) filter (where bucket = 33), count(*) filter (where bucket = 34), count(*) filter (where bucket = 35),
            count(*) filter (where bucket = 36), count(*) filter (where bucket = 37), count(*) filter (where bucket = 38), count(*) filter (where bucket = 39),
            count(*) filter (where bucket = 40), count(*) filter (where bucket = 41), count(*) filter (where bucket = 42), count(*) filter (where bucket = 43),
            count(*) filter (where bucket = 44), count(*) filter (where bucket = 45), count(*) filter (where bucket = 46), count(*) filter (where bucket = 47),
            count(*) filter (where bucket = 48), count(*) filter (where bucket = 49), count(*) filter (where bucket = 50), count(*) filter (where bucket = 51),
            count(*) filter (where bucket = 52), count(*) filter (where bucket = 53), count(*) filter (where bucket = 54), count(*) filter (where bucket = 55),
            count(*) filter (where bucket = 56), count(*) filter (where bucket = 57), count(*) filter (where bucket = 58), count(*) filter (where bucket = 59),
            count(*) filter (where bucket = 60), count(*) filter (where bucket = 61), count(*) filter (where bucket = 62), count(*) filter (where bucket = 63)]::int[] as answer_times
        from (
            select session_id, ussd_bucket(response_time_us, 250, 4, 63) as bucket from taken
        ) t join begun b on b.id = t.session_id
        group by 1, 2, 3, 4, 5, 6
    ), cells as (
        insert into ussd_figure_cell (hour, service_id, version_id, gateway_id, network, is_estimated, language,
            started, open, completed, ended, dropped, failed, resumed, turns, replays, conflicts, refusals, errors,
            late, response_time_us, answer_times, reported, disagreed, costed)
        select p_hour, service_id, version_id, gateway_id, network, is_estimated, language, count(*),
            count(*) filter (where standing = 'open'), count(*) filter (where standing = 'completed'),
            count(*) filter (where standing = 'ended'), count(*) filter (where standing = 'dropped'),
            count(*) filter (where standing = 'failed'), count(*) filter (where standing = 'dropped' and state = 'moved'),
            sum(turns), sum(replays), sum(conflicts), sum(refusals), sum(errors), sum(late), sum(response_time_us),
            max(a.answer_times), count(gateway_status) filter (where gateway_status <> ''),
            count(*) filter (where gateway_status <> '' and (lower(gateway_status) = 'success') <> (state = 'ended')),
            count(cost)
        from stood join answered a using (service_id, version_id, gateway_id, network, is_estimated, language)
        group by service_id, version_id, gateway_id, network, is_estimated, language
        returning id, service_id, version_id, gateway_id, network, is_estimated, language
    ), placed as materialized (
        select s.id as session_id, c.id as cell_id, s.standing, s.screen, s.goal, s.state, s.is_last_more,
            s.last_refusal, s.cost
        from stood s join cells c using (service_id, version_id, gateway_id, network, is_estimated, language)
    ), firsts as materialized (
        select session_id, screen_after as screen, min(number) as step
        from taken where screen_after <> '' group by 1, 2
    ), waits as (
        select p.cell_id, t.screen_after as screen, array[
            count(*) filter (where bucket = 0), count(*) filter (where bucket = 1), count(*) filter (where bucket = 2), count(*) filter (where bucket = 3),
            count(*) filter (where bucket = 4), count(*) filter (where bucket = 5), count(*) filter (where bucket = 6), count(*) filter (where bucket = 7),
            count(*) filter (where bucket = 8), count(*) filter (where bucket = 9), count(*) filter (where bucket = 10), count(*) filter (where bucket = 11),
            count(*) filter (where bucket = 12), count(*) filter (where bucket = 13), count(*) filter (where bucket = 14), count(*) filter (where bucket = 15),
            count(*) filter (where bucket = 16), count(*) filter (where bucket = 17), count(*) filter (where bucket = 18), count(*) filter (where bucket = 19),
            count(*) filter (where bucket = 20), count(*) filter (where bucket = 21), count(*) filter (where bucket = 22), count(*) filter (where bucket = 23),
            count(*) filter (where bucket = 24), count(*) filter (where bucket = 25), count(*) filter (where bucket = 26), count(*) filter (where bucket = 27),
            count(*) filter (where bucket = 28), count(*) filter (where bucket = 29), count(*) filter (where bucket = 30), count(*) filter (where bucket = 31)]::int[] as waits
        from (
            select session_id, screen_after, ussd_bucket(waited_s, 0.5, 3, 31) as bucket
            from taken where waited_s is not null and screen_after <> ''
        ) t join placed p using (session_id)
        group by 1, 2
    ), drops as (
        select cell_id, screen, count(*) as dropped from placed where standing = 'dropped' group by 1, 2
    ), screens as (
        insert into ussd_figure_screen (cell_id, screen, seen, dropped, position, waits)
        select p.cell_id, f.screen, count(*), coalesce(max(d.dropped), 0), sum(f.step), max(w.waits)
        from firsts f join placed p using (session_id)
        left join drops d on d.cell_id = p.cell_id and d.screen = f.screen
        left join waits w on w.cell_id = p.cell_id and w.screen = f.screen
        group by 1, 2
    ), steps as (
        insert into ussd_figure_step (cell_id, screen, next_screen, refusal, number)
        select p.cell_id, t.screen_before, t.screen_after, t.refusal, count(*)
        from taken t join placed p using (session_id)
        where t.screen_before <> '' and not t.is_error
            and t.refusal not in ('error', 'limit', 'expired', 'stopped', 'maintenance', 'closed', 'busy')
        group by 1, 2, 3, 4
    ), ends as (
        insert into ussd_figure_end (cell_id, kind, code, number)
        select cell_id, standing, case
                when standing = 'completed' then goal
                when standing = 'failed' then coalesce(nullif(last_refusal, ''), 'error')
                when last_refusal in ('limit', 'stopped', 'maintenance') then last_refusal
                when last_refusal <> '' then 'errors'
                when is_last_more then 'operator'
                else screen
            end, count(*)
        from placed where standing in ('completed', 'ended', 'failed') group by 1, 2, 3
    ), ways as materialized (
        select p.cell_id, array_agg(f.screen order by f.step) as screens
        from firsts f join placed p using (session_id) group by p.session_id, p.cell_id
    ), known as (
        insert into ussd_path (id, screens)
        select md5(array_to_string(screens, ' '))::uuid, screens from ways group by screens
        on conflict (id) do nothing
    ), paths as (
        insert into ussd_figure_path (cell_id, path_id, number)
        select cell_id, md5(array_to_string(screens, ' '))::uuid, count(*) from ways group by 1, 2
    ), costs as (
        insert into ussd_figure_cost (cell_id, currency, amount)
        select cell_id, cost[1], sum(cost[2]::numeric) from placed where cost is not null group by 1, 2
    )
    select count(*) into written from cells;

    insert into ussd_figure_hour (hour, counted_at, started, open)
    select p_hour, p_now, coalesce(sum(started), 0), coalesce(sum(open), 0) from ussd_figure_cell where hour = p_hour
    on conflict (hour) do update set counted_at = excluded.counted_at, started = excluded.started,
        open = excluded.open;
    return written;
end
$$;
