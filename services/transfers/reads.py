"""Transfers as an operator reads them: numbers masked, exchanges only to who may read them. Reads only."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import ids
from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound, Refusal
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.phone import mask_phone, normalise
from core.settings import get_settings
from models.ledger import AccountKind
from services import ledger

LARGEST_PAGE = 200
LARGEST_EXPORT = 50_000
MOST_COUNTED = 10_000  # a longer list says «10 000»: nobody reads on, and counting costs as much as reading
MOST_ATTEMPTS = 100
SHORTEST_PREFIX = 6
REFERENCE_LENGTH = 26
OF_PERSONS = frozenset({AccountKind.WALLET, AccountKind.WALLET_RESERVED})

_PREFIX = re.compile(rf"[0-9A-HJKMNP-TV-Z]{{{SHORTEST_PREFIX},{REFERENCE_LENGTH}}}")
_NUMBER = re.compile(r"\+?[\d .()-]{8,20}")


@dataclass(frozen=True, slots=True)
class TransferSearch:
    """What narrows a list of transfers; what is empty narrows nothing. `until` is excluded."""

    text: str = ""
    direction: str = ""
    state: str = ""
    purpose: str = ""
    account_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One transfer in a list. `state_since` is when it came into its state; `party` is masked."""

    id: UUID
    reference: str
    direction: str
    purpose: str
    party: str
    party_name: str
    account_id: UUID
    account: str
    adapter: str
    environment: str
    amount: Money
    state: str
    reason: str
    created_at: datetime
    state_since: datetime
    next_read_at: datetime | None
    reads: int
    provider_ref: str


@dataclass(frozen=True, slots=True)
class TransferStep:
    """One transition of a transfer, and what proved it."""

    at: datetime
    from_state: str
    to_state: str
    cause: str
    reason: str
    detail: str
    attempt_id: UUID | None
    callback_id: UUID | None
    actor: str


@dataclass(frozen=True, slots=True)
class Relative:
    """A transfer that gives money back, or the one it gives back."""

    id: UUID
    reference: str
    direction: str
    state: str
    amount: Money
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TransferCard:
    """One transfer with everything but its exchanges and its entries."""

    line: TransferLine
    external_id: UUID
    subject_id: UUID
    source: str
    key: str
    method: str
    party_code: str
    label: str
    base_url: str
    provider_fee: Money
    provider_state: str
    submitted_at: datetime | None
    ended_at: datetime | None
    deadline_at: datetime | None
    is_held: bool
    asked_by: str
    parent: Relative | None
    children: tuple[Relative, ...]
    steps: tuple[TransferStep, ...]
    transactions: tuple[tuple[str, UUID], ...]

    @property
    def refundable(self) -> Money:
        """What may still go back: children that are not known yet count as gone."""
        open_or_gone = {"created", "submitted", "pending", "unknown", "succeeded"}
        taken = sum(child.amount.minor for child in self.children if child.state in open_or_gone)
        return Money(self.line.amount.minor - taken, self.line.amount.currency)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to the provider; request and answer are None to who may not read exchanges."""

    id: UUID
    n: int
    operation: str
    method: str
    url: str
    request: str | None
    response: str | None
    http_status: int | None
    sent_at: datetime
    answered_at: datetime | None
    answer: str
    error_kind: str


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One line of the ledger; debit positive. `what` says which of the transfer's transactions wrote it."""

    what: str
    transaction_id: UUID
    account_id: UUID
    kind: str
    label: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountName:
    """A contract with a provider, for a choice."""

    id: UUID
    code: str
    label: str


# Reads

_COLUMNS = """
    select t.*, a.label as account_label, a.code as account_code, coalesce(
        (select max(e.created_at) from transfer_event e where e.transfer_id = t.id), t.created_at) as state_since
"""


