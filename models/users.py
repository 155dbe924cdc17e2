"""People and the ways they prove who they are."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, Column, Index, String, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant, octets


class UserState(StrEnum):
    """Whether a person may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


USER_STEPS = {
    UserState.ACTIVE: frozenset({UserState.SUSPENDED, UserState.CLOSED}),
    UserState.SUSPENDED: frozenset({UserState.ACTIVE, UserState.CLOSED}),
    UserState.CLOSED: frozenset({UserState.ACTIVE}),
}


class User(Table, table=True):
    """A person with an e-mail, a phone, or both; a subscriber is a user with a phone.

    An e-mail or a phone belongs to one row once proved; `…_proved_at` says since when.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email", text("lower(email)"), unique=True, postgresql_where=text("email is not null")),
        Index("uq_users_phone", "phone", unique=True, postgresql_where=text("phone is not null")),
        Index(
            "uq_users_oidc_issuer_oidc_subject",
            "oidc_issuer",
            "oidc_subject",
            unique=True,
            postgresql_where=text("oidc_subject is not null"),
        ),
        # Spelled as PostgreSQL gives it back, which is how `alembic check` compares.
        Index("ix_users_search", text("french_key((first_name::text || ' '::text) || last_name::text)")),
        Index("ix_users_last_name", text("french_key(last_name::text)")),
        check("state", one_of("state", UserState)),
        check("global_role", "global_role in ('admin', 'membre')"),
    )

    email: str | None = None
    email_proved_at: datetime | None = instant()
    phone: str | None = None
    phone_proved_at: datetime | None = instant()
    username: str | None = None
    first_name: str = ""
    last_name: str = ""
    password_hash: str | None = None
    must_change_password: bool = False
    temporary_until: datetime | None = instant()
    global_role: str = "membre"
    state: str = UserState.ACTIVE
    language: str = "fr"
    country: str = ""
    city: str = ""
    address: str = ""
    profile_picture: str = ""
    totp_secret: bytes | None = octets()
    totp_confirmed_at: datetime | None = instant()
    totp_last_step: int | None = None
    oidc_issuer: str | None = None
    oidc_subject: str | None = None
    last_login_at: datetime | None = instant()
    last_login_address: str = ""


class ConsoleSession(Table, table=True):
    """A browser signed in to the console: 12 h idle, 7 days at most. Only the token's digest is kept."""

    __tablename__ = "console_session"

    token_digest: bytes = octets(nullable=False, unique=True)
    user_id: UUID = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    last_seen_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False)
    revoked_at: datetime | None = instant()
    address: str = ""
    agent: str = ""


class RefreshToken(Table, table=True):
    """One refresh token of a family; using it makes the next one. Digests only."""

    __tablename__ = "refresh_token"

    family_id: UUID = Field(index=True)
    user_id: UUID = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    token_digest: bytes = octets(nullable=False, unique=True)
    access_minutes: int
    expires_at: datetime = instant(nullable=False)
    used_at: datetime | None = instant()
    successor: bytes | None = octets()
    revoked_at: datetime | None = instant()
    address: str = ""


class CodePurpose(StrEnum):
    """What a one-time code or link opens."""

    RESET = "reset"
    VERIFY_EMAIL = "verify_email"
    VERIFY_PHONE = "verify_phone"
    INVITE = "invite"


class OneTimeCode(Table, table=True):
    """A code or link that works once; only its keyed digest is kept."""

    __tablename__ = "one_time_code"
    __table_args__ = (check("purpose", one_of("purpose", CodePurpose)),)

    user_id: UUID = Field(foreign_key="users.id", index=True, ondelete="CASCADE")
    purpose: str
    channel: str
    address: str
    digest: bytes = octets(nullable=False, index=True)
    expires_at: datetime = instant(nullable=False)
    tries: int = 0
    used_at: datetime | None = instant()


class SignInFailure(Table, table=True):
    """A failed proof of identity, counted by account and by address; the subject is a keyed digest."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("ix_sign_in_failure_subject", "subject", "created_at"),)

    subject: bytes = octets(nullable=False)
    kind: str
    address: str = ""


class ApiKey(Table, table=True):
    """A key of a machine (`X-API-Key`), stored as SHA-256 of a random value of at least 128 bits."""

    __tablename__ = "api_key"

    name: str
    prefix: str
    digest: bytes = octets(nullable=False, unique=True)
    scopes: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    networks: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    gateway_id: UUID | None = Field(default=None, index=True)
    created_by: UUID | None = Field(default=None, foreign_key="users.id")
    expires_at: datetime | None = instant()
    revoked_at: datetime | None = instant()
    last_used_at: datetime | None = instant()


class PinCredential(Table, table=True):
    """A subscriber's PIN: argon2id over a peppered HMAC, the tries and the lock (`ussd.md` 11)."""

    __tablename__ = "pin_credential"
    __table_args__ = (
        check("tries", "tries between 0 and 3"),
        Index("ix_pin_credential_needs_admin", "user_id", postgresql_where=text("needs_admin")),
    )

    user_id: UUID = Field(foreign_key="users.id", unique=True, ondelete="CASCADE")
    hash: str
    pepper_id: str
    tries: int = 0
    locks: int = 0
    locked_until: datetime | None = instant()
    wrong_today: int = 0
    wrong_day: datetime | None = instant()
    needs_admin: bool = False
    proved_at: datetime | None = instant()
    doubted_at: datetime | None = instant()
    changed_at: datetime = instant(nullable=False)
    notes: dict[str, str] = document()
