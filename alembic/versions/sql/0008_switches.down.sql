drop function ussd_switched();
