-- Invariant 5 of money, with the transfers: what succeeded is posted once, what ended otherwise holds nothing, and what
-- is reserved is exactly what open payouts hold.

create or replace view books_5_operations as
select o.reference as subject, 'completed without a posting' as detail
from ussd_operation o where o.state in ('completed', 'reversed') and o.transaction_id is null
union all
select o.reference, 'failed with a posting' from ussd_operation o where o.state = 'failed' and o.transaction_id is not null
union all
select t.key, 'posting without its operation'
from ledger_transaction t
where t.source = 'ussd' and t.kind in ('transfer', 'cash_out', 'payment', 'sell')
  and not exists (select from ussd_operation o where o.transaction_id = t.id)
union all
select t.reference, 'succeeded without a posting'
from transfer t where t.state in ('succeeded', 'reversed') and t.transaction_id is null
union all
select t.reference, 'posted without success'
from transfer t where t.state not in ('succeeded', 'reversed') and t.transaction_id is not null
union all
select t.reference, 'came back without its posting'
from transfer t where (t.state = 'reversed') <> (t.reversal_id is not null)
union all
select max(t.reference), 'one posting for several transfers'
from transfer t where t.transaction_id is not null group by t.transaction_id having count(*) > 1
union all
-- A reserve ends under one key, once: never before its transfer, never without it.
select t.reference, 'the reserve of an open transfer is gone'
from transfer t join ledger_transaction l on l.source = t.source and l.key = t.key || ':end'
where t.hold_transaction_id is not null and t.state in ('created', 'submitted', 'pending', 'unknown')
union all
select t.reference, 'the reserve of an ended transfer is left'
from transfer t
where t.hold_transaction_id is not null and t.state not in ('created', 'submitted', 'pending', 'unknown')
  and not exists (select from ledger_transaction l where l.source = t.source and l.key = t.key || ':end')
union all
select t.reference, 'a success that spent another posting than its reserve'
from transfer t join ledger_transaction l on l.source = t.source and l.key = t.key || ':end'
where t.hold_transaction_id is not null and t.state in ('succeeded', 'reversed') and l.id <> t.transaction_id
union all
select a.id::text, 'reserved differs from open payouts'
from ledger_account a
left join lateral (
    select sum(-e.amount) as held
    from ledger_entry e join transfer t on t.hold_transaction_id = e.transaction_id
    where e.account_id = a.id and t.state in ('created', 'submitted', 'pending', 'unknown')) open on true
where a.kind = 'wallet_reserved' and a.owner_type = 'wallet' and a.balance <> coalesce(open.held, 0)
union all
select c.id::text, 'a case with money and no posting'
from transfer_case c where c.kind = 'late_money' and c.amount_minor > 0 and c.transaction_id is null;
