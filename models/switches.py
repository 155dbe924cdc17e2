"""The switches of the whole platform and of each kind of money; a gateway's and a service's stand on their own rows."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant
from models.ussd import SwitchState


class SwitchScope(StrEnum):
    """What one switch serves or stops."""

    PLATFORM = "platform"
    GATEWAY = "gateway"
    SERVICE = "service"
    MONEY = "money"


SWITCH_STEPS = {
    SwitchState.LIVE: frozenset({SwitchState.MAINTENANCE, SwitchState.STOPPED}),
    SwitchState.MAINTENANCE: frozenset({SwitchState.LIVE, SwitchState.STOPPED}),
    SwitchState.STOPPED: frozenset({SwitchState.LIVE}),  # never into what one person opens
}


class UssdSwitch(Table, table=True):
    """One switch: the platform's (`key` empty) or a kind of money's (`key` is its `OperationType`)."""

    __tablename__ = "ussd_switch"
    __table_args__ = (
        UniqueConstraint("scope", "key"),
        check("scope", "scope in ('platform', 'money')"),
        check("state", one_of("state", SwitchState)),
    )

    scope: str
    key: str = ""
    state: str = SwitchState.LIVE
    text: dict[str, str] = document()
    changed_at: datetime = instant(nullable=False)
    changed_by: UUID | None = Field(default=None, foreign_key="users.id")
