"""Flows as versioned data; USSD gateways, services, sessions and turns.

Revision ID: 0005_ussd
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_ussd"
down_revision = "0004_wallets"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.create_table(
        "flow",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow")),
        sa.UniqueConstraint("key", name=op.f("uq_flow_key")),
    )
    op.create_table(
        "velocity_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("window_s", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_velocity_rule")),
        sa.UniqueConstraint("name", "window_s", name=op.f("uq_velocity_rule_name_window_s")),
    )
    op.create_table(
        "flow_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flow_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checksum", sa.String(), nullable=False),
        sa.Column("lint", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint("state in ('draft', 'review', 'published', 'retired')", name=op.f("ck_flow_version_state")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_flow_version_created_by")),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_flow_version_flow_id")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["users.id"], name=op.f("fk_flow_version_reviewed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_version")),
        sa.UniqueConstraint("flow_id", "number", name=op.f("uq_flow_version_flow_id_number")),
    )
    op.create_table(
        "velocity_bucket",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("refilled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["velocity_rule.id"], name=op.f("fk_velocity_bucket_rule_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_velocity_bucket")),
        sa.UniqueConstraint("rule_id", "subject", name=op.f("uq_velocity_bucket_rule_id_subject")),
    )
    op.create_table(
        "ussd_service",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("flow_id", sa.Uuid(), nullable=False),
        sa.Column("live_version_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("default_language", sa.String(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_text", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("needs_four_eyes", sa.Boolean(), nullable=False),
        sa.CheckConstraint("state in ('live', 'maintenance', 'stopped')", name=op.f("ck_ussd_service_state")),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_ussd_service_flow_id")),
        sa.ForeignKeyConstraint(["live_version_id"], ["flow_version.id"], name=op.f("fk_ussd_service_live_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_service")),
        sa.UniqueConstraint("key", name=op.f("uq_ussd_service_key")),
    )
    op.create_table(
        "ussd_gateway",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("secret_digests", sa.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("networks", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("default_service_id", sa.Uuid(), nullable=True),
        sa.Column("has_anonymous_browse", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.CheckConstraint("state in ('live', 'maintenance', 'stopped')", name=op.f("ck_ussd_gateway_state")),
        sa.ForeignKeyConstraint(
            ["default_service_id"], ["ussd_service.id"], name=op.f("fk_ussd_gateway_default_service_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_gateway")),
        sa.UniqueConstraint("key", name=op.f("uq_ussd_gateway_key")),
    )
    op.create_table(
        "ussd_publication",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_ussd_publication_actor_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["flow_version.id"], name=op.f("fk_ussd_publication_replaces_id")),
        sa.ForeignKeyConstraint(["service_id"], ["ussd_service.id"], name=op.f("fk_ussd_publication_service_id")),
        sa.ForeignKeyConstraint(["version_id"], ["flow_version.id"], name=op.f("fk_ussd_publication_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_publication")),
    )
    op.create_index(op.f("ix_ussd_publication_service_id"), "ussd_publication", ["service_id"], unique=False)
    op.create_table(
        "ussd_rollup_hour",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("gateway_id", sa.Uuid(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("response_time_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["gateway_id"], ["ussd_gateway.id"], name=op.f("fk_ussd_rollup_hour_gateway_id")),
        sa.ForeignKeyConstraint(["service_id"], ["ussd_service.id"], name=op.f("fk_ussd_rollup_hour_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_rollup_hour")),
        sa.UniqueConstraint(
            "hour", "service_id", "gateway_id", name=op.f("uq_ussd_rollup_hour_hour_service_id_gateway_id")
        ),
    )
    op.create_table(
        "ussd_route",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gateway_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["gateway_id"], ["ussd_gateway.id"], name=op.f("fk_ussd_route_gateway_id")),
        sa.ForeignKeyConstraint(["service_id"], ["ussd_service.id"], name=op.f("fk_ussd_route_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_route")),
    )
    op.create_index(
        "uq_ussd_route_gateway_id_code",
        "ussd_route",
        ["gateway_id", "code"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "ussd_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gateway_id", sa.Uuid(), nullable=False),
        sa.Column("session_key", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("screen", sa.String(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scratch", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("transcript_length", sa.Integer(), nullable=False),
        sa.Column("transcript_mac", sa.LargeBinary(), nullable=True),
        sa.Column("secret_positions", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("turn_number", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("goal", sa.String(), nullable=False),
        sa.Column("has_committed", sa.Boolean(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('open', 'ended', 'aborted', 'timeout', 'expired', 'failed', 'moved')",
            name=op.f("ck_ussd_session_state"),
        ),
        sa.ForeignKeyConstraint(["gateway_id"], ["ussd_gateway.id"], name=op.f("fk_ussd_session_gateway_id")),
        sa.ForeignKeyConstraint(["service_id"], ["ussd_service.id"], name=op.f("fk_ussd_session_service_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ussd_session_user_id")),
        sa.ForeignKeyConstraint(["version_id"], ["flow_version.id"], name=op.f("fk_ussd_session_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_session")),
        sa.UniqueConstraint(
            "gateway_id", "session_key", "generation", name=op.f("uq_ussd_session_gateway_id_session_key_generation")
        ),
    )
    op.create_index("ix_ussd_session_created_at", "ussd_session", ["created_at"], unique=False)
    op.create_index(
        "ix_ussd_session_open",
        "ussd_session",
        ["last_activity_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_ussd_session_phone", "ussd_session", ["phone", "service_id", "created_at"], unique=False)
    op.create_table(
        "ussd_turn",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("identity_mac", sa.LargeBinary(), nullable=False),
        sa.Column("input_mac", sa.LargeBinary(), nullable=True),
        sa.Column("input_text", sa.String(), nullable=False),
        sa.Column("screen_before", sa.String(), nullable=False),
        sa.Column("screen_after", sa.String(), nullable=False),
        sa.Column("response_text", sa.String(), nullable=False),
        sa.Column("coding", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("has_more", sa.Boolean(), nullable=False),
        sa.Column("wire_body", sa.LargeBinary(), nullable=True),
        sa.Column("progress", sa.String(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.String(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("is_error", sa.Boolean(), nullable=False),
        sa.Column("is_delivered", sa.Boolean(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_time_us", sa.Integer(), nullable=False),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.CheckConstraint("progress in ('running', 'done')", name=op.f("ck_ussd_turn_progress")),
        sa.ForeignKeyConstraint(["operation_id"], ["ussd_operation.id"], name=op.f("fk_ussd_turn_operation_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["ussd_session.id"], name=op.f("fk_ussd_turn_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_turn")),
        sa.UniqueConstraint("session_id", "identity_mac", name=op.f("uq_ussd_turn_session_id_identity_mac")),
        sa.UniqueConstraint("session_id", "number", name=op.f("uq_ussd_turn_session_id_number")),
    )
    op.create_index("ix_ussd_turn_created_at", "ussd_turn", ["created_at"], unique=False)
    op.create_index(
        "ix_ussd_turn_texts", "ussd_turn", ["created_at"], unique=False, postgresql_where=sa.text("response_text <> ''")
    )
    op.execute(sa.text((SQL / "0005_ussd.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(sa.text((SQL / "0005_ussd.down.sql").read_text()))
    op.drop_index("ix_ussd_turn_texts", table_name="ussd_turn", postgresql_where=sa.text("response_text <> ''"))
    op.drop_index("ix_ussd_turn_created_at", table_name="ussd_turn")
    op.drop_table("ussd_turn")
    op.drop_index("ix_ussd_session_phone", table_name="ussd_session")
    op.drop_index("ix_ussd_session_open", table_name="ussd_session", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_ussd_session_created_at", table_name="ussd_session")
    op.drop_table("ussd_session")
    op.drop_index("uq_ussd_route_gateway_id_code", table_name="ussd_route", postgresql_nulls_not_distinct=True)
    op.drop_table("ussd_route")
    op.drop_table("ussd_rollup_hour")
    op.drop_index(op.f("ix_ussd_publication_service_id"), table_name="ussd_publication")
    op.drop_table("ussd_publication")
    op.drop_table("ussd_gateway")
    op.drop_table("ussd_service")
    op.drop_table("velocity_bucket")
    op.drop_table("flow_version")
    op.drop_table("velocity_rule")
    op.drop_table("flow")
