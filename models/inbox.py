"""What came in once: the answers kept for an idempotency key."""

from datetime import datetime

from sqlalchemy import UniqueConstraint

from models.base import Table, instant, octets


class IdempotencyRecord(Table, table=True):
    """The stored answer of one caller's key, for 30 days."""

    __tablename__ = "idempotency_record"
    __table_args__ = (UniqueConstraint("caller", "key"),)

    caller: str
    key: str
    content: bytes = octets(nullable=False)
    status: int | None = None
    headers: str = "{}"
    body: bytes | None = octets()
    expires_at: datetime = instant(nullable=False, index=True)
