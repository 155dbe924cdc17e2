"""USSD in figures: hourly roll-ups of sessions, screens, inputs, ends, ways and costs.

Revision ID: 0015_figures
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015_figures"
down_revision = "0014_editor"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent / "sql"

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"

COUNTERS = (
    *("started", "open", "completed", "ended", "dropped", "failed", "resumed"),
    *("turns", "replays", "conflicts", "refusals", "errors", "late"),
)


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "ussd_figure_hour",
        _instant("hour"),
        _instant("counted_at"),
        _number("started"),
        _number("open"),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_ussd_figure_hour")),
    )
    _create_cells()
    _create_part(
        "ussd_figure_screen",
        ("screen",),
        _number("seen"),
        _number("dropped"),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("waits", postgresql.ARRAY(sa.Integer()), nullable=True),
    )
    _create_part("ussd_figure_step", ("screen", "next_screen", "refusal"), _number("number"))
    _create_part("ussd_figure_end", ("kind", "code"), _number("number"))
    op.create_table(
        "ussd_path",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("screens", postgresql.ARRAY(sa.String()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_path")),
    )
    op.create_table(
        "ussd_figure_path",
        sa.Column("cell_id", sa.BigInteger(), nullable=False),
        sa.Column("path_id", sa.Uuid(), nullable=False),
        _number("number"),
        _belongs("ussd_figure_path"),
        sa.ForeignKeyConstraint(["path_id"], ["ussd_path.id"], name=op.f("fk_ussd_figure_path_path_id")),
        sa.PrimaryKeyConstraint("cell_id", "path_id", name=op.f("pk_ussd_figure_path")),
    )
    op.create_table(
        "ussd_figure_cost",
        sa.Column("cell_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(18, 6), nullable=False),
        _belongs("ussd_figure_cost"),
        sa.PrimaryKeyConstraint("cell_id", "currency", name=op.f("pk_ussd_figure_cost")),
    )
    op.create_table(
        "ussd_request_hour",
        _instant("hour"),
        sa.Column("gateway_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        _number("number"),
        sa.ForeignKeyConstraint(["gateway_id"], ["ussd_gateway.id"], name=op.f("fk_ussd_request_hour_gateway_id")),
        sa.PrimaryKeyConstraint("hour", "gateway_id", "outcome", name=op.f("pk_ussd_request_hour")),
    )
    op.execute(sa.text((SQL / "0015_figures.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(sa.text((SQL / "0015_figures.down.sql").read_text()))
    for part in ("cost", "path"):
        op.drop_table(f"ussd_figure_{part}")
    op.drop_table("ussd_path")
    for part in ("end", "step", "screen", "cell", "hour"):
        op.drop_table(f"ussd_figure_{part}")
    op.drop_table("ussd_request_hour")


def _create_cells() -> None:
    op.create_table(
        "ussd_figure_cell",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _instant("hour"),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("gateway_id", sa.Uuid(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("is_estimated", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        *map(_number, COUNTERS),
        sa.Column("response_time_us", sa.BigInteger(), nullable=False),
        sa.Column("answer_times", postgresql.ARRAY(sa.Integer()), nullable=False),
        _number("reported"),
        _number("disagreed"),
        _number("costed"),
        sa.ForeignKeyConstraint(["gateway_id"], ["ussd_gateway.id"], name=op.f("fk_ussd_figure_cell_gateway_id")),
        sa.ForeignKeyConstraint(["service_id"], ["ussd_service.id"], name=op.f("fk_ussd_figure_cell_service_id")),
        sa.ForeignKeyConstraint(["version_id"], ["flow_version.id"], name=op.f("fk_ussd_figure_cell_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_figure_cell")),
        sa.UniqueConstraint(
            *("hour", "service_id", "version_id", "gateway_id", "network", "is_estimated", "language"),
            name="uq_ussd_figure_cell",
        ),
    )


def _create_part(name: str, keys: tuple[str, ...], *columns: "sa.Column[object]") -> None:
    op.create_table(
        name,
        sa.Column("cell_id", sa.BigInteger(), nullable=False),
        *(sa.Column(key, sa.String(), nullable=False) for key in keys),
        *columns,
        _belongs(name),
        sa.PrimaryKeyConstraint("cell_id", *keys, name=op.f(f"pk_{name}")),
    )


def _belongs(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_cell_id")
    return sa.ForeignKeyConstraint(["cell_id"], ["ussd_figure_cell.id"], name=name, ondelete="CASCADE")


def _instant(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _number(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Integer(), nullable=False)
