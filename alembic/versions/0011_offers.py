"""Offers: the catalogue, subscriptions and their hooks, orders and their history, connectors.

Revision ID: 0011_offers
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011_offers"
down_revision = "0010_wallet"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "catalog_service",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("info", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("webhook_url", sa.String(), nullable=False),
        sa.Column("webhook_secret", sa.LargeBinary(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("period in ('once', 'day', 'week', 'month')", name=op.f("ck_catalog_service_period")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_catalog_service_price")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_service")),
        sa.UniqueConstraint("code", name=op.f("uq_catalog_service_code")),
    )
    op.create_index(
        "ix_catalog_service_shown",
        "catalog_service",
        ["code"],
        unique=False,
        postgresql_where=sa.text("is_active and deleted_at is null"),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state in ('active', 'grace', 'inactive')", name=op.f("ck_subscription_state")),
        sa.ForeignKeyConstraint(["operation_id"], ["ussd_operation.id"], name=op.f("fk_subscription_operation_id")),
        sa.ForeignKeyConstraint(["service_id"], ["catalog_service.id"], name=op.f("fk_subscription_service_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_subscription_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index(
        "ix_subscription_due",
        "subscription",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'inactive' and due_at is not null"),
    )
    op.create_index("ix_subscription_service", "subscription", ["service_id", "state"], unique=False)
    op.create_index(op.f("ix_subscription_user_id"), "subscription", ["user_id"], unique=False)
    op.create_index(
        "uq_subscription_open",
        "subscription",
        ["phone", "service_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'inactive'"),
    )
    op.create_table(
        "service_hook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.CheckConstraint("state in ('queued', 'sent', 'failed')", name=op.f("ck_service_hook_state")),
        sa.ForeignKeyConstraint(["service_id"], ["catalog_service.id"], name=op.f("fk_service_hook_service_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_service_hook_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_hook")),
    )
    op.create_index(
        "ix_service_hook_due",
        "service_hook",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("ix_service_hook_service", "service_hook", ["service_id", "created_at"], unique=False)
    op.create_index(op.f("ix_service_hook_subscription_id"), "service_hook", ["subscription_id"], unique=False)
    op.create_table(
        "order_status",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_status")),
        sa.UniqueConstraint("name", name=op.f("uq_order_status_name")),
    )
    op.create_table(
        "order_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("status_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reference ~ '^[A-Z0-9-]{3,20}$'", name=op.f("ck_order_row_reference")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_order_row_amount")),
        sa.ForeignKeyConstraint(["status_id"], ["order_status.id"], name=op.f("fk_order_row_status_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_row")),
        sa.UniqueConstraint("reference", name=op.f("uq_order_row_reference")),
    )
    op.create_index("ix_order_row_phone", "order_row", ["phone"], unique=False)
    op.create_index(op.f("ix_order_row_status_id"), "order_row", ["status_id"], unique=False)
    op.create_index("ix_order_row_updated_at", "order_row", ["updated_at"], unique=False)
    op.create_table(
        "order_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order_row.id"], name=op.f("fk_order_event_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_event")),
    )
    op.create_index("ix_order_event_order", "order_event", ["order_id", "created_at"], unique=False)
    op.create_table(
        "connector_host",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connector_host")),
        sa.UniqueConstraint("host", name=op.f("uq_connector_host_host")),
    )
    op.create_table(
        "connector",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secrets", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("timeout_ms", sa.Integer(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outcomes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fake", sa.String(), nullable=False),
        sa.Column("canned", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("failures_in_row", sa.Integer(), nullable=False),
        sa.Column("down_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("fake in ('off', 'ok', 'refused', 'slow', 'garbage')", name=op.f("ck_connector_fake")),
        sa.CheckConstraint("method in ('GET', 'POST')", name=op.f("ck_connector_method")),
        sa.CheckConstraint("timeout_ms between 100 and 2500", name=op.f("ck_connector_timeout")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connector")),
        sa.UniqueConstraint("name", name=op.f("uq_connector_name")),
    )


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.drop_table("connector")
    op.drop_table("connector_host")
    op.drop_index("ix_order_event_order", table_name="order_event")
    op.drop_table("order_event")
    op.drop_index("ix_order_row_phone", table_name="order_row")
    op.drop_index(op.f("ix_order_row_status_id"), table_name="order_row")
    op.drop_index("ix_order_row_updated_at", table_name="order_row")
    op.drop_table("order_row")
    op.drop_table("order_status")
    op.drop_index("ix_service_hook_due", table_name="service_hook", postgresql_where=sa.text("state = 'queued'"))
    op.drop_index("ix_service_hook_service", table_name="service_hook")
    op.drop_index(op.f("ix_service_hook_subscription_id"), table_name="service_hook")
    op.drop_table("service_hook")
    op.drop_index(
        "ix_subscription_due",
        table_name="subscription",
        postgresql_where=sa.text("state <> 'inactive' and due_at is not null"),
    )
    op.drop_index("ix_subscription_service", table_name="subscription")
    op.drop_index(op.f("ix_subscription_user_id"), table_name="subscription")
    op.drop_index("uq_subscription_open", table_name="subscription", postgresql_where=sa.text("state <> 'inactive'"))
    op.drop_table("subscription")
    op.drop_index(
        "ix_catalog_service_shown",
        table_name="catalog_service",
        postgresql_where=sa.text("is_active and deleted_at is null"),
    )
    op.drop_table("catalog_service")
