"""The queue as a person sees it: unknown transfers, and open cases by kind, the oldest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.phone import mask_phone
from models.transfers import CaseKind
from providers import registry

LARGEST_PAGE = 200


class QueueSearch(Order):
    """What to look for in the queue; what is empty does not filter."""

    account_id: UUID | None = None
    adapter: str = ""
    direction: str = ""
    environment: str = ""
    text: str = ""
    skip: int = 0
    limit: int = 50


class CaseSearch(Order):
    """What to look for among the cases."""

    kind: CaseKind | None = None
    account_id: UUID | None = None
    transfer_id: UUID | None = None
    with_closed: bool = False
    skip: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """A transfer of which nobody knows how it ended, with what its provider allows."""

    id: UUID
    reference: str
    created_at: datetime
    unknown_at: datetime | None
    direction: str
    purpose: str
    method: str
    account_id: UUID
    account_label: str
    adapter: str
    environment: str
    amount: Money
    party: str
    reason: str
    provider_ref: str
    reads: int
    next_read_at: datetime | None
    proofs: int
    approval_id: UUID | None
    asked_by: UUID | None
    is_resend_safe: bool
    not_seen_is_proof: bool
    has_list: bool


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case; `is_in_suspense` while its money waits to be moved."""

    id: UUID
    created_at: datetime
    kind: str
    account_id: UUID
    account_label: str
    environment: str
    transfer_id: UUID | None
    transfer_reference: str
    provider_ref: str
    amount: Money | None
    detail: str
    is_in_suspense: bool
    approval_id: UUID | None
    asked_by: UUID | None
    closed_at: datetime | None
    closed_by_name: str
    resolution: str


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How much waits for a person: `cases` by kind, those without any left out."""

    unknown: int
    cases: dict[str, int]

    @property
    def total(self) -> int:
        """Return everything that waits."""
        return self.unknown + sum(self.cases.values())


_UNKNOWN = """
select t.id, t.reference, t.created_at, t.unknown_at, t.direction, t.purpose, t.method, t.account_id,
       a.label as account_label, t.adapter, t.environment, t.amount_minor, t.currency, t.party_phone, t.reason,
       coalesce(t.provider_ref, '') as provider_ref, t.reads, t.next_read_at,
       (select count(*) from transfer_proof p where p.transfer_id = t.id) as proofs,
       w.id as approval_id, w.asked_by
from transfer t join provider_account a on a.id = t.account_id
     left join approval w on w.kind = 'settle_unknown' and w.subject_id = t.id and w.state = 'waiting'
"""
_UNKNOWN_WHERE = """
where t.state = 'unknown'
  and (%(account_id)s::uuid is null or t.account_id = %(account_id)s)
  and (%(adapter)s = '' or t.adapter = %(adapter)s)
  and (%(direction)s = '' or t.direction = %(direction)s)
  and (%(environment)s = '' or t.environment = %(environment)s)
  and (%(text)s = '' or %(text)s in (t.reference, t.provider_ref, t.party_phone, t.external_id::text))
"""
_CASE = """
select c.id, c.created_at, c.kind, c.account_id, a.label as account_label, a.environment, c.transfer_id,
       coalesce(t.reference, '') as transfer_reference, c.provider_ref, c.amount_minor, c.currency, c.detail,
       c.closed_at is null and l.id is not null and b.id is null as is_in_suspense,
       w.id as approval_id, w.asked_by, c.closed_at, c.resolution,
       coalesce(trim(concat(u.first_name, ' ', u.last_name)), '') as closed_by_name
from transfer_case c join provider_account a on a.id = c.account_id left join transfer t on t.id = c.transfer_id
     left join ledger_transaction l on l.id = c.transaction_id
     left join ledger_transaction b on b.source = l.source and b.key = l.key || ':back'
     left join approval w on w.kind = 'close_case' and w.subject_id = c.id and w.state = 'waiting'
     left join users u on u.id = c.closed_by
