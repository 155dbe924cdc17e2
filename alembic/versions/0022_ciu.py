"""Health identifiers over WhatsApp: programmes, conversations, codes, and the two views of the owner's guide.

Revision ID: 0022_ciu
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022_ciu"
down_revision = "0021_pension_books"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "ciu_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("value_enc", sa.LargeBinary(), nullable=True),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("lookup_version", sa.Integer(), nullable=False),
        sa.Column("tail", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("last_inbound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minute_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minute_count", sa.Integer(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind in ('phone', 'user_id')", name=op.f("ck_ciu_identity_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_identity")),
        sa.UniqueConstraint("lookup", name=op.f("uq_ciu_identity_lookup")),
    )
    op.create_index(op.f("ix_ciu_identity_tail"), "ciu_identity", ["tail"], unique=False)
    op.create_table(
        "ciu_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_key")),
        sa.UniqueConstraint("kind", "version", "fingerprint", name=op.f("uq_ciu_key_kind_version_fingerprint")),
    )
    op.create_table(
        "ciu_reserved_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_reserved_code")),
        sa.UniqueConstraint("digest", name=op.f("uq_ciu_reserved_code_digest")),
    )
    op.create_table(
        "ciu_alias",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("lookup_version", sa.Integer(), nullable=False),
        sa.Column("value_enc", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["ciu_identity.id"], name=op.f("fk_ciu_alias_identity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_alias")),
        sa.UniqueConstraint("lookup", name=op.f("uq_ciu_alias_lookup")),
    )
    op.create_index(op.f("ix_ciu_alias_identity_id"), "ciu_alias", ["identity_id"], unique=False)
    op.create_table(
        "ciu_programme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_ciu_programme_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_programme")),
        sa.UniqueConstraint("code", name=op.f("uq_ciu_programme_code")),
    )
    op.create_table(
        "ciu_contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("aside", sa.String(), nullable=False),
        sa.Column("aside_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_stopped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["ciu_identity.id"], name=op.f("fk_ciu_contact_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"], name=op.f("fk_ciu_contact_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_contact")),
        sa.UniqueConstraint("programme_id", "identity_id", name=op.f("uq_ciu_contact_programme_id_identity_id")),
    )
    op.create_index(op.f("ix_ciu_contact_identity_id"), "ciu_contact", ["identity_id"], unique=False)
    op.create_table(
        "ciu_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"], name=op.f("fk_ciu_day_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_day")),
        sa.UniqueConstraint(
            "programme_id",
            "day",
            "name",
            "question",
            "error",
            "language",
            name=op.f("uq_ciu_day_programme_id_day_name_question_error_language"),
        ),
    )
    op.create_table(
        "ciu_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("recipe_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"], name=op.f("fk_ciu_event_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_event")),
    )
    op.create_index("ix_ciu_event_conversation_id", "ciu_event", ["conversation_id"], unique=False)
    op.create_index("ix_ciu_event_created_at", "ciu_event", ["created_at"], unique=False)
    op.create_table(
        "ciu_recipe",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("canon", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checksum", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state in ('draft', 'published', 'retired')", name=op.f("ck_ciu_recipe_state")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_ciu_recipe_created_by")),
        sa.ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"], name=op.f("fk_ciu_recipe_programme_id")),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"], name=op.f("fk_ciu_recipe_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_recipe")),
        sa.UniqueConstraint("programme_id", "key", "version", name=op.f("uq_ciu_recipe_programme_id_key_version")),
    )
    op.create_index(
        "uq_ciu_recipe_published",
        "ciu_recipe",
        ["programme_id"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "whatsapp_sender",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("channel in ('twilio', 'meta')", name=op.f("ck_whatsapp_sender_channel")),
        sa.ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"], name=op.f("fk_whatsapp_sender_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_sender")),
        sa.UniqueConstraint("channel", "address", name=op.f("uq_whatsapp_sender_channel_address")),
    )
    op.create_table(
        "ciu_consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("recipe_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("is_explicit", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["ciu_identity.id"], name=op.f("fk_ciu_consent_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"], name=op.f("fk_ciu_consent_programme_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["ciu_recipe.id"], name=op.f("fk_ciu_consent_recipe_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_consent")),
    )
    op.create_index(op.f("ix_ciu_consent_identity_id"), "ciu_consent", ["identity_id"], unique=False)
    op.create_table(
        "ciu_conversation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("recipe_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("answers_enc", sa.LargeBinary(), nullable=True),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "end_reason in ('', 'issued', 'stopped', 'expired', 'restarted', 'forgotten')",
            name=op.f("ck_ciu_conversation_end_reason"),
        ),
        sa.CheckConstraint("page in ('language', 'consent', 'question', 'fix')", name=op.f("ck_ciu_conversation_page")),
        sa.CheckConstraint("ended_at is null or answers_enc is null", name=op.f("ck_ciu_conversation_answers")),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["ciu_identity.id"], name=op.f("fk_ciu_conversation_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"], name=op.f("fk_ciu_conversation_programme_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["ciu_recipe.id"], name=op.f("fk_ciu_conversation_recipe_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_conversation")),
    )
    op.create_index(
        "ix_ciu_conversation_ended_at",
        "ciu_conversation",
        ["ended_at"],
        unique=False,
        postgresql_where=sa.text("ended_at is not null"),
    )
    op.create_index(
        "ix_ciu_conversation_expires_at",
        "ciu_conversation",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(op.f("ix_ciu_conversation_identity_id"), "ciu_conversation", ["identity_id"], unique=False)
    op.create_index(
        "uq_ciu_conversation_open",
        "ciu_conversation",
        ["programme_id", "identity_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "ciu_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("recipe_id", sa.Uuid(), nullable=True),
        sa.Column("first_identity_id", sa.Uuid(), nullable=True),
        sa.Column("salt_fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("input_hash", sa.String(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.CheckConstraint("source in ('chat', 'import', 'dhis2')", name=op.f("ck_ciu_record_source")),
        sa.CheckConstraint("(forgotten_at is null) = (code is not null)", name=op.f("ck_ciu_record_forgotten")),
        sa.ForeignKeyConstraint(
            ["first_identity_id"],
            ["ciu_identity.id"],
            name=op.f("fk_ciu_record_first_identity_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["merged_into"], ["ciu_record.id"], name=op.f("fk_ciu_record_merged_into")),
        sa.ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"], name=op.f("fk_ciu_record_programme_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["ciu_recipe.id"], name=op.f("fk_ciu_record_recipe_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_record")),
        sa.UniqueConstraint("code", "is_test", name=op.f("uq_ciu_record_code_is_test")),
    )
    op.create_index("ix_ciu_record_created_at", "ciu_record", ["created_at"], unique=False)
    op.create_index(op.f("ix_ciu_record_first_identity_id"), "ciu_record", ["first_identity_id"], unique=False)
    op.create_index(
        "ix_ciu_record_input_hash",
        "ciu_record",
        ["input_hash"],
        unique=False,
        postgresql_where=sa.text("input_hash is not null"),
    )
    op.create_index(
        "ix_ciu_record_merged_into",
        "ciu_record",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into is not null"),
    )
    op.create_index(op.f("ix_ciu_record_programme_id"), "ciu_record", ["programme_id"], unique=False)
    op.create_table(
        "ciu_match_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("space", sa.String(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["ciu_record.id"], name=op.f("fk_ciu_match_key_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_match_key")),
        sa.UniqueConstraint(
            "space", "key_version", "digest", "ordinal", name=op.f("uq_ciu_match_key_space_key_version_digest_ordinal")
        ),
    )
    op.create_index(op.f("ix_ciu_match_key_record_id"), "ciu_match_key", ["record_id"], unique=False)
    op.create_index("ix_ciu_match_key_version", "ciu_match_key", ["key_version"], unique=False)
    op.create_table(
        "ciu_near_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("space", sa.String(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["ciu_record.id"], name=op.f("fk_ciu_near_key_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_near_key")),
    )
    op.create_index("ix_ciu_near_key_digest", "ciu_near_key", ["digest"], unique=False)
    op.create_index(op.f("ix_ciu_near_key_record_id"), "ciu_near_key", ["record_id"], unique=False)
    op.create_table(
        "ciu_pair",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_id", sa.Uuid(), nullable=False),
        sa.Column("right_id", sa.Uuid(), nullable=True),
        sa.Column("identity_id", sa.Uuid(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_same_identity", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("state in ('open', 'later', 'same', 'two')", name=op.f("ck_ciu_pair_state")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_ciu_pair_decided_by")),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["ciu_identity.id"], name=op.f("fk_ciu_pair_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["left_id"], ["ciu_record.id"], name=op.f("fk_ciu_pair_left_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["right_id"], ["ciu_record.id"], name=op.f("fk_ciu_pair_right_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_pair")),
        sa.UniqueConstraint(
            "left_id",
            "right_id",
            "identity_id",
            "cause",
            name=op.f("uq_ciu_pair_left_id_right_id_identity_id_cause"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_ciu_pair_identity_id"), "ciu_pair", ["identity_id"], unique=False)
    op.create_index("ix_ciu_pair_open", "ciu_pair", ["score"], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_index(op.f("ix_ciu_pair_right_id"), "ciu_pair", ["right_id"], unique=False)
    op.create_table(
        "ciu_qr_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetches", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["ciu_record.id"], name=op.f("fk_ciu_qr_token_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_qr_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_ciu_qr_token_digest")),
    )
    op.create_index(op.f("ix_ciu_qr_token_record_id"), "ciu_qr_token", ["record_id"], unique=False)
    op.create_table(
        "ciu_record_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("is_origin", sa.Boolean(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["ciu_identity.id"], name=op.f("fk_ciu_record_identity_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["ciu_record.id"], name=op.f("fk_ciu_record_identity_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_record_identity")),
        sa.UniqueConstraint("record_id", "identity_id", name=op.f("uq_ciu_record_identity_record_id_identity_id")),
    )
    op.create_index(op.f("ix_ciu_record_identity_identity_id"), "ciu_record_identity", ["identity_id"], unique=False)
    op.create_table(
        "whatsapp_reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body_enc", sa.LargeBinary(), nullable=True),
        sa.Column("identity_id", sa.Uuid(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_whatsapp_reply_account_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["ciu_conversation.id"],
            name=op.f("fk_whatsapp_reply_conversation_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["ciu_identity.id"], name=op.f("fk_whatsapp_reply_identity_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_whatsapp_reply_message_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_reply")),
    )
    op.create_index(op.f("ix_whatsapp_reply_conversation_id"), "whatsapp_reply", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_whatsapp_reply_identity_id"), "whatsapp_reply", ["identity_id"], unique=False)
    op.create_index(
        "ix_whatsapp_reply_kept",
        "whatsapp_reply",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("body_enc is not null"),
    )
    op.create_index(op.f("ix_whatsapp_reply_message_id"), "whatsapp_reply", ["message_id"], unique=False)
    op.create_table(
        "whatsapp_inbound",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("provider_id", sa.LargeBinary(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=True),
        sa.Column("reply_id", sa.Uuid(), nullable=True),
        sa.Column("lane", sa.LargeBinary(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payload_enc", sa.LargeBinary(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel in ('twilio', 'meta')", name=op.f("ck_whatsapp_inbound_channel")),
        sa.ForeignKeyConstraint(
            ["reply_id"], ["whatsapp_reply.id"], name=op.f("fk_whatsapp_inbound_reply_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["sender_id"], ["whatsapp_sender.id"], name=op.f("fk_whatsapp_inbound_sender_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_inbound")),
        sa.UniqueConstraint("channel", "provider_id", name=op.f("uq_whatsapp_inbound_channel_provider_id")),
    )
    op.create_index("ix_whatsapp_inbound_created_at", "whatsapp_inbound", ["created_at"], unique=False)
    op.create_index(
        "ix_whatsapp_inbound_lane",
        "whatsapp_inbound",
        ["lane", "sent_at", "id"],
        unique=False,
        postgresql_where=sa.text("payload_enc is not null"),
    )
    op.create_index(op.f("ix_whatsapp_inbound_reply_id"), "whatsapp_inbound", ["reply_id"], unique=False)
    op.create_index(
        "ix_whatsapp_inbound_waiting",
        "whatsapp_inbound",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("payload_enc is not null"),
    )
    op.execute(sa.text((SQL / "0022_ciu.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute(sa.text((SQL / "0022_ciu.down.sql").read_text()))
    op.drop_index(
        "ix_whatsapp_inbound_waiting",
        table_name="whatsapp_inbound",
        postgresql_where=sa.text("payload_enc is not null"),
    )
    op.drop_index(op.f("ix_whatsapp_inbound_reply_id"), table_name="whatsapp_inbound")
    op.drop_index(
        "ix_whatsapp_inbound_lane", table_name="whatsapp_inbound", postgresql_where=sa.text("payload_enc is not null")
    )
    op.drop_index("ix_whatsapp_inbound_created_at", table_name="whatsapp_inbound")
    op.drop_table("whatsapp_inbound")
    op.drop_index(op.f("ix_whatsapp_reply_message_id"), table_name="whatsapp_reply")
    op.drop_index(
        "ix_whatsapp_reply_kept", table_name="whatsapp_reply", postgresql_where=sa.text("body_enc is not null")
    )
    op.drop_index(op.f("ix_whatsapp_reply_identity_id"), table_name="whatsapp_reply")
    op.drop_index(op.f("ix_whatsapp_reply_conversation_id"), table_name="whatsapp_reply")
    op.drop_table("whatsapp_reply")
    op.drop_index(op.f("ix_ciu_record_identity_identity_id"), table_name="ciu_record_identity")
    op.drop_table("ciu_record_identity")
    op.drop_index(op.f("ix_ciu_qr_token_record_id"), table_name="ciu_qr_token")
    op.drop_table("ciu_qr_token")
    op.drop_index(op.f("ix_ciu_pair_right_id"), table_name="ciu_pair")
    op.drop_index("ix_ciu_pair_open", table_name="ciu_pair", postgresql_where=sa.text("state = 'open'"))
    op.drop_index(op.f("ix_ciu_pair_identity_id"), table_name="ciu_pair")
    op.drop_table("ciu_pair")
    op.drop_index(op.f("ix_ciu_near_key_record_id"), table_name="ciu_near_key")
    op.drop_index("ix_ciu_near_key_digest", table_name="ciu_near_key")
    op.drop_table("ciu_near_key")
    op.drop_index("ix_ciu_match_key_version", table_name="ciu_match_key")
    op.drop_index(op.f("ix_ciu_match_key_record_id"), table_name="ciu_match_key")
    op.drop_table("ciu_match_key")
    op.drop_index(op.f("ix_ciu_record_programme_id"), table_name="ciu_record")
    op.drop_index(
        "ix_ciu_record_merged_into", table_name="ciu_record", postgresql_where=sa.text("merged_into is not null")
    )
    op.drop_index(
        "ix_ciu_record_input_hash", table_name="ciu_record", postgresql_where=sa.text("input_hash is not null")
    )
    op.drop_index(op.f("ix_ciu_record_first_identity_id"), table_name="ciu_record")
    op.drop_index("ix_ciu_record_created_at", table_name="ciu_record")
    op.drop_table("ciu_record")
    op.drop_index(
        "uq_ciu_conversation_open", table_name="ciu_conversation", postgresql_where=sa.text("ended_at is null")
    )
    op.drop_index(op.f("ix_ciu_conversation_identity_id"), table_name="ciu_conversation")
    op.drop_index(
        "ix_ciu_conversation_expires_at", table_name="ciu_conversation", postgresql_where=sa.text("ended_at is null")
    )
    op.drop_index(
        "ix_ciu_conversation_ended_at", table_name="ciu_conversation", postgresql_where=sa.text("ended_at is not null")
    )
    op.drop_table("ciu_conversation")
    op.drop_index(op.f("ix_ciu_consent_identity_id"), table_name="ciu_consent")
    op.drop_table("ciu_consent")
    op.drop_table("whatsapp_sender")
    op.drop_index("uq_ciu_recipe_published", table_name="ciu_recipe", postgresql_where=sa.text("state = 'published'"))
    op.drop_table("ciu_recipe")
    op.drop_index("ix_ciu_event_created_at", table_name="ciu_event")
    op.drop_index("ix_ciu_event_conversation_id", table_name="ciu_event")
    op.drop_table("ciu_event")
    op.drop_table("ciu_day")
    op.drop_index(op.f("ix_ciu_contact_identity_id"), table_name="ciu_contact")
    op.drop_table("ciu_contact")
    op.drop_table("ciu_programme")
    op.drop_index(op.f("ix_ciu_alias_identity_id"), table_name="ciu_alias")
    op.drop_table("ciu_alias")
    op.drop_table("ciu_reserved_code")
    op.drop_table("ciu_key")
    op.drop_index(op.f("ix_ciu_identity_tail"), table_name="ciu_identity")
    op.drop_table("ciu_identity")
