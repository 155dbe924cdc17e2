"""Taking payments to send: one transaction, `SKIP LOCKED`, in the order of the file, several batches by turns.

A claimed payment has its transfer, with an id of ours, committed before the first byte leaves.
"""

import base64
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from core import clock, ids
from core.database import Session, driver, fetch_all
from core.permissions import SYSTEM
from models.pension_stages import PaymentStage
from providers.mojaloop.contract import PayoutOrder
from services.pensions import counters
from services.pensions.dispatch import orders
from services.pensions.dispatch.rails import Rail
from services.pensions.files.totals import Sum
from services.transfers.requests import TOKEN_OCTETS, crockford

PURPOSE = "pension"

_BATCHES = """
select b.id from pension_batch b
join pension_account a on a.id = b.account_id
join organisation o on o.id = b.organisation_id
where a.rail_account_id = %s and b.rail = 'mojaloop' and b.stage = 'PROCESSING' and b.waiting_count > 0
  and o.is_active
order by b.id for no key update of b
"""
_DUE = """
select p.id from pension_payment p
left join transfer t on t.id = p.transfer_id
where p.batch_id = %(batch)s and p.stage = 'WAITING' and (p.next_try_at is null or p.next_try_at <= %(now)s)
  and (t.id is null or t.state in ('failed', 'expired', 'cancelled') or t.state = 'submitted' and t.lease_until is null)
  and (p.fsp_id = '' or p.fsp_id <> all(%(resting)s))
order by p.line limit %(most)s for no key update of p skip locked
"""
_RESTING = "select fsp_id from rail_rest where account_id = %s and until > %s"
_AGAIN = """
update transfer t set lease_until = %(lease)s, next_read_at = null
from pension_payment p where p.id = any(%(payments)s) and t.id = p.transfer_id and t.state = 'submitted'
returning p.id
"""
_FRESH = """
insert into transfer (id, created_at, external_id, reference, callback_token, source, key, direction, purpose,
    subject_id, method, account_id, adapter, environment, base_url, amount_minor, currency, party_phone,
    party_reference, party_code, party_name, label, language, handles, next_step, provider_fee_minor, provider_state,
    state, reason, reads, connect_failures, is_held, submitted_at, lease_until, requested_by, actor)
select m.id, %(now)s, m.external_id, m.reference, m.token, 'pension', 'post:' || m.id, 'payout', 'pension',
    p.id, 'mojaloop', r.id, r.adapter, r.environment, r.base_url, p.amount_minor, b.currency,
    case when p.id_type = 'MSISDN' then p.identifier else '' end,
    case when p.id_type = 'MSISDN' then '' else p.identifier end, p.fsp_id, '', b.bulk_id, 'fr',
    case when p.reason = 'released' then '{"is_released": true}'::jsonb else '{}' end, '{}', 0, '',
    'submitted', '', 0, 0, false, %(now)s, %(lease)s, b.confirmed_by, %(actor)s
from unnest(%(ids)s::uuid[], %(payments)s::uuid[], %(external)s::uuid[], %(references)s::text[], %(tokens)s::text[])
    as m (id, payment_id, external_id, reference, token)
join pension_payment p on p.id = m.payment_id
join pension_batch b on b.id = p.batch_id
join pension_account a on a.id = b.account_id
join provider_account r on r.id = a.rail_account_id
"""
_EVENTS = """
insert into transfer_event (id, created_at, transfer_id, from_state, to_state, cause, reason, detail, actor)
select m.id, %(now)s, m.transfer_id, '', 'submitted', 'submit', '', '', %(actor)s
from unnest(%(events)s::uuid[], %(ids)s::uuid[]) as m (id, transfer_id)
"""
_SENDING = """
update pension_payment p set stage = 'SENDING', transfer_id = m.transfer_id, tries = p.tries + 1, next_try_at = null
from unnest(%(payments)s::uuid[], %(ids)s::uuid[]) as m (payment_id, transfer_id) where p.id = m.payment_id
"""
_SENDING_AGAIN = "update pension_payment set stage = 'SENDING', next_try_at = null where id = any(%s)"
_ITEMS = f"""
select t.id as transfer_id, p.id as payment_id, p.batch_id, {orders.ORDER_COLUMNS}
from pension_payment p
join transfer t on t.id = p.transfer_id
join pension_batch b on b.id = p.batch_id
join pension_account a on a.id = b.account_id
where p.id = any(%s) order by p.batch_id, p.line
"""


@dataclass(frozen=True, slots=True)
class Item:
    """A payment that is this worker's to send until its lease ends."""

    order: PayoutOrder
    transfer_id: UUID
    payment_id: UUID
    batch_id: UUID
    lease_until: datetime


def claim(session: Session, rail: Rail, most: int) -> list[Item]:
    """Take up to `most` payments of a rail; the caller commits before anything leaves."""
    now = clock.now()
    batches = [row["id"] for row in fetch_all(session, _BATCHES, (rail.id,))]
    if not batches or most < 1:
        return []
    due = _list_due(session, rail, batches, most, now)
    if not due:
        return []
    lease_until = now + rail.lease
    again = _lease_again(session, due, lease_until)
    _open_transfers(session, [payment_id for payment_id in due if payment_id not in again], now, lease_until)
    rows = fetch_all(session, _ITEMS, (due,))
    _count(session, rows)
    return [
        Item(orders.build(rail, row), row["transfer_id"], row["payment_id"], row["batch_id"], lease_until)
        for row in rows
    ]


def _list_due(session: Session, rail: Rail, batches: Sequence[UUID], most: int, now: datetime) -> list[UUID]:
    """Return due payments, as many of each batch while there are several; who has fewer leaves room to the others."""
    resting = [row["fsp_id"] for row in fetch_all(session, _RESTING, (rail.id, now))]
    due: list[UUID] = []
    for turn, batch_id in enumerate(batches):
        share = -(-(most - len(due)) // (len(batches) - turn))
        asked = {"batch": batch_id, "now": now, "resting": resting, "most": share}
        due += [row["id"] for row in fetch_all(session, _DUE, asked)]
    return due


def _lease_again(session: Session, due: Sequence[UUID], lease_until: datetime) -> set[UUID]:
    """Take up the transfers that are still to be sent, or sent on, under the id they have."""
    again = fetch_all(session, _AGAIN, {"payments": list(due), "lease": lease_until})
    found = {row["id"] for row in again}
    if found:
        driver(session).execute(_SENDING_AGAIN, (list(found),))
    return found


def _open_transfers(session: Session, payments: Sequence[UUID], now: datetime, lease_until: datetime) -> None:
    if not payments:
        return
    external = [uuid4() for _ in payments]
    values: dict[str, Any] = {
        "now": now,
        "lease": lease_until,
        "actor": SYSTEM.name,
        "payments": list(payments),
        "ids": [ids.new_id() for _ in payments],
        "events": [ids.new_id() for _ in payments],
        "external": external,
        "references": [crockford(one) for one in external],
        "tokens": [_token() for _ in payments],
    }
    database = driver(session)
    database.execute(_FRESH, values)
    database.execute(_EVENTS, values)
    database.execute(_SENDING, values)


def _count(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    sums: dict[UUID, Sum] = {}
    for row in rows:
        sums[row["batch_id"]] = sums.get(row["batch_id"], Sum()).plus(Sum(1, row["amount_minor"]))
    for batch_id, moved in sorted(sums.items()):
        counters.shift(session, batch_id, {(PaymentStage.WAITING, PaymentStage.SENDING): moved})


def _token() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_OCTETS)).decode().rstrip("=")
