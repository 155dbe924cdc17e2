"""Who wrote a version: all who ever saved it, and who did last.

Revision ID: 0014_editor
"""

import sqlalchemy as sa
from alembic import op

revision = "0014_editor"
down_revision = "0013_gateways"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.add_column("flow_version", sa.Column("authors", sa.ARRAY(sa.Uuid()), nullable=False, server_default="{}"))
    op.execute("update flow_version set authors = array[created_by] where created_by is not null")
    op.alter_column("flow_version", "authors", server_default=None)
    op.add_column("flow_version", sa.Column("saved_by", sa.Uuid(), nullable=True))
    op.add_column("flow_version", sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("fk_flow_version_saved_by"), "flow_version", "users", ["saved_by"], ["id"])


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.drop_constraint(op.f("fk_flow_version_saved_by"), "flow_version", type_="foreignkey")
    op.drop_column("flow_version", "saved_at")
    op.drop_column("flow_version", "saved_by")
    op.drop_column("flow_version", "authors")