def list_transfers(
    session: Session, actor: Actor, search: TransferSearch, *, limit: int = 25, offset: int = 0
) -> tuple[list[TransferLine], int]:
    """Return transfers, newest first, and how many there are, up to `MOST_COUNTED`."""
    actor.require(Permission.PAYMENTS_READ)
    where, values = _where(search)
    page = {**values, "limit": min(limit, LARGEST_EXPORT), "offset": offset, "most": MOST_COUNTED}
    rows = fetch_all(
        session,
        f"""{_COLUMNS} from (
            select * from transfer t where {where} order by created_at desc, id desc limit %(limit)s offset %(offset)s
        ) t join provider_account a on a.id = t.account_id order by t.created_at desc, t.id desc""",
        page,
    )
    counted = fetch_one(
        session, f"select count(*) as total from (select 1 from transfer t where {where} limit %(most)s) c", page
    )
    return [transfer_line(row) for row in rows], int(counted["total"]) if counted else 0


def find_transfers(session: Session, actor: Actor, text: str, *, limit: int = 5) -> list[TransferLine]:
    """Return the transfers a reference (ours, its beginning, the provider's) or an id names exactly."""
    actor.require(Permission.PAYMENTS_READ)
    if _NUMBER.fullmatch(text.strip()):
        return []
    where, values = _where(TransferSearch(text=text))
    rows = fetch_all(
        session,
        f"""{_COLUMNS} from transfer t join provider_account a on a.id = t.account_id
        where {where} order by t.created_at desc limit %(limit)s""",
        {**values, "limit": limit},
    )
    return [transfer_line(row) for row in rows]


def list_account_names(session: Session, actor: Actor) -> list[AccountName]:
    """Return the accounts that ever moved money, by name."""
    actor.require(Permission.PAYMENTS_READ)
    rows = fetch_all(
        session,
        "select id, code, label from provider_account a"
        " where exists (select from transfer t where t.account_id = a.id) order by label, code",
    )
    return [AccountName(**row) for row in rows]


def get_transfer(session: Session, actor: Actor, transfer_id: UUID) -> TransferCard:
    """Return one transfer with its transitions, oldest first, and those it gives back or is given back by."""
    actor.require(Permission.PAYMENTS_READ)
    row = fetch_one(
        session,
        f"""{_COLUMNS}, trim(u.first_name || ' ' || u.last_name) as asked_by
        from transfer t join provider_account a on a.id = t.account_id left join users u on u.id = t.requested_by
        where t.id = %s""",
        (transfer_id,),
    )
    if row is None:
        raise NotFound(thing="transfer")
    steps = fetch_all(
        session, "select * from transfer_event where transfer_id = %s order by created_at, id", (transfer_id,)
    )
    family = fetch_all(
        session,
        "select * from transfer where id = %(parent)s or parent_id = %(id)s order by created_at, id",
        {"parent": row["parent_id"], "id": transfer_id},
    )
    return _card(row, steps, family)


def list_attempts(session: Session, actor: Actor, transfer_id: UUID) -> list[Attempt]:
    """Return the newest calls about a transfer, newest first."""
    actor.require(Permission.PAYMENTS_READ)
    may_read = actor.may(Permission.PAYMENTS_EXCHANGES_READ)
    rows = fetch_all(
        session,
        "select * from transfer_attempt where transfer_id = %s order by sent_at desc, n desc limit %s",
        (transfer_id, MOST_ATTEMPTS),
    )
    names = Attempt.__dataclass_fields__
    hidden = {} if may_read else {"request": None, "response": None}
    return [Attempt(**{name: {**row, **hidden}[name] for name in names}) for row in rows]


def list_entries(session: Session, actor: Actor, transfer_id: UUID) -> list[EntryLine]:
    """Return what a transfer wrote in the ledger, in order; a person's account is labelled with a masked number."""
    card = get_transfer(session, actor, transfer_id)
    found = []
    for what, transaction_id in card.transactions:
        transaction = ledger.get_transaction(session, transaction_id)
        for entry in transaction["entries"]:
            label = mask_phone(entry["label"]) if entry["kind"] in OF_PERSONS and entry["label"] else entry["label"]
            found.append(
                EntryLine(
                    what=what,
                    transaction_id=transaction_id,
                    account_id=entry["account_id"],
                    kind=entry["kind"],
                    label=label,
                    amount=Money(entry["amount"], Currency(entry["currency"])),
                    at=transaction["occurred_at"],
                )
            )
    return found


