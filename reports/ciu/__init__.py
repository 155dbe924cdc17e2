"""Health identifiers in figures and in files; open `figures.py` first."""

from reports.ciu.figures import LONGEST_PERIOD, FiguresOrder, definitions, get_figures, last_days
from reports.ciu.shapes import (
    Abandoned,
    Cell,
    Completed,
    DayCount,
    Figures,
    FunnelStep,
    Outcomes,
    SecondsToCode,
)

__all__ = [
    "LONGEST_PERIOD",
    "Abandoned",
    "Cell",
    "Completed",
    "DayCount",
    "Figures",
    "FiguresOrder",
    "FunnelStep",
    "Outcomes",
    "SecondsToCode",
    "definitions",
    "get_figures",
    "last_days",
]
