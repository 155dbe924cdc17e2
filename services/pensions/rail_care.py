"""A rail as who looks after it sees it: what the probe proved, how wide its gate is; and a probe on demand."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import Field

from core import clock
from core.database import Session, driver, fetch_one
from core.errors import NotFound
from core.orders import Order
from core.permissions import Actor, Permission
from services import audit
from services.pensions.dispatch import rails
from services.pensions.dispatch.gate import open_gate


class AskProbe(Order):
    """Look at an adapter again now, by a payment that cannot arrive."""

    account_id: UUID
    reason: str = Field(default="", max_length=200)


@dataclass(frozen=True, slots=True)
class RailCard:
    """One adapter: `identity` is what was proven of it (empty: nothing), `detail` why the last probe proved nothing."""

    id: UUID
    code: str
    label: str
    base_url: str
    environment: str
    currency: str
    mode: str
    is_ready: bool
    state: str
    breaker: str
    breaker_reason: str
    breaker_at: datetime | None
    identity: str
    detail: str
    probed_at: datetime | None
    next_probe_at: datetime | None
    room: int
    concurrency: int
    rate_per_s: float
    expiry_s: float
    write_timeout_s: float


def ask_probe(session: Session, actor: Actor, order: AskProbe) -> RailCard:
    """Let the workers probe an adapter at once; nothing can move by it."""
    actor.require(Permission.PENSIONS_ACCOUNTS)
    rail = rails.find_rail(session, order.account_id)
    open_gate(session, rail)
    driver(session).execute("update rail_gate set next_probe_at = %s where account_id = %s", (clock.now(), rail.id))
    audit.record(session, actor, "pension_rail.ask_probe", "provider_account", rail.id, rail.code)
    return get_rail(session, actor, rail.id)


# Reads


def get_rail(session: Session, actor: Actor, account_id: UUID) -> RailCard:
    """Return a rail to administrators."""
    actor.require(Permission.PENSIONS_ACCOUNTS)
    rail = rails.find_rail(session, account_id)
    row = fetch_one(
        session,
        """select a.label, a.state, a.breaker, a.breaker_reason, a.breaker_at, coalesce(g.identity, '') as identity,
            coalesce(g.detail, '') as detail, g.probed_at, g.next_probe_at
        from provider_account a left join rail_gate g on g.account_id = a.id where a.id = %s""",
        (account_id,),
    )
    if row is None:
        raise NotFound(thing="provider_account")
    copied = ("id", "code", "base_url", "environment", "currency", "mode", "is_ready", "room", "concurrency")
    timed = ("rate_per_s", "expiry_s", "write_timeout_s")
    return RailCard(**row, **{name: getattr(rail, name) for name in (*copied, *timed)})
