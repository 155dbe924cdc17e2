"""What every table shares: names of constraints, identifiers, times, money columns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core import clock, ids

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = SQLModel.metadata
metadata.naming_convention = NAMING_CONVENTION


class Table(SQLModel):
    """A row of ours: a UUIDv7 made by Python, and the instant it was made."""

    id: UUID = Field(default_factory=ids.new_id, primary_key=True)
    created_at: datetime = Field(default_factory=clock.now, sa_type=DateTime(timezone=True), nullable=False)


def instant(**options: Any) -> Any:
    """Declare an optional aware instant; pass `nullable=False` with a default to make it obligatory."""
    options.setdefault("nullable", True)
    if options["nullable"]:
        options.setdefault("default", None)
    return Field(sa_type=DateTime(timezone=True), **options)


def minor(**options: Any) -> Any:
    """Declare an amount in minor units of the row's currency (signed 64 bits)."""
    return Field(sa_type=BigInteger, **options)


def document(**options: Any) -> Any:
    """Declare a JSONB document; replace it whole, a change inside is not saved."""
    options.setdefault("default_factory", dict)
    return Field(sa_type=JSONB, nullable=False, **options)


def octets(**options: Any) -> Any:
    """Declare raw octets: digests and sealed secrets."""
    options.setdefault("nullable", True)
    if options["nullable"]:
        options.setdefault("default", None)
    return Field(sa_type=LargeBinary, **options)


def currency_column(**options: Any) -> Any:
    """Declare an ISO 4217 code."""
    return Field(sa_type=String(3), **options)


def check(name: str, condition: str) -> CheckConstraint:
    """Declare a CHECK under the naming convention."""
    return CheckConstraint(condition, name=name)


__all__ = ["Column", "Table", "check", "currency_column", "document", "instant", "metadata", "minor", "octets"]
