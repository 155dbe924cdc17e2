"""Notes to content providers leave: signed, once claimed by one worker, tried again for two days.

A note may come twice (its `id` is the same): an answer lost on the way is a note sent again.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from core import clock
from core.database import Database, Session, fetch_all, fetch_one
from core.errors import NotFound
from core.permissions import Actor, Permission
from core.security import open_secret
from core.states import transition
from models.offers import HOOK_STEPS, HookState, ServiceHook
from providers import http
from providers.http import NoAnswer
from services import audit, hosts
from services.catalogue import secret_context

TIMEOUT_S = 8.0
LEASE = timedelta(seconds=60)
BATCH = 5  # one after the other, each within its time, all within the lease
LARGEST_ANSWER_BYTES = 64 * 1024
SUCCESS = range(200, 300)
PAUSES = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
ID_HEADER, SIGNATURE_HEADER = "X-Palabre-Event-Id", "X-Palabre-Signature"


@dataclass(frozen=True, slots=True)
class Errand:
    """One note on its way, with what it takes to send it."""

    id: UUID
    url: str
    body: str
    is_private: bool | None
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HookRow:
    """One note as an operator reads it."""

    id: UUID
    event: str
    state: HookState
    tries: int
    next_try_at: datetime
    sent_at: datetime | None
    answer: str
    created_at: datetime


def sign(secret: str, at: datetime, body: str) -> str:
    """Return `t=…,v1=…`: HMAC-SHA256 over the second it was signed, a dot and the body."""
    second = int(at.timestamp())
    return f"t={second},v1={hmac.digest(secret.encode(), f'{second}.{body}'.encode(), 'sha256').hex()}"


def send_due(database: Database) -> int:
    """Send what is due and return how many notes were tried; the network is called outside every transaction."""
    with database.transaction() as session:
        errands = _claim(session)
    for errand in errands:
        answer = _send(errand)
        with database.transaction() as session:
            _settle(session, errand.id, answer)
    return len(errands)


def send_again(session: Session, actor: Actor, hook_id: UUID) -> UUID:
    """Put a note that was given up back in the queue."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    row = session.get(ServiceHook, hook_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(thing="service_hook")
    transition(row, HOOK_STEPS, HookState.QUEUED)
    row.tries, row.next_try_at = 0, clock.now()
    session.add(row)
    audit.record(session, actor, "service_hook.again", "service_hook", row.id, row.event)
    return hook_id


def _claim(session: Session) -> list[Errand]:
    now = clock.now()
    rows = fetch_all(
        session,
        """
        update service_hook h set next_try_at = %(lease)s, tries = tries + 1
        from catalog_service c
        where c.id = h.service_id and h.id in (
            select id from service_hook where state = 'queued' and next_try_at <= %(now)s
            order by next_try_at limit %(most)s for no key update skip locked)
        returning h.id, h.body, c.id as service_id, c.webhook_url, c.webhook_secret
        """,
        {"lease": now + LEASE, "now": now, "most": BATCH},
    )
    return [_errand(session, row) for row in rows]


def _errand(session: Session, row: Mapping[str, object]) -> Errand:
    url, sealed, service_id = str(row["webhook_url"]), row["webhook_secret"], row["service_id"]
    secret = (
        open_secret(sealed, secret_context(service_id))
        if isinstance(sealed, bytes) and isinstance(service_id, UUID)
        else ""
    )
    return Errand(UUID(str(row["id"])), url, str(row["body"]), hosts.find_listed(session, url) if url else None, secret)


def _send(errand: Errand) -> str:
    """Send one note and return how it was answered: empty when it was taken."""
    if errand.is_private is None:
        return "host_not_allowed"
    try:
        address = hosts.choose_address(errand.url, is_private=errand.is_private)
    except hosts.AddressRefusedError as error:
        return str(error)
    headers = {"Content-Type": "application/json", ID_HEADER: str(errand.id)}
    if errand.secret:
        headers[SIGNATURE_HEADER] = sign(errand.secret, clock.now(), errand.body)
    answer = http.call_at(
        "POST",
        errand.url,
        address,
        headers=headers,
        content=errand.body.encode(),
        total_timeout_s=TIMEOUT_S,
        largest_answer_bytes=LARGEST_ANSWER_BYTES,
    )
    if isinstance(answer, NoAnswer):
        return answer.kind
    return "" if answer.status in SUCCESS else f"HTTP {answer.status}"


def _settle(session: Session, hook_id: UUID, answer: str) -> None:
    row = session.get(ServiceHook, hook_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != HookState.QUEUED:
        return
    now = clock.now()
    row.answer = answer
    if not answer:
        transition(row, HOOK_STEPS, HookState.SENT)
        row.sent_at, row.body = now, ""  # whose number it was is the provider's to know from now on
    elif row.tries > len(PAUSES):
        transition(row, HOOK_STEPS, HookState.FAILED)
    else:
        row.next_try_at = now + PAUSES[row.tries - 1]
    session.add(row)


# Reads


def list_hooks(
    session: Session, actor: Actor, service_id: UUID, *, limit: int = 25, offset: int = 0
) -> tuple[list[HookRow], int]:
    """Return the notes of a service, the newest first, and how many there are in all."""
    actor.require(Permission.USSD_READ)
    total = fetch_one(session, "select count(*) as many from service_hook where service_id = %s", (service_id,))
    rows = fetch_all(
        session,
        "select id, event, state, tries, next_try_at, sent_at, answer, created_at from service_hook"
        " where service_id = %s order by created_at desc, id desc limit %s offset %s",
        (service_id, limit, offset),
    )
    return [HookRow(**{**row, "state": HookState(row["state"])}) for row in rows], int(total["many"]) if total else 0
