"""Providers, transfers, approvals; templates, preferences and suppressions of messages.

Revision ID: 0006_providers
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_providers"
down_revision = "0005_ussd"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent / "sql"
# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "provider_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("owner_type", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("secret_hints", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("offers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("min_minor", sa.BigInteger(), nullable=False),
        sa.Column("max_minor", sa.BigInteger(), nullable=True),
        sa.Column("day_limit_minor", sa.BigInteger(), nullable=True),
        sa.Column("rate_per_s", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("pause_reason", sa.String(), nullable=False),
        sa.Column("are_payouts_paused", sa.Boolean(), nullable=False),
        sa.Column("breaker", sa.String(), nullable=False),
        sa.Column("breaker_reason", sa.String(), nullable=False),
        sa.Column("breaker_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unknowns_in_row", sa.Integer(), nullable=False),
        sa.Column("misconfigurations_in_row", sa.Integer(), nullable=False),
        sa.Column("slowed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reads_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("breaker in ('closed', 'open', 'locked')", name=op.f("ck_provider_account_breaker")),
        sa.CheckConstraint("environment in ('live', 'sandbox', 'fake')", name=op.f("ck_provider_account_environment")),
        sa.CheckConstraint("state in ('active', 'paused', 'retired')", name=op.f("ck_provider_account_state")),
        sa.CheckConstraint(
            "min_minor >= 0 and (max_minor is null or max_minor >= min_minor)", name=op.f("ck_provider_account_bounds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_account")),
        sa.UniqueConstraint("code", name=op.f("uq_provider_account_code")),
    )
    op.create_index(op.f("ix_provider_account_adapter"), "provider_account", ["adapter"], unique=False)
    op.create_table(
        "message_ceiling",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner_type", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("month_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("month_minor > 0", name=op.f("ck_message_ceiling_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_ceiling")),
    )
    op.create_index(
        "uq_message_ceiling_owner",
        "message_ceiling",
        ["owner_type", "owner_id", "currency"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "suppression",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("is_absolute", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
    )
    op.create_index(
        "uq_suppression_open",
        "suppression",
        ["channel", "address"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "decided_by is null or decided_by <> asked_by or state = 'withdrawn'", name=op.f("ck_approval_two_persons")
        ),
        sa.CheckConstraint(
            "state in ('waiting', 'approved', 'refused', 'withdrawn', 'expired')", name=op.f("ck_approval_state")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_approval_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_approval_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index("ix_approval_subject", "approval", ["subject_type", "subject_id"], unique=False)
    op.create_index(
        "uq_approval_waiting",
        "approval",
        ["kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "message_preference",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_message_preference_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_preference")),
        sa.UniqueConstraint("user_id", "type", "channel", name=op.f("uq_message_preference_user_id_type_channel")),
    )
    op.create_table(
        "message_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("variables", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secrets", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("max_segments", sa.Integer(), nullable=False),
        sa.Column("duplicate_ok", sa.Boolean(), nullable=False),
        sa.Column("provider_template", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("needs_review", sa.Boolean(), nullable=False),
        sa.Column("is_shipped", sa.Boolean(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state in ('draft', 'published', 'retired')", name=op.f("ck_message_template_state")),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"], name=op.f("fk_message_template_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_template")),
        sa.UniqueConstraint(
            "code", "channel", "locale", "version", name=op.f("uq_message_template_code_channel_locale_version")
        ),
    )
    op.create_index(
        "uq_message_template_published",
        "message_template",
        ["code", "channel", "locale"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "provider_route",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("party_code", sa.String(), nullable=False),
        sa.CheckConstraint(
            "direction in ('collect', 'payout', 'refund', 'send')", name=op.f("ck_provider_route_direction")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_provider_route_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_route")),
        sa.UniqueConstraint(
            "method",
            "country",
            "direction",
            "account_id",
            name=op.f("uq_provider_route_method_country_direction_account_id"),
        ),
    )
    op.create_index(op.f("ix_provider_route_account_id"), "provider_route", ["account_id"], unique=False)
    op.create_table(
        "push_subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("keys", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_push_subscription_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscription")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscription_endpoint")),
    )
    op.create_index(op.f("ix_push_subscription_user_id"), "push_subscription", ["user_id"], unique=False)
    op.create_table(
        "transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("callback_token", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("party_phone", sa.String(), nullable=False),
        sa.Column("party_reference", sa.String(), nullable=False),
        sa.Column("party_code", sa.String(), nullable=False),
        sa.Column("party_name", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("handles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("next_step", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=True),
        sa.Column("provider_fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("provider_state", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("next_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.Column("late_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unknown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doubt_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hint_id", sa.Uuid(), nullable=True),
        sa.Column("connect_failures", sa.Integer(), nullable=False),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("hold_transaction_id", sa.Uuid(), nullable=True),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.Column("reversal_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("direction in ('collect', 'payout', 'refund')", name=op.f("ck_transfer_direction")),
        sa.CheckConstraint(
            "source in ('ussd', 'tontine', 'pension', 'transfer', 'manual')", name=op.f("ck_transfer_source")
        ),
        sa.CheckConstraint(
            "state in ('created', 'submitted', 'pending', 'unknown', 'succeeded', 'failed', 'expired', 'cancelled', 'reversed')",
            name=op.f("ck_transfer_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_transfer_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_transfer_account_id")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_transfer_approval_id")),
        sa.ForeignKeyConstraint(
            ["hold_transaction_id"], ["ledger_transaction.id"], name=op.f("fk_transfer_hold_transaction_id")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["transfer.id"], name=op.f("fk_transfer_parent_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["users.id"], name=op.f("fk_transfer_requested_by")),
        sa.ForeignKeyConstraint(["reversal_id"], ["ledger_transaction.id"], name=op.f("fk_transfer_reversal_id")),
        sa.ForeignKeyConstraint(["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_transfer_transaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("callback_token", name=op.f("uq_transfer_callback_token")),
        sa.UniqueConstraint("external_id", name=op.f("uq_transfer_external_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_transfer_reference")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_transfer_source_key")),
    )
    op.create_index("ix_transfer_account", "transfer", ["account_id", "created_at"], unique=False)
    op.create_index(
        "ix_transfer_created", "transfer", ["created_at"], unique=False, postgresql_where=sa.text("state = 'created'")
    )
    op.create_index("ix_transfer_created_at", "transfer", ["created_at"], unique=False)
    op.create_index(
        "ix_transfer_lease", "transfer", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'submitted'")
    )
    op.create_index(
        "ix_transfer_next_read",
        "transfer",
        ["next_read_at"],
        unique=False,
        postgresql_where=sa.text("next_read_at is not null"),
    )
    op.create_index(op.f("ix_transfer_parent_id"), "transfer", ["parent_id"], unique=False)
    op.create_index("ix_transfer_party", "transfer", ["party_phone", "created_at"], unique=False)
    op.create_index("ix_transfer_provider_ref", "transfer", ["account_id", "provider_ref"], unique=False)
    op.create_index("ix_transfer_state", "transfer", ["state", "created_at"], unique=False)
    op.create_index("ix_transfer_direction", "transfer", ["direction", "created_at"], unique=False)
    op.create_index("ix_transfer_submitted_at", "transfer", ["submitted_at"], unique=False)
    op.create_index(
        "ix_transfer_handles",
        "transfer",
        ["handles"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"handles": "jsonb_path_ops"},
    )
    op.create_index(
        "ix_transfer_unknown", "transfer", ["created_at"], unique=False, postgresql_where=sa.text("state = 'unknown'")
    )
    op.create_index(
        "uq_transfer_open",
        "transfer",
        ["purpose", "subject_id", "direction"],
        unique=True,
        postgresql_where=sa.text("state in ('created', 'submitted', 'pending', 'unknown')"),
    )
    op.create_table(
        "inbound_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("authenticity", sa.String(), nullable=False),
        sa.Column("is_accepted", sa.Boolean(), nullable=False),
        sa.Column("references", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("claimed_state", sa.String(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "authenticity in ('signed', 'secret', 'token', 'none')", name=op.f("ck_inbound_event_authenticity")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_inbound_event_account_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_inbound_event_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_event")),
        sa.UniqueConstraint("source", "dedupe_key", name=op.f("uq_inbound_event_source_dedupe_key")),
    )
    op.create_index(op.f("ix_inbound_event_account_id"), "inbound_event", ["account_id"], unique=False)
    op.create_index(op.f("ix_inbound_event_message_id"), "inbound_event", ["message_id"], unique=False)
    op.create_index("ix_inbound_event_received_at", "inbound_event", ["received_at"], unique=False)
    op.create_index("ix_inbound_event_source", "inbound_event", ["source", "received_at"], unique=False)
    op.create_index("ix_inbound_event_authenticity", "inbound_event", ["authenticity", "received_at"], unique=False)
    op.create_index("ix_inbound_event_outcome", "inbound_event", ["outcome", "received_at"], unique=False)
    op.create_index(op.f("ix_inbound_event_transfer_id"), "inbound_event", ["transfer_id"], unique=False)
    op.create_index(
        "ix_inbound_event_waiting",
        "inbound_event",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("handled_at is null"),
    )
    op.create_table(
        "transfer_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("response", sa.String(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("error_kind", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_transfer_attempt_account_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_transfer_attempt_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_attempt")),
    )
    op.create_index("ix_transfer_attempt_account", "transfer_attempt", ["account_id", "created_at"], unique=False)
    op.create_index(op.f("ix_transfer_attempt_transfer_id"), "transfer_attempt", ["transfer_id"], unique=False)
    op.create_table(
        "transfer_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind in ('mismatch', 'late_money', 'contradiction', 'unasked_money', 'unknown_word')",
            name=op.f("ck_transfer_case_kind"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_transfer_case_account_id")),
        sa.ForeignKeyConstraint(["closed_by"], ["users.id"], name=op.f("fk_transfer_case_closed_by")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_transfer_case_transaction_id")
        ),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_transfer_case_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_case")),
        sa.UniqueConstraint(
            "account_id", "kind", "dedupe_key", name=op.f("uq_transfer_case_account_id_kind_dedupe_key")
        ),
    )
    op.create_index(
        "ix_transfer_case_open",
        "transfer_case",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_index(op.f("ix_transfer_case_transfer_id"), "transfer_case", ["transfer_id"], unique=False)
    op.create_table(
        "transfer_proof",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["added_by"], ["users.id"], name=op.f("fk_transfer_proof_added_by")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_transfer_proof_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_proof")),
    )
    op.create_index(op.f("ix_transfer_proof_transfer_id"), "transfer_proof", ["transfer_id"], unique=False)
    op.create_table(
        "transfer_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("inbound_event_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["transfer_attempt.id"], name=op.f("fk_transfer_event_attempt_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["inbound_event_id"], ["inbound_event.id"], name=op.f("fk_transfer_event_inbound_event_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_transfer_event_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_event")),
    )
    op.create_index(op.f("ix_transfer_event_transfer_id"), "transfer_event", ["transfer_id"], unique=False)
    for name in ("party", "party_name"):
        op.add_column("ussd_operation", sa.Column(name, sa.String(), server_default="", nullable=False))
    op.create_index(
        "uq_ussd_operation_open_party",
        "ussd_operation",
        ["payer_id", "type", "party", "amount_minor"],
        unique=True,
        postgresql_where=sa.text("party <> '' and state in ('reserved', 'sent', 'unknown') and not repeat_confirmed"),
    )
    for column in ("attempt_id", "inbound_event_id"):
        op.create_index(op.f(f"ix_transfer_event_{column}"), "transfer_event", [column], unique=False)
    op.add_column("message", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("message", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_message_sent_at", "message", ["sent_at"], unique=False)
    op.create_index(
        "ix_message_cost", "message", ["account_id", "sent_at"], unique=False, postgresql_where=sa.text("cost_minor > 0")
    )
    op.add_column(
        "message",
        sa.Column("next_channels", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column("message", sa.Column("fallback_of_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_message_again", "message", ["next_try_at"], unique=False, postgresql_where=sa.text("state = 'unknown'")
    )
    op.create_index(
        "ix_message_lease", "message", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'sending'")
    )
    op.create_foreign_key(op.f("fk_message_fallback_of_id"), "message", "message", ["fallback_of_id"], ["id"])
    op.create_foreign_key(op.f("fk_message_account_id"), "message", "provider_account", ["account_id"], ["id"])
    op.execute(sa.text((SQL / "0006_transfers.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute(sa.text((SQL / "0006_transfers.down.sql").read_text()))
    op.drop_constraint(op.f("fk_message_account_id"), "message", type_="foreignkey")
    op.drop_constraint(op.f("fk_message_fallback_of_id"), "message", type_="foreignkey")
    op.drop_index("ix_message_lease", table_name="message", postgresql_where=sa.text("state = 'sending'"))
    op.drop_index("ix_message_again", table_name="message", postgresql_where=sa.text("state = 'unknown'"))
    op.drop_index("ix_message_cost", table_name="message", postgresql_where=sa.text("cost_minor > 0"))
    op.drop_index("ix_message_sent_at", table_name="message")
    op.drop_column("message", "sent_at")
    op.drop_column("message", "fallback_of_id")
    op.drop_column("message", "next_channels")
    op.drop_column("message", "lease_until")
    op.drop_index(
        "uq_ussd_operation_open_party",
        table_name="ussd_operation",
        postgresql_where=sa.text("party <> '' and state in ('reserved', 'sent', 'unknown') and not repeat_confirmed"),
    )
    for name in ("party_name", "party"):
        op.drop_column("ussd_operation", name)
    for column in ("attempt_id", "inbound_event_id"):
        op.drop_index(op.f(f"ix_transfer_event_{column}"), table_name="transfer_event")
    op.drop_index(op.f("ix_transfer_event_transfer_id"), table_name="transfer_event")
    op.drop_table("transfer_event")
    op.drop_index(op.f("ix_transfer_proof_transfer_id"), table_name="transfer_proof")
    op.drop_table("transfer_proof")
    op.drop_index(op.f("ix_transfer_case_transfer_id"), table_name="transfer_case")
    op.drop_index("ix_transfer_case_open", table_name="transfer_case", postgresql_where=sa.text("closed_at is null"))
    op.drop_table("transfer_case")
    op.drop_index(op.f("ix_transfer_attempt_transfer_id"), table_name="transfer_attempt")
    op.drop_index("ix_transfer_attempt_account", table_name="transfer_attempt")
    op.drop_table("transfer_attempt")
    op.drop_index(
        "ix_inbound_event_waiting", table_name="inbound_event", postgresql_where=sa.text("handled_at is null")
    )
    op.drop_index(op.f("ix_inbound_event_transfer_id"), table_name="inbound_event")
    op.drop_index("ix_inbound_event_outcome", table_name="inbound_event")
    op.drop_index("ix_inbound_event_authenticity", table_name="inbound_event")
    op.drop_index("ix_inbound_event_source", table_name="inbound_event")
    op.drop_index("ix_inbound_event_received_at", table_name="inbound_event")
    op.drop_index(op.f("ix_inbound_event_message_id"), table_name="inbound_event")
    op.drop_index(op.f("ix_inbound_event_account_id"), table_name="inbound_event")
    op.drop_table("inbound_event")
    op.drop_index(
        "uq_transfer_open",
        table_name="transfer",
        postgresql_where=sa.text("state in ('created', 'submitted', 'pending', 'unknown')"),
    )
    op.drop_index("ix_transfer_unknown", table_name="transfer", postgresql_where=sa.text("state = 'unknown'"))
    op.drop_index("ix_transfer_handles", table_name="transfer", postgresql_using="gin")
    op.drop_index("ix_transfer_submitted_at", table_name="transfer")
    op.drop_index("ix_transfer_direction", table_name="transfer")
    op.drop_index("ix_transfer_state", table_name="transfer")
    op.drop_index("ix_transfer_provider_ref", table_name="transfer")
    op.drop_index("ix_transfer_party", table_name="transfer")
    op.drop_index(op.f("ix_transfer_parent_id"), table_name="transfer")
    op.drop_index("ix_transfer_next_read", table_name="transfer", postgresql_where=sa.text("next_read_at is not null"))
    op.drop_index("ix_transfer_lease", table_name="transfer", postgresql_where=sa.text("state = 'submitted'"))
    op.drop_index("ix_transfer_created_at", table_name="transfer")
    op.drop_index("ix_transfer_created", table_name="transfer", postgresql_where=sa.text("state = 'created'"))
    op.drop_index("ix_transfer_account", table_name="transfer")
    op.drop_table("transfer")
    op.drop_index(op.f("ix_push_subscription_user_id"), table_name="push_subscription")
    op.drop_table("push_subscription")
    op.drop_index(op.f("ix_provider_route_account_id"), table_name="provider_route")
    op.drop_table("provider_route")
    op.drop_index(
        "uq_message_template_published", table_name="message_template", postgresql_where=sa.text("state = 'published'")
    )
    op.drop_table("message_template")
    op.drop_table("message_preference")
    op.drop_index("uq_approval_waiting", table_name="approval", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index("ix_approval_subject", table_name="approval")
    op.drop_table("approval")
    op.drop_index("uq_suppression_open", table_name="suppression", postgresql_where=sa.text("ended_at is null"))
    op.drop_table("suppression")
    op.drop_index("uq_message_ceiling_owner", table_name="message_ceiling", postgresql_nulls_not_distinct=True)
    op.drop_table("message_ceiling")
    op.drop_index(op.f("ix_provider_account_adapter"), table_name="provider_account")
    op.drop_table("provider_account")
