"""Compares one day both ways: their lines with our transfers, our transfers with their lines. Set-based throughout.

A match is by the provider's reference, then by ours; a likeness of amount, person and time is only ever a suggestion.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core import clock
from core.database import Session, driver, fetch_all, fetch_one
from core.money import Currency, Money
from core.permissions import SYSTEM
from core.zones import bounds_of_day, zone_of
from models.ledger import Source
from models.reconciliation import ItemKind, ReconciliationRun
from models.transfers import CaseKind
from providers.answers import Seen, SeenState
from services import audit, ledger
from services.ledger import Posting
from services.transfers import cases, plan_read
from services.transfers.contradictions import note_final
from services.transfers.rows import find
from services.transfers.transitions import Proof

LATER_COMPARISON = "later"
INCOMING = frozenset({"collect", "reversal"})

_LINK_BY_THEIRS = """
update provider_line l set transfer_id = t.id
from transfer t
where l.run_id = %(run)s and l.transfer_id is null and l.provider_ref <> ''
  and t.account_id = l.account_id and t.provider_ref = l.provider_ref
  and t.direction = case l.kind when 'reversal' then 'payout' else l.kind end
"""

_LINK_BY_OURS = """
update provider_line l set transfer_id = t.id
from transfer t
where l.run_id = %(run)s and l.transfer_id is null and l.external_id <> ''
  and t.account_id = l.account_id
  and t.direction = case l.kind when 'reversal' then 'payout' else l.kind end
  and t.reference = l.external_id
"""

_LINK_BY_ID = """
update provider_line l set transfer_id = t.id
from transfer t
where l.run_id = %(run)s and l.transfer_id is null
  and l.external_id ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
  and t.account_id = l.account_id
  and t.direction = case l.kind when 'reversal' then 'payout' else l.kind end
  and t.external_id = case when l.external_id ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
                           then l.external_id::uuid end
"""

# Every difference as it stands now. A reversal is right when our payout says reversed.
_DIFFERENCES = """
with line as (
    select l.*, t.reference as our_reference, t.state as our_state, t.amount_minor as our_minor,
           t.currency as our_currency, t.provider_fee_minor as our_fee_minor,
           l.state = 'succeeded' as is_theirs_done,
           case l.kind when 'reversal' then t.state = 'reversed' else t.state in ('succeeded', 'reversed') end
               as is_ours_done
    from provider_line l left join transfer t on t.id = l.transfer_id
    where l.run_id = %(run)s and l.kind <> 'other'
), fresh as (
    select 'theirs_not_ours' as kind, line_key as subject, null::uuid as transfer_id, id as line_id,
           null::bigint as ours_minor, amount_minor as theirs_minor, '' as detail
    from line where transfer_id is null and is_theirs_done
    union all
    select 'amount_differs', line_key, transfer_id, id, our_minor, amount_minor,
           case when currency <> our_currency then our_currency || ' / ' || currency else '' end
    from line where transfer_id is not null and is_theirs_done
      and (amount_minor <> our_minor or currency <> our_currency)
    union all
    select 'state_differs', line_key, transfer_id, id, our_minor, amount_minor, our_state || ' / ' || state
    from line where transfer_id is not null and state <> 'pending' and is_theirs_done <> is_ours_done
    union all
    select 'fee_differs', line_key, transfer_id, id, our_fee_minor, fee_minor, ''
    from line where is_theirs_done and is_ours_done and kind <> 'reversal'
      and fee_minor is not null and fee_minor <> our_fee_minor
    union all
    select 'ours_not_theirs', t.reference, t.id, null, t.amount_minor, null, t.state
    from transfer t
    where t.account_id = %(account)s and t.state in ('succeeded', 'reversed')
      and t.ended_at >= %(from)s and t.ended_at < %(to)s
      and not exists (select from provider_line l where l.transfer_id = t.id and l.state = 'succeeded')
)
"""

_WRITE = (
    _DIFFERENCES
    + """
, gone as (
    update reconciliation_item i set resolved_at = %(now)s, resolution = %(later)s
    where i.run_id = %(run)s and i.resolved_at is null
      and not exists (select from fresh f where f.kind = i.kind and f.subject = i.subject)
    returning i.id, i.kind, i.line_id
), written as (
    insert into reconciliation_item (
        id, created_at, run_id, kind, subject, transfer_id, line_id, ours_minor, theirs_minor, detail, resolution)
    select gen_random_uuid(), %(now)s, %(run)s, f.kind, f.subject, f.transfer_id, f.line_id, f.ours_minor,
           f.theirs_minor, f.detail, ''
    from fresh f
    on conflict (run_id, kind, subject) do update
        set resolved_at = null, resolution = '', detail = excluded.detail, ours_minor = excluded.ours_minor,
            theirs_minor = excluded.theirs_minor, transfer_id = excluded.transfer_id
        where reconciliation_item.resolved_at is not null and reconciliation_item.resolved_by is null
    returning id, kind, line_id, transfer_id
)
select 'gone' as what, id, kind, line_id, null::uuid as transfer_id from gone
union all
select 'new', id, kind, line_id, transfer_id from written
"""
)

_COUNT = """
update reconciliation_run r set
    theirs_count = theirs.lines, theirs_minor = theirs.total, ours_count = ours.transfers, ours_minor = ours.total,
    matched_count = theirs.matched
