drop trigger ussd_session_trial on ussd_session;
drop function ussd_trial_choose();
