"""Who was held back by a velocity rule, counted by the hour."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from models.base import Table, instant


class VelocityRefusal(Table, table=True):
    """How often one rule refused one subject within an hour; written by `velocity_take`."""

    __tablename__ = "velocity_refusal"
    __table_args__ = (
        UniqueConstraint("rule_id", "subject", "hour"),
        Index("ix_velocity_refusal_last_at", "last_at"),
    )

    rule_id: UUID = Field(foreign_key="velocity_rule.id", ondelete="CASCADE")
    subject: str
    hour: datetime = instant(nullable=False)
    refusals: int
    last_at: datetime = instant(nullable=False)
