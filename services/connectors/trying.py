"""One real call asked for by hand, with sample values: the simulation and the breaker are looked past, nothing counts.

`prepare_trial` in a transaction, `run_trial` outside any.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from core.database import Session
from core.errors import InvalidInput
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.phone import PhoneRefusal, normalise
from core.settings import get_settings
from models.offers import Connector, FakeMode
from services import audit
from services.connectors.asking import Asked, Call, ask
from services.connectors.rows import ConnectorNotFound, call_of
from services.connectors.shapes import Input


class TryConnector(Order):
    """A connector and, by name, a sample for each variable it sends."""

    connector_id: UUID
    values: dict[str, str] = Field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Trial:
    """A call ready to leave."""

    call: Call
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it, and how long it took."""

    asked: Asked
    elapsed_ms: int


def prepare_trial(session: Session, actor: Actor, order: TryConnector) -> Trial:
    """Return the call as a menu would make it; administrators only. The trail tells where it went, not the samples."""
    actor.require(Permission.USSD_GATEWAYS)
    row = session.get(Connector, order.connector_id)
    if row is None:
        raise ConnectorNotFound
    call = replace(call_of(session, row, is_down=False), fake=FakeMode.OFF)
    faults: dict[str, str] = {}
    values = {each.name: _read(each, order.values.get(each.name, "").strip(), faults) for each in call.inputs}
    if faults:
        raise InvalidInput(faults)
    changes = {"method": call.method, "url": call.url, "variables": sorted(values)}
    audit.record(session, actor, "connector.try", "connector", row.id, row.name, changes)
    return Trial(call, values)


def run_trial(trial: Trial) -> Tried:
    """Make the call, outside any transaction."""
    begun = time.monotonic()
    asked = ask(trial.call, trial.values)
    return Tried(asked, round((time.monotonic() - begun) * 1000))


def _read(each: Input, written: str, faults: dict[str, str]) -> Any:
    """Return a sample as the flow would hold it; what does not read is put among the faults."""
    if len(written) > each.max:
        faults[each.name] = t("{max_length} caractères au plus").format(max_length=each.max)
        return None
    try:
        match each.type:
            case "int" | "money":
                return int(written)
            case "phone":
                return normalise(written, get_settings().ussd_country).e164
            case "date":
                return date.fromisoformat(written).isoformat()
    except (ValueError, PhoneRefusal):
        faults[each.name] = t("valeur invalide")
        return None
    return written
