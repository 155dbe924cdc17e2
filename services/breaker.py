"""The circuit breaker of an account: five unknown answers in a row, or three of a wrong set-up, and nothing new leaves.

Open: a harmless read every 30 seconds closes it. Locked (a wrong merchant PIN): only an administrator does, because
a provider blocks the wallet after a few wrong PINs.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from pydantic import Field

from core import clock
from core.database import Session, driver, fetch_one
from core.errors import NotFound, Unavailable
from core.orders import Order
from core.permissions import SYSTEM, Actor, Permission
from models.transfers import WITH_OWN_WORKERS, BreakerState
from providers.answers import Accepted, NotSeen, Prepared, Reason, Rejected, Seen, Unknown
from services import audit

MOST_UNKNOWNS = 5
MOST_MISCONFIGURATIONS = 3
PROBED_EVERY = timedelta(seconds=30)
SLOWED_FOR = timedelta(seconds=30)
SUCCESS_SEEN_EVERY = timedelta(seconds=10)

Answer = Accepted | Rejected | Unknown | Prepared | Seen | NotSeen

_log = structlog.get_logger(__name__)


class ProviderResting(Unavailable):
    """The account's breaker is open: nothing new is sent until the provider answers properly again."""

    code = "operateur_indisponible"
    sentence = "{operateur} ne répond pas bien en ce moment. Rien n'a été envoyé : réessayez dans quelques minutes."


class CloseBreaker(Order):
    """An administrator has repaired what was wrong with an account."""

    account_id: UUID
    reason: str = Field(min_length=3, max_length=500)


def note(session: Session, account_id: UUID, answer: Answer) -> BreakerState:
    """Count one answer of a provider; return the breaker's state after it. One statement, none when nothing changes."""
    match answer:
        case Rejected(is_pin_wrong=True):
            return _trip(session, account_id, BreakerState.LOCKED, "wrong_pin", "misconfigurations_in_row")
        case Rejected(reason=Reason.CONFIGURATION):
            return _count(session, account_id, "misconfigurations_in_row", MOST_MISCONFIGURATIONS, "configuration")
        case Unknown():
            if answer.slows:
                _slow(session, account_id)
            return _count(session, account_id, "unknowns_in_row", MOST_UNKNOWNS, "no_answer")
    return _forget(session, account_id)


def is_open(session: Session, account_id: UUID) -> bool:
    """Say whether nothing new may be sent through an account."""
    return _state(session, account_id) is not BreakerState.CLOSED


def require_closed(session: Session, account_id: UUID) -> None:
    """Refuse with `ProviderResting` while the breaker is open."""
    row = fetch_one(session, "select breaker, label from provider_account where id = %s", (account_id,))
    if row is not None and row["breaker"] != BreakerState.CLOSED:
        raise ProviderResting(operateur=row["label"])


def close(session: Session, actor: Actor, order: CloseBreaker) -> None:
    """Close a breaker by hand, be it locked; only an administrator, with a word on what was repaired."""
    actor.require(Permission.PAYMENTS_ACCOUNTS)
    if _state(session, order.account_id) is not BreakerState.CLOSED:
        _close(session, actor, order.account_id, order.reason, (BreakerState.OPEN, BreakerState.LOCKED))


def claim_probes(session: Session, limit: int = 10) -> list[UUID]:
    """Take up to `limit` accounts whose open breaker was last tried 30 seconds ago; the caller commits, then asks."""
    now = clock.now()
    rows = (
        driver(session)
        .execute(
            """
            update provider_account set probed_at = %(now)s where id in (
                select id from provider_account
                where breaker = 'open' and state <> 'retired' and probed_at <= %(before)s
                  and adapter <> all(%(others)s)
                order by probed_at limit %(limit)s for no key update skip locked)
            returning id
            """,
            {"now": now, "before": now - PROBED_EVERY, "limit": limit, "others": list(WITH_OWN_WORKERS)},
        )
        .fetchall()
    )
    return [row[0] for row in rows]


