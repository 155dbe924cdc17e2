"""The ledger's verbs: the only code that moves money (`docs/architecture.md`, Money).

Every posting is one SQL function and one round trip. The caller makes the key; the same key with the same content gives
the stored result, with other content `KeyReused`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, event

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import Conflict, NotFound, Refusal
from core.money import Currency, Money
from core.permissions import Actor, Permission
from models.ledger import HOUSE_KINDS, SIDES, AccountKind, Source
from services import audit

LARGEST_BATCH = 1_000

_FLOOR = "ck_ledger_account_floor"
_AMOUNT = "ck_ledger_entry_amount"


class InsufficientFunds(Refusal):
    """An account would fall under its floor; nothing was posted."""

    code = "solde_insuffisant"
    sentence = "Solde insuffisant. Rien n'a été débité."


class KeyReused(Conflict):
    """The key of this posting was used before, for other content."""


class UnbalancedPosting(ValueError):  # noqa: N818  # named like the refusals beside it
    """Legs that do not sum to zero, or are zero, or name an account twice, unknown or of another currency: a bug."""


class AlreadyReversed(Refusal):
    """A transaction is reversed at most once, and a reversal never."""

    code = "deja_annulee"
    status = 409
    sentence = "Cette opération est déjà annulée."


class CarriedByTransfer(Refusal):
    """A provider moved this money: an opposite entry of ours would not move it back."""

    code = "porte_par_transfert"
    status = 409
    sentence = "Un opérateur a porté cet argent : il se rend par « Rembourser », sur la page du transfert."


@dataclass(frozen=True, slots=True)
class Leg:
    """One line to post: debit positive, credit negative."""

    account_id: UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class Posting:
    """One movement of money, asked for once under (`source`, `key`); what no caller names can still be said aloud."""

    source: Source
    key: str
    kind: str
    legs: tuple[Leg, ...]
    reference: str = field(default_factory=lambda: ids.reference("GL"))
    actor: str = ""
    occurred_at: datetime | None = None
    reverses_id: UUID | None = None
    id: UUID = field(default_factory=ids.new_id)


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted, now or before: balances on each account's own side, house accounts left out."""

    id: UUID
    is_replay: bool
    balances: dict[UUID, int] = field(default_factory=dict)


class ReverseTransaction(BaseModel):
    """An operator's order to post the exact opposite of a transaction."""

    model_config = ConfigDict(frozen=True)

    key: str
    transaction_id: UUID
    reason: str


def post(session: Session, posting: Posting) -> Posted:
    """Post one transaction in one round trip.

    Raises `InsufficientFunds`, `KeyReused` or `UnbalancedPosting`; the surrounding transaction is then to be abandoned.
    """
    _check_currencies(posting.legs)
    now = clock.now()
    with _refusals():
        row = (
            driver(session)
            .execute(
                "select * from ledger_post(%s, %s, %s, %s, %s, %s, %s, %s, %s::uuid[], %s::bigint[], %s::text[], %s)",
                (
                    posting.id,
                    posting.source,
                    posting.key,
                    posting.kind,
                    posting.reference,
                    posting.actor,
                    posting.occurred_at or now,
                    now,
                    [leg.account_id for leg in posting.legs],
                    [leg.amount.minor for leg in posting.legs],
                    [leg.amount.currency for leg in posting.legs],
                    posting.reverses_id,
                ),
            )
            .fetchone()
        )
    assert row is not None  # noqa: S101  # a function with OUT parameters always returns one row
    transaction_id, is_replay, accounts, balances = row
    return Posted(transaction_id, is_replay, dict(zip(accounts or (), balances or (), strict=True)))


