"""Asking the switch what became of transfers (schedule M1), beside the payments, at the rate of their account.

What is not known yet comes first; what was paid is looked at once more within the hour, early, as a settled transfer
may no longer answer.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from core import clock
from core.database import Database, Session, driver, fetch_all
from providers.mojaloop.contract import PensionRail, ReadAnswer, Withheld
from providers.mojaloop.gate import Throttle
from services.pensions.dispatch import answers, orders, rails
from services.pensions.dispatch.answers import Question
from services.pensions.dispatch.gate import open_gate
from services.pensions.dispatch.rails import ADAPTER, Rail

READ_LEASE = timedelta(seconds=120)
AT_ONCE = 10

SECOND_LOOK_WITHIN = timedelta(hours=2)

_ACCOUNTS = """
select a.id from provider_account a
where a.adapter = %(adapter)s and (
    exists (select from transfer t where t.account_id = a.id and t.next_read_at <= %(now)s
        and not (t.state = 'submitted' and t.lease_until is null))
    or exists (select from transfer t where t.account_id = a.id and t.state = 'succeeded'
        and t.late_read_at <= %(now)s and t.late_read_at > %(since)s))
"""
_DUE = """
select id from transfer
where account_id = %(account)s and next_read_at <= %(now)s and not (state = 'submitted' and lease_until is null)
order by next_read_at limit %(most)s for update skip locked
"""
_SECOND_LOOKS = """
select id from transfer
where account_id = %(account)s and state = 'succeeded' and late_read_at <= %(now)s and late_read_at > %(since)s
order by late_read_at limit %(most)s for update skip locked
"""
_TAKE = f"""
with taken as (
    update transfer set next_read_at = %(until)s, late_read_at = null where id = any(%(ids)s) returning *
)
select t.id as transfer_id, p.id as payment_id, p.batch_id, {orders.ORDER_COLUMNS}
from taken t
join pension_payment p on p.id = t.subject_id
join pension_batch b on b.id = p.batch_id
join pension_account a on a.id = b.account_id
"""
# The row of the gate is the turnstile: whoever holds it reads for all, and pays for what it reads.
_TURNSTILE = """
select account_id from rail_gate
where account_id = %s and (next_read_at is null or next_read_at <= clock_timestamp()) for no key update skip locked
"""
_PAY = "update rail_gate set next_read_at = clock_timestamp() + make_interval(secs => %s) where account_id = %s"


def list_due_accounts(session: Session) -> list[UUID]:
    """Return the accounts with something to ask about."""
    now = clock.now()
    asked = {"now": now, "since": now - SECOND_LOOK_WITHIN, "adapter": ADAPTER}
    return [row["id"] for row in fetch_all(session, _ACCOUNTS, asked)]


def claim(session: Session, account_id: UUID) -> tuple[Rail, list[Question]]:
    """Take the due reads of one account that its rate allows now; the caller commits before it asks."""
    rail = rails.find_rail(session, account_id)
    open_gate(session, rail)
    if not fetch_all(session, _TURNSTILE, (account_id,)):
        return rail, []
    most = max(1, round(rail.reads_per_s))
    now = clock.now()
    until = now + READ_LEASE
    asked = {"account": account_id, "now": now, "since": now - SECOND_LOOK_WITHIN}
    due = [row["id"] for row in fetch_all(session, _DUE, {**asked, "most": most})]
    if len(due) < most:
        due += [row["id"] for row in fetch_all(session, _SECOND_LOOKS, {**asked, "most": most - len(due)})]
    rows = fetch_all(session, _TAKE, {"ids": due, "until": until})
    driver(session).execute(_PAY, (len(rows) / rail.reads_per_s, account_id))
    return rail, [Question(orders.build(rail, row), row["transfer_id"], row["batch_id"], until) for row in rows]


def read(database: Database, rail: PensionRail, account: Rail, questions: Sequence[Question]) -> None:
    """Ask about these and save what was said."""
    by_order = {question.order.transfer_id: question for question in questions}
    gate = Throttle(concurrency=AT_ONCE, rate_per_s=max(account.reads_per_s, AT_ONCE))
    asked = rail.status_many((question.order for question in questions), gate)
    came: list[tuple[Question, ReadAnswer | Withheld]] = [
        (by_order[order.transfer_id], answer) for order, answer in asked
    ]
    with database.transaction() as session:
        answers.keep_reads(session, came)


def read_due(database: Database, rail: PensionRail, keeps_on: Callable[[], bool] = lambda: True) -> int:
    """Ask about what is due, account by account; return how many transfers were asked about."""
    with database.transaction() as session:
        accounts = list_due_accounts(session)
    asked = 0
    for account_id in accounts:
        if not keeps_on():
            break
        with database.transaction() as session:
            account, questions = claim(session, account_id)
        if questions:
            read(database, rail, account, questions)
            asked += len(questions)
    return asked
