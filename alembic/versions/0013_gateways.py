"""Gateways as data: profiles, what accounts were told, wire records; turns that say what they begin or end.

Revision ID: 0013_gateways
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013_gateways"
down_revision = "0012_surveys"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent / "sql"

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "ussd_profile",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fixtures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_ussd_profile_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_profile")),
        sa.UniqueConstraint("name", name=op.f("uq_ussd_profile_name")),
    )
    op.create_table(
        "wire_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gateway_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("exchange", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("elapsed_us", sa.Integer(), nullable=False),
        sa.Column("drift_ms", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["ussd_gateway.id"], name=op.f("fk_wire_record_gateway_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wire_record")),
    )
    op.create_index("ix_wire_record_gateway", "wire_record", ["gateway_id", "created_at"], unique=False)
    op.create_index("ix_wire_record_created_at", "wire_record", ["created_at"], unique=False)
    op.add_column("ussd_session", sa.Column("gateway_status", sa.String(), nullable=True))
    op.add_column("ussd_session", sa.Column("gateway_ms", sa.Integer(), nullable=True))
    op.add_column("ussd_session", sa.Column("cost_text", sa.String(), nullable=True))
    op.add_column("ussd_session", sa.Column("gateway_report", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("ussd_turn", sa.Column("again_mac", sa.LargeBinary(), nullable=True))
    op.execute(sa.text((SQL / "0013_gateways.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute(sa.text((SQL / "0013_gateways.down.sql").read_text().replace(":", "\\:")))
    op.drop_column("ussd_turn", "again_mac")
    for name in ("gateway_report", "cost_text", "gateway_ms", "gateway_status"):
        op.drop_column("ussd_session", name)
    op.drop_index("ix_wire_record_created_at", table_name="wire_record")
    op.drop_index("ix_wire_record_gateway", table_name="wire_record")
    op.drop_table("wire_record")
    op.drop_table("ussd_profile")
