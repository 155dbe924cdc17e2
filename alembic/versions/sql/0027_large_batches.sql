-- Invariant 8: what a batch says of its payments is what they are, and what it has not ended is reserved. A draft that
-- is being cancelled slice by slice has reserved nothing.
create or replace view books_8_pensions as
with held as (
    select p.batch_id, p.stage, count(*) as payments, sum(p.amount_minor) as minor
    from pension_payment p group by 1, 2
), shown as (
    select b.id as batch_id, b.bulk_id, s.stage, s.payments, s.minor
    from pension_batch b, lateral (values
        ('WAITING', b.waiting_count, b.waiting_minor), ('HELD', b.held_count, b.held_minor),
        ('SENDING', b.sending_count, b.sending_minor), ('SENT', b.sent_count, b.sent_minor),
        ('UNKNOWN', b.unknown_count, b.unknown_minor), ('COMPLETED', b.completed_count, b.completed_minor),
        ('FAILED', b.failed_count, b.failed_minor), ('CANCELLED', b.cancelled_count, b.cancelled_minor),
        ('REVERSED', b.reversed_count, b.reversed_minor)
    ) as s(stage, payments, minor)
)
select shown.bulk_id as subject, 'counter of ' || shown.stage || ' is not its payments' as detail
from shown left join held on held.batch_id = shown.batch_id and held.stage = shown.stage
where (shown.payments, shown.minor) is distinct from (coalesce(held.payments, 0), coalesce(held.minor, 0))
union all
select a.account_id, 'reserve is not what is open'
from pension_account a
join ledger_account l on l.id = a.reserved_account_id
left join pension_batch b on b.account_id = a.id and b.seal <> ''
    and b.stage in ('AWAITING_APPROVAL', 'QUEUED', 'PROCESSING', 'PAUSED', 'CANCELLING')
group by a.account_id, l.balance
having l.balance <> coalesce(sum(
    b.waiting_minor + b.held_minor + b.sending_minor + b.sent_minor + b.unknown_minor), 0);
