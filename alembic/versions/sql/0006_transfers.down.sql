create or replace view books_5_operations as
select o.reference as subject, 'completed without a posting' as detail
from ussd_operation o where o.state in ('completed', 'reversed') and o.transaction_id is null
union all
select o.reference, 'failed with a posting' from ussd_operation o where o.state = 'failed' and o.transaction_id is not null
union all
select t.key, 'posting without its operation'
from ledger_transaction t
where t.source = 'ussd' and t.kind in ('transfer', 'cash_out', 'payment', 'sell')
  and not exists (select from ussd_operation o where o.transaction_id = t.id);
