"""Who does not want to be written to, and whom no network can reach.

A person's STOP ends reminders and information; codes and money receipts still go. What the network itself blocks, and
an address that does not exist, end everything (`is_absolute`). Who was erased stays left alone: a keyed digest stands
where his address was.
"""

import base64
import binascii
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.phone import mask_email, mask_phone, normalise
from core.security import UnreadableSecretError, input_mac, open_secret, seal_secret
from core.settings import get_settings
from models.messages import Channel
from services import audit

Cause = Literal["stop", "provider", "bounce", "operator", "link"]

STOP_WORDS = frozenset({"STOP", "ARRET", "DESABONNER"})
START_WORDS = frozenset({"START", "REPRENDRE"})
LARGEST_PAGE = 200
# Who wants no SMS wants no screen that interrupts him either.
HELD_BY: dict[str, tuple[str, ...]] = {Channel.USSD: (Channel.USSD, Channel.SMS)}

_CONTEXT = "message:unsubscribe"
_ERASED = "mac:"


class SuppressAddress(Order):
    """An operator was asked to stop writing to an address."""

    channel: Channel
    address: str
    reason: str


def digest_of(address: str) -> str:
    """Return what stands for an address once its owner is erased: it is found again by who knows it, and not read."""
    return f"{_ERASED}{input_mac('erased', address).hex()}"


_OPEN = """
insert into suppression (id, created_at, channel, address, cause, is_absolute, detail)
values (%s, %s, %s, %s, %s, %s, %s)
on conflict (channel, address) where ended_at is null
do update set is_absolute = suppression.is_absolute or excluded.is_absolute
returning id
"""


def suppress(
    session: Session, channel: Channel | str, address: str, cause: Cause, *, detail: str = "", is_absolute: bool = False
) -> UUID:
    """Write no more to an address on a channel; one that is suppressed stays so."""
    session.flush()
    values = (ids.new_id(), clock.now(), str(channel), address, cause, is_absolute, detail)
    row = driver(session).execute(_OPEN, values).fetchone()
    assert row is not None  # noqa: S101  # an upsert returns its row
    found: UUID = row[0]
    return found


def resume(session: Session, channel: Channel | str, address: str) -> bool:
    """Write to an address again because its owner asks; what the network blocks stays blocked until it says otherwise.

    A person who writes to us has an address that exists: whatever bounced before is over too.
    """
    session.flush()
    ended = driver(session).execute(
        """
        update suppression set ended_at = %s
        where channel = %s and address in (%s, %s) and ended_at is null and cause <> 'operator'
        """,
        (clock.now(), str(channel), address, digest_of(address)),
    )
    return ended.rowcount > 0


def is_suppressed(session: Session, channel: Channel | str, address: str, priority: int) -> bool:
    """Say whether a message of this priority may not go there."""
    row = fetch_one(
        session,
        """
        select bool_or(is_absolute) as is_absolute from suppression
        where channel = any(%s) and address in (%s, %s) and ended_at is null having count(*) > 0
        """,
        ([*HELD_BY.get(channel, (str(channel),))], address, digest_of(address)),
    )
    return row is not None and (row["is_absolute"] or priority > 1)


def read_word(text: str) -> Literal["stop", "start", ""]:
    """Return whether a whole message is one of the words that stop or start; accents and case do not count."""
    plain = "".join(
        mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.category(mark).startswith(("M", "C"))
    )
    word = plain.strip().rstrip(".!…").strip().upper()
    return "stop" if word in STOP_WORDS else "start" if word in START_WORDS else ""


def obey(session: Session, channel: Channel, address: str, text: str) -> str:
    """Do what an inbound word asks; return which it was, or nothing."""
    word = read_word(text)
    if word == "stop":
        suppress(session, channel, address, "stop")
    elif word == "start":
        resume(session, channel, address)
    return word


def suppress_by_hand(session: Session, actor: Actor, order: SuppressAddress) -> UUID:
    """Stop writing to an address because its owner asked a person of ours."""
    actor.require(Permission.MESSAGES_WRITE)
    address = order.address.strip()
    if order.channel in {Channel.SMS, Channel.WHATSAPP}:  # messages know numbers in one spelling only
        address = normalise(address, get_settings().ussd_country).e164
    done = suppress(session, order.channel, address, "operator", detail=order.reason)
    audit.record(session, actor, "suppression.open", "suppression", done, order.channel)
    return done


