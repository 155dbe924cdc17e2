"""The last exchanges of each gateway, as the recorder noted them: for whoever connects one, seven days at most."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from core.database import Session, driver, fetch_all
from core.orders import made_storable
from core.permissions import Actor, Permission

KEPT = 200


@dataclass(frozen=True, slots=True)
class Noted:
    """One exchange, redacted before it was noted."""

    id: UUID
    at: datetime
    gateway_id: UUID
    outcome: str
    exchange: dict[str, Any]
    elapsed_us: int
    drift_ms: int | None


def write(session: Session, batch: list[Noted]) -> None:
    """Write exchanges, and forget of each gateway what is older than its last two hundred."""
    connection = driver(session)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into wire_record (id, created_at, gateway_id, outcome, exchange, elapsed_us, drift_ms)"
            " select %s, %s, %s, %s, %s, %s, %s where exists (select from ussd_gateway where id = %s)",
            [
                (
                    noted.id,
                    noted.at,
                    noted.gateway_id,
                    noted.outcome,
                    Jsonb(made_storable(noted.exchange)),
                    noted.elapsed_us,
                    noted.drift_ms,
                    noted.gateway_id,
                )
                for noted in batch
            ],
        )
        cursor.execute(
            """
            delete from wire_record w using (
                select r.id from unnest(%s::uuid[]) as g (id)
                cross join lateral (
                    select id from wire_record where gateway_id = g.id order by created_at desc, id desc offset %s) r
            ) old where w.id = old.id
            """,
            (sorted({noted.gateway_id for noted in batch}), KEPT),
        )


# Reads


@dataclass(frozen=True, slots=True)
class WireRow:
    """One exchange."""

    id: UUID
    at: datetime
    outcome: str
    exchange: dict[str, Any]
    elapsed_us: int
    drift_ms: int | None


def list_records(session: Session, actor: Actor, gateway_id: UUID, *, limit: int = KEPT) -> list[WireRow]:
    """Return a gateway's last exchanges, newest first."""
    actor.require(Permission.USSD_GATEWAYS)
    rows = fetch_all(
        session,
        "select id, created_at as at, outcome, exchange, elapsed_us, drift_ms from wire_record where gateway_id = %s"
        " order by created_at desc, id desc limit %s",
        (gateway_id, limit),
    )
    return [WireRow(**row) for row in rows]
