"""Money operations, as an operator reads them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.permissions import Actor, Permission
from models.ledger import AccountKind
from models.wallets import OperationType
from services import ledger
from services.shown import LARGEST_PAGE, full_name, outside_name, phone_for

WALLET_KINDS = frozenset({AccountKind.WALLET, AccountKind.WALLET_RESERVED})

# Reads


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One money operation; the two persons (or who is paid outside) are named, numbers masked for a reader."""

    id: UUID
    created_at: datetime
    reference: str
    type: OperationType
    state: str
    amount: Money
    fee: Money
    payer_id: UUID
    payer_name: str
    payer_phone: str
    payee_id: UUID | None
    payee_name: str
    payee_phone: str
    is_repeat_confirmed: bool
    transaction_id: UUID | None
    session_id: UUID | None


_OPERATIONS = """
from ussd_operation o
join wallet pw on pw.id = o.payer_id join users payer on payer.id = pw.user_id
left join wallet ew on ew.id = o.payee_id left join users payee on payee.id = ew.user_id
"""

_OPERATION_COLUMNS = """
select o.*, payer.id as payer_user, payer.first_name as payer_first, payer.last_name as payer_last,
       payer.phone as payer_phone, payee.id as payee_user, payee.first_name as payee_first,
       payee.last_name as payee_last, payee.phone as payee_phone
"""

# Two index scans instead of an `or` over two columns.
_OF_PERSON = """
where (%(user)s::uuid is null or o.id in (
    select id from ussd_operation where payer_id in (select id from wallet where user_id = %(user)s)
    union all
    select id from ussd_operation where payee_id in (select id from wallet where user_id = %(user)s)))
  and (%(state)s = '' or o.state = %(state)s)
  and (%(reference)s = '' or o.reference = upper(%(reference)s))
  and (%(kind)s = '' or o.type = %(kind)s)
  and (not %(repeats)s or o.repeat_confirmed)
"""


def list_operations(  # noqa: PLR0913  # what narrows a list
    session: Session,
    actor: Actor,
    *,
    user_id: UUID | None = None,
    state: str = "",
    reference: str = "",
    kind: str = "",
    are_repeats: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> list[OperationRow]:
    """Return operations, newest first, of one person (sent and received) or of everybody.

    `are_repeats` keeps those whose payer said «once more».
    """
    actor.require(Permission.SUBSCRIBERS_READ)
    asked = _asked(user_id, state, reference, kind, are_repeats=are_repeats)
    rows = fetch_all(
        session,
        f"{_OPERATION_COLUMNS}{_OPERATIONS}{_OF_PERSON}"
        "order by o.created_at desc, o.id desc limit %(limit)s offset %(offset)s",
        {**asked, "limit": min(limit, LARGEST_PAGE), "offset": offset},
    )
    return [_operation(actor, row) for row in rows]


def count_operations(
    session: Session,
    actor: Actor,
    *,
    user_id: UUID | None = None,
    state: str = "",
    reference: str = "",
    kind: str = "",
    are_repeats: bool = False,
) -> int:
    """Return how many operations `list_operations` pages through."""
    actor.require(Permission.SUBSCRIBERS_READ)
    asked = _asked(user_id, state, reference, kind, are_repeats=are_repeats)
    row = fetch_one(session, f"select count(*) as found from ussd_operation o {_OF_PERSON}", asked)
    return int(row["found"]) if row else 0


def get_operation(session: Session, actor: Actor, operation_id: UUID) -> tuple[OperationRow, dict[str, Any] | None]:
    """Return an operation and its ledger transaction with entries (None when nothing was posted)."""
    actor.require(Permission.SUBSCRIBERS_READ)
    row = fetch_one(session, f"{_OPERATION_COLUMNS}{_OPERATIONS}where o.id = %s", (operation_id,))
    if row is None:
        raise NotFound(thing="operation")
    operation = _operation(actor, row)
    if operation.transaction_id is None:
        return operation, None
    return operation, ledger.get_transaction(session, operation.transaction_id)


def _asked(user_id: UUID | None, state: str, reference: str, kind: str, *, are_repeats: bool) -> dict[str, Any]:
    return {"user": user_id, "state": state, "reference": reference.strip(), "kind": kind, "repeats": are_repeats}


def _operation(actor: Actor, row: dict[str, Any]) -> OperationRow:
    currency = Currency(row["currency"])
    return OperationRow(
        id=row["id"],
        created_at=row["created_at"],
        reference=row["reference"],
        type=OperationType(row["type"]),
        state=row["state"],
        amount=Money(row["amount_minor"], currency),
        fee=Money(row["fee_minor"], currency),
        payer_id=row["payer_user"],
        payer_name=full_name(row["payer_first"], row["payer_last"]),
        payer_phone=phone_for(actor, row["payer_phone"]),
        payee_id=row["payee_user"],
        payee_name=full_name(row["payee_first"] or "", row["payee_last"] or "")
        or outside_name(actor, row["party"], row["party_name"]),
        payee_phone=phone_for(actor, row["payee_phone"]),
        is_repeat_confirmed=row["repeat_confirmed"],
        transaction_id=row["transaction_id"],
        session_id=row["session_id"],
    )
