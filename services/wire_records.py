"""The last exchanges of each gateway, as the recorder noted them: for whoever connects one, seven days at most."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, driver, fetch_all
from core.masking import mask
from core.orders import made_storable
from core.permissions import Actor, Permission

KEPT = 200
TOPIC = "wire"
OF_THE_CALLER = frozenset({"text", "answer", "fields"})  # what somebody typed and read


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
        known = {
            row[0]
            for row in cursor.execute(
                "select id from ussd_gateway where id = any(%s) for key share",
                ([*{noted.gateway_id for noted in batch}],),
            )
        }
        columns = "id, created_at, gateway_id, outcome, exchange, elapsed_us, drift_ms"
        with cursor.copy(f"copy wire_record ({columns}) from stdin") as copy:
            for noted in batch:
                if noted.gateway_id in known:
                    exchange = json.dumps(made_storable(noted.exchange), ensure_ascii=False)
                    told = (noted.id, noted.at, noted.gateway_id, noted.outcome, exchange)
                    copy.write_row((*told, noted.elapsed_us, noted.drift_ms))
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
    """Return a gateway's last exchanges, newest first; numbers in full only to who connects gateways."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        "select id, created_at as at, outcome, exchange, elapsed_us, drift_ms from wire_record where gateway_id = %s"
        " order by created_at desc, id desc limit %s",
        (gateway_id, limit),
    )
    return [WireRow(**{**row, "exchange": _shown(actor, row["exchange"])}) for row in rows]


def _shown(actor: Actor, exchange: dict[str, Any]) -> dict[str, Any]:
    """Return of an exchange what this actor may see."""
    if actor.may(Permission.USSD_GATEWAYS):
        return exchange
    if not actor.may(Permission.USSD_TEXTS_READ):
        exchange = {name: value for name, value in exchange.items() if name not in OF_THE_CALLER}
        if "turn" in exchange:
            exchange["turn"] = {name: value for name, value in exchange["turn"].items() if name != "typed"}
    return {name: _masked(value) for name, value in exchange.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_masked(part) for part in value]
    return mask(value) if isinstance(value, str) else value
