"""Transfers in a list, and what narrows it: numbers masked. Reads only."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import ids
from core.database import Session, fetch_all, fetch_one
from core.errors import Refusal
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.phone import mask_phone, normalise
from core.settings import get_settings

LARGEST_EXPORT = 50_000
MOST_COUNTED = 10_000  # a longer list says «10 000»: nobody reads on, and counting costs as much as reading
SHORTEST_PREFIX = 6
REFERENCE_LENGTH = 26

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
class AccountName:
    """A contract with a provider, for a choice."""

    id: UUID
    code: str
    label: str


# Reads

# What `transfer_line` reads, to put before `from transfer t join provider_account a`.
COLUMNS = """
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
        f"""{COLUMNS} from (
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
        f"""{COLUMNS} from transfer t join provider_account a on a.id = t.account_id
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
