"""Connectors as rows: saved by an administrator, called by flows, opened and closed by their own breaker."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import select

from core import clock
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import InvalidInput, NotFound, Refusal
from core.permissions import SYSTEM, Actor, Permission
from core.security import open_secret, seal_secret
from models.offers import Connector, FakeMode
from services import audit, hosts
from services.connectors.asking import Asked, Call
from services.connectors.shapes import OWN_OUTCOMES, Canned, Input, OutcomeRule, Output, SaveConnector

MOST_FAILURES = 5
PROBED_EVERY = timedelta(seconds=30)

_log = structlog.get_logger(__name__)


class ConnectorNotFound(NotFound):
    """No such connector, or one that is switched off."""

    code = "connecteur_introuvable"
    sentence = "Ce connecteur est introuvable."


class ConnectorNameTaken(Refusal):
    """Flows name a connector: a name is one connector's."""

    code = "connecteur_existant"
    status = 409
    sentence = "Ce nom de connecteur est déjà pris."


@dataclass(frozen=True, slots=True)
class ConnectorRow:
    """A connector as an administrator reads it: of its secrets, the names alone."""

    id: UUID
    name: str
    label: str
    base_url: str
    method: str
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    secret_names: tuple[str, ...]
    timeout_ms: int
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    outcomes: tuple[OutcomeRule, ...]
    fake: FakeMode
    canned: Mapping[FakeMode, Canned]
    is_active: bool
    failures_in_row: int
    down_since: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConnectorShape:
    """What a flow must know of a connector: what it takes, gives, and how it may end."""

    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    outcomes: frozenset[str]


def save_connector(session: Session, actor: Actor, order: SaveConnector, connector_id: UUID | None = None) -> UUID:
    """Add a connector or change one; administrators only. Its name stays, because flows name it."""
    actor.require(Permission.USSD_GATEWAYS)
    if fault := hosts.find_fault(session, order.base_url):
        raise InvalidInput({"base_url": fault})
    row = _locked(session, connector_id) if connector_id else _new(session, order)
    given = order.model_dump(mode="json", exclude={"secrets", "name"})
    for name, value in given.items():
        setattr(row, name, value)
    row.secrets = _sealed(row, order.secrets)
    session.add(row)
    session.flush()
    changes = {"base_url": row.base_url, "secrets": sorted(row.secrets), "fake": row.fake}
    audit.record(session, actor, "connector.save", "connector", row.id, row.name, changes)
    return row.id


def delete_connector(session: Session, actor: Actor, connector_id: UUID) -> UUID:
    """Delete a connector: flows that still name it go their `down` way."""
    actor.require(Permission.USSD_GATEWAYS)
    row = _locked(session, connector_id)
    session.delete(row)
    audit.record(session, actor, "connector.delete", "connector", connector_id, row.name)
    return connector_id


def close_breaker(session: Session, actor: Actor, connector_id: UUID) -> UUID:
    """Let a connector be called again at once, after a repair."""
    actor.require(Permission.USSD_GATEWAYS)
    row = _locked(session, connector_id)
    row.failures_in_row, row.down_since, row.probed_at = 0, None, None
    session.add(row)
    audit.record(session, actor, "connector.close_breaker", "connector", connector_id, row.name)
    return connector_id


# A call: read here, made in `asking` without a transaction, settled here


def prepare_call(session: Session, name: str) -> Call | None:
    """Return what a call takes; None for a connector that does not exist or is switched off.

    While the breaker is open, one call every 30 seconds is let through to see whether the other side is back.
    """
    row = session.exec(select(Connector).where(Connector.name == name)).first()
    if row is None or not row.is_active:
        return None
    return call_of(session, row, is_down=row.down_since is not None and not _takes_probe(session, row.id))


def settle_call(session: Session, name: str, asked: Asked) -> None:
    """Count what came of a call: five failures in a row open the breaker, one answer closes it."""
    if not asked.was_called:
        return
    now = clock.now()
    if asked.is_failure:
        row = fetch_one(
            session,
            """
            update connector set failures_in_row = failures_in_row + 1,
                down_since = case when down_since is null and failures_in_row + 1 >= %(most)s then %(now)s
                                  else down_since end,
                probed_at = case when failures_in_row + 1 >= %(most)s then %(now)s else probed_at end
            where name = %(name)s returning id, failures_in_row
            """,
            {"most": MOST_FAILURES, "now": now, "name": name},
        )
        if row is not None and row["failures_in_row"] == MOST_FAILURES:
            audit.record(session, SYSTEM, "connector.down", "connector", row["id"], name, {"why": asked.why})
            _log.error("connector.down", connector=name, why=asked.why)
        return
    driver(session).execute(
        "update connector set failures_in_row = 0, down_since = null, probed_at = null, answered_at = %(now)s"
        " where name = %(name)s and (failures_in_row > 0 or answered_at is null"
        " or answered_at < %(now)s - interval '10 seconds')",
        {"now": now, "name": name},
    )


