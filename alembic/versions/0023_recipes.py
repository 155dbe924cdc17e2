"""Recipes that are written: who saved a draft last, and when.

Revision ID: 0023_recipes
"""

import sqlalchemy as sa
from alembic import op

revision = "0023_recipes"
down_revision = "0022_ciu"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.add_column("ciu_recipe", sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ciu_recipe", sa.Column("saved_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_ciu_recipe_saved_by"), "ciu_recipe", "users", ["saved_by"], ["id"])
    op.create_index("ix_ciu_record_recipe_id", "ciu_record", ["recipe_id"])
    op.create_index(
        "ix_ciu_conversation_recipe_id",
        "ciu_conversation",
        ["recipe_id"],
        postgresql_where=sa.text("ended_at is null"),
    )


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.drop_index("ix_ciu_conversation_recipe_id", table_name="ciu_conversation")
    op.drop_index("ix_ciu_record_recipe_id", table_name="ciu_record")
    op.drop_constraint(op.f("fk_ciu_recipe_saved_by"), "ciu_recipe", type_="foreignkey")
    op.drop_column("ciu_recipe", "saved_by")
    op.drop_column("ciu_recipe", "saved_at")
