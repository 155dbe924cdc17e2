drop function ussd_figures_count(timestamptz, jsonb, timestamptz);
drop function ussd_request_count(uuid, text, timestamptz);
drop function ussd_bucket(double precision, double precision, int, int);
drop function ussd_standing(text, text, boolean);