def transfer_line(row: dict[str, Any]) -> TransferLine:
    """Return a row of `transfer`, with its account and the age of its state, as a list shows it."""
    return TransferLine(
        id=row["id"],
        reference=row["reference"],
        direction=row["direction"],
        purpose=row["purpose"],
        party=mask_phone(row["party_phone"]) if row["party_phone"] else row["party_reference"],
        party_name=row["party_name"],
        account_id=row["account_id"],
        account=row["account_label"] or row["account_code"],
        adapter=row["adapter"],
        environment=row["environment"],
        amount=Money(row["amount_minor"], Currency(row["currency"])),
        state=row["state"],
        reason=row["reason"],
        created_at=row["created_at"],
        state_since=row["state_since"],
        next_read_at=row["next_read_at"],
        reads=row["reads"],
        provider_ref=row["provider_ref"] or "",
    )


def _where(search: TransferSearch) -> tuple[str, dict[str, Any]]:
    conditions = ["true"]
    values: dict[str, Any] = {}
    for name in ("direction", "state", "purpose", "account_id"):
        if getattr(search, name):
            conditions.append(f"t.{name} = %({name})s")
            values[name] = getattr(search, name)
    if search.since:
        conditions.append("t.created_at >= %(since)s")
        values["since"] = search.since
    if search.until:
        conditions.append("t.created_at < %(until)s")
        values["until"] = search.until
    if search.text.strip():
        condition, about = _named(search.text.strip())
        conditions.append(condition)
        values |= about
    return " and ".join(conditions), values


def _named(text: str) -> tuple[str, dict[str, Any]]:
    """Return the condition for what a person typed: an id, a number, a reference of ours or the provider's."""
    identifier = ids.parse_id(text)
    if identifier is not None:
        return "(t.id = %(text)s or t.external_id = %(text)s)", {"text": identifier}
    if _NUMBER.fullmatch(text):
        with suppress(Refusal):
            return "t.party_phone = %(text)s", {"text": normalise(text, get_settings().default_region).e164}
    plain = text.upper().replace(" ", "")
    first, last = plain, plain
    if _PREFIX.fullmatch(plain):
        first, last = plain.ljust(REFERENCE_LENGTH, "0"), plain.ljust(REFERENCE_LENGTH, "Z")
    # Account by account, since a provider's reference is unique in its own account only, and so is the index.
    return (
        """t.id in (
            select id from transfer where reference between %(first)s and %(last)s
            union all
            select o.id from provider_account p join transfer o on o.account_id = p.id
            where o.provider_ref = %(text)s)""",
        {"first": first, "last": last, "text": text},
    )


def _card(row: dict[str, Any], steps: list[dict[str, Any]], family: list[dict[str, Any]]) -> TransferCard:
    relatives = [(other["parent_id"] == row["id"], _relative(other)) for other in family]
    posted = (("hold", "hold_transaction_id"), ("post", "transaction_id"), ("reversal", "reversal_id"))
    copied = (
        *("external_id", "subject_id", "source", "key", "method", "party_code", "label", "base_url"),
        *("provider_state", "submitted_at", "ended_at", "deadline_at", "is_held"),
    )
    return TransferCard(
        line=transfer_line(row),
        provider_fee=Money(row["provider_fee_minor"], Currency(row["currency"])),
        asked_by=row["asked_by"] or row["actor"],
        parent=next((other for is_child, other in relatives if not is_child), None),
        children=tuple(other for is_child, other in relatives if is_child),
        steps=tuple(_step(step) for step in steps),
        transactions=tuple((what, row[column]) for what, column in posted if row[column] is not None),
        **{name: row[name] for name in copied},
    )


def _relative(row: dict[str, Any]) -> Relative:
    return Relative(
        id=row["id"],
        reference=row["reference"],
        direction=row["direction"],
        state=row["state"],
        amount=Money(row["amount_minor"], Currency(row["currency"])),
        created_at=row["created_at"],
    )


def _step(row: dict[str, Any]) -> TransferStep:
    return TransferStep(
        at=row["created_at"],
        from_state=row["from_state"],
        to_state=row["to_state"],
        cause=row["cause"],
        reason=row["reason"],
        detail=row["detail"],
        attempt_id=row["attempt_id"],
        callback_id=row["inbound_event_id"],
        actor=row["actor"],
    )