from (
    select count(*) as lines, coalesce(sum(amount_minor), 0) as total, count(transfer_id) as matched
    from provider_line where run_id = %(run)s and kind <> 'other' and state = 'succeeded'
) theirs, (
    select count(*) as transfers, coalesce(sum(amount_minor), 0) as total from transfer
    where account_id = %(account)s and state in ('succeeded', 'reversed') and ended_at >= %(from)s and ended_at < %(to)s
) ours
where r.id = %(run)s
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found: new differences, and those that are no more."""

    new: int
    gone: int


def compare(session: Session, run: ReconciliationRun) -> Compared:
    """Link what can be linked, write what differs, resolve what no longer does, and put unasked money in suspense."""
    account = fetch_one(session, "select id, code, country from provider_account where id = %s", (run.account_id,))
    assert account is not None  # noqa: S101  # a foreign key
    first, last = bounds_of_day(run.day, zone_of(account["country"]))
    asked = {"run": run.id, "account": run.account_id, "from": first, "to": last}
    connection = driver(session)
    for link in (_LINK_BY_THEIRS, _LINK_BY_OURS, _LINK_BY_ID):
        connection.execute(link, asked)
    changed = fetch_all(session, _WRITE, asked | {"now": clock.now(), "later": LATER_COMPARISON})
    connection.execute(_COUNT, asked)
    session.refresh(run)
    new = [row for row in changed if row["what"] == "new"]
    gone = [row for row in changed if row["what"] == "gone"]
    _suspend(session, [row["line_id"] for row in new if row["kind"] == ItemKind.THEIRS_NOT_OURS])
    _release(session, [row["line_id"] for row in gone if row["kind"] == ItemKind.THEIRS_NOT_OURS])
    for row in new:
        if row["kind"] == ItemKind.STATE_DIFFERS:
            _take_word(session, row["transfer_id"], row["line_id"])
    return Compared(len(new), len(gone))


def _take_word(session: Session, transfer_id: UUID, line_id: UUID) -> None:
    """Have an open transfer read again; of a final one the list's word is late money, a payout come back, or a case."""
    transfer = find(session, transfer_id, is_locked=True)
    if transfer.is_open:
        plan_read(session, transfer_id)
        return
    (line,) = _lines(session, [line_id])
    is_back = line["kind"] == "reversal" and line["state"] == SeenState.SUCCEEDED
    seen = Seen(
        state=SeenState.REVERSED if is_back else SeenState(line["state"]),
        provider_state=line["provider_state"],
        amount=Money(line["amount_minor"], Currency(line["currency"])),
        provider_ref=line["provider_ref"] or None,
        at=line["at"],
    )
    note_final(session, transfer, seen, Proof("list"))


def _suspend(session: Session, line_ids: list[UUID]) -> None:
    """Put money nobody asked for in the account's suspense, with a case for each."""
    for line in _lines(session, line_ids):
        cases.open_case(
            session,
            account_id=line["account_id"],
            kind=CaseKind.UNASKED_MONEY,
            dedupe_key=line["line_key"],
            provider_ref=line["provider_ref"],
            amount=Money(line["amount_minor"], Currency(line["currency"])),
            detail=line["kind"],
            is_outgoing=line["kind"] not in INCOMING,
            has_money=True,
        )


def _release(session: Session, line_ids: list[UUID]) -> None:
    """Undo the suspense of money that has found its transfer since, and close its case."""
    for line in _lines(session, line_ids):
        case = fetch_one(
            session,
            """
            update transfer_case c set closed_at = %s, resolution = %s from ledger_transaction t
            where c.account_id = %s and c.kind = %s and c.dedupe_key = %s and c.closed_at is null
              and t.id = c.transaction_id
            returning c.id, c.transaction_id, t.key
            """,
            (clock.now(), LATER_COMPARISON, line["account_id"], CaseKind.UNASKED_MONEY, line["line_key"]),
        )
        if case is None:
            continue
        legs = cases.opposite(session, case["transaction_id"])
        ledger.post(session, Posting(Source.TRANSFER, f"{case['key']}:back", "suspense", legs, actor=SYSTEM.name))
        audit.record(session, SYSTEM, "transfer_case.close", "transfer_case", case["id"], LATER_COMPARISON)


def _lines(session: Session, line_ids: list[UUID]) -> list[dict[str, Any]]:
    return fetch_all(session, "select * from provider_line where id = any(%s) order by id", (line_ids,))