def end_suppression(session: Session, actor: Actor, suppression_id: UUID, reason: str = "") -> bool:
    """Write to an address again; why stays in the trail."""
    actor.require(Permission.MESSAGES_WRITE)
    ended = driver(session).execute(
        "update suppression set ended_at = %s where id = %s and ended_at is null", (clock.now(), suppression_id)
    )
    if not ended.rowcount:
        raise NotFound(thing="suppression")
    audit.record(session, actor, "suppression.end", "suppression", suppression_id, reason)
    return True


_FORGET = (
    # A number erased twice had its word kept the first time.
    """
    delete from suppression s where s.address = %(address)s and (s.ended_at is not null or exists (
        select 1 from suppression k where k.channel = s.channel and k.address = %(digest)s and k.ended_at is null))
    """,
    "update suppression set address = %(digest)s, detail = '' where address = %(address)s",
)


def forget(session: Session, address: str) -> None:
    """Forget an address and keep its owner's word: what is suppressed stays so, under a digest."""
    for statement in _FORGET:
        driver(session).execute(statement, {"address": address, "digest": digest_of(address)})


# The link of a mail


def unsubscribe_token(address: str) -> str:
    """Return what stands in the link that ends mails to an address; it says nothing to who reads it."""
    return base64.urlsafe_b64encode(seal_secret(address, _CONTEXT)).decode().rstrip("=")


def unsubscribe(session: Session, token: str) -> None:
    """Send no more reminders to the address of a link."""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        address = open_secret(sealed, _CONTEXT)
    except (UnreadableSecretError, binascii.Error, ValueError) as error:
        raise NotFound(thing="unsubscribe") from error
    suppress(session, Channel.EMAIL, address, "link")


# Reads


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """One address that is not written to, masked."""

    id: UUID
    at: datetime
    channel: str
    address: str
    cause: str
    is_absolute: bool
    detail: str
    ended_at: datetime | None


_WHERE = """
(%(search)s = '' or address in (%(search)s, %(digest)s)) and (%(channel)s = '' or channel = %(channel)s)
  and (%(cause)s = '' or cause = %(cause)s) and (%(ended)s or ended_at is null)
"""


def list_suppressions(
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    channel: str = "",
    cause: str = "",
    with_ended: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> list[SuppressionRow]:
    """Return who is not written to, the newest first; `search` is an exact address."""
    actor.require(Permission.OUTBOX_READ)
    asked = _asked(search, channel, cause, with_ended=with_ended)
    found = fetch_all(
        session,
        f"select * from suppression where {_WHERE} order by created_at desc, id limit %(limit)s offset %(offset)s",
        asked | {"limit": min(limit, LARGEST_PAGE), "offset": offset},
    )
    return [
        SuppressionRow(
            id=row["id"],
            at=row["created_at"],
            channel=row["channel"],
            address=_masked(row["channel"], row["address"]),
            **{name: row[name] for name in ("cause", "is_absolute", "detail", "ended_at")},
        )
        for row in found
    ]


def count_suppressions(
    session: Session, actor: Actor, *, search: str = "", channel: str = "", cause: str = "", with_ended: bool = False
) -> int:
    """Return how many `list_suppressions` would page through."""
    actor.require(Permission.OUTBOX_READ)
    asked = _asked(search, channel, cause, with_ended=with_ended)
    found = fetch_one(session, f"select count(*) as rows from suppression where {_WHERE}", asked)
    return int(found["rows"]) if found else 0


def _asked(search: str, channel: str, cause: str, *, with_ended: bool) -> dict[str, object]:
    search = search.strip()
    return {
        "search": search, "digest": digest_of(search), "channel": channel, "cause": cause, "ended": with_ended
    }  # fmt: skip


def _masked(channel: str, address: str) -> str:
    if address.startswith(_ERASED):
        return t("effacée")
    return mask_email(address) if channel == Channel.EMAIL else mask_phone(address)
