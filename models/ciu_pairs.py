"""Health identifiers: two records that may be one person, or one that may be two people's, and what was decided."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant


class PairState(StrEnum):
    """What a person decided of two records, or of two people with one."""

    OPEN = "open"
    LATER = "later"
    SAME = "same"
    TWO = "two"


PAIR_STEPS = {
    PairState.OPEN: frozenset({PairState.LATER, PairState.SAME, PairState.TWO}),
    PairState.LATER: frozenset({PairState.OPEN, PairState.SAME, PairState.TWO}),
    PairState.SAME: frozenset({PairState.OPEN}),
    PairState.TWO: frozenset({PairState.OPEN}),
}


class CiuPair(Table, table=True):
    """Two records that may be one person; without `right_id`, one record that may be two people's.

    `cause`: near, weak, ordinal, unknown, claim, or hand (a reviewer asked). `evidence` are labels of digests, never
    answers. A decision can be undone: it joined `merged_id` to `survivor_id`, or made `split_id` for the second person.
    """

    __tablename__ = "ciu_pair"
    __table_args__ = (
        UniqueConstraint("left_id", "right_id", "identity_id", "cause", postgresql_nulls_not_distinct=True),
        check("state", one_of("state", PairState)),
        Index("ix_ciu_pair_open", "score", postgresql_where=text("state = 'open'")),
        Index("ix_ciu_pair_state", "state"),
        Index("ix_ciu_pair_merged_id", "merged_id", postgresql_where=text("merged_id is not null")),
        Index("ix_ciu_pair_survivor_id", "survivor_id", postgresql_where=text("survivor_id is not null")),
        Index("ix_ciu_pair_split_id", "split_id", postgresql_where=text("split_id is not null")),
    )

    left_id: UUID = Field(foreign_key="ciu_record.id", ondelete="CASCADE")
    right_id: UUID | None = Field(default=None, foreign_key="ciu_record.id", ondelete="CASCADE", index=True)
    identity_id: UUID | None = Field(default=None, foreign_key="ciu_identity.id", ondelete="CASCADE", index=True)
    cause: str
    score: int
    evidence: list[str] = document(default_factory=list)
    is_same_identity: bool = False
    state: str = PairState.OPEN
    decided_by: UUID | None = Field(default=None, foreign_key="users.id")
    decided_at: datetime | None = instant()
    reason: str = ""
    merged_id: UUID | None = Field(default=None, foreign_key="ciu_record.id")
    survivor_id: UUID | None = Field(default=None, foreign_key="ciu_record.id")
    split_id: UUID | None = Field(default=None, foreign_key="ciu_record.id")
