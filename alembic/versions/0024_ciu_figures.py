"""Health identifiers in figures and on their way out: days counted, files asked for, what DHIS2 was given.

Revision ID: 0024_ciu_figures
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024_ciu_figures"
down_revision = "0023_recipes"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
SQL = Path(__file__).parent / "sql"
DAY = ["programme_id", "day", "name", "question", "error", "language"]
BEGUN = "name in ('started', 'throttled', 'repeated') and not is_test"
LIVING = "forgotten_at is null and merged_into is null and not is_test"
# The sum of all slots in one row of each; that of the seconds says nothing and is left out.
ONE_ROW = f"""
update ciu_day d set slot = -1, number = s.number from (
    select min(id::text)::uuid as id, sum(number) as number from ciu_day
    where name <> 'to_code' group by {", ".join(DAY)}) s where s.id = d.id
"""


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.add_column("ciu_day", sa.Column("slot", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("ciu_day", "slot", server_default=None)
    op.drop_constraint(op.f("uq_ciu_day_programme_id_day_name_question_error_language"), "ciu_day")
    op.create_unique_constraint(
        op.f("uq_ciu_day_programme_id_day_name_question_error_language_slot"), "ciu_day", [*DAY, "slot"]
    )
    op.create_index(
        "ix_ciu_event_begun", "ciu_event", ["programme_id", "created_at"], postgresql_where=sa.text(BEGUN)
    )
    op.create_index(
        "ix_ciu_record_living",
        "ciu_record",
        ["first_identity_id", "programme_id"],
        postgresql_where=sa.text(LIVING),
    )
    op.create_index(
        "ix_ciu_record_living_days", "ciu_record", ["programme_id", "created_at"], postgresql_where=sa.text(LIVING)
    )
    op.create_table(
        "ciu_counted_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["programme_id"], ["ciu_programme.id"], name=op.f("fk_ciu_counted_day_programme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_counted_day")),
        sa.UniqueConstraint("programme_id", "day", name=op.f("uq_ciu_counted_day_programme_id_day")),
    )
    _add_exports()
    _add_links()
    op.execute(sa.text((SQL / "0024_ciu_figures.sql").read_text().replace(":", "\\:")))


def _add_exports() -> None:
    op.create_table(
        "ciu_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("requested_name", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("kind in ('aggregate', 'rows')", name=op.f("ck_ciu_export_kind")),
        sa.CheckConstraint("format in ('csv', 'xlsx', 'parquet')", name=op.f("ck_ciu_export_format")),
        sa.CheckConstraint("state in ('waiting', 'working', 'done', 'failed')", name=op.f("ck_ciu_export_state")),
        sa.ForeignKeyConstraint(["requested_by"], ["users.id"], name=op.f("fk_ciu_export_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_export")),
    )
    op.create_index(
        "ix_ciu_export_due",
        "ciu_export",
        ["created_at"],
        postgresql_where=sa.text("state in ('waiting', 'working')"),
    )
    op.create_index(
        "ix_ciu_export_kept", "ciu_export", ["ended_at"], postgresql_where=sa.text("content_enc is not null")
    )


def _add_links() -> None:
    states = "state in ('waiting', 'sent', 'exported', 'conflict', 'rejected', 'unknown')"
    op.create_table(
        "ciu_dhis2_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("other_uid", sa.String(), nullable=False),
        sa.CheckConstraint(states, name=op.f("ck_ciu_dhis2_link_state")),
        sa.CheckConstraint("uid ~ '^[A-Za-z][A-Za-z0-9]{10}$'", name=op.f("ck_ciu_dhis2_link_uid")),
        sa.ForeignKeyConstraint(
            ["record_id"], ["ciu_record.id"], name=op.f("fk_ciu_dhis2_link_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ciu_dhis2_link")),
        sa.UniqueConstraint("record_id", name=op.f("uq_ciu_dhis2_link_record_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_ciu_dhis2_link_uid")),
    )
    op.create_index(
        "ix_ciu_dhis2_link_due", "ciu_dhis2_link", ["next_try_at"], postgresql_where=sa.text("next_try_at is not null")
    )
    op.create_index("ix_ciu_dhis2_link_job", "ciu_dhis2_link", ["job_id"], postgresql_where=sa.text("state = 'sent'"))
    op.create_index("ix_ciu_dhis2_link_state", "ciu_dhis2_link", ["state"])


def downgrade() -> None:
    """Go back, and lose: which days were counted, the hours and the seconds of days that were, files kept.

    What DHIS2 was given is lost too: after a new upgrade every code is sent again under another uid, and those it has
    stand as conflicts until a person settles them, or the register is read again.
    """
    op.execute(TIMEOUTS)
    op.execute("drop function ciu_count")
    op.drop_table("ciu_dhis2_link")
    op.drop_table("ciu_export")
    op.drop_table("ciu_counted_day")
    op.drop_index("ix_ciu_record_living_days", table_name="ciu_record")
    op.drop_index("ix_ciu_record_living", table_name="ciu_record")
    op.drop_index("ix_ciu_event_begun", table_name="ciu_event")
    op.drop_constraint(op.f("uq_ciu_day_programme_id_day_name_question_error_language_slot"), "ciu_day")
    op.execute(ONE_ROW)
    op.execute("delete from ciu_day where slot <> -1")
    op.create_unique_constraint(op.f("uq_ciu_day_programme_id_day_name_question_error_language"), "ciu_day", DAY)
    op.drop_column("ciu_day", "slot")
