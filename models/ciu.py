"""Health identifiers: programmes and their recipes, who writes, conversations, and the codes that were issued.

No answer is kept in clear, and none at all once a conversation has ended.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant, octets


class CiuProgramme(Table, table=True):
    """Who asks, and why: the name and the contact people read, the time zone of its figures, its limits."""

    __tablename__ = "ciu_programme"

    code: str = Field(unique=True)
    name: str
    contact: str = ""
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    timezone: str = "Africa/Kinshasa"
    settings: dict[str, Any] = document()


class CiuIdentity(Table, table=True):
    """A person's address on WhatsApp: a telephone number, or a user id where the number is hidden.

    `value` is sealed instead (`value_enc`) where addresses are encrypted. `lookup` finds it either way, and `tail` the
    last eight digits of an Ivorian number.
    """

    __tablename__ = "ciu_identity"
    __table_args__ = (check("kind", "kind in ('phone', 'user_id')"),)

    kind: str
    value: str | None = None
    value_enc: bytes | None = octets()
    lookup: bytes = octets(nullable=False, unique=True)
    lookup_version: int
    tail: bytes | None = octets(index=True)
    language: str = ""
    last_inbound_at: datetime = instant(nullable=False)
    minute_at: datetime = instant(nullable=False)
    minute_count: int = 0
    is_test: bool = False


class CiuAlias(Table, table=True):
    """Another address of the same person, told beside the first: the user id of a telephone number."""

    __tablename__ = "ciu_alias"

    identity_id: UUID = Field(foreign_key="ciu_identity.id", ondelete="CASCADE", index=True)
    lookup: bytes = octets(nullable=False, unique=True)
    lookup_version: int
    value_enc: bytes = octets(nullable=False)


class CiuContact(Table, table=True):
    """What one programme remembers of one identity; `untold_record_id`: a review made it his, he was not told yet."""

    __tablename__ = "ciu_contact"
    __table_args__ = (
        UniqueConstraint("programme_id", "identity_id"),
        Index("ix_ciu_contact_untold", "untold_record_id", postgresql_where=text("untold_record_id is not null")),
    )

    programme_id: UUID = Field(foreign_key="ciu_programme.id")
    identity_id: UUID = Field(foreign_key="ciu_identity.id", ondelete="CASCADE", index=True)
    aside: str = ""
    aside_until: datetime | None = instant()
    issued_at: datetime | None = instant()
    is_stopped: bool = False
    untold_record_id: UUID | None = Field(default=None, foreign_key="ciu_record.id", ondelete="SET NULL")


class CiuConversation(Table, table=True):
    """One run through the questions. Once it has ended only a stone stands here, for a day; `is_told`: of its expiry.

    Its id says nothing of when or by whom: events keep it, this row does not live as long.
    """

    __tablename__ = "ciu_conversation"
    __table_args__ = (
        check("page", "page in ('language', 'consent', 'question', 'fix')"),
        check("end_reason", "end_reason in ('', 'issued', 'stopped', 'expired', 'restarted', 'forgotten')"),
        check("answers", "ended_at is null or answers_enc is null"),
        Index(
            "uq_ciu_conversation_open",
            "programme_id",
            "identity_id",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
        Index("ix_ciu_conversation_expires_at", "expires_at", postgresql_where=text("ended_at is null")),
        Index("ix_ciu_conversation_ended_at", "ended_at", postgresql_where=text("ended_at is not null")),
        Index("ix_ciu_conversation_recipe_id", "recipe_id", postgresql_where=text("ended_at is null")),
    )

    programme_id: UUID = Field(foreign_key="ciu_programme.id")
    identity_id: UUID = Field(foreign_key="ciu_identity.id", ondelete="CASCADE", index=True)
    recipe_id: UUID = Field(foreign_key="ciu_recipe.id")
    page: str
    step: int
    language: str
    answers_enc: bytes | None = octets()
    refusals: int = 0
    expires_at: datetime = instant(nullable=False)
    consented_at: datetime | None = instant()
    ended_at: datetime | None = instant()
    end_reason: str = ""
    is_told: bool = True


class CiuConsent(Table, table=True):
    """Who agreed to what text, when and where: the recipe's version is the text's."""

    __tablename__ = "ciu_consent"

    programme_id: UUID = Field(foreign_key="ciu_programme.id")
    identity_id: UUID = Field(foreign_key="ciu_identity.id", ondelete="CASCADE", index=True)
    recipe_id: UUID = Field(foreign_key="ciu_recipe.id")
    language: str
    channel: str
    is_explicit: bool


class RecordSource(StrEnum):
    """Where a code comes from."""

    CHAT = "chat"
    IMPORT = "import"
    DHIS2 = "dhis2"


# What every figure, list and export of codes is of; as the view `uic_records` says it.
LIVING = "forgotten_at is null and merged_into is null and not is_test"


class CiuRecord(Table, table=True):
    """One code. A forgotten person's row keeps its date alone; one merged away resolves to `merged_into`.

    `first_identity_id` is whom the reports count, while that person is known. `input_hash` belongs to a code that was
    imported and that nobody has claimed yet. `spare_enc` is what a second person's code is made from (decision 0016).
    """

    __tablename__ = "ciu_record"
    __table_args__ = (
        UniqueConstraint("code", "is_test"),
        check("source", one_of("source", RecordSource)),
        check("forgotten", "(forgotten_at is null) = (code is not null)"),
        Index("ix_ciu_record_created_at", "created_at"),
        Index("ix_ciu_record_recipe_id", "recipe_id"),
        Index("ix_ciu_record_code_prefix", "code", postgresql_ops={"code": "text_pattern_ops"}),
        Index("ix_ciu_record_living", "first_identity_id", "programme_id", postgresql_where=text(LIVING)),
        Index("ix_ciu_record_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
        Index("ix_ciu_record_input_hash", "input_hash", postgresql_where=text("input_hash is not null")),
    )

    code: str | None
    programme_id: UUID = Field(foreign_key="ciu_programme.id", index=True)
    recipe_id: UUID | None = Field(default=None, foreign_key="ciu_recipe.id")
    first_identity_id: UUID | None = Field(default=None, foreign_key="ciu_identity.id", ondelete="SET NULL", index=True)
    salt_fingerprint: bytes | None = octets()
    ordinal: int = 1
    language: str = ""
    source: str = RecordSource.CHAT
    input_hash: str | None = None
    spare_enc: bytes | None = octets()
    merged_into: UUID | None = Field(default=None, foreign_key="ciu_record.id")
    forgotten_at: datetime | None = instant()
    is_test: bool = False


class CiuRecordIdentity(Table, table=True):
    """Who was given a code: first the one it was made for (`is_origin`), then whoever gave the same answers."""

    __tablename__ = "ciu_record_identity"
    __table_args__ = (UniqueConstraint("record_id", "identity_id"),)

    record_id: UUID = Field(foreign_key="ciu_record.id", ondelete="CASCADE")
    identity_id: UUID = Field(foreign_key="ciu_identity.id", ondelete="CASCADE", index=True)
    is_origin: bool = False
    last_at: datetime = instant(nullable=False)
    times: int = 1


class CiuMatchKey(Table, table=True):
    """The keyed digest by which a person with the same answers is found again."""

    __tablename__ = "ciu_match_key"
    __table_args__ = (
        UniqueConstraint("space", "key_version", "digest", "ordinal"),
        Index("ix_ciu_match_key_version", "key_version"),
    )

    record_id: UUID = Field(foreign_key="ciu_record.id", ondelete="CASCADE", index=True)
    space: str
    key_version: int
    digest: bytes = octets(nullable=False)
    ordinal: int = 1


class CiuNearKey(Table, table=True):
    """Keyed digests of the answers as they sound, whole and with one left out: who may be the same person."""

    __tablename__ = "ciu_near_key"
    __table_args__ = (Index("ix_ciu_near_key_digest", "digest"),)

    record_id: UUID = Field(foreign_key="ciu_record.id", ondelete="CASCADE", index=True)
    space: str
    key_version: int
    label: str
    digest: bytes = octets(nullable=False)


class CiuReservedCode(Table, table=True):
    """The keyed digest of a forgotten person's code: nobody else is ever given it."""

    __tablename__ = "ciu_reserved_code"
    __table_args__ = (UniqueConstraint("digest"),)

    digest: bytes = octets(nullable=False)
    key_version: int


