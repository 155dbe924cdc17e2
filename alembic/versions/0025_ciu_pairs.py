"""Health identifiers: what a review of duplicates decided, so that it can be undone; codes found by their beginning.

Revision ID: 0025_ciu_pairs
"""

import sqlalchemy as sa
from alembic import op

revision = "0025_ciu_pairs"
down_revision = "0024_ciu_figures"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
TRACES = ("merged_id", "survivor_id", "split_id")


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.add_column("ciu_record", sa.Column("spare_enc", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_ciu_record_code_prefix", "ciu_record", ["code"], unique=False, postgresql_ops={"code": "text_pattern_ops"}
    )
    op.add_column("ciu_contact", sa.Column("untold_record_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_ciu_contact_untold_record_id"),
        "ciu_contact",
        "ciu_record",
        ["untold_record_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_ciu_contact_untold",
        "ciu_contact",
        ["untold_record_id"],
        unique=False,
        postgresql_where=sa.text("untold_record_id is not null"),
    )
    op.create_index("ix_ciu_pair_state", "ciu_pair", ["state"], unique=False)
    for name in TRACES:
        op.add_column("ciu_pair", sa.Column(name, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_ciu_pair_{name}"), "ciu_pair", "ciu_record", [name], ["id"])
        op.create_index(
            f"ix_ciu_pair_{name}", "ciu_pair", [name], unique=False, postgresql_where=sa.text(f"{name} is not null")
        )


def downgrade() -> None:
    """Go back, and lose how each decision can be undone, whom a review gave another code without telling him yet, and
    what a second person's code is made of: codes issued before cannot be split any more. Decisions themselves stay.
    """
    op.execute(TIMEOUTS)
    for name in reversed(TRACES):
        op.drop_index(f"ix_ciu_pair_{name}", table_name="ciu_pair")
        op.drop_constraint(op.f(f"fk_ciu_pair_{name}"), "ciu_pair", type_="foreignkey")
        op.drop_column("ciu_pair", name)
    op.drop_index("ix_ciu_pair_state", table_name="ciu_pair")
    op.drop_index("ix_ciu_contact_untold", table_name="ciu_contact")
    op.drop_constraint(op.f("fk_ciu_contact_untold_record_id"), "ciu_contact", type_="foreignkey")
    op.drop_column("ciu_contact", "untold_record_id")
    op.drop_index("ix_ciu_record_code_prefix", table_name="ciu_record")
    op.drop_column("ciu_record", "spare_enc")
