"""USSD: gateways, services, routes, sessions and their turns (`ussd_turn` is receipt and log in one)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from core.states import Steps, one_of
from models.base import Table, check, document, instant, minor, octets


class SwitchState(StrEnum):
    """Whether something serves."""

    LIVE = "live"
    MAINTENANCE = "maintenance"
    STOPPED = "stopped"


EMERGENCY = "is_emergency"  # of a gateway's options: the red switch stopped it, and two open it again
SWITCH_STEPS: Steps = {state: frozenset(SwitchState) - {state} for state in SwitchState}


class UssdService(Table, table=True):
    """What a code leads to: a flow's live version, its settings and its switch."""

    __tablename__ = "ussd_service"
    __table_args__ = (check("state", one_of("state", SwitchState)),)

    key: str = Field(unique=True)
    name: str
    flow_id: UUID = Field(foreign_key="flow.id")
    live_version_id: UUID | None = Field(default=None, foreign_key="flow_version.id")
    currency: str = "XAF"
    timezone: str = "Africa/Douala"
    default_language: str = "fr"
    settings: dict[str, Any] = document()
    state: str = SwitchState.LIVE
    state_text: dict[str, str] = document()
    needs_four_eyes: bool = False


class UssdPublication(Table, table=True):
    """Who put which version live, when and why."""

    __tablename__ = "ussd_publication"

    service_id: UUID = Field(foreign_key="ussd_service.id", index=True)
    version_id: UUID = Field(foreign_key="flow_version.id")
    replaces_id: UUID | None = Field(default=None, foreign_key="flow_version.id")
    actor_id: UUID | None = Field(default=None, foreign_key="users.id")
    reason: str = ""


class UssdTrial(Table, table=True):
    """A version beside the live one of a service, for a share of its callers until a date or a person ends it.

    Who meets it is told by a digest of his number under `key`, so that he meets the same one every time.
    """

    __tablename__ = "ussd_trial"
    __table_args__ = (
        check("share_percent", "share_percent between 1 and 99"),
        Index("uq_ussd_trial_open", "service_id", unique=True, postgresql_where=text("ended_at is null")),
    )

    service_id: UUID = Field(foreign_key="ussd_service.id", index=True)
    version_id: UUID = Field(foreign_key="flow_version.id")
    against_id: UUID = Field(foreign_key="flow_version.id")
    share_percent: int
    key: bytes = octets(nullable=False)
    ends_at: datetime | None = instant()
    begun_by: UUID | None = Field(default=None, foreign_key="users.id")
    begin_reason: str = ""
    ended_at: datetime | None = instant()
    ended_by: UUID | None = Field(default=None, foreign_key="users.id")
    end_reason: str = ""


class UssdGateway(Table, table=True):
    """One configured account of an aggregator or operator."""

    __tablename__ = "ussd_gateway"
    __table_args__ = (check("state", one_of("state", SwitchState)),)

    key: str = Field(unique=True)
    name: str
    profile: str
    country: str
    secret_digests: list[bytes] = Field(default_factory=list, sa_column=Column(ARRAY(LargeBinary), nullable=False))
    options: dict[str, Any] = document()
    networks: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    default_service_id: UUID | None = Field(default=None, foreign_key="ussd_service.id")
    has_anonymous_browse: bool = False
    state: str = SwitchState.LIVE


class UssdProfile(Table, table=True):
    """A profile that an administrator copied from a shipped one; its fixtures must pass before an account is live."""

    __tablename__ = "ussd_profile"

    name: str = Field(unique=True)
    version: int = 1
    body: dict[str, Any] = document()
    fixtures: list[dict[str, Any]] = document(default_factory=list)
    created_by: UUID | None = Field(default=None, foreign_key="users.id")


class WireRecord(Table, table=True):
    """One exchange with a gateway, redacted before it was noted."""

    __tablename__ = "wire_record"
    __table_args__ = (
        Index("ix_wire_record_gateway", "gateway_id", "created_at"),
        Index("ix_wire_record_created_at", "created_at"),
    )

    gateway_id: UUID = Field(foreign_key="ussd_gateway.id", ondelete="CASCADE")
    outcome: str
    exchange: dict[str, Any] = document()
    elapsed_us: int
    drift_ms: int | None = None


class UssdRoute(Table, table=True):
    """A dialled code on a gateway (or on all, when null) leads to a service."""

    __tablename__ = "ussd_route"
    __table_args__ = (
        Index("uq_ussd_route_gateway_id_code", "gateway_id", "code", unique=True, postgresql_nulls_not_distinct=True),
    )

    gateway_id: UUID | None = Field(default=None, foreign_key="ussd_gateway.id")
    code: str
    service_id: UUID = Field(foreign_key="ussd_service.id")


class SessionState(StrEnum):
    """How a session stands, or how it ended."""

    OPEN = "open"
    ENDED = "ended"
    ABORTED = "aborted"
    TIMEOUT = "timeout"
    EXPIRED = "expired"
    FAILED = "failed"
    MOVED = "moved"