def trip(session: Session, account_id: UUID, reason: str) -> BreakerState:
    """Open the breaker of an account whose own workers counted its answers themselves."""
    return _trip(session, account_id, BreakerState.OPEN, reason)


def note_probe(session: Session, account_id: UUID, *, is_right: bool) -> BreakerState:
    """Close an open breaker after a harmless read that succeeded; a locked one stays locked."""
    driver(session).execute("update provider_account set probed_at = %s where id = %s", (clock.now(), account_id))
    if is_right:
        return _close(session, SYSTEM, account_id, "probe", (BreakerState.OPEN,))
    return _state(session, account_id)


def _count(session: Session, account_id: UUID, column: str, most: int, reason: str) -> BreakerState:
    # An answer that is a refusal of the set-up is an answer: it ends a row of silences.
    other = "unknowns_in_row = 0," if column != "unknowns_in_row" else ""
    row = (
        driver(session)
        .execute(
            f"update provider_account set {other} {column} = {column} + 1 where id = %s returning {column}, breaker",
            (account_id,),
        )
        .fetchone()
    )
    if row is None:
        raise NotFound(thing="provider_account")
    counted, state = row
    if counted < most or state != BreakerState.CLOSED:
        return BreakerState(state)
    return _trip(session, account_id, BreakerState.OPEN, reason)


def _trip(
    session: Session, account_id: UUID, to: BreakerState, reason: str, counter: str | None = None
) -> BreakerState:
    """Open or lock, once: the second answer that would do the same changes nothing."""
    counted = f", {counter} = {counter} + 1" if counter else ""
    now = clock.now()
    before = (BreakerState.CLOSED,) if to is BreakerState.OPEN else (BreakerState.CLOSED, BreakerState.OPEN)
    row = (
        driver(session)
        .execute(
            f"""
            update provider_account
            set breaker = %s, breaker_reason = %s, breaker_at = %s, probed_at = %s {counted}
            where id = %s and breaker = any(%s) returning label
            """,
            (to, reason, now, now, account_id, list(before)),
        )
        .fetchone()
    )
    if row is not None:
        audit.record(session, SYSTEM, f"provider_account.breaker_{to}", "provider_account", account_id, row[0])
        _log.error("breaker.tripped", account_id=str(account_id), state=to, reason=reason)
    return _state(session, account_id)


def _forget(session: Session, account_id: UUID) -> BreakerState:
    """Begin the counts again after a proper answer; it closes nothing, a harmless read does."""
    now = clock.now()
    driver(session).execute(
        """
        update provider_account set unknowns_in_row = 0, misconfigurations_in_row = 0, succeeded_at = %s
        where id = %s and (unknowns_in_row > 0 or misconfigurations_in_row > 0
                           or succeeded_at is null or succeeded_at < %s)
        """,
        (now, account_id, now - SUCCESS_SEEN_EVERY),
    )
    return _state(session, account_id)


def _slow(session: Session, account_id: UUID) -> None:
    until = clock.now() + SLOWED_FOR
    driver(session).execute("update provider_account set slowed_until = %s where id = %s", (until, account_id))


def _close(
    session: Session, actor: Actor, account_id: UUID, reason: str, states: tuple[BreakerState, ...]
) -> BreakerState:
    row = (
        driver(session)
        .execute(
            """
            update provider_account set breaker = 'closed', breaker_reason = '', breaker_at = %s,
                   unknowns_in_row = 0, misconfigurations_in_row = 0
            where id = %s and breaker = any(%s) returning label
            """,
            (clock.now(), account_id, list(states)),
        )
        .fetchone()
    )
    if row is not None:
        changes = {"reason": reason}
        audit.record(session, actor, "provider_account.breaker_closed", "provider_account", account_id, row[0], changes)
    return _state(session, account_id)


def _state(session: Session, account_id: UUID) -> BreakerState:
    row = fetch_one(session, "select breaker from provider_account where id = %s", (account_id,))
    if row is None:
        raise NotFound(thing="provider_account")
    return BreakerState(row["breaker"])
