"""Walks through a menu that are kept, to be taken again on every version."""

from typing import Any
from uuid import UUID

from sqlmodel import Field

from models.base import Table, document


class UssdScript(Table, table=True):
    """A dialogue in the form of the vectors; a secret in it is a place to be filled, never a value."""

    __tablename__ = "ussd_script"

    service_id: UUID = Field(foreign_key="ussd_service.id", index=True)
    title: str
    dialogue: dict[str, Any] = document()
    created_by: UUID | None = Field(default=None, foreign_key="users.id")