def _takes_probe(session: Session, connector_id: UUID) -> bool:
    now = clock.now()
    row = fetch_one(
        session,
        "update connector set probed_at = %s where id = %s and (probed_at is null or probed_at <= %s) returning id",
        (now, connector_id, now - PROBED_EVERY),
    )
    return row is not None


def call_of(session: Session, row: Connector, *, is_down: bool) -> Call:
    """Return everything a call of this row takes, its secrets opened."""
    secrets = {
        name: open_secret(base64.b64decode(sealed), _context(row.id, name)) for name, sealed in row.secrets.items()
    }
    return Call(
        name=row.name,
        url=row.base_url,
        method=row.method,
        path=row.path,
        body=row.body,
        timeout_ms=row.timeout_ms,
        inputs=tuple(map(Input.model_validate, row.inputs)),
        outputs=tuple(map(Output.model_validate, row.outputs)),
        outcomes=tuple(map(OutcomeRule.model_validate, row.outcomes)),
        fake=FakeMode(row.fake),
        canned={FakeMode(mode): Canned.model_validate(canned) for mode, canned in row.canned.items()},
        is_private=hosts.find_listed(session, row.base_url),
        is_down=is_down,
        headers={**row.headers, **secrets},
    )


def _new(session: Session, order: SaveConnector) -> Connector:
    if session.exec(select(Connector).where(Connector.name == order.name)).first() is not None:
        raise ConnectorNameTaken
    return Connector(name=order.name, base_url=order.base_url)


def _locked(session: Session, connector_id: UUID) -> Connector:
    row = session.get(Connector, connector_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise ConnectorNotFound
    return row


def _sealed(row: Connector, given: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets a row keeps: the new ones sealed, those that were not spoken of as they are."""
    kept = dict(row.secrets)
    for name, secret in given.items():
        if secret:
            kept[name] = base64.b64encode(seal_secret(secret, _context(row.id, name))).decode()
        else:
            kept.pop(name, None)
    return kept


def _context(connector_id: UUID, name: str) -> str:
    return f"connector:{connector_id}:{name}"


# Reads


def list_connectors(session: Session, actor: Actor) -> list[ConnectorRow]:
    """Return every connector, by name; administrators only."""
    actor.require(Permission.USSD_GATEWAYS)
    return [_row(row) for row in session.exec(select(Connector).order_by(Connector.name)).all()]


def get_connector(session: Session, actor: Actor, connector_id: UUID) -> ConnectorRow:
    """Return one connector; administrators only."""
    actor.require(Permission.USSD_GATEWAYS)
    row = session.get(Connector, connector_id)
    if row is None:
        raise ConnectorNotFound
    return _row(row)


def list_shapes(session: Session) -> list[ConnectorShape]:
    """Return what flows may know of the connectors that are switched on."""
    rows = fetch_all(session, "select name, inputs, outputs, outcomes from connector where is_active order by name")
    return [
        ConnectorShape(
            name=row["name"],
            inputs=tuple(map(Input.model_validate, row["inputs"])),
            outputs=tuple(map(Output.model_validate, row["outputs"])),
            outcomes=OWN_OUTCOMES | {rule["outcome"] for rule in row["outcomes"]},
        )
        for row in rows
    ]


def _row(row: Connector) -> ConnectorRow:
    return ConnectorRow(
        id=row.id,
        name=row.name,
        label=row.label,
        base_url=row.base_url,
        method=row.method,
        path=row.path,
        body=row.body,
        headers=row.headers,
        secret_names=tuple(sorted(row.secrets)),
        timeout_ms=row.timeout_ms,
        inputs=tuple(map(Input.model_validate, row.inputs)),
        outputs=tuple(map(Output.model_validate, row.outputs)),
        outcomes=tuple(map(OutcomeRule.model_validate, row.outcomes)),
        fake=FakeMode(row.fake),
        canned={FakeMode(mode): Canned.model_validate(canned) for mode, canned in row.canned.items()},
        is_active=row.is_active,
        failures_in_row=row.failures_in_row,
        down_since=row.down_since,
        answered_at=row.answered_at,
    )
