"""Wallets, tariffs, limits, operations, messages.

Revision ID: 0004_wallets
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_wallets"
down_revision = "0003_ledger"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.create_table(
        "tariff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("from_minor", sa.BigInteger(), nullable=False),
        sa.Column("to_minor", sa.BigInteger(), nullable=False),
        sa.Column("fixed_minor", sa.BigInteger(), nullable=False),
        sa.Column("bps", sa.Integer(), nullable=False),
        sa.Column("min_minor", sa.BigInteger(), nullable=False),
        sa.Column("max_minor", sa.BigInteger(), nullable=True),
        sa.Column("payee_bps", sa.Integer(), nullable=False),
        sa.Column("commission_bps", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "type in ('transfer', 'cash_out', 'bill', 'sell', 'airtime', 'payment', 'recharge', 'subscription')",
            name=op.f("ck_tariff_type"),
        ),
        sa.CheckConstraint(
            "fixed_minor >= 0 and bps between 0 and 10000 and min_minor >= 0 and (max_minor is null or max_minor >= min_minor) and payee_bps between 0 and 10000 and commission_bps between 0 and 10000",
            name=op.f("ck_tariff_fee"),
        ),
        sa.CheckConstraint("from_minor > 0 and to_minor >= from_minor", name=op.f("ck_tariff_band")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff")),
    )
    op.create_index("ix_tariff_type", "tariff", ["type", "currency", "from_minor"], unique=False)
    op.create_table(
        "wallet_limit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("min_minor", sa.BigInteger(), nullable=False),
        sa.Column("max_minor", sa.BigInteger(), nullable=False),
        sa.Column("day_minor", sa.BigInteger(), nullable=True),
        sa.Column("month_minor", sa.BigInteger(), nullable=True),
        sa.Column("balance_max_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("level in ('0', '1', 'agent', 'merchant')", name=op.f("ck_wallet_limit_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_limit")),
    )
    op.create_index(
        "uq_wallet_limit_level_type_currency",
        "wallet_limit",
        ["level", "type", "currency"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("template_code", sa.String(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("variables", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("guard", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("provider_message_id", sa.String(), nullable=True),
        sa.Column("encoding", sa.String(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=True),
        sa.Column("cost_currency", sa.String(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "channel in ('sms', 'whatsapp', 'email', 'push', 'in_app')", name=op.f("ck_message_channel")
        ),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'unknown', 'sent', 'delivered', 'read', 'failed', 'undelivered', 'expired', 'suppressed', 'cancelled')",
            name=op.f("ck_message_state"),
        ),
        sa.CheckConstraint("priority between 0 and 3", name=op.f("ck_message_priority")),
        sa.ForeignKeyConstraint(["recipient_id"], ["users.id"], name=op.f("fk_message_recipient_id")),
        sa.ForeignKeyConstraint(["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_message_transaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_message_dedupe_key")),
    )
    op.create_index("ix_message_created_at", "message", ["created_at"], unique=False)
    op.create_index(
        "ix_message_due",
        "message",
        ["priority", "not_before"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_message_failed",
        "message",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state in ('failed', 'undelivered')"),
    )
    op.create_index(op.f("ix_message_provider_message_id"), "message", ["provider_message_id"], unique=False)
    op.create_index("ix_message_recipient", "message", ["recipient_id", "created_at"], unique=False)
    op.create_table(
        "wallet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("level in ('0', '1', 'agent', 'merchant')", name=op.f("ck_wallet_level")),
        sa.CheckConstraint("state in ('active', 'suspended', 'closed')", name=op.f("ck_wallet_state")),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name=op.f("fk_wallet_account_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_wallet_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet")),
        sa.UniqueConstraint("account_id", name=op.f("uq_wallet_account_id")),
        sa.UniqueConstraint("user_id", "currency", name=op.f("uq_wallet_user_id_currency")),
    )
    op.create_index("ix_wallet_created_at", "wallet", ["created_at"], unique=False)
    op.create_table(
        "message_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_event_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_event")),
    )
    op.create_index(op.f("ix_message_event_message_id"), "message_event", ["message_id"], unique=False)
    op.create_table(
        "ussd_operation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("payee_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("tariff_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.Column("repeat_confirmed", sa.Boolean(), nullable=False),
        sa.Column("refusal", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('completed', 'reserved', 'sent', 'failed', 'unknown', 'reversed')",
            name=op.f("ck_ussd_operation_state"),
        ),
        sa.CheckConstraint(
            "type in ('transfer', 'cash_out', 'bill', 'sell', 'airtime', 'payment', 'recharge', 'subscription')",
            name=op.f("ck_ussd_operation_type"),
        ),
        sa.CheckConstraint("amount_minor > 0 and fee_minor >= 0", name=op.f("ck_ussd_operation_amount")),
        sa.ForeignKeyConstraint(["payee_id"], ["wallet.id"], name=op.f("fk_ussd_operation_payee_id")),
        sa.ForeignKeyConstraint(["payer_id"], ["wallet.id"], name=op.f("fk_ussd_operation_payer_id")),
        sa.ForeignKeyConstraint(["tariff_id"], ["tariff.id"], name=op.f("fk_ussd_operation_tariff_id")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_ussd_operation_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_operation")),
        sa.UniqueConstraint("key", name=op.f("uq_ussd_operation_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_ussd_operation_reference")),
    )
    op.create_index("ix_ussd_operation_created_at", "ussd_operation", ["created_at"], unique=False)
    op.create_index("ix_ussd_operation_payee", "ussd_operation", ["payee_id", "created_at"], unique=False)
    op.create_index("ix_ussd_operation_payer", "ussd_operation", ["payer_id", "type", "created_at"], unique=False)
    op.create_index(op.f("ix_ussd_operation_session_id"), "ussd_operation", ["session_id"], unique=False)
    op.create_index(
        "ix_ussd_operation_unknown",
        "ussd_operation",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'unknown'"),
    )
    op.execute(sa.text((SQL / "0004_wallets.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(sa.text((SQL / "0004_wallets.down.sql").read_text()))
    op.drop_index(
        "ix_ussd_operation_unknown", table_name="ussd_operation", postgresql_where=sa.text("state = 'unknown'")
    )
    op.drop_index(op.f("ix_ussd_operation_session_id"), table_name="ussd_operation")
    op.drop_index("ix_ussd_operation_payer", table_name="ussd_operation")
    op.drop_index("ix_ussd_operation_payee", table_name="ussd_operation")
    op.drop_index("ix_ussd_operation_created_at", table_name="ussd_operation")
    op.drop_table("ussd_operation")
    op.drop_index(op.f("ix_message_event_message_id"), table_name="message_event")
    op.drop_table("message_event")
    op.drop_index("ix_wallet_created_at", table_name="wallet")
    op.drop_table("wallet")
    op.drop_index("ix_message_recipient", table_name="message")
    op.drop_index(op.f("ix_message_provider_message_id"), table_name="message")
    op.drop_index(
        "ix_message_failed", table_name="message", postgresql_where=sa.text("state in ('failed', 'undelivered')")
    )
    op.drop_index("ix_message_due", table_name="message", postgresql_where=sa.text("state = 'queued'"))
    op.drop_index("ix_message_created_at", table_name="message")
    op.drop_table("message")
    op.drop_index("uq_wallet_limit_level_type_currency", table_name="wallet_limit", postgresql_nulls_not_distinct=True)
    op.drop_table("wallet_limit")
    op.drop_index("ix_tariff_type", table_name="tariff")
    op.drop_table("tariff")
