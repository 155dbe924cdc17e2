"""USSD traffic as rows: services, gateways, sessions and their turns, at chosen instants."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import ids
from core.database import Session
from models.flows import Flow, FlowVersion
from models.ussd import UssdGateway, UssdService, UssdSession, UssdTurn


@dataclass(frozen=True, slots=True)
class Line:
    """Where a dialogue takes place."""

    service_id: UUID
    version_id: UUID
    gateway_id: UUID


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: the screen it answered on, how long it took, what went wrong."""

    screen: str
    elapsed_us: int = 10_000
    is_error: bool = False
    refusal: str = ""


def open_line(session: Session, service: str = "wallet", gateway: str = "doc-b", **options: Any) -> Line:
    """Write a service with one published version, and a gateway."""
    flow = Flow(key=service, title=service)
    session.add(flow)
    session.flush()
    version = FlowVersion(flow_id=flow.id, number=1, state="published", checksum=service)
    session.add(version)
    session.flush()
    row = UssdService(key=service, name=service.capitalize(), flow_id=flow.id, live_version_id=version.id)
    door = UssdGateway(key=gateway, name=gateway.upper(), profile="doc_b", country="CM", options=options)
    session.add_all([row, door])
    session.flush()
    return Line(row.id, version.id, door.id)


def add_session(  # noqa: PLR0913  # a dialogue has that many sides
    session: Session,
    line: Line,
    at: datetime,
    steps: Sequence[Step] = (Step("home"),),
    *,
    state: str = "ended",
    goal: str = "",
    network: str = "",
    is_test: bool = False,
    gap_s: float = 5,
    **columns: Any,
) -> UssdSession:
    """Write a dialogue that began at `at`, one turn every `gap_s`."""
    last = at + timedelta(seconds=gap_s * max(len(steps) - 1, 0))
    row = UssdSession(
        created_at=at,
        gateway_id=line.gateway_id,
        service_id=line.service_id,
        version_id=line.version_id,
        session_key=str(ids.new_id()),
        screen=steps[-1].screen if steps else "",
        turn_number=len(steps),
        state=state,
        goal=goal,
        network=network,
        is_test=is_test,
        last_activity_at=last,
        **columns,
    )
    session.add(row)
    session.flush()
    for number, step in enumerate(steps, start=1):
        moment = at + timedelta(seconds=gap_s * (number - 1))
        session.add(
            UssdTurn(
                created_at=moment,
                session_id=row.id,
                number=number,
                identity_mac=hashlib.sha256(f"{row.id}{number}".encode()).digest()[:16],
                input_text="1",
                response_text=f"texte de {step.screen}",
                wire_body=b"CON",
                screen_after=step.screen,
                response_time_us=step.elapsed_us,
                is_error=step.is_error,
                refusal=step.refusal,
                answered_at=moment,
            )
        )
    return row