# What places a day's figures: beginnings, and what is of no conversation.
BEGUN = "name in ('started', 'throttled', 'repeated') and not is_test"


class CiuEvent(Table, table=True):
    """One line of the statistics: of a conversation, never of a person."""

    __tablename__ = "ciu_event"
    __table_args__ = (
        Index("ix_ciu_event_created_at", "created_at"),
        Index("ix_ciu_event_conversation_id", "conversation_id"),
        Index("ix_ciu_event_begun", "programme_id", "created_at", postgresql_where=text(BEGUN)),
    )

    programme_id: UUID = Field(foreign_key="ciu_programme.id")
    conversation_id: UUID | None = None
    recipe_id: UUID | None = None
    name: str
    question: str = ""
    error: str = ""
    language: str = ""
    is_test: bool = False


class CiuDay(Table, table=True):
    """The figures of the conversations begun on one day of their programme's time zone, which outlive their events.

    `slot` is the hour of `started` and the seconds of `to_code`, 0 for the others. `throttled` and `repeated` are of
    the day on which they happened.
    """

    __tablename__ = "ciu_day"
    __table_args__ = (
        ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"]),
        UniqueConstraint("programme_id", "day", "name", "question", "error", "language", "slot"),
    )

    programme_id: UUID
    day: date
    name: str
    question: str = ""
    error: str = ""
    language: str = ""
    slot: int = 0
    number: int


class CiuCountedDay(Table, table=True):
    """A day whose figures were counted, and how many of its conversations were still open then."""

    __tablename__ = "ciu_counted_day"
    __table_args__ = (UniqueConstraint("programme_id", "day"),)

    programme_id: UUID = Field(foreign_key="ciu_programme.id")
    day: date
    counted_at: datetime = instant(nullable=False)
    started: int
    open: int


class CiuKey(Table, table=True):
    """What a key looks like from outside, so that an altered one is seen: `kind` is `match`, `data` or `salt`."""

    __tablename__ = "ciu_key"
    __table_args__ = (UniqueConstraint("kind", "version", "fingerprint"),)

    kind: str
    version: int
    fingerprint: bytes = octets(nullable=False)
    retired_at: datetime | None = instant()


class CiuQrToken(Table, table=True):
    """A picture of a code, for ten minutes and five looks; the token stands here as its digest."""

    __tablename__ = "ciu_qr_token"

    digest: bytes = octets(nullable=False, unique=True)
    record_id: UUID = Field(foreign_key="ciu_record.id", ondelete="CASCADE", index=True)
    expires_at: datetime = instant(nullable=False)
    fetches: int = 0