SESSION_STEPS = {
    SessionState.OPEN: frozenset(SessionState) - {SessionState.OPEN},
    SessionState.ABORTED: frozenset({SessionState.MOVED}),
    SessionState.TIMEOUT: frozenset({SessionState.MOVED}),
    SessionState.EXPIRED: frozenset({SessionState.MOVED}),
}


class UssdSession(Table, table=True):
    """One dialogue: gateway, session key and generation, bound to one phone, one code and one version."""

    __tablename__ = "ussd_session"
    __table_args__ = (
        UniqueConstraint("gateway_id", "session_key", "generation"),
        check("state", one_of("state", SessionState)),
        Index("ix_ussd_session_open", "last_activity_at", postgresql_where=text("state = 'open'")),
        Index("ix_ussd_session_phone", "phone", "service_id", "created_at"),
        Index("ix_ussd_session_created_at", "created_at"),
    )

    gateway_id: UUID = Field(foreign_key="ussd_gateway.id")
    session_key: str
    generation: int = 1
    phone: str | None = None
    user_id: UUID | None = Field(default=None, foreign_key="users.id")
    service_id: UUID = Field(foreign_key="ussd_service.id")
    version_id: UUID = Field(foreign_key="flow_version.id")
    code: str = ""
    network: str = ""
    language: str = "fr"
    screen: str = ""
    page: int = 1
    visit: int = 0
    data: dict[str, Any] = document()
    scratch: dict[str, Any] = document()
    transcript_length: int = 0
    transcript_mac: bytes | None = octets()
    secret_positions: list[int] = Field(default_factory=list, sa_column=Column(ARRAY(Integer), nullable=False))
    turn_number: int = 0
    refusals: int = 0
    state: str = SessionState.OPEN
    goal: str = ""
    has_committed: bool = False
    conflicts: int = 0
    is_test: bool = False
    last_activity_at: datetime = instant(nullable=False)
    ended_at: datetime | None = instant()
    gateway_status: str | None = None
    gateway_ms: int | None = None
    cost_text: str | None = None
    gateway_report: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))


class UssdTurn(Table, table=True):
    """One request of the gateway and its stored answer. Inputs are redacted; identities and inputs are keyed MACs."""

    __tablename__ = "ussd_turn"
    __table_args__ = (
        UniqueConstraint("session_id", "identity_mac"),
        UniqueConstraint("session_id", "number"),
        check("progress", "progress in ('running', 'done')"),
        Index("ix_ussd_turn_created_at", "created_at"),
        Index("ix_ussd_turn_texts", "created_at", postgresql_where=text("response_text <> ''")),
    )

    session_id: UUID = Field(foreign_key="ussd_session.id", ondelete="CASCADE")
    number: int
    identity_mac: bytes = octets(nullable=False)
    input_mac: bytes | None = octets()
    input_text: str = ""
    screen_before: str = ""
    screen_after: str = ""
    response_text: str = ""
    coding: str = "gsm7"
    size: int = 0
    has_more: bool = True
    wire_body: bytes | None = octets()
    progress: str = "done"
    lease_until: datetime | None = instant()
    refusal: str = ""
    operation_id: UUID | None = Field(default=None, foreign_key="ussd_operation.id")
    is_error: bool = False
    is_delivered: bool | None = None
    answered_at: datetime | None = instant()
    sent_at: datetime | None = instant()
    response_time_us: int = 0
    replays: int = 0
    again_mac: bytes | None = octets()


class VelocityRule(Table, table=True):
    """How many of something one subject may do in a window; edited in the console."""

    __tablename__ = "velocity_rule"
    __table_args__ = (UniqueConstraint("name", "window_s"),)

    name: str
    capacity: int
    window_s: int


class VelocityBucket(Table, table=True):
    """What is left to one subject (a keyed digest or an id) under one rule."""

    __tablename__ = "velocity_bucket"
    __table_args__ = (UniqueConstraint("rule_id", "subject"),)

    rule_id: UUID = Field(foreign_key="velocity_rule.id", ondelete="CASCADE")
    subject: str
    tokens: float
    refilled_at: datetime = instant(nullable=False)


class UssdRollupHour(Table, table=True):
    """Counters of one hour, service and gateway, kept by the closing of each turn."""

    __tablename__ = "ussd_rollup_hour"
    __table_args__ = (UniqueConstraint("hour", "service_id", "gateway_id"),)

    hour: datetime = instant(nullable=False)
    service_id: UUID = Field(foreign_key="ussd_service.id")
    gateway_id: UUID = Field(foreign_key="ussd_gateway.id")
    sessions: int = 0
    turns: int = 0
    replays: int = 0
    conflicts: int = 0
    refusals: int = 0
    errors: int = 0
    response_time_us: int = minor(default=0)
