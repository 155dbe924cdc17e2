"""Health identifiers in figures and in files; open `figures.py` first."""

from reports.ciu.figures import (
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
