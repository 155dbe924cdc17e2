"""Points of sale, billers, and limits by version.

Revision ID: 0009_merchants
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_merchants"
down_revision = "0008_switches"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent / "sql"

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "merchant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("code ~ '^[0-9]{6}$'", name=op.f("ck_merchant_code")),
        sa.CheckConstraint("level in ('0', '1', 'agent', 'merchant')", name=op.f("ck_merchant_level")),
        sa.CheckConstraint("role in ('agent', 'merchant')", name=op.f("ck_merchant_role")),
        sa.CheckConstraint("state in ('pending', 'active', 'suspended', 'refused')", name=op.f("ck_merchant_state")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_merchant_created_by")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_merchant_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant")),
        sa.UniqueConstraint("code", name=op.f("uq_merchant_code")),
    )
    op.create_index(
        "uq_merchant_owner_id_currency",
        "merchant",
        ["owner_id", "currency"],
        unique=True,
        postgresql_where=sa.text("state in ('pending', 'active', 'suspended')"),
    )
    op.create_table(
        "biller",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.Column("example", sa.String(), nullable=False),
        sa.Column("connector", sa.String(), nullable=False),
        sa.Column("amount_kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount_kind in ('free', 'due')", name=op.f("ck_biller_amount_kind")),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9-]{1,15}$'", name=op.f("ck_biller_code")),
        sa.CheckConstraint("kind = 'airtime' or pattern <> ''", name=op.f("ck_biller_pattern")),
        sa.CheckConstraint("kind in ('bill', 'airtime')", name=op.f("ck_biller_kind")),
        sa.CheckConstraint("state in ('active', 'stopped')", name=op.f("ck_biller_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_biller")),
        sa.UniqueConstraint("code", name=op.f("uq_biller_code")),
    )
    op.create_index("ix_biller_country", "biller", ["country", "kind", "position"], unique=False)
    op.create_table(
        "velocity_refusal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["velocity_rule.id"], name=op.f("fk_velocity_refusal_rule_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_velocity_refusal")),
        sa.UniqueConstraint("rule_id", "subject", "hour", name=op.f("uq_velocity_refusal_rule_id_subject_hour")),
    )
    op.create_index("ix_velocity_refusal_last_at", "velocity_refusal", ["last_at"], unique=False)
    op.execute((SQL / "0009_merchants.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute((SQL / "0009_merchants.down.sql").read_text(encoding="utf-8"))
    op.drop_index("ix_velocity_refusal_last_at", table_name="velocity_refusal")
    op.drop_table("velocity_refusal")
    op.drop_index("ix_biller_country", table_name="biller")
    op.drop_table("biller")
    op.drop_index(
        "uq_merchant_owner_id_currency",
        table_name="merchant",
        postgresql_where=sa.text("state in ('pending', 'active', 'suspended')"),
    )
    op.drop_table("merchant")