"""
_CASE_WHERE = """
where (%(with_closed)s or c.closed_at is null)
  and (%(kind)s::text is null or c.kind = %(kind)s)
  and (%(account_id)s::uuid is null or c.account_id = %(account_id)s)
  and (%(transfer_id)s::uuid is null or c.transfer_id = %(transfer_id)s)
"""


def list_unknowns(session: Session, actor: Actor, search: QueueSearch) -> tuple[list[UnknownRow], int]:
    """Return one page of the unknown transfers, the oldest first, and how many match."""
    actor.require(Permission.PAYMENTS_READ)
    values = _paged(search)
    rows = fetch_all(
        session, f"{_UNKNOWN} {_UNKNOWN_WHERE} order by t.created_at, t.id limit %(limit)s offset %(skip)s", values
    )
    total = fetch_one(session, f"select count(*) as total from transfer t {_UNKNOWN_WHERE}", values)
    return [_unknown_row(row) for row in rows], int(total["total"]) if total else 0


def get_unknown(session: Session, actor: Actor, transfer_id: UUID) -> UnknownRow:
    """Return one unknown transfer; `NotFound` once it is known."""
    actor.require(Permission.PAYMENTS_READ)
    row = fetch_one(session, f"{_UNKNOWN} where t.id = %s and t.state = 'unknown'", (transfer_id,))
    if row is None:
        raise NotFound(thing="transfer")
    return _unknown_row(row)


def list_cases(session: Session, actor: Actor, search: CaseSearch) -> tuple[list[CaseRow], int]:
    """Return one page of the cases, the oldest first, and how many match."""
    actor.require(Permission.PAYMENTS_READ)
    values = _paged(search)
    rows = fetch_all(
        session, f"{_CASE} {_CASE_WHERE} order by c.created_at, c.id limit %(limit)s offset %(skip)s", values
    )
    total = fetch_one(session, f"select count(*) as total from transfer_case c {_CASE_WHERE}", values)
    return [_case_row(row) for row in rows], int(total["total"]) if total else 0


def get_case(session: Session, actor: Actor, case_id: UUID) -> CaseRow:
    """Return one case, open or closed."""
    actor.require(Permission.PAYMENTS_READ)
    row = fetch_one(session, f"{_CASE} where c.id = %s", (case_id,))
    if row is None:
        raise NotFound(thing="transfer_case")
    return _case_row(row)


def count_queue(session: Session, actor: Actor) -> QueueCounts:
    """Count what waits for a person, for the home page and the rail."""
    actor.require(Permission.PAYMENTS_READ)
    unknown = fetch_one(session, "select count(*) as total from transfer where state = 'unknown'")
    cases = fetch_all(
        session, "select kind, count(*) as total from transfer_case where closed_at is null group by kind order by kind"
    )
    return QueueCounts(int(unknown["total"]) if unknown else 0, {row["kind"]: row["total"] for row in cases})


def _paged(search: QueueSearch | CaseSearch) -> dict[str, Any]:
    return search.model_dump() | {"limit": min(max(search.limit, 1), LARGEST_PAGE), "skip": max(search.skip, 0)}


def _unknown_row(row: dict[str, Any]) -> UnknownRow:
    adapter = registry.ADAPTERS.get(row["adapter"])
    amount = Money(row.pop("amount_minor"), Currency(row.pop("currency")))
    phone = row.pop("party_phone")
    return UnknownRow(
        **row,
        amount=amount,
        party=mask_phone(phone) if phone else "",
        is_resend_safe=bool(adapter and adapter.is_resend_safe),
        not_seen_is_proof=bool(adapter and adapter.not_seen_is_proof),
        has_list=bool(adapter and "list" in adapter.offers),
    )


def _case_row(row: dict[str, Any]) -> CaseRow:
    minor, currency = row.pop("amount_minor"), row.pop("currency")
    return CaseRow(**row, amount=None if minor is None else Money(minor, Currency(currency)))
