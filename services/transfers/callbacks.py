"""What the outside called back, as an operator reads it: a hint each, its body masked. Reads only."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.masking import DOTS, mask, mask_text
from core.permissions import Actor, Permission
from services.transfers.reads import LARGEST_PAGE, MOST_COUNTED

LARGEST_SHOWN = 16 * 1024

# What stands in an address for a proof: our own tokens, 22 characters or more of base64url.
_TOKEN = re.compile(r"(?<=/)[\w-]{22,}(?=/|$)")
_OPEN_HEADERS = frozenset({"accept", "content-type", "content-length", "date", "host", "user-agent", "content-digest"})


@dataclass(frozen=True, slots=True)
class CallbackSearch:
    """What narrows the callbacks; what is empty narrows nothing. `until` is excluded."""

    account_id: UUID | None = None
    transfer_id: UUID | None = None
    source: str = ""
    authenticity: str = ""
    is_accepted: bool | None = None
    is_handled: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallbackLine:
    """One callback. `repeats` is how often the same came again; `account` is empty while nobody is known behind it."""

    id: UUID
    source: str
    account: str
    authenticity: str
    is_accepted: bool
    claimed_state: str
    outcome: str
    received_at: datetime
    handled_at: datetime | None
    repeats: int
    transfer_id: UUID | None
    reference: str

    @property
    def delay_s(self) -> float | None:
        """How long it waited for somebody to act on it; None while it waits."""
        return None if self.handled_at is None else (self.handled_at - self.received_at).total_seconds()


@dataclass(frozen=True, slots=True)
class CallbackCard:
    """One callback as it came, without tokens, secrets and numbers; `body` is None to who may not read exchanges."""

    line: CallbackLine
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str | None
    size: int


# Reads

_COLUMNS = """
    select e.*, coalesce(nullif(a.label, ''), a.code, '') as account, coalesce(t.reference, '') as reference,
           length(e.body) as size
"""
_TABLES = """
    left join provider_account a on a.id = e.account_id left join transfer t on t.id = e.transfer_id
"""
# Delivery reports of messages come through the same table; they are the outbox's.
_OF_MONEY = "e.message_id is null"


def list_callbacks(
    session: Session, actor: Actor, search: CallbackSearch, *, limit: int = 25, offset: int = 0
) -> tuple[list[CallbackLine], int]:
    """Return callbacks, newest first, and how many there are, up to `MOST_COUNTED`."""
    actor.require(Permission.PAYMENTS_READ)
    where, values = _where(search)
    page = {**values, "limit": min(limit, LARGEST_PAGE), "offset": offset, "most": MOST_COUNTED}
    rows = fetch_all(
        session,
        f"""{_COLUMNS} from (
            select * from inbound_event e where {where}
            order by received_at desc, id desc limit %(limit)s offset %(offset)s
        ) e {_TABLES} order by e.received_at desc, e.id desc""",
        page,
    )
    counted = fetch_one(
        session, f"select count(*) as total from (select 1 from inbound_event e where {where} limit %(most)s) c", page
    )
    return [_line(row) for row in rows], int(counted["total"]) if counted else 0


def list_sources(session: Session, actor: Actor) -> list[str]:
    """Return the sources callbacks may come from: the adapters of our accounts."""
    actor.require(Permission.PAYMENTS_READ)
    return [
        row["adapter"] for row in fetch_all(session, "select distinct adapter from provider_account order by adapter")
    ]


def get_callback(session: Session, actor: Actor, callback_id: UUID) -> CallbackCard:
    """Return one callback."""
    actor.require(Permission.PAYMENTS_READ)
    row = fetch_one(session, f"{_COLUMNS} from inbound_event e {_TABLES} where e.id = %s", (callback_id,))
    if row is None:
        raise NotFound(thing="callback")
    may_read = actor.may(Permission.PAYMENTS_EXCHANGES_READ)
    return CallbackCard(
        line=_line(row),
        method=row["method"],
        path=_TOKEN.sub(DOTS, row["path"]),
        headers=tuple(_headers(row["headers"])),
        body=masked_body(bytes(row["body"])) if may_read else None,
        size=row["size"],
    )


def masked_body(body: bytes) -> str:
    """Return a body fit to be shown: secrets by their name, numbers and e-mails by their form."""
    text = body[:LARGEST_SHOWN].decode("utf-8", "replace").replace("\0", "")
    try:
        return json.dumps(mask(json.loads(text)), ensure_ascii=False, indent=2)
    except ValueError:
        return mask_text(text)


def _headers(headers: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headers by name; what could be a proof is dots."""
    return [
        (name, mask_text(str(value)) if name.lower() in _OPEN_HEADERS else DOTS)
        for name, value in sorted(headers.items())
    ]


def _line(row: dict[str, Any]) -> CallbackLine:
    return CallbackLine(**{name: row[name] for name in CallbackLine.__dataclass_fields__})


def _where(search: CallbackSearch) -> tuple[str, dict[str, Any]]:
    conditions = [_OF_MONEY]
    values: dict[str, Any] = {}
    for name in ("account_id", "transfer_id", "source", "authenticity"):
        if getattr(search, name):
            conditions.append(f"e.{name} = %({name})s")
            values[name] = getattr(search, name)
    if search.is_accepted is not None:
        conditions.append("e.is_accepted" if search.is_accepted else "not e.is_accepted")
    if search.is_handled is not None:
        conditions.append("e.handled_at is not null" if search.is_handled else "e.handled_at is null")
    for name, sign in (("since", ">="), ("until", "<")):
        if getattr(search, name):
            conditions.append(f"e.received_at {sign} %({name})s")
            values[name] = getattr(search, name)
    return " and ".join(conditions), values