def post_many(session: Session, postings: Sequence[Posting]) -> list[Posted]:
    """Post up to 1 000 transactions of one source and actor in one round trip; all or none. Balances are left out."""
    if not postings:
        return []
    first = postings[0]
    for posting in postings:
        _check_currencies(posting.legs)
        if (posting.source, posting.actor, posting.reverses_id) != (first.source, first.actor, None):
            raise ValueError("a batch has one source, one actor and no reversal")
    now = clock.now()
    lines = [(position, leg) for position, posting in enumerate(postings, start=1) for leg in posting.legs]
    with _refusals():
        rows = (
            driver(session)
            .execute(
                "select * from ledger_post_many(%s, %s, %s, %s::uuid[], %s::text[], %s::text[], %s::text[],"
                " %s::timestamptz[], %s::int[], %s::uuid[], %s::bigint[], %s::text[])",
                (
                    first.source,
                    first.actor,
                    now,
                    [posting.id for posting in postings],
                    [posting.key for posting in postings],
                    [posting.kind for posting in postings],
                    [posting.reference for posting in postings],
                    [posting.occurred_at or now for posting in postings],
                    [position for position, _ in lines],
                    [leg.account_id for _, leg in lines],
                    [leg.amount.minor for _, leg in lines],
                    [leg.amount.currency for _, leg in lines],
                ),
            )
            .fetchall()
        )
    return [Posted(transaction_id, is_replay) for transaction_id, is_replay in rows]


def reverse(session: Session, actor: Actor, order: ReverseTransaction) -> Posted:
    """Post the exact opposite of a transaction, once; neither a reversal nor what a transfer posted is reversed."""
    actor.require(Permission.LEDGER_REVERSE)
    original = fetch_one(session, "select * from ledger_transaction where id = %s", (order.transaction_id,))
    if original is None:
        raise NotFound(thing="transaction")
    require_inside(session, original["key"], Source(original["source"]))
    taken = fetch_one(
        session, "select source, key from ledger_transaction where reverses_id = %s", (order.transaction_id,)
    )
    is_same_order = taken is not None and (taken["source"], taken["key"]) == (original["source"], order.key)
    if original["reverses_id"] is not None or (taken is not None and not is_same_order):
        raise AlreadyReversed
    entries = fetch_all(
        session,
        "select account_id, currency, amount from ledger_entry where transaction_id = %s",
        (order.transaction_id,),
    )
    posted = post(
        session,
        Posting(
            source=Source(original["source"]),
            key=order.key,
            kind="reversal",
            legs=tuple(Leg(row["account_id"], Money(-row["amount"], Currency(row["currency"]))) for row in entries),
            reference=original["reference"],
            actor=actor.name,
            reverses_id=order.transaction_id,
        ),
    )
    if not posted.is_replay:
        audit.record(
            session, actor, "ledger.reverse", "ledger_transaction", str(order.transaction_id), summary=order.reason
        )
    return posted


def require_inside(session: Session, key: str, *sources: Source) -> None:
    """Refuse with `CarriedByTransfer` what was posted, reserved, ended or given back under the key of a transfer."""
    keys = [key, key.removesuffix(":end"), key.removesuffix(":back")]
    asked = {"sources": list(sources or Source), "keys": keys}
    if fetch_one(session, "select 1 from transfer where source = any(%(sources)s) and key = any(%(keys)s)", asked):
        raise CarriedByTransfer


def reserve(session: Session, available: UUID, reserved: UUID, amount: Money, claim: Posting) -> Posted:
    """Hold `amount` of an account aside; `claim` names the source, key and kind, its legs are made here."""
    return post(session, replace(claim, legs=(Leg(available, amount), Leg(reserved, -amount))))


def post_reserved(session: Session, reserved: UUID, credits_to: Sequence[Leg], claim: Posting) -> Posted:
    """Spend a reserve: `credits_to` (credit legs, negative) receive what leaves `reserved`.

    `claim.key` must be the one `void` would use for the same reserve: only the first of the two can ever be posted.
    """
    currency = credits_to[0].amount.currency
    total = Money(-sum(leg.amount.minor for leg in credits_to), currency)
    return post(session, replace(claim, legs=(Leg(reserved, total), *credits_to)))


def void(session: Session, available: UUID, reserved: UUID, amount: Money, claim: Posting) -> Posted:
    """Give a reserve back; see `post_reserved` for the key."""
    return post(session, replace(claim, legs=(Leg(reserved, amount), Leg(available, -amount))))


