drop function ussd_turn_fail(uuid, uuid, timestamptz);
drop function ussd_rollup(timestamptz, timestamptz);
drop function ussd_turn_close(uuid, uuid, bytea, bytea, text, text, text, int, boolean, bytea, text, uuid, boolean, timestamptz, timestamptz, int, text, uuid, text, text, int, int, jsonb, jsonb, int, text, boolean, int, bytea, boolean, uuid, uuid, uuid);
drop function ussd_turn_resume(uuid, uuid);
drop function ussd_turn_lease(uuid, uuid, bytea, bytea, timestamptz, timestamptz);
drop function ussd_turn_open(uuid, text, text, text, text, uuid, text, text, boolean, boolean, text, int, int, bytea, bytea, int, int[], bytea[], timestamptz, timestamptz, uuid);
drop function ussd_caller(text, text, timestamptz);
drop function velocity_take(text[], text, timestamptz);
drop function ussd_code(text);
