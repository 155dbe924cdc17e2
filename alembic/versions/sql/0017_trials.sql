-- Who meets the version on trial: the same person the same one, on every process, for as long as the trial lasts.
-- His number is hashed under the trial's own key: nobody can tell from outside, and the next trial shares out anew.
create function ussd_trial_choose() returns trigger
language plpgsql set enable_seqscan = off
as $$
declare
    trial ussd_trial;
begin
    select * into trial from ussd_trial where service_id = new.service_id and ended_at is null;
    if trial.id is not null and trial.against_id = new.version_id
            and (trial.ends_at is null or new.created_at < trial.ends_at)
            and ('x' || encode(substr(sha256(trial.key || convert_to(new.phone, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint
                % 100 < trial.share_percent then
        new.version_id := trial.version_id;
    end if;
    return new;
end
$$;

-- A trigger, so that whoever begins a session makes the choice, and a turn that begins none pays nothing.
create trigger ussd_session_trial before insert on ussd_session
for each row when (new.phone is not null and not new.is_test and new.turn_number = 0)
execute function ussd_trial_choose();
