drop trigger pension_batch_kept on pension_batch;
drop function pension_batch_kept();
drop trigger pension_payment_placed on pension_payment;
drop function pension_payment_placed();
drop trigger pension_batch_sealed on pension_batch;
drop function pension_batch_sealed();
drop trigger pension_payment_kept on pension_payment;
drop trigger pension_payment_sealed on pension_payment;
drop function pension_payment_sealed();
