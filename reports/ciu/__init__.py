"""Health identifiers in figures and in files; open `figures.py` first."""

from reports.ciu.figures import (
    LONGEST_PERIOD,
    Abandoned,
    Cell,
    Completed,
    DayCount,
    Figures,
    FiguresOrder,
    FunnelStep,
    Outcomes,
    SecondsToCode,
    definitions,
    get_figures,
    last_days,
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