def open_account(
    session: Session,
    kind: AccountKind,
    owner_type: str,
    owner_id: UUID | None,
    currency: Currency,
    *,
    label: str = "",
) -> UUID:
    """Open the account of one purpose and owner, or return the one that exists."""
    is_house = kind in HOUSE_KINDS
    row = (
        driver(session)
        .execute(
            "select ledger_open_account(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                ids.new_id(),
                kind,
                SIDES[kind],
                owner_type,
                owner_id,
                currency,
                label,
                None if is_house else 0,
                is_house,
                clock.now(),
            ),
        )
        .fetchone()
    )
    assert row is not None  # noqa: S101  # a scalar function returns one row
    return UUID(str(row[0]))


_house_accounts: WeakKeyDictionary[Engine, dict[tuple[object, ...], UUID]] = WeakKeyDictionary()


def house_account(
    session: Session,
    kind: AccountKind,
    currency: Currency,
    owner_type: str = "platform",
    owner_id: UUID | None = None,
) -> UUID:
    """Return a house account, opened at first use; remembered by the process once the opening is committed."""
    known = _house_accounts.setdefault(session.get_bind().engine, {})
    place = (kind, owner_type, owner_id, currency)
    if place in known:
        return known[place]
    account_id = open_account(session, kind, owner_type, owner_id, currency)

    def remember(committed: Session) -> None:
        if not committed.in_nested_transaction():  # the end of a later savepoint is no commit
            known[place] = account_id

    if not session.in_nested_transaction():  # what a savepoint opened may be undone and the rest committed
        event.listen(session, "after_commit", remember, once=True)
    return account_id


def lock_balances(session: Session, account_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Lock accounts in ascending id order until the transaction ends; return their balances in minor units."""
    rows = driver(session).execute("select * from ledger_lock(%s::uuid[])", (list(account_ids),)).fetchall()
    return {account_id: int(balance) for account_id, balance in rows}


def seal_next(session: Session, *, most: int = 50_000) -> int:
    """Seal up to `most` entries and bring the house snapshots to the same point; return how many were sealed.

    Raises psycopg's `LockNotAvailable` when a posting was in flight too long: try again later.
    """
    connection = driver(session)
    connection.execute("set local lock_timeout = '250ms'")
    row = connection.execute("select ledger_seal_next(%s, %s)", (clock.now(), most)).fetchone()
    return int(row[0]) if row else 0


def _check_currencies(legs: Sequence[Leg]) -> None:
    totals: dict[Currency, int] = {}
    for leg in legs:
        totals[leg.amount.currency] = totals.get(leg.amount.currency, 0) + leg.amount.minor
    if any(totals.values()):
        raise UnbalancedPosting(totals)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the posting functions raise into the ledger's refusals."""
    try:
        yield
    except psycopg.errors.CheckViolation as error:
        if error.diag.constraint_name == _FLOOR:
            raise InsufficientFunds from error
        if error.diag.constraint_name == _AMOUNT:
            raise UnbalancedPosting(str(error)) from error
        raise
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == "uq_ledger_transaction_reverses_id":
            raise AlreadyReversed from error
        raise
    except psycopg.DatabaseError as error:
        if error.sqlstate == "PL001":
            raise KeyReused from error
        if error.sqlstate == "PL002":
            raise UnbalancedPosting(str(error)) from error
        raise


# Reads


def get_balance(session: Session, account_id: UUID) -> Money:
    """Return an account's balance on its own side, house accounts included."""
    row = fetch_one(
        session,
        "select currency, ledger_balance(id) as balance from ledger_account where id = %s",
        (account_id,),
    )
    if row is None:
        raise NotFound(thing="account")
    return Money(int(row["balance"]), Currency(row["currency"]))


def get_transaction(session: Session, transaction_id: UUID) -> dict[str, Any]:
    """Return one transaction with its entries and their accounts."""
    found = fetch_one(session, "select * from ledger_transaction where id = %s", (transaction_id,))
    if found is None:
        raise NotFound(thing="transaction")
    entries = fetch_all(
        session,
        """
        select e.id, e.account_id, e.currency, e.amount, e.balance_after,
               a.kind, a.side, a.label, a.owner_type, a.owner_id
        from ledger_entry e join ledger_account a on a.id = e.account_id
        where e.transaction_id = %s order by e.amount desc, e.id
        """,
        (transaction_id,),
    )
    reversal = fetch_one(session, "select id from ledger_transaction where reverses_id = %s", (transaction_id,))
    return {**found, "entries": entries, "reversed_by_id": reversal["id"] if reversal else None}
