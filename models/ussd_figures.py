"""USSD in figures: hourly roll-ups of the sessions begun in an hour, counted anew until nothing more can change.

A cell is one hour of one service, version, gateway, network and language; the other tables are its parts. An hour is
counted by the SQL function `ussd_figures_count` alone; what it says is exact as of `UssdFigureHour.counted_at`.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, ForeignKey, Identity, Integer, Numeric, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import instant, minor

ANSWER_BUCKETS, ANSWER_LEAST_US, ANSWER_STEPS = 64, 250, 4
WAIT_BUCKETS, WAIT_LEAST_S, WAIT_STEPS = 32, 0.5, 3


def _histogram() -> "Column[list[int]]":
    return Column(ARRAY(Integer), nullable=False)


def _part_of_cell() -> "Column[int]":
    return Column(BigInteger, ForeignKey("ussd_figure_cell.id", ondelete="CASCADE"), primary_key=True)


class UssdFigureHour(SQLModel, table=True):
    """When an hour was last counted, how many sessions it had, and how many were still open then."""

    __tablename__ = "ussd_figure_hour"

    hour: datetime = instant(nullable=False, primary_key=True)
    counted_at: datetime = instant(nullable=False)
    started: int
    open: int


class UssdFigureCell(SQLModel, table=True):
    """The counters of one cell; `started` is the sum of the five words after it."""

    __tablename__ = "ussd_figure_cell"
    __table_args__ = (
        UniqueConstraint(
            *("hour", "service_id", "version_id", "gateway_id", "network", "is_estimated", "language"),
            name="uq_ussd_figure_cell",
        ),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(), primary_key=True))
    hour: datetime = instant(nullable=False)
    service_id: UUID = Field(foreign_key="ussd_service.id")
    version_id: UUID = Field(foreign_key="flow_version.id")
    gateway_id: UUID = Field(foreign_key="ussd_gateway.id")
    network: str
    is_estimated: bool
    language: str
    started: int
    open: int
    completed: int
    ended: int
    dropped: int
    failed: int
    resumed: int
    turns: int
    replays: int
    conflicts: int
    refusals: int
    errors: int
    late: int
    response_time_us: int = minor()
    answer_times: list[int] = Field(sa_column=_histogram())
    reported: int
    disagreed: int
    costed: int


class UssdFigureScreen(SQLModel, table=True):
    """A screen of a cell: sessions that saw it, that dropped there, and how long answers to it took to come."""

    __tablename__ = "ussd_figure_screen"

    cell_id: int = Field(sa_column=_part_of_cell())
    screen: str = Field(primary_key=True)
    seen: int
    dropped: int
    position: int = minor()
    waits: list[int] | None = Field(default=None, sa_column=Column(ARRAY(Integer), nullable=True))


class UssdFigureStep(SQLModel, table=True):
    """Inputs of a cell: given on one screen, answered by another, refused or not."""

    __tablename__ = "ussd_figure_step"

    cell_id: int = Field(sa_column=_part_of_cell())
    screen: str = Field(primary_key=True)
    next_screen: str = Field(primary_key=True)
    refusal: str = Field(primary_key=True)
    number: int


class UssdFigureEnd(SQLModel, table=True):
    """Why sessions of a cell ended (`ended`, `failed`), and what they reached (`completed`)."""

    __tablename__ = "ussd_figure_end"

    cell_id: int = Field(sa_column=_part_of_cell())
    kind: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    number: int


class UssdPath(SQLModel, table=True):
    """A way through screens in the order they were first seen, loops once; its id is the digest of the screens."""

    __tablename__ = "ussd_path"

    id: UUID = Field(primary_key=True)
    screens: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))


class UssdFigurePath(SQLModel, table=True):
    """How many sessions of a cell went one way."""

    __tablename__ = "ussd_figure_path"

    cell_id: int = Field(sa_column=_part_of_cell())
    path_id: UUID = Field(primary_key=True, foreign_key="ussd_path.id")
    number: int


class UssdFigureCost(SQLModel, table=True):
    """What the gateway says the sessions of a cell cost, in its own currency."""

    __tablename__ = "ussd_figure_cost"

    cell_id: int = Field(sa_column=_part_of_cell())
    currency: str = Field(sa_column=Column(String(3), primary_key=True))
    amount: Decimal = Field(sa_column=Column(Numeric(18, 6), nullable=False))


class UssdRequestHour(SQLModel, table=True):
    """Requests of a gateway that ran no turn: `stale` or `busy`."""

    __tablename__ = "ussd_request_hour"

    hour: datetime = instant(nullable=False, primary_key=True)
    gateway_id: UUID = Field(foreign_key="ussd_gateway.id", primary_key=True)
    outcome: str = Field(primary_key=True)
    number: int
